/** The codes of override reasons are those that the profiles tell. */
import { join } from 'node:path'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import { assertCodedOverride, overrideReasonSystem, overrideReasons } from '../../src/scheduling/override-reasons.ts'

const profiles = loadProfiles(join(import.meta.dirname, '../../fhir-profiles'))
const named = (type: string) => profiles.find(({ resourceType, id }) => resourceType === type && id === 'override-reason')

it('the CodeSystem has every code with its display, and no other; the ValueSet is of it', () => {
  const system = named('CodeSystem')
  const concepts = system?.concept as { code: string; display: string }[]
  expect(system?.url).toBe(overrideReasonSystem)
  expect(Object.fromEntries(concepts.map(({ code, display }) => [code, display]))).toEqual(overrideReasons)
  expect(system?.count).toBe(concepts.length)
  expect(named('ValueSet')?.compose).toEqual({ include: [{ system: overrideReasonSystem }] })
})

it('no word of an object is taken for a code', () => {
  const reason = { coding: [{ system: overrideReasonSystem, code: 'constructor' }] }
  expect(() => assertCodedOverride(reason, 'override-reason')).toThrow('has no such code')
})
