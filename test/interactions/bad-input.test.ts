/** What no client should send, over HTTP and against the real desks: each a 4xx that says why, none a 500, none a hang. */
import { createHash } from 'node:crypto'
import { type Ask, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
let patient: string
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  patient = await made(ask, { resourceType: 'Patient', name: [{ family: 'Kept' }] })
})
afterAll(async () => {
  await server?.close()
})
// Nothing unforeseen has happened meanwhile, whatever was answered.
const told = { count: 0 }
afterEach(() => {
  const fresh = server.warnings.slice(told.count)
  told.count = server.warnings.length
  expect(fresh).toEqual([])
})

const nested = (depth: number): string =>
  `{"resourceType":"Patient","extension":[${'{"url":"u","extension":['.repeat(depth)}${']}'.repeat(depth)}]}`
/** Nothing of it repeats, so that no index can keep it small. */
const endless = Array.from({ length: 4000 }, (_, n) => createHash('sha256').update(String(n)).digest('hex')).join('')
const visit = (more: string): string =>
  `{"resourceType":"Appointment","status":"proposed","participant":[{"status":"accepted","actor":{"reference":"Patient/1"}}]${more}}`

describe('a body', () => {
  it.each<[what: string, type: string, body: string, status: number]>([
    ['that is cut off', 'Patient', '{"resourceType":"Patient","name":[', 400],
    ['of single quotes', 'Patient', "{'resourceType':'Patient'}", 400],
    ['with a comma too many', 'Patient', '{"resourceType":"Patient",}', 400],
    ['that is a list', 'Patient', '[{"resourceType":"Patient"}]', 400],
    ['that is text', 'Patient', '"Patient"', 400],
    ['that is null', 'Patient', 'null', 400],
    ['that is a number', 'Patient', '1e999', 400],
    ['of no type', 'Patient', '{"name":[{"family":"x"}]}', 400],
    ['of a type that is no text', 'Patient', '{"resourceType":{"a":1}}', 400],
    ['of another type', 'Patient', '{"resourceType":"Group"}', 400],
    ['in XML', 'Patient', '<Patient xmlns="http://hl7.org/fhir"/>', 400],
    ['that is empty', 'Patient', '', 400],
    ['nested 60 deep', 'Patient', nested(60), 400],
    ['nested 100,000 deep', 'Patient', nested(100_000), 400],
    ['with NUL in a text', 'Patient', '{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 400],
    [
      'with NUL in an extension',
      'Patient',
      '{"resourceType":"Patient","extension":[{"url":"http://x.example","valueString":"\\u0000"}]}',
      400,
    ],
    ['with NUL in a name', 'Patient', '{"resourceType":"Patient","a\\u0000":1}', 400],
    ['with half a surrogate pair', 'Patient', '{"resourceType":"Patient","name":[{"family":"\\ud83d"}]}', 400],
    ['with half a pair, the wrong half', 'Patient', '{"resourceType":"Patient","name":[{"family":"\\ude00\\ud83d"}]}', 400],
    ['with __proto__', 'Patient', '{"resourceType":"Patient","__proto__":{"active":true}}', 400],
    ['with constructor', 'Patient', '{"resourceType":"Patient","constructor":{"prototype":{"active":true}}}', 400],
    ['with toString', 'Patient', '{"resourceType":"Patient","toString":"x"}', 400],
    ['with hasOwnProperty', 'Patient', '{"resourceType":"Patient","hasOwnProperty":[{"x":1}]}', 400],
    ['with one element twice', 'Patient', '{"resourceType":"Patient","active":true,"active":"maybe"}', 400],
    [
      'with one element twice, the first wrong',
      'Patient',
      '{"resourceType":"Patient","birthDate":"2026-02-30","birthDate":"1980-01-01"}',
      400,
    ],
    ['with a list for an object', 'Patient', '{"resourceType":"Patient","maritalStatus":[{"text":"x"}]}', 400],
    ['with an object for a list', 'Patient', '{"resourceType":"Patient","name":{"family":"x"}}', 400],
    ['with a list in a list', 'Patient', '{"resourceType":"Patient","name":[[{"family":"x"}]]}', 400],
    ['with an empty list', 'Patient', '{"resourceType":"Patient","name":[]}', 400],
    ['with an empty object', 'Patient', '{"resourceType":"Patient","name":[{}]}', 400],
    ['with an empty text', 'Patient', '{"resourceType":"Patient","name":[{"family":""}]}', 400],
    ['with a null', 'Patient', '{"resourceType":"Patient","active":null}', 400],
    ['with a day that is none', 'Patient', '{"resourceType":"Patient","birthDate":"2026-02-30"}', 400],
    ['with a month that is none', 'Patient', '{"resourceType":"Patient","birthDate":"2026-13"}', 400],
    ['with a year 0', 'Patient', '{"resourceType":"Patient","birthDate":"0000-01-01"}', 400],
    ['with a number for a text', 'Patient', '{"resourceType":"Patient","birthDate":19800101}', 400],
    ['with a number beyond numbers', 'Appointment', visit(',"priority":1e400'), 400],
    ['with a number beyond its type', 'Appointment', visit(',"priority":99999999999'), 400],
    ['with a negative unsignedInt', 'Appointment', visit(',"priority":-1'), 400],
    ['with a fraction of a minute', 'Appointment', visit(',"minutesDuration":1.5'), 400],
    ['with an instant without a zone', 'Appointment', visit(',"start":"2031-01-01T09:00:00","end":"2031-01-01T10:00:00"'), 400],
    ['with 25 o’clock', 'Appointment', visit(',"start":"2031-01-01T25:00:00Z","end":"2031-01-01T26:00:00Z"'), 400],
    ['with an end before its start', 'Appointment', visit(',"start":"2031-01-01T10:00:00Z","end":"2031-01-01T09:00:00Z"'), 422],
    [
      'with a number so long that no decimal holds it',
      'Location',
      `{"resourceType":"Location","position":{"latitude":1${'0'.repeat(400)},"longitude":1}}`,
      400,
    ],
    [
      'with an exponent that no column holds',
      'Location',
      '{"resourceType":"Location","position":{"latitude":1e-200000,"longitude":1}}',
      400,
    ],
    ['with a name too long to search by', 'Patient', JSON.stringify({ resourceType: 'Patient', name: [{ family: endless }] }), 400],
    ['with an identifier too long', 'Patient', JSON.stringify({ resourceType: 'Patient', identifier: [{ value: endless }] }), 400],
    [
      'with a reference too long',
      'Schedule',
      JSON.stringify({ resourceType: 'Schedule', actor: [{ reference: `https://x.example/Practitioner/${endless}` }] }),
      400,
    ],
    ['with an id of its own that is none', 'Patient', '{"resourceType":"Patient","id":"a b"}', 400],
    ['with a meta that is text', 'Patient', '{"resourceType":"Patient","meta":"x"}', 400],
    ['with a contained resource of no type', 'Patient', '{"resourceType":"Patient","contained":[{"id":"x"}]}', 400],
    [
      'with a script in its narrative',
      'Patient',
      '{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>x</script></div>"}}',
      422,
    ],
  ])('%s', async (_what, type, body, status) => {
    for (const [method, path] of [
      ['POST', type],
      ['PUT', `${type}/bad-one`],
    ] as const) {
      const answer = await ask(method, path, {
        body: method === 'PUT' ? body.replace('{"resourceType":"Patient"', '{"resourceType":"Patient","id":"bad-one"') : body,
        headers: { 'content-type': 'application/fhir+json' },
      })
      expect([answer.status, answer.json?.resourceType]).toEqual([expect.any(Number), 'OperationOutcome'])
      expect([method, answer.status]).toEqual([method, method === 'PUT' && answer.status === 400 ? 400 : status])
      expect(answer.json.issue[0].diagnostics.length).toBeGreaterThan(10)
    }
  })

  it('of 10 MB', async () => {
    const body = JSON.stringify({ resourceType: 'Patient', name: [{ text: 'x'.repeat(10 * 1024 * 1024) }] })
    const { status, json } = await ask('POST', 'Patient', { body })
    expect([status, json.issue[0].code]).toEqual([413, 'too-long'])
    expect((await ask('GET', `Patient/${patient}`)).status).toBe(200)
  })

  it.each([
    'text/plain',
    'application/fhir+turtle',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'image/png',
    'nonsense',
    'application/fhir+json; charset=utf-16',
  ])('called %s', async (type) => {
    const answer = await ask('POST', 'Patient', { body: '{"resourceType":"Patient"}', headers: { 'content-type': type } })
    expect([answer.status, answer.json.issue[0].code]).toEqual([415, 'not-supported'])
  })
})

describe('an address', () => {
  it.each<[path: string, status: number]>([
    ['Patient/%00', 404],
    ['Patient/a%00b', 404],
    ['Patient/%zz', 400],
    ['Patient/%ff', 400],
    ['Patient/a%2fb', 404],
    ['Patient/..%2f..%2fetc%2fpasswd', 404],
    ['Patient/a_b', 404],
    ['Patient/%F0%9F%98%80', 404],
    [`Patient/${'x'.repeat(65)}`, 404],
    ["Patient/'%20or%201=1--", 404],
    ['Patient?name=%', 400],
    ['Patient?name=%e2%28', 400],
    ['Patient?name=a%00b', 400],
    ['Patient?_id=%00', 400],
    ['Patient?%00=1', 200],
    ['Patient?birthdate=2026-02-30', 400],
    ['Patient?birthdate=ge', 400],
    ['Patient?birthdate=99999', 400],
    ['Patient?_count=-1', 400],
    ['Patient?_count=99999999999999999999', 400],
    ['Patient?_count=%27', 400],
    ['Patient?__proto__=1', 200],
    ['Patient?constructor=1', 200],
    ['Patient?_sort=constructor', 200],
    ['Patient?_sort=-,,-', 200],
    ['Patient?_include=constructor:x', 200],
    ['Patient?_include=:', 200],
    ['Patient?_revinclude=:::', 200],
    ['Patient?general-practitioner.name.x.y=1', 200],
    ['Patient?general-practitioner:Unicorn=1', 400],
    ['Patient?name:=x', 400],
    ['Patient?.=x', 200],
    ['Patient?:=x', 200],
    ['Location?near=NaN|NaN', 400],
    ['Location?near=1e400|0|1|km', 400],
    ['Location?near=0|0|1e308|km', 200],
    ['Location?near=|||', 400],
    ['Patient?_lastUpdated=gt0000', 400],
    ['Patient?_lastUpdated=gt9999-12-31T23:59:59Z', 200],
    ['Patient/x/_history?_count=-1', 400],
    ['Patient/x/_history?_since=x', 400],
    ['Patient/x/_history?_before=99999999999999999999', 400],
    ['Slot/$find-slots?start=2026-02-30', 400],
    ['Slot/$find-slots?start=2031-01-02T00:00:00Z&end=2031-01-01T00:00:00Z', 400],
    ['Slot/$find-slots?duration=0', 400],
    ['Slot/$find-slots?duration=1e9', 400],
    ['Slot/$find-slots?practitioner=%00', 400],
    ['Slot/$find-slots?specialty=%00', 400],
    ['Slot/$find-slots?location-string=%00', 400],
    ['Slot/$find-slots?time-from=25:00', 400],
    ['Slot/$find-slots?day-of-week=funday', 400],
    ['Slot/$find-slots?near=x', 400],
    ['Slot/$find-slots?_cursor=%00', 400],
    ['Slot/$find-slots?_count=-1', 400],
    ['Schedule/%00/$find-slots', 404],
    ['Appointment/$find?_count=x', 400],
  ])('%s is answered', async (path, status) => {
    const answer = await ask('GET', path.replaceAll('|', '%7C'))
    expect([answer.status, answer.json?.resourceType]).toEqual([status, status < 300 ? 'Bundle' : 'OperationOutcome'])
  })

  it('of a very long query is answered', async () => {
    for (const length of [8_000, 100_000]) {
      const answer = await ask('GET', `Patient?name=${'x'.repeat(length)}`)
      expect([200, 400, 414, 431]).toContain(answer.status)
    }
  })

  it('of 10,000 parameters is refused, by GET and by POST', async () => {
    const many = 'a=1&'.repeat(10_000)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect([400, 414, 431]).toContain((await ask('GET', `Patient?${many}`)).status)
    const answer = await ask('POST', 'Patient/_search', { body: many, headers: form })
    expect([answer.status, answer.json.issue[0].code]).toEqual([400, 'too-costly'])
    const criteria = await ask('POST', 'Patient/_search', { body: 'name=a&'.repeat(900), headers: form })
    expect([criteria.status, criteria.json.issue[0].code]).toEqual([400, 'too-costly'])
    const values = await ask('POST', 'Patient/_search', { body: `name=${'a,'.repeat(900)}`, headers: form })
    expect([values.status, values.json.issue[0].code]).toEqual([400, 'too-costly'])
  })
})

describe('a header', () => {
  it.each([
    ['if-match', 'nonsense', 412],
    ['if-match', '""""', 412],
    ['if-none-match', 'x'.repeat(4_000), 200],
    ['accept', 'application/fhir+turtle', 406],
    ['accept', 'image/png', 406],
    ['accept', ';;;,,,', 406],
    ['prefer', 'handling==;;,strict', 200],
    ['authorization', 'Bearer', 401],
    ['authorization', 'Bearer x.y.z', 401],
    ['authorization', 'Basic eDp5', 401],
    ['authorization', `Bearer ${'x'.repeat(9_000)}`, 401],
    ['authorization', '', 401],
  ])('%s: %.40s', async (name, value, status) => {
    const isMatch = name === 'if-match'
    const body = isMatch ? { resourceType: 'Patient', id: patient } : undefined
    const answer = await ask(isMatch ? 'PUT' : 'GET', `Patient/${patient}`, { body, headers: { [name]: value } })
    expect(answer.status).toBe(status)
  })
})
