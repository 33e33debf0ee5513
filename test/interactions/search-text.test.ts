/**
 * Text beside codes and references (`:text`), words of narratives (`_text`) and of whole resources (`_content`).
 * https://hl7.org/fhir/R4/search.html#token and #content
 */
import { idsOf, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
const div = (text: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml"><p class="shoulder">${text}</p></div>`,
})
const request = (id: string, code: object, more: object = {}) => ({
  resourceType: 'ServiceRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p', display: 'Maja Lindström' },
  code,
  ...more,
})
const resources = [
  { resourceType: 'Patient', id: 'p', text: div('Born in spring'), identifier: [{ value: '1', type: { text: 'Medical record number' } }] },
  { resourceType: 'Patient', id: 'other', name: [{ text: 'Spring Fielding' }] },
  request('headache', { text: 'Head pain' }, { text: div('Acute <b>migraine</b>') }),
  request(
    'ahead',
    { coding: [{ system: 'urn:c', code: 'a', display: 'Look ahead, then paint' }] },
    { note: [{ text: 'migraine suspected' }] },
  ),
  request('both', { coding: [{ display: 'Pain' }, { display: 'in the héad' }] }),
  ...['p', 'other'].map((patient) => ({
    resourceType: 'Appointment',
    id: `visit-${patient}`,
    status: 'proposed',
    comment: `Wheelchair of ${patient === 'p' ? 'hers' : 'his'}`,
    text: div(patient === 'p' ? 'Migraine clinic' : 'Check'),
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
  })),
  { resourceType: 'Schedule', id: 'room', actor: [{ reference: 'Location/room' }] },
  ...['meeting', 'cleaning'].map((comment, n) => ({
    resourceType: 'Slot',
    id: comment,
    schedule: { reference: 'Schedule/room' },
    status: 'busy-unavailable',
    start: `2031-01-0${n + 1}T09:00:00Z`,
    end: `2031-01-0${n + 1}T10:00:00Z`,
    comment: `Staff ${comment}`,
  })),
]

beforeAll(async () => {
  server = await testHouse()
  for (const resource of resources) made(await server.call('PUT', `${resource.resourceType}/${resource.id}`, resource))
})
afterAll(() => server.close())

const ask = (path: string) => server.call('GET', path, undefined, { prefer: 'handling=strict' })

it.each([
  ['ServiceRequest?code:text=head', 'both headache'],
  ['ServiceRequest?code:text=HEAD pain', 'headache'],
  ['ServiceRequest?code:text=pain', 'ahead both headache'],
  ['ServiceRequest?code:text=paint,in the', 'ahead both'],
  ['ServiceRequest?code:text=ad', ''],
  ['ServiceRequest?code:text=head%25', ''],
  ['ServiceRequest?subject:text=lindstrom', 'ahead both headache'],
  ['Patient?identifier:text=record', 'p'],
  ['Patient?_has:ServiceRequest:subject:code:text=paint', 'p'],
  ['ServiceRequest?_text=migraine', 'headache'],
  ['ServiceRequest?_text=shoulder', ''],
  ['ServiceRequest?_content=migraine', 'ahead headache'],
  ['ServiceRequest?_content=migraine suspected', 'ahead'],
  ['ServiceRequest?_content=migraine -suspected', 'headache'],
  ['ServiceRequest?_content="look ahead" or pain', 'ahead both headache'],
  ['ServiceRequest?_content=resourcetype', ''],
  ['ServiceRequest?_content=", (& ! |', ''],
  ['Patient?_text=spring', 'p'],
  ['Patient?_content=spring', 'other p'],
  ['ServiceRequest?subject._text=spring&_content=acute', 'headache'],
  // Where there is no index of words: of one patient, one Schedule, one resource.
  ['Appointment?patient=Patient/p&_content=wheelchair', 'visit-p'],
  ['Appointment?patient=p,other&_content=wheelchair', 'visit-other visit-p'],
  ['Appointment?patient=p,other&_content=wheelchair -his', 'visit-p'],
  ['Appointment?patient=p,other&_text=migraine&status=proposed', 'visit-p'],
  ['Appointment?patient=p,other&_text=wheelchair', ''],
  ['Appointment?_id=visit-p,visit-other&_content=his&_sort=-date', 'visit-other'],
  ['Patient/p/Appointment?_content=wheelchair', 'visit-p'],
  ['Patient/other/Appointment?_text=migraine', ''],
  ['Slot?schedule=Schedule/room&_content=staff meeting', 'meeting'],
  ['Slot?schedule=room&start=ge2031-01-02&_content=staff', 'cleaning'],
  ['Patient?_has:Appointment:patient:status=proposed&_content=spring', 'other p'],
])('%s finds [%s]', async (path, expected) => {
  const answer = await ask(path)
  expect([answer.status, idsOf(answer)]).toEqual([200, expected])
})

it('follows what is written', async () => {
  made(await server.call('PUT', 'Patient/other', { resourceType: 'Patient', id: 'other', text: div('Autumn') }), 200)
  expect(matches(await ask('Patient?_text=autumn')).map(({ id }) => id)).toEqual(['other'])
  expect(matches(await ask('Patient?_content=fielding'))).toEqual([])
})

it('stores a resource of more words than can be listed', async () => {
  const text = Array.from({ length: 145_000 }, (_, n) => (1_000_000 + n).toString(36)).join(' ')
  made(await server.call('PUT', 'Patient/long', { resourceType: 'Patient', id: 'long', text: div(text) }))
  expect((await ask('Patient?_id=long')).json.entry).toHaveLength(1)
})

it('shows a patient no more than is theirs', async () => {
  const patient = server.as(await server.token('patient/*.rs', { patient: 'other' }))
  for (const path of [
    'ServiceRequest?_content=migraine',
    'ServiceRequest?code:text=head',
    'Patient?_text=spring',
    'Appointment?patient=p&_content=wheelchair',
  ])
    expect(matches(await patient('GET', path))).toEqual([])
})

it("leaves the server's own out where they were not asked for", async () => {
  expect(matches(await ask('StructureDefinition?_content=nowhere'))).toEqual([])
  expect(matches(await ask('StructureDefinition?_count=100&_sort=url')).length).toBeGreaterThan(5)
})

it.each([
  'Patient?_has:Appointment:patient:_content=wheelchair',
  'Encounter?appointment._content=wheelchair',
  'Binary?_id=x&_content=x',
  'Appointment?service-type:text=check',
  'Slot?schedule:text=x',
  'Patient?birthdate:text=x',
])('%s is no search of theirs', async (path) => {
  expect((await ask(path)).status).toBe(400)
})

it.each([
  'Slot?_content=free',
  'Slot?status=free&_content=staff',
  'Appointment?_text=visit',
  'Appointment?status=proposed&date=2031&_content=x',
  'Appointment?identifier=urn:x|&_content=x',
  'Appointment?identifier:not=1&_content=x',
  'Appointment?patient:missing=false&_content=x',
  'Appointment?actor=Patient/p,Practitioner/1&_content=x',
  '?_type=Patient,Appointment&_content=spring',
])('%s would read every row, and is refused', async (path) => {
  const answer = await ask(path)
  expect([answer.status, answer.json.issue[0]?.code]).toEqual([400, 'too-costly'])
})

it('is found by an index', async () => {
  await server.house.pool.query({
    text: `insert into service_request (id, version, updated, body, strings)
      select 'n' || n, 1, now(), jsonb_build_object('resourceType', 'ServiceRequest', 'note', 'word' || n % 2000), E'\\ncode:text= word' || n % 2000 || E'\\n' from generate_series(1, 20000) n`,
    values: [],
  })
  await server.house.pool.query({ text: 'vacuum analyze service_request', values: [] })
  const plan = async (where: string) =>
    JSON.stringify(
      await server.house.pool.query({
        text: `explain select id from service_request t where ${where} order by id || '' limit 51`,
        values: [],
      }),
    )
  expect(await plan(`content_words(t.body) @@ websearch_to_tsquery('pg_catalog.simple', 'word17')`)).toContain('service_request_words')
  expect(await plan(`t.strings like E'%\\ncode:text=% word17%'`)).toContain('service_request_strings')
})
