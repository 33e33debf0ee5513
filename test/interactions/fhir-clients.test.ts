/** FHIR clients that others have written, against a running server: read, search, create, update, an operation, next pages. */
import { MedplumClient } from '@medplum/core'
import { Client as FhirKitClient } from 'fhir-kit-client'
import fhirclient from 'fhirclient'
import { clinic } from '../support/clinic.ts'
import { type Loose, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let token: string
let place: Awaited<ReturnType<typeof clinic>>
let patient: string

beforeAll(async () => {
  server = await restHouse()
  token = await server.token('system/*.cruds')
  place = await clinic(server.call)
  patient = await place.patient()
})
afterAll(() => server?.close())

describe('fhir-kit-client', () => {
  const open = () => new FhirKitClient({ baseUrl: server.house.base, bearerToken: token }) as Loose

  it('reads the CapabilityStatement and a resource, this version and the last', async () => {
    const client = open()
    expect((await client.capabilityStatement()).fhirVersion).toBe('4.0.1')
    const read = await client.read({ resourceType: 'Patient', id: patient })
    expect(read.id).toBe(patient)
    expect((await client.vread({ resourceType: 'Patient', id: patient, version: '1' })).meta.versionId).toBe('1')
    expect((await client.resourceHistory({ resourceType: 'Patient', id: patient })).total).toBe(1)
  })

  it('creates, updates and deletes', async () => {
    const client = open()
    const made = await client.create({ resourceType: 'Organization', body: { resourceType: 'Organization', name: 'Kit' } })
    const changed = await client.update({ resourceType: 'Organization', id: made.id, body: { ...made, name: 'Kit 2' } })
    expect([changed.name, changed.meta.versionId]).toEqual(['Kit 2', '2'])
    await client.delete({ resourceType: 'Organization', id: made.id })
    await expect(client.read({ resourceType: 'Organization', id: made.id })).rejects.toMatchObject({ response: { status: 410 } })
  })

  it('searches, by GET and by POST, and follows next links', async () => {
    const client = open()
    const searchParams = { schedule: `Schedule/${place.schedules[0]}`, status: 'free', _sort: 'start', _count: 20 }
    const first = await client.resourceSearch({ resourceType: 'Slot', searchParams })
    expect(first.entry).toHaveLength(20)
    const second = await client.nextPage({ bundle: first })
    expect(second.entry[0].resource.start > first.entry[19].resource.start).toBe(true)
    const posted = await client.resourceSearch({ resourceType: 'Slot', searchParams, options: { postSearch: true } })
    expect(posted.entry.map(({ resource }: Loose) => resource.id)).toEqual(first.entry.map(({ resource }: Loose) => resource.id))
  })

  it('finds a time and books it', async () => {
    const client = open()
    const found = await client.operation({ name: '$find-slots', resourceType: 'Schedule', id: place.schedules[0], method: 'GET' })
    const slot = found.entry[0].resource
    const booked = await client.operation({
      name: '$book',
      resourceType: 'Slot',
      id: slot.id,
      input: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${patient}` } }] },
    })
    expect(booked).toMatchObject({ resourceType: 'Appointment', status: 'booked' })
    expect((await client.read({ resourceType: 'Slot', id: slot.id })).status).toBe('busy')
  })
})

describe('fhirclient', () => {
  const open = () => {
    const fake = { headers: {}, url: '/', method: 'GET', protocol: 'http', get: () => 'localhost' }
    return (fhirclient as Loose)(fake, {}).client({ serverUrl: server.house.base, tokenResponse: { access_token: token, patient } })
  }

  it('reads the patient in context', async () => {
    expect((await open().patient.read()).id).toBe(patient)
  })

  it('creates, updates and deletes', async () => {
    const client = open()
    const made = await client.create({ resourceType: 'Organization', name: 'Smart' })
    expect((await client.update({ ...made, name: 'Smart 2' })).meta.versionId).toBe('2')
    await client.delete(`Organization/${made.id}`)
    await expect(client.request(`Organization/${made.id}`)).rejects.toMatchObject({ status: 410 })
  })

  it('gathers every page of a search, flat', async () => {
    const query = `Slot?schedule=Schedule/${place.schedules[0]}&start=lt${new Date(Date.now() + 4 * 86_400_000).toISOString()}&_count=25`
    const slots = await open().request(query, { pageLimit: 0, flat: true })
    expect(slots.length).toBeGreaterThan(50)
    expect(new Set(slots.map(({ id }: Loose) => id)).size).toBe(slots.length)
  })

  it('calls an operation', async () => {
    const found = await open().request(`Slot/$find-slots?schedule=Schedule/${place.schedules[0]}&_count=3`)
    expect([found.resourceType, found.entry.length]).toEqual(['Bundle', 3])
  })
})

describe('MedplumClient', () => {
  const open = (): Loose => new MedplumClient({ baseUrl: `${server.origin}/`, fhirUrlPath: 'fhir', accessToken: token, cacheTime: 0 })

  it('creates, reads, updates, patches, looks back and deletes', async () => {
    const client = open()
    const made = await client.createResource({ resourceType: 'Organization', name: 'Plum' })
    const changed = await client.updateResource({ ...made, name: 'Plum 2' })
    const patched = await client.patchResource('Organization', made.id, [{ op: 'replace', path: '/name', value: 'Plum 3' }])
    expect([changed.meta.versionId, patched.name]).toEqual(['2', 'Plum 3'])
    expect((await client.readVersion('Organization', made.id, '1')).name).toBe('Plum')
    expect((await client.readHistory('Organization', made.id)).entry).toHaveLength(3)
    await client.deleteResource('Organization', made.id)
    await expect(client.readResource('Organization', made.id)).rejects.toMatchObject({ outcome: { resourceType: 'OperationOutcome' } })
  })

  it('creates where there is none, and finds', async () => {
    const client = open()
    const one = { resourceType: 'Patient', identifier: [{ system: 'urn:plum', value: '1' }], name: [{ family: 'Plum' }] }
    const first = await client.createResourceIfNoneExist(one, 'identifier=urn:plum|1')
    expect((await client.createResourceIfNoneExist(one, 'identifier=urn:plum|1')).id).toBe(first.id)
    expect((await client.searchOne('Patient', 'identifier=urn:plum|1')).id).toBe(first.id)
    expect((await client.readPatientEverything(first.id)).entry[0].resource.id).toBe(first.id)
    const pages: number[] = []
    for await (const page of client.searchResourcePages('Slot', { schedule: `Schedule/${place.schedules[0]}`, _count: 500 }))
      pages.push(page.length)
    expect(pages.length).toBeGreaterThan(1)
  })

  it('sends a transaction', async () => {
    const entry = [{ resource: { resourceType: 'Organization', name: 'Plum' }, request: { method: 'POST', url: 'Organization' } }]
    const answer = await open().executeBatch({ resourceType: 'Bundle', type: 'transaction', entry })
    expect([answer.type, answer.entry[0].response.status.slice(0, 3)]).toEqual(['transaction-response', '201'])
  })
})
