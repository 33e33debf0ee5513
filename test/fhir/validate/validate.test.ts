/**
 * The two ways to ask, and what every answer has in common. https://hl7.org/fhir/R4/validation.html
 */

import type { Fault, Issue } from '../../../src/base/fault.ts'
import { assertValid, validate } from '../../../src/fhir/validate/validate.ts'
import { fc } from '../../support/chance.ts'
import { definitions, slot, visit } from './fixtures.ts'

describe('assertValid', () => {
  const faultOf = (resource: unknown, type: string): Fault => {
    try {
      assertValid(definitions, resource, type)
    } catch (error) {
      return error as Fault
    }
    throw new Error('nothing was thrown')
  }

  it.each([
    ['structure', { ...slot, nonsense: 1, status: 'x', schedule: undefined }],
    ['required', { ...slot, status: 'x', schedule: undefined, comment: '' }],
    ['value', { ...slot, status: 'x', start: '2026-02-30T00:00:00Z' }],
    ['code-invalid', { ...slot, status: 'x' }],
    ['invariant', { ...slot, end: slot.start }],
  ])('throws a Fault of kind %s, with every error', (kind, resource) => {
    const given: unknown = JSON.parse(JSON.stringify(resource))
    const fault = faultOf(given, 'Slot')
    expect(fault.kind).toBe(kind)
    expect(fault.issues).toEqual(validate(definitions, given, { type: 'Slot' }))
  })

  it('says nothing of what was in the resource, save codes', () => {
    const secret = 'Jane-Roe-1980'
    const resource = {
      resourceType: 'Patient',
      birthDate: secret,
      name: [{ family: 7, text: `${secret}\u0000` }],
      managingOrganization: { reference: secret },
      telecom: [{ value: secret }],
      active: secret,
    }
    const issues: readonly Issue[] = faultOf(resource, 'Patient').issues
    expect(issues.length).toBeGreaterThan(4)
    expect(JSON.stringify(issues)).not.toContain(secret)
  })

  it('is silent about what is right', () => {
    expect(() => assertValid(definitions, visit, 'Appointment')).not.toThrow()
  })
})

describe('whatever JSON is given', () => {
  const keys = [
    'contained',
    'extension',
    'meta',
    'text',
    'name',
    '_birthDate',
    'link',
    'entry',
    'resource',
    'participant',
    'slot',
    'start',
    'schedule',
  ]

  it('validation answers with issues and never throws', () => {
    const inner = fc.dictionary(fc.constantFrom(...keys, 'reference', 'id', 'coding', 'div'), fc.jsonValue({ maxDepth: 1 }))
    const element = fc.oneof(
      fc.jsonValue(),
      inner,
      fc.array(inner),
      fc.array(fc.record({ resourceType: fc.constantFrom('Slot', 'Basic', 'x') })),
    )
    const resource = fc.tuple(
      fc.constantFrom('Patient', 'Slot', 'Appointment', 'Bundle', 'Parameters'),
      fc.dictionary(fc.constantFrom(...keys), element),
    )
    fc.assert(
      fc.property(resource, ([resourceType, elements]) => Array.isArray(validate(definitions, { ...elements, resourceType }))),
      { numRuns: 300, seed: 7 },
    )
  })
})
