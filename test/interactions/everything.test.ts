/** `Patient/{id}/$everything` against the list of what was stored (https://hl7.org/fhir/R4/patient-operation-everything.html). */
import { type Ask, below, type Loose, linkOf, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const visit = (id: string, start: string, patients: string[]) => ({
  resourceType: 'Appointment',
  id,
  status: 'fulfilled',
  start,
  end: start.replace(':00Z', ':20Z').replace(':00:20Z', ':20:00Z'),
  participant: [...patients.map((one) => `Patient/${one}`), 'Practitioner/doc'].map((reference) => ({
    actor: { reference },
    status: 'accepted',
  })),
})
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  for (const one of [
    { resourceType: 'Patient', id: 'ada' },
    { resourceType: 'Patient', id: 'ben' },
    { resourceType: 'Practitioner', id: 'doc' },
    { resourceType: 'Location', id: 'elsewhere', status: 'active' },
    { resourceType: 'RelatedPerson', id: 'mum', patient: { reference: 'Patient/ada' } },
    visit('old', '2020-05-01T09:00:00Z', ['ada']),
    visit('both', '2021-05-01T09:00:00Z', ['ada', 'ben']),
    visit('bens', '2021-06-01T09:00:00Z', ['ben']),
  ]) {
    const answer = await ask('PUT', `${one.resourceType}/${one.id}`, { body: one })
    if (answer.status !== 201) throw new Error(answer.text)
  }
})
afterAll(() => server?.close())

const names = ({ json }: { json: Loose }): string[] =>
  (json.entry ?? []).map(({ resource }: Loose) => `${resource.resourceType}/${resource.id}`).toSorted()
const whole = ['Appointment/both', 'Appointment/old', 'Patient/ada', 'Practitioner/doc', 'RelatedPerson/mum']

it('is the patient, their compartment and what it points at, each once, and no other patient', async () => {
  const answer = await ask('GET', 'Patient/ada/$everything')
  expect([answer.status, answer.json.resourceType, answer.json.type]).toEqual([200, 'Bundle', 'searchset'])
  expect(names(answer)).toEqual(whole)
  expect(answer.json.entry[0].fullUrl).toBe(`${server.house.base}/Patient/ada`)
})

it('is not what a token may search and not read, nor what it may read and not search', async () => {
  const some = await server.scoped('system/Patient.rs system/Appointment.s system/RelatedPerson.r')
  expect(names(await some('GET', 'Patient/ada/$everything'))).toEqual(['Patient/ada'])
})

it.each([
  ['start=2021-01-01', ['Appointment/both', 'Patient/ada', 'Practitioner/doc', 'RelatedPerson/mum']],
  ['end=2020-12-31', ['Appointment/old', 'Patient/ada', 'Practitioner/doc', 'RelatedPerson/mum']],
  ['_type=Appointment', ['Appointment/both', 'Appointment/old']],
  ['_type=Patient,RelatedPerson', ['Patient/ada', 'RelatedPerson/mum']],
  ['_since=2999-01-01', []],
  ['_since=2001-01-01', whole],
])('with %s', async (query, expected) => {
  expect(names(await ask('GET', `Patient/ada/$everything?${query}`))).toEqual(expected)
})

it('takes Parameters', async () => {
  const body = { resourceType: 'Parameters', parameter: [{ name: '_type', valueCode: 'RelatedPerson' }] }
  expect(names(await ask('POST', 'Patient/ada/$everything', { body }))).toEqual(['RelatedPerson/mum'])
})

it('comes in pages', async () => {
  const seen = new Set<string>()
  let pages = 0
  for (let next: string | undefined = 'Patient/ada/$everything?_count=1'; next !== undefined; pages++) {
    const answer = await ask('GET', next)
    for (const name of names(answer)) seen.add(name)
    const link = linkOf(answer, 'next')
    next = link && below(link)
  }
  expect([...seen].toSorted()).toEqual(whole)
  expect(pages).toBeGreaterThan(2)
})

it('is for a patient their own alone', async () => {
  const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
  expect(names(await ben('GET', 'Patient/$everything'))).toEqual([
    'Appointment/bens',
    'Appointment/both',
    'Patient/ben',
    'Practitioner/doc',
  ])
  expect((await ben('GET', 'Patient/ada/$everything')).status).toBe(404)
})

it('holds no more than the token reads', async () => {
  const some = await server.scoped('system/Patient.rs system/Appointment.rs')
  expect(names(await some('GET', 'Patient/ada/$everything'))).toEqual(['Appointment/both', 'Appointment/old', 'Patient/ada'])
  const none = await server.scoped('system/Appointment.rs')
  expect((await none('GET', 'Patient/ada/$everything')).status).toBe(403)
})

it.each([
  ['Patient/nobody/$everything', 404],
  ['Patient/$everything', 400],
  ['Patient/ada/$everything?start=soon', 400],
  ['Patient/ada/$everything?_type=Nothing', 400],
])('%s is %i', async (path, status) => {
  expect((await ask('GET', path)).status).toBe(status)
})

it('leaves its record', async () => {
  await ask('GET', 'Patient/ada/$everything')
  const rows = await server.house.pool.query<{ patients: string[] }>({
    text: `select patients from audit_event where interaction = 'everything' and 'ada' = any(patients)`,
    values: [],
  })
  expect(rows.length).toBeGreaterThan(0)
})
