/**
 * What holds at every address alike, asked of each line of the table of routes: formats in and out, HEAD, OPTIONS, methods
 * that are not served, and that nothing reaches a desk which nobody could answer.
 * https://hl7.org/fhir/R4/http.html#general and https://www.rfc-editor.org/rfc/rfc9110
 */
import type { InjectOptions } from 'fastify'
import { type Route, routes } from '../../src/http/routes.ts'
import { appWith, type Outcome } from './door.ts'

const resource = '{"resourceType":"Parameters","parameter":[{"name":"a","valueDecimal":1.50}]}'
const { app, asked } = appWith(() => ({ status: 200, body: resource, version: '3', updated: '2026-03-01T12:30:45.678Z' }))
afterAll(() => app.close())

const at = (path: string, type = 'Task'): string =>
  `/fhir${path.replace('/:id/:type', '/x1/Appointment').replace(':type', type).replace(':id', 'x1').replace(':vid', '1')}`

/** Their answers are files and streams, in the one format that they have. */
const ownFormat: readonly string[] = ['exportFile', 'importErrors', 'eventStream']
/** Sent with what they take: a form, a Bundle, NDJSON, a patch. */
const bodies: Readonly<Record<string, [contentType: string, payload: string]>> = {
  search: ['application/x-www-form-urlencoded', 'a=b'],
  importResources: ['application/fhir+ndjson', '{}\n'],
  patch: ['application/json-patch+json', '[]'],
}

type Method = NonNullable<InjectOptions['method']>

function request([method, path, , desk]: Route, headers: Record<string, string> = {}, query = ''): InjectOptions {
  const [contentType, payload] = bodies[desk] ?? ['application/fhir+json', '{"resourceType":"Parameters"}']
  const sent = method === 'GET' || method === 'DELETE' ? {} : { payload, headers: { 'content-type': contentType, ...headers } }
  return { method, url: at(path) + query, headers, ...sent }
}

const lines = routes.map((route): [string, Route] => [`${route[0]} ${route[1]}`, route])
const inFormats = lines.filter(([, [, , , desk]]) => !ownFormat.includes(desk))
const withBody = lines.filter(([, [method]]) => method !== 'GET' && method !== 'DELETE')

const xml =
  '<?xml version="1.0" encoding="UTF-8"?><Parameters xmlns="http://hl7.org/fhir"><parameter><name value="a"/><valueDecimal value="1.50"/></parameter></Parameters>'

const wishes: readonly (readonly [headers: Record<string, string>, query: string, body: string])[] = [
  [{}, '', resource],
  [{ accept: 'application/fhir+xml' }, '', xml],
  [{ accept: 'application/fhir+json;q=0.3, application/fhir+xml;q=0.7, */*;q=0.1' }, '', xml],
  [{ accept: 'application/json' }, '', resource],
  [{ accept: 'application/fhir+json' }, '?_format=xml', xml],
  [{ accept: 'application/fhir+xml' }, '?_format=application/fhir+json', resource],
]

/** What the base answers to a Bundle is made of the others' answers. */
const alone = inFormats.filter(([, [, , , desk]]) => desk !== 'bundle')

it.each(alone)('%s answers in the format that is asked for, its lines broken where that is', async (_line, route) => {
  for (const [headers, query, body] of wishes) {
    const answer = await app.inject(request(route, headers, query))
    expect([headers, query, answer.statusCode, answer.body]).toEqual([headers, query, 200, body])
    expect(answer.headers['content-type']).toBe(`application/fhir+${body === xml ? 'xml' : 'json'}; charset=utf-8`)
  }
  const pretty = await app.inject(request(route, {}, '?_pretty=true'))
  expect(JSON.parse(pretty.body)).toEqual(JSON.parse(resource))
  expect(pretty.body).toMatch(/^\{\n {2}"resourceType"/)
})

it.each(inFormats)('%s is answered 406 where nobody could read the answer, before anything is done', async (_line, route) => {
  const before = asked.length
  for (const [headers, query] of [
    [{ accept: 'image/png' }, ''],
    [{ accept: 'application/fhir+json; fhirVersion=3.0' }, ''],
    [{}, '?_format=ttl'],
  ] as [Record<string, string>, string][]) {
    const answer = await app.inject(request(route, headers, query))
    expect([answer.statusCode, answer.json<Outcome>().issue[0]?.code]).toEqual([406, 'not-supported'])
  }
  expect(asked).toHaveLength(before)
})

const wrong: readonly (readonly [contentType: string, payload: string, status: number])[] = [
  ['text/plain', 'x', 415],
  ['application/fhir+turtle', 'x', 415],
  ['multipart/form-data; boundary=x', 'x', 415],
  ['application/fhir+json; charset=utf-16', '{}', 415],
  ['nonsense', 'x', 415],
]
const broken: typeof wrong = [
  ['application/fhir+json', '{"resourceType":', 400],
  ['application/fhir+xml', '<Parameters xmlns="http://hl7.org/fhir">', 400],
]

it.each(withBody)('%s refuses a body that is not what it takes, by 415, or that is not what it says, by 400', async (_line, route) => {
  const [method, path, , desk] = route
  const [contentType = '', payload = ''] = bodies[desk] ?? ['application/fhir+json', '{}']
  const before = asked.length
  const tried = async (type: string, body: string, status: number, encoding?: string) => {
    const headers = { accept: 'application/fhir+json', 'content-type': type, ...(encoding && { 'content-encoding': encoding }) }
    const answer = await app.inject({ method, url: at(path), headers, payload: body })
    const told = [type, encoding, answer.statusCode, answer.json<Outcome>().resourceType]
    expect(told).toEqual([type, encoding, status, 'OperationOutcome'])
    return answer.headers
  }
  for (const one of wrong) await tried(...one)
  for (const one of bodies[desk] === undefined ? broken : []) await tried(...one)
  expect((await tried(contentType, payload, 415, 'nonsense'))['accept-encoding']).toBe('gzip, br, deflate')
  // NDJSON is read by the desk.
  if (desk !== 'importResources') await tried(contentType, payload, 400, 'gzip')
  expect(asked).toHaveLength(before)
})

const takenBy = { POST: 'accept-post', PATCH: 'accept-patch', PUT: 'accept' } as const

it.each(withBody)('%s says beside a 415 which types it takes, and takes them', async (_line, route) => {
  const [method, path, , desk] = route
  const tried = (type: string) => app.inject({ method, url: at(path), headers: { 'content-type': type }, payload: '{}' })
  const { headers } = await tried('text/plain')
  const header = takenBy[method as keyof typeof takenBy]
  const told = String(headers[header]).split(', ')
  expect(told).toContain((bodies[desk] ?? ['application/fhir+json'])[0])
  for (const type of told) expect([type, (await tried(type)).statusCode === 415]).toEqual([type, false])
  const options = await app.inject({ method: 'OPTIONS', url: at(path) })
  if (method !== 'PUT') expect(options.headers[header]).toBe(headers[header])
  expect([headers['accept-encoding'], 'accept' in options.headers]).toEqual([undefined, false])
})

it('a Binary is taken under any type, so none is named but that one is needed', async () => {
  const answer = await app.inject({ method: 'POST', url: '/fhir/Binary', headers: { 'content-type': 'nonsense' }, payload: 'x' })
  expect([answer.statusCode, answer.headers['accept-post']]).toEqual([415, '*/*'])
})

/** As a reader of the table would say it: the methods of all lines of the address. */
const served = (path: string): Method[] => {
  const url = at(path)
  const methods = routes.filter(([, other]) => at(other) === url).map(([method]) => method)
  return [...new Set(methods.flatMap((method): Method[] => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].toSorted()
}
const addresses = [...new Set(routes.map(([, path]) => path))]
const allowed = (header: unknown): string[] => String(header).split(', ').toSorted()

it.each(addresses)('%s answers by 405 and Allow to every method that it does not take, and says by OPTIONS what it takes', async (path) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    if (served(path).includes(method)) continue
    const answer = await app.inject({ method, url: at(path) })
    expect([method, answer.statusCode, allowed(answer.headers.allow)]).toEqual([method, 405, served(path)])
  }
  for (const headers of [{}, { origin: 'https://app.example' }]) {
    const answer = await app.inject({ method: 'OPTIONS', url: at(path), headers })
    expect([answer.statusCode, answer.body, allowed(answer.headers.allow)]).toEqual([204, '', [...served(path), 'OPTIONS'].toSorted()])
    expect(answer.headers['access-control-allow-origin']).toBe('origin' in headers ? '*' : undefined)
  }
})

it.each(addresses.filter((path) => served(path).includes('HEAD') && !path.includes('$event-stream')))(
  '%s is asked by HEAD as by GET',
  async (path) => {
    for (const headers of [{}, { accept: 'application/fhir+xml' }, { accept: 'image/png' }, { 'if-none-match': 'W/"3"' }]) {
      const [get, head] = await Promise.all((['GET', 'HEAD'] as const).map((method) => app.inject({ method, url: at(path), headers })))
      const { date: _date, 'x-request-id': _id, ...told } = get?.headers ?? {}
      expect([head?.statusCode, head?.body]).toEqual([get?.statusCode, ''])
      expect(head?.headers).toMatchObject(told)
    }
  },
)
