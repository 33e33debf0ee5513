/**
 * The specification's constraints and our own: which are applied, what they leave alone, and what they never do.
 * https://hl7.org/fhir/R4/conformance-rules.html#constraints
 */
import type { Definitions } from '../../../src/fhir/definitions/types.ts'
import { assertValid, validate } from '../../../src/fhir/validate/validate.ts'
import { definitions, patient, said, slot, visit } from './fixtures.ts'

describe('invariants', () => {
  it.each([
    ['app-1', { ...visit, participant: [{ status: 'accepted' }] }, 'Appointment.participant[0]'],
    ['app-2', { ...visit, status: 'proposed', end: undefined }, 'Appointment'],
    ['app-3', { ...visit, start: undefined, end: undefined }, 'Appointment'],
    ['app-4', { ...visit, cancelationReason: { text: 'x' } }, 'Appointment'],
    ['per-1', patient({ name: [{ family: 'A', period: { start: '2026', end: '2025' } }] }), 'Patient.name[0].period'],
    ['cpt-2', patient({ telecom: [{ value: '1' }] }), 'Patient.telecom[0]'],
    ['pat-1', patient({ contact: [{ gender: 'male' }] }), 'Patient.contact[0]'],
    [
      'org-3',
      {
        resourceType: 'Organization',
        name: 'A',
        telecom: [
          { system: 'phone', value: '1' },
          { system: 'phone', use: 'home', value: '2' },
        ],
      },
      'Organization.telecom[1]',
    ],
    [
      'txt-1',
      patient({ text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>' } }),
      'Patient.text.div',
    ],
    [
      'sqty-1',
      { resourceType: 'Location', name: 'x', extension: [{ url: 'urn:a', valueRange: { low: { value: 1, comparator: '<' } } }] },
      'Location.extension[0].value.low',
    ],
    ['que-1', { resourceType: 'Questionnaire', status: 'draft', item: [{ linkId: '1', type: 'group' }] }, 'Questionnaire.item[0]'],
    ['slotwise-start-end', { ...slot, end: slot.start }, 'Slot.end'],
    ['slotwise-start-end', { ...visit, end: '2026-03-02T09:00:00.000+00:30' }, 'Appointment.end'],
    ['slotwise-leap-second', { ...slot, end: '2026-03-02T23:59:60Z' }, 'Slot.end'],
  ])('%s is applied, and named', (key, resource, expression) => {
    const issues = validate(definitions, JSON.parse(JSON.stringify(resource)))
    expect(issues).toHaveLength(1)
    expect(issues[0]).toMatchObject({ severity: 'error', code: 'invariant', expression, diagnostics: expect.stringContaining(`(${key})`) })
  })

  it('leave alone what they do not forbid', () => {
    expect(said(visit)).toEqual([])
    expect(said(slot)).toEqual([])
    expect(said({ resourceType: 'Appointment', status: 'waitlist', participant: visit.participant })).toEqual([])
    const div = '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">A <b>visit</b></div>'
    expect(said({ ...visit, text: { status: 'generated', div } })).toEqual([])
  })

  it('that cannot be evaluated are a warning and refuse nothing', () => {
    const broken = { key: 'x-1', severity: 'error', human: 'x', expression: 'this is (not FHIRPath' } as const
    const patientType = definitions.types.get('Patient')
    if (!patientType) throw new Error('Patient is served')
    const types = new Map([...definitions.types, ['Patient', { ...patientType, invariants: [broken] }]])
    const changed: Definitions = { ...definitions, types }
    expect(validate(changed, patient({}))).toEqual([
      { severity: 'warning', code: 'processing', diagnostics: 'The rule x-1 could not be applied here.', expression: 'Patient' },
    ])
    expect(() => assertValid(changed, patient({}), 'Patient')).not.toThrow()
  })

  it('print nothing of the resource', () => {
    const printed: unknown[] = []
    const { log, warn } = console
    Object.assign(console, { log: (...words: unknown[]) => printed.push(words), warn: (...words: unknown[]) => printed.push(words) })
    validate(definitions, {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [{ linkId: '1', type: 'display', item: [{ linkId: '2', type: 'string' }] }],
    })
    Object.assign(console, { log, warn })
    expect(printed).toEqual([])
  })
})
