/**
 * The rest of what FHIR clients of others can say: conditions, patches, batches and transactions, history at every level,
 * compartments, references resolved, exports, XML. What each expects of an answer is the client's own business.
 */
import { MedplumClient } from '@medplum/core'
import { Client as FhirKitClient } from 'fhir-kit-client'
import fhirclient from 'fhirclient'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import type { Loose } from './rest.ts'

let server: TestHouse
let token: string
let place: Clinic
let patient: string
let visit: string

beforeAll(async () => {
  server = await testHouse({ tick: true })
  token = await server.token('system/*.cruds')
  place = await clinic(server.call)
  patient = await place.patient()
  visit = (await place.book((await place.slotAt(2, '09:00')).id, patient)).json.id
})
afterAll(() => server?.close())

const organization = (name: string, more: object = {}) => ({ resourceType: 'Organization', name, ...more })
const known = (value: string) => ({ identifier: [{ system: 'urn:clients', value }] })
const asking = (method: string, url: string, more: object = {}) => ({ request: { method, url }, ...more })
const bundle = (type: 'batch' | 'transaction', ...entry: object[]) => ({ resourceType: 'Bundle', type, entry })
const statuses = ({ entry }: Loose): string[] => entry.map(({ response }: Loose) => response.status.slice(0, 3))
const ids = ({ entry = [] }: Loose): string[] => entry.map(({ resource }: Loose) => resource.id)
const renamed = [{ op: 'replace', path: '/name', value: 'Renamed' }]
const xml = 'application/fhir+xml'

describe('fhir-kit-client', () => {
  const open = () => new FhirKitClient({ baseUrl: server.house.base, bearerToken: token }) as Loose

  it('creates and updates under conditions', async () => {
    const client = open()
    const options = { headers: { 'If-None-Exist': 'identifier=urn:clients|kit' } }
    const body = organization('Kit', known('kit'))
    const first = await client.create({ resourceType: 'Organization', body, options })
    expect((await client.create({ resourceType: 'Organization', body, options })).id).toBe(first.id)
    const searchParams = { identifier: 'urn:clients|kit' }
    const changed = await client.update({ resourceType: 'Organization', searchParams, body: { ...body, name: 'Kit 2' } })
    expect([changed.id, changed.name]).toEqual([first.id, 'Kit 2'])
    const stale = { headers: { 'If-Match': 'W/"1"' } }
    await expect(client.update({ resourceType: 'Organization', id: first.id, body: changed, options: stale })).rejects.toMatchObject({
      response: { status: 412, data: { resourceType: 'OperationOutcome' } },
    })
  })

  it('patches, and looks back over one, a type and everything', async () => {
    const client = open()
    const { id } = await client.create({ resourceType: 'Organization', body: organization('Kit') })
    expect((await client.patch({ resourceType: 'Organization', id, jsonPatch: renamed })).name).toBe('Renamed')
    expect((await client.history({ resourceType: 'Organization', id })).entry).toHaveLength(2)
    for (const history of [await client.typeHistory({ resourceType: 'Organization' }), await client.systemHistory()])
      expect([history.type, ids(history).filter((one) => one === id)]).toEqual(['history', [id, id]])
  })

  it('sends a batch and a transaction', async () => {
    const client = open()
    const answered = await client.batch({
      body: bundle('batch', asking('GET', `Patient/${patient}`), asking('GET', 'Patient/nobody'), asking('DELETE', 'Organization/nobody')),
    })
    expect(statuses(answered)).toEqual(['200', '404', '204'])
    const fullUrl = 'urn:uuid:0b5c2b31-0b3a-4c05-9f3c-2f4c7e2d9a10'
    const done = await client.transaction({
      body: bundle(
        'transaction',
        asking('POST', 'Organization', { fullUrl, resource: organization('Whole') }),
        asking('POST', 'Organization', { resource: organization('Part', { partOf: { reference: fullUrl } }) }),
      ),
    })
    expect(statuses(done)).toEqual(['201', '201'])
    const [whole, part] = done.entry.map(({ response }: Loose) => response.location.split('/').at(-3))
    expect((await client.read({ resourceType: 'Organization', id: part })).partOf.reference).toBe(`Organization/${whole}`)
    const broken = bundle('transaction', asking('POST', 'Organization', { resource: organization('Never') }), asking('DELETE', 'x'))
    await expect(client.transaction({ body: broken })).rejects.toMatchObject({ response: { status: expect.any(Number) } })
    expect((await client.search({ resourceType: 'Organization', searchParams: { name: 'Never' } })).total).toBe(0)
  })

  it('searches a compartment and several types, and turns pages', async () => {
    const client = open()
    const compartment = { resourceType: 'Patient', id: patient }
    expect(ids(await client.search({ resourceType: 'Appointment', compartment }))).toEqual([visit])
    expect(ids(await client.compartmentSearch({ resourceType: 'Appointment', compartment, options: { postSearch: true } }))).toEqual([
      visit,
    ])
    const several = await client.systemSearch({ searchParams: { _type: 'Patient,Appointment', _id: `${patient},${visit}` } })
    expect(ids(several).toSorted()).toEqual([patient, visit].toSorted())
    const first = await client.search({ resourceType: 'Slot', searchParams: { _count: 10, _sort: 'start' } })
    const second = await client.nextPage({ bundle: first })
    expect(ids(second).filter((id) => ids(first).includes(id))).toEqual([])
  })

  it('resolves references: relative, absolute, contained, and within a Bundle', async () => {
    const client = open()
    const found = await client.search({ resourceType: 'Appointment', searchParams: { _id: visit, _include: 'Appointment:patient' } })
    const reference = `Patient/${patient}`
    for (const asked of [{ reference }, { reference: `${server.house.base}/${reference}` }, { reference, context: found }])
      expect((await client.resolve(asked)).id).toBe(patient)
    const body = organization('Holds', { contained: [organization('Held', { id: 'h' })], partOf: { reference: '#h' } })
    const context = await client.create({ resourceType: 'Organization', body })
    expect((await client.resolve({ reference: '#h', context })).name).toBe('Held')
  })

  it('calls operations with and without input, and makes requests of its own', async () => {
    const client = open()
    const body = organization('Valid')
    expect((await client.operation({ name: 'validate', resourceType: 'Organization', input: body })).issue[0].severity).not.toBe('error')
    const everything = await client.operation({ name: '$everything', resourceType: 'Patient', id: patient, method: 'GET' })
    expect(ids(everything)).toEqual(expect.arrayContaining([patient, visit]))
    const options = { headers: { 'Content-Type': 'application/fhir+json' } }
    const cancelled = await client.request(`Appointment/${visit}/$cancel`, {
      method: 'POST',
      body: { resourceType: 'Parameters' },
      options,
    })
    expect(cancelled.status).toBe('cancelled')
    visit = (await place.book((await place.slotAt(2, '10:00')).id, patient)).json.id
  })
})

describe('fhirclient', () => {
  const open = (): Loose => {
    const fake = { headers: {}, url: '/', method: 'GET', protocol: 'http', get: () => 'localhost' }
    return (fhirclient as Loose)(fake, {}).client({ serverUrl: server.house.base, tokenResponse: { access_token: token, patient } })
  }

  it('asks for what is the patient’s, with its references resolved', async () => {
    const appointments = await open().patient.request('Appointment', { pageLimit: 0, flat: true })
    expect(appointments.map(({ id }: Loose) => id)).toContain(visit)
    const resolved = await open().request(`Appointment/${visit}`, { resolveReferences: 'participant.0.actor', graph: true })
    expect(resolved.participant[0].actor).toMatchObject({ resourceType: expect.any(String), id: expect.any(String) })
  })

  it('creates under a condition, patches, and looks back', async () => {
    const client = open()
    const options = { headers: { 'if-none-exist': 'identifier=urn:clients|smart' }, includeResponse: true }
    const first = await client.create(organization('Smart', known('smart')), options)
    const again = await client.create(organization('Smart', known('smart')), options)
    expect([first.response.status, again.response.status, again.body.id]).toEqual([201, 200, first.body.id])
    expect((await client.patch(`Organization/${first.body.id}`, renamed)).name).toBe('Renamed')
    const names: string[] = []
    await client.request(`Organization/${first.body.id}/_history?_count=1`, {
      pageLimit: 0,
      onPage: ({ entry }: Loose) => names.push(...entry.map(({ resource }: Loose) => resource.name)),
    })
    expect(names).toEqual(['Renamed', 'Smart'])
    await expect(client.patch(`Organization/${first.body.id}`, [{ op: 'remove', path: '/nothing' }])).rejects.toMatchObject({ status: 422 })
  })

  it('sends a batch and a transaction', async () => {
    const post = (body: object) =>
      open().request({ url: '/', method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    expect(statuses(await post(bundle('batch', asking('GET', `Slot?_count=1`), asking('GET', 'Slot/nothing'))))).toEqual(['200', '404'])
    const resource = organization('Smart transaction')
    expect(statuses(await post(bundle('transaction', asking('POST', 'Organization', { resource }))))).toEqual(['201'])
  })

  it('is answered in XML where it asks for it', async () => {
    const answer = await open().request({ url: `Patient/${patient}`, headers: { accept: xml } })
    const text = await answer.text()
    expect(text).toMatch(/^(<\?xml[^>]*>)?\s*<Patient xmlns="http:\/\/hl7\.org\/fhir">/)
    expect(text).toContain(`<id value="${patient}"/>`)
  })
})

describe('MedplumClient', () => {
  const open = (): Loose => new MedplumClient({ baseUrl: `${server.origin}/`, fhirUrlPath: 'fhir', accessToken: token, cacheTime: 0 })

  it('writes under conditions', async () => {
    const client = open()
    const first = await client.upsertResource(organization('Plum', known('plum')), 'identifier=urn:clients|plum')
    const second = await client.upsertResource(organization('Plum 2', known('plum')), 'identifier=urn:clients|plum')
    expect([second.id, second.meta.versionId]).toEqual([first.id, '2'])
    const stale = { headers: { 'If-Match': 'W/"1"' } }
    await expect(client.updateResource({ ...second, name: 'Plum 3' }, stale)).rejects.toMatchObject({
      outcome: { resourceType: 'OperationOutcome' },
    })
    await expect(client.patchResource('Organization', first.id, renamed, stale)).rejects.toThrow()
    expect((await client.patchResource('Organization', first.id, renamed, { headers: { 'If-Match': 'W/"2"' } })).name).toBe('Renamed')
  })

  it('searches: Bundles, resources with their total, one, by reference and by canonical', async () => {
    const client = open()
    const found = await client.search('Slot', { schedule: `Schedule/${place.schedules[0]}`, _count: 5, _total: 'accurate' })
    const slots = await client.searchResources('Slot', `schedule=Schedule/${place.schedules[0]}&_count=5`)
    expect(slots.map(({ id }: Loose) => id)).toEqual(ids(found))
    expect(found.total).toBeGreaterThan(5)
    expect((await client.readReference({ reference: `Patient/${patient}` })).id).toBe(patient)
    const url = 'https://slotwise.org/fhir/StructureDefinition/slotwise-slot'
    expect((await client.readCanonical('StructureDefinition', url)).url).toBe(url)
    expect(await client.searchOne('Patient', 'identifier=urn:clients|nobody')).toBeUndefined()
  })

  it('sends a batch of its own accord and by hand, validates, and comments', async () => {
    const client = open()
    const answered = await client.executeBatch(bundle('batch', asking('GET', `Patient/${patient}`), asking('GET', 'Patient/nobody')))
    expect([answered.type, ...statuses(answered)]).toEqual(['batch-response', '200', '404'])
    const batching: Loose = new MedplumClient({
      baseUrl: `${server.origin}/`,
      fhirUrlPath: 'fhir',
      accessToken: token,
      cacheTime: 0,
      autoBatchTime: 50,
    })
    const read = await Promise.all([batching.readResource('Patient', patient), batching.readResource('Appointment', visit)])
    expect(read.map(({ id }: Loose) => id)).toEqual([patient, visit])
    const outcome = await client.validateResource(organization('Plum'))
    expect(outcome.resourceType).toBe('OperationOutcome')
    const comment = await client.createComment({ resourceType: 'Patient', id: patient }, 'Prefers mornings')
    expect((await client.readResource('Communication', comment.id)).payload).toEqual([{ contentString: 'Prefers mornings' }])
  })

  it('looks back page by page, and calls operations', async () => {
    const client = open()
    const made = await client.createResource(organization('Plum'))
    await client.patchResource('Organization', made.id, renamed)
    expect((await client.readHistory('Organization', made.id, { count: 1 })).entry).toHaveLength(1)
    const found = await client.get(`${client.fhirUrl('Slot', '$find-slots')}?schedule=Schedule/${place.schedules[0]}&_count=2`)
    expect(found.entry).toHaveLength(2)
    const held = await client.post(client.fhirUrl('Slot', found.entry[0].resource.id, '$hold'), {
      resourceType: 'Parameters',
      parameter: [{ name: 'patient', valueReference: { reference: `Patient/${patient}` } }],
    })
    expect(held.status).toBe('pending')
  })

  it('exports in bulk, and downloads what it gets, and XML', async () => {
    const client = open()
    const { output } = await client.bulkExport('', 'Organization', undefined, { pollStatusOnAccepted: true, pollStatusPeriod: 200 })
    expect(output.map(({ type }: Loose) => type)).toEqual(['Organization'])
    const lines = (await (await client.download(output[0].url)).text()).trim().split('\n')
    expect(lines.map((line: string) => JSON.parse(line).resourceType)).toContain('Organization')
    const text = await (await client.download(client.fhirUrl('Patient', patient), { headers: { Accept: xml } })).text()
    expect(text).toContain('<Patient xmlns="http://hl7.org/fhir">')
  })
})
