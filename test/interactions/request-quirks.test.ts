/** What clients really send: slashes too many, empty values, primitives that are only an extension; HEAD wherever GET is. */
import { type Ask, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  await ask('PUT', 'Patient/q', { body: { resourceType: 'Patient', id: 'q' } })
  await ask('PUT', 'Patient/gone', { body: { resourceType: 'Patient', id: 'gone' } })
  await ask('DELETE', 'Patient/gone')
})
afterAll(() => server?.close())

it.each([
  'Patient/?_id=q',
  'Patient?_id=q&_count',
  'Patient?_id=q&_count=',
  'Patient/?_count=&_id=q&_sort=',
  '/fhir//Patient//?_id=q',
  'Patient?&&_id=q&',
])('%s finds what Patient?_id=q finds', async (path) => {
  const answer = await ask('GET', path, { headers: { prefer: 'handling=strict' } })
  expect([answer.status, matched(answer).map(({ id }) => id), answer.json.total]).toEqual([200, ['q'], 1])
})

it.each(['Patient/q/', 'Patient/q/_history/', 'metadata/', 'Patient/q/?_format=json'])(
  '%s is where it is without its last slash',
  async (path) => {
    expect((await ask('GET', path)).status).toBe(200)
  },
)

it('a primitive may be only an extension, in JSON and in XML', async () => {
  const absent = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }] }
  const body = {
    resourceType: 'Appointment',
    id: 'p',
    _status: absent,
    _priority: absent,
    participant: [{ actor: { reference: 'Patient/q' }, _status: absent }],
  }
  const json = await ask('PUT', 'Appointment/p', { body: { ...body, status: 'proposed', _status: undefined } })
  expect([json.status, json.json._priority, json.json.participant[0]._status]).toEqual([201, absent, absent])
  const xml = await ask('GET', 'Appointment/p?_format=xml')
  expect(xml.text).toContain(
    '<priority><extension url="http://hl7.org/fhir/StructureDefinition/data-absent-reason"><valueCode value="unknown"/></extension></priority>',
  )
  const again = await ask('PUT', 'Appointment/p', {
    body: xml.text,
    headers: { 'content-type': 'application/fhir+xml', accept: 'application/fhir+json' },
  })
  expect([again.status, again.json._priority]).toEqual([200, absent])
})

const addresses: [string, number][] = [
  ['metadata', 200],
  ['Patient/q', 200],
  ['Patient/gone', 410],
  ['Patient/nobody', 404],
  ['Patient/q/_history', 200],
  ['Patient/q/_history/1', 200],
  ['Patient/gone/_history/2', 410],
  ['Patient/_history', 200],
  ['_history', 200],
  ['Patient?_id=q', 200],
  ['?_type=Patient', 200],
  ['Patient/q/Appointment', 200],
  ['Patient/q/*', 200],
  ['Patient/q/$everything', 200],
  ['Slot/$find-slots', 200],
]

it.each(addresses)('HEAD %s is %i, as GET is, with its headers and without its body', async (path, status) => {
  const [get, head] = [await ask('GET', path), await ask('HEAD', path)]
  expect([get.status, head.status, head.text]).toEqual([status, status, ''])
  expect([head.headers['content-type'], head.headers.etag]).toEqual([get.headers['content-type'], get.headers.etag])
})

it.each([
  ['PUT', '_history', 'GET, HEAD'],
  ['DELETE', 'Patient/_history', 'GET, HEAD'],
  ['DELETE', 'Patient/q/_history', 'GET, HEAD'],
  ['POST', 'Patient/q', 'GET, HEAD, PUT, PATCH, DELETE'],
  ['POST', 'Patient/q/Appointment', 'GET, HEAD'],
  ['DELETE', 'Patient/q/$everything', 'GET, HEAD, POST'],
])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
  const answer = await ask(method, path, method === 'POST' || method === 'PUT' ? { body: {} } : {})
  expect([answer.status, answer.headers.allow]).toEqual([405, allow])
})
