/** What a desk answers, as a client sees it: headers, conditional reads, Prefer, pretty, compressed, cross-origin. */
import { gunzipSync } from 'node:zlib'
import type { Reply } from '../../src/fhir/reply.ts'
import { appWith, type Outcome } from './door.ts'

const body = '{"resourceType":"Patient","id":"1","multipleBirthInteger":2}'
const stored: Reply = { status: 200, body, version: '3', updated: '2026-03-01T12:30:45.678Z' }
const answering = (reply: Reply) => appWith(() => reply).app
const json = { 'content-type': 'application/fhir+json' }

describe('a read', () => {
  const app = answering(stored)
  const url = '/fhir/Patient/1'

  it('is the stored text, to the byte, with its version', async () => {
    const answer = await app.inject(url)
    expect(answer.body).toBe(body)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/fhir+json; charset=utf-8',
      etag: 'W/"3"',
      'last-modified': 'Sun, 01 Mar 2026 12:30:45 GMT',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  it.each([
    [{ 'if-none-match': 'W/"3"' }, 304],
    [{ 'if-none-match': '"2", "3"' }, 304],
    [{ 'if-none-match': 'W/"2"' }, 200],
    [{ 'if-modified-since': 'Sun, 01 Mar 2026 12:30:45 GMT' }, 304],
    [{ 'if-modified-since': 'Sun, 01 Mar 2026 12:30:44 GMT' }, 200],
    [{ 'if-modified-since': 'nonsense' }, 200],
    [{ 'if-none-match': 'W/"2"', 'if-modified-since': 'Sun, 01 Mar 2026 12:30:45 GMT' }, 200],
  ])('with %j is a %i', async (headers, status) => {
    const answer = await app.inject({ url, headers })
    expect(answer.statusCode).toBe(status)
    expect(answer.body).toBe(status === 304 ? '' : body)
    expect(answer.headers.etag).toBe('W/"3"')
  })

  it('by HEAD has the same headers and no body', async () => {
    const answer = await app.inject({ method: 'HEAD', url })
    expect([answer.statusCode, answer.body, answer.headers.etag, answer.headers['content-length']]).toEqual([
      200,
      '',
      'W/"3"',
      String(body.length),
    ])
  })

  it('is indented where asked', async () => {
    expect((await app.inject(`${url}?_pretty=true`)).body).toBe(JSON.stringify(JSON.parse(body), null, 2))
    expect((await app.inject(`${url}?_pretty=false`)).body).toBe(body)
  })

  it('mirrors a harmless request id and makes one otherwise', async () => {
    const idOf = async (id?: string) =>
      (await app.inject({ url, headers: id === undefined ? {} : { 'x-request-id': id } })).headers['x-request-id']
    expect(await idOf('abc-123')).toBe('abc-123')
    expect(await idOf('a b')).not.toBe('a b')
    expect(await idOf('x'.repeat(65))).not.toBe('x'.repeat(65))
    expect(await idOf()).not.toBe(await idOf())
  })

  it('is open to other origins, without cookies', async () => {
    const answer = await app.inject({ url, headers: { origin: 'https://app.example' } })
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    const preflight = await app.inject({
      method: 'OPTIONS',
      url,
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization')
  })
})

describe('a create', () => {
  const created: Reply = { status: 201, body, version: '1', updated: '2026-03-01T12:30:45.678Z', location: 'Patient/1/_history/1' }
  const app = answering(created)
  const post = (prefer?: string) =>
    app.inject({ method: 'POST', url: '/fhir/Patient', payload: '{}', headers: prefer === undefined ? json : { ...json, prefer } })

  it('has an absolute Location', async () => {
    expect((await post()).headers.location).toBe('http://127.0.0.1/fhir/Patient/1/_history/1')
  })

  it('gives back what Prefer asks for', async () => {
    expect((await post()).body).toBe(body)
    expect((await post('return=representation')).body).toBe(body)
    expect((await post('return=minimal')).body).toBe('')
    expect((await post('handling=strict, return="minimal"')).body).toBe('')
    expect((await post('return=OperationOutcome')).json<Outcome>().resourceType).toBe('OperationOutcome')
    expect((await post('return=minimal')).headers.etag).toBe('W/"1"')
  })

  it('is not answered with 304', async () => {
    const answer = await app.inject({ method: 'POST', url: '/fhir/Patient', payload: '{}', headers: { ...json, 'if-none-match': 'W/"1"' } })
    expect(answer.statusCode).toBe(201)
  })
})

describe('an operation', () => {
  it('keeps its body whatever Prefer says, and its own headers', async () => {
    const app = answering({ status: 201, body, headers: { Expires: 'Sun, 01 Mar 2026 12:40:45 GMT' } })
    const answer = await app.inject({ method: 'POST', url: '/fhir/Slot/1/$hold', headers: { prefer: 'return=minimal' } })
    expect([answer.body, answer.headers.expires]).toEqual([body, 'Sun, 01 Mar 2026 12:40:45 GMT'])
  })
})

describe('a delete', () => {
  it('is 204 with nothing in it', async () => {
    const answer = await answering({ status: 204, version: '4' }).inject({ method: 'DELETE', url: '/fhir/Patient/1' })
    expect([answer.statusCode, answer.body, answer.headers.etag]).toEqual([204, '', 'W/"4"'])
  })
})

describe('a long answer', () => {
  const long = JSON.stringify({ resourceType: 'Bundle', entry: Array.from({ length: 500 }, (_, n) => ({ fullUrl: `Slot/${n}` })) })
  const app = answering({ status: 200, body: long })
  const get = (encoding?: string) =>
    app.inject({ url: '/fhir/Slot', headers: encoding === undefined ? {} : { 'accept-encoding': encoding } })

  it('is compressed for whoever asks', async () => {
    const answer = await get('gzip')
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(answer.rawPayload).toString()).toBe(long)
  })

  it.each([undefined, 'identity', 'unheard-of'])('is sent as it is to %s', async (encoding) => {
    const answer = await get(encoding)
    expect(answer.headers['content-encoding']).toBeUndefined()
    expect(answer.body).toBe(long)
  })

  it('is compressed only where it is long', async () => {
    const short = await answering(stored).inject({ url: '/fhir/Patient/1', headers: { 'accept-encoding': 'gzip' } })
    expect(short.headers['content-encoding']).toBeUndefined()
  })
})
