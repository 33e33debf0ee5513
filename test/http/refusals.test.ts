/** Every kind of refusal has its status and an OperationOutcome; what nobody foresaw says nothing of a patient. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Fault, type FaultKind, fault } from '../../src/base/fault.ts'
import { bodyBytesMax } from '../../src/base/limits.ts'
import { appWith, type Outcome, streetHouse } from './door.ts'

const failing = (error: unknown, house = streetHouse()) =>
  appWith(() => {
    throw error
  }, house)

describe('a Fault', () => {
  it.each<[FaultKind, number, string]>([
    ['malformed', 400, 'invalid'],
    ['structure', 400, 'structure'],
    ['required', 400, 'required'],
    ['value', 400, 'value'],
    ['code-invalid', 400, 'code-invalid'],
    ['invariant', 422, 'invariant'],
    ['too-costly', 400, 'too-costly'],
    ['login', 401, 'login'],
    ['forbidden', 403, 'forbidden'],
    ['not-found', 404, 'not-found'],
    ['method-not-allowed', 405, 'not-supported'],
    ['not-acceptable', 406, 'not-supported'],
    ['conflict', 409, 'conflict'],
    ['gone', 410, 'deleted'],
    ['expired', 410, 'expired'],
    ['stale', 412, 'conflict'],
    ['multiple-matches', 412, 'multiple-matches'],
    ['too-long', 413, 'too-long'],
    ['unsupported-media-type', 415, 'not-supported'],
    ['business-rule', 422, 'business-rule'],
    ['processing', 422, 'processing'],
    ['throttled', 429, 'throttled'],
    ['exception', 500, 'exception'],
    ['transient', 503, 'transient'],
  ])('%s is %i with the code %s', async (kind, status, code) => {
    const { app } = failing(fault(kind, 'Because.', 'Slot.start'))
    const answer = await app.inject('/fhir/Slot/1')
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
    expect(answer.json<Outcome>()).toEqual({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code, diagnostics: 'Because.', expression: ['Slot.start'] }],
    })
    await app.close()
  })

  it('names every issue', async () => {
    const issue = { severity: 'error', code: 'structure', diagnostics: 'x' } as const
    const { app } = failing(new Fault('structure', [issue, issue]))
    expect((await app.inject('/fhir/Slot/1')).json<Outcome>().issue).toHaveLength(2)
  })

  it('says when to come back after 429 and 503, how to sign in after 401', async () => {
    for (const kind of ['throttled', 'transient'] as const)
      expect((await failing(fault(kind, 'x')).app.inject('/fhir/Slot/1')).headers['retry-after']).toMatch(/^\d+$/)
    expect((await failing(fault('login', 'x')).app.inject('/fhir/Slot/1')).headers['www-authenticate']).toMatch(/^Bearer/)
  })

  it('offers the next times on a 409', async () => {
    const time = { slot: 'Slot/2', start: '2026-05-04T13:00:00.000Z', end: '2026-05-04T13:15:00.000Z' }
    const { app } = failing(fault('conflict', 'Taken.', undefined, [time, time, time]))
    expect((await app.inject('/fhir/Slot/1')).json<Outcome>().extension).toHaveLength(3)
  })
})

describe('an error that nobody foresaw', () => {
  it('is a 500 with a reference that the log has too, and without the error’s words', async () => {
    const house = streetHouse()
    const { app } = failing(new TypeError('value "Smith, Ann" is wrong'), house)
    const answer = await app.inject('/fhir/Patient/1')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('Smith')
    expect(JSON.stringify(house.warnings)).not.toContain('Smith')
    const reference = house.warnings[0]?.details?.reference as string
    expect(answer.json<Outcome>().issue[0]?.diagnostics).toContain(reference)
    expect(answer.headers['x-request-id']).toBe(reference)
    expect(house.warnings[0]?.details).toMatchObject({ name: 'TypeError', route: '/fhir/:type/:id' })
  })

  it('may be anything at all', async () => {
    for (const thrown of ['text', null, undefined, 7, { statusCode: 'x' }])
      expect((await failing(thrown).app.inject('/fhir/Slot/1')).statusCode).toBe(500)
  })
})

describe('bad input', () => {
  const house = streetHouse()
  const { app, asked } = appWith(() => ({ status: 200, body: '{}' }), house)
  afterAll(() => app.close())
  const json = { 'content-type': 'application/fhir+json' }

  it.each([
    ['malformed JSON', { method: 'POST' as const, url: '/fhir/Patient', payload: '{"family":Smith}', headers: json }, 400, 'invalid'],
    ['no body to create from', { method: 'POST' as const, url: '/fhir/Patient' }, 400, 'invalid'],
    ['an empty body', { method: 'PUT' as const, url: '/fhir/Patient/1', payload: ' ', headers: json }, 400, 'invalid'],
    [
      'a prototype key',
      { method: 'POST' as const, url: '/fhir/Patient', payload: '{"__proto__":{"admin":true}}', headers: json },
      400,
      'invalid',
    ],
    ['deep nesting', { method: 'POST' as const, url: '/fhir/Patient', payload: '['.repeat(100_000), headers: json }, 400, 'invalid'],
    [
      'a body of 10 MB',
      { method: 'POST' as const, url: '/fhir/Patient', payload: 'x'.repeat(10 * 1024 * 1024), headers: json },
      413,
      'too-long',
    ],
    [
      'a body just over the limit',
      { method: 'POST' as const, url: '/fhir/Patient', payload: 'x'.repeat(bodyBytesMax + 1), headers: json },
      413,
      'too-long',
    ],
    ['a broken escape in the path', { url: '/fhir/Patient/%zz' }, 400, 'invalid'],
    ['a broken UTF-8 sequence in the path', { url: '/fhir/Patient/%C3%28' }, 400, 'invalid'],
    ['a broken escape in the query', { url: '/fhir/Patient?name=%zz' }, 400, 'invalid'],
    ['a broken UTF-8 sequence in the query', { url: '/fhir/Patient?name=%C3%28' }, 400, 'invalid'],
    ['too many query parts', { url: `/fhir/Patient?${'a&'.repeat(2_000)}` }, 400, 'too-costly'],
    ['an id with odd characters', { url: '/fhir/Patient/a%20b' }, 404, 'not-found'],
    ['an id with a slash', { url: '/fhir/Patient/a%2Fb' }, 404, 'not-found'],
    ['an id with a NUL', { url: '/fhir/Patient/a%00b' }, 404, 'not-found'],
    ['an id of 65 characters', { url: `/fhir/Patient/${'x'.repeat(65)}` }, 404, 'not-found'],
    ['an id of 2,000 characters', { url: `/fhir/Patient/${'x'.repeat(2_000)}` }, 400, 'invalid'],
    ['a PUT to an odd id', { method: 'PUT' as const, url: '/fhir/Patient/a_b', payload: '{}', headers: json }, 400, 'value'],
    ['a version that is no number', { url: '/fhir/Patient/1/_history/x' }, 404, 'not-found'],
    ['a version beyond numbers', { url: `/fhir/Patient/1/_history/${'9'.repeat(30)}` }, 404, 'not-found'],
    ['an unknown type', { url: '/fhir/Unicorn/1' }, 404, 'not-found'],
    ['a type that is no name', { url: '/fhir/%3Cscript%3E' }, 404, 'not-found'],
    ['an unknown type to create', { method: 'POST' as const, url: '/fhir/Unicorn', payload: '{}', headers: json }, 404, 'not-found'],
    ['an unknown address', { url: '/nowhere' }, 404, 'not-found'],
    ['an unknown operation', { method: 'POST' as const, url: '/fhir/Slot/$conjure' }, 404, 'not-found'],
    ['an unknown operation by GET', { url: '/fhir/Slot/1/$conjure' }, 404, 'not-found'],
    [
      'an overlong Idempotency-Key',
      { method: 'POST' as const, url: '/fhir/Slot/1/$book', headers: { 'idempotency-key': 'x'.repeat(256) } },
      400,
      'value',
    ],
  ])('%s is refused', async (_what, request, status, code) => {
    const before = asked.length
    const answer = await app.inject(request)
    expect([answer.statusCode, answer.json<Outcome>().issue[0]?.code]).toEqual([status, code])
    expect(answer.json<Outcome>().resourceType).toBe('OperationOutcome')
    expect(answer.body).not.toMatch(/Smith|<script/)
    expect(asked).toHaveLength(before)
    expect(house.warnings).toEqual([])
  })

  it.each([
    ['POST', '/fhir/Slot/1', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['PATCH', '/fhir/AuditEvent', 'GET, HEAD'],
    ['GET', '/fhir/Slot/_search', 'POST'],
    ['GET', '/fhir/Appointment/$hold', 'POST'],
    ['GET', '/fhir/Slot/1/$book', 'POST'],
    ['PUT', '/fhir/Slot/$find-slots', 'GET, HEAD, POST'],
    ['DELETE', '/fhir/Appointment/1/$cancel', 'POST'],
    ['POST', '/fhir/AuditEvent', 'GET, HEAD'],
    ['PUT', '/fhir/AuditEvent/1', 'GET, HEAD'],
    ['POST', '/fhir/metadata', 'GET, HEAD'],
  ] as const)('%s %s is a 405 that allows %s', async (method, url, allow) => {
    const withBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
    const answer = await app.inject({ method, url, ...(withBody && { payload: '{}', headers: json }) })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allow])
    expect(answer.json<Outcome>().issue[0]?.code).toBe('not-supported')
  })
})

describe('what is no HTTP request', () => {
  const { app } = appWith(() => ({ status: 200, body: '{}' }))
  afterAll(() => app.close())
  beforeAll(async () => {
    await app.listen({ port: 0, host: '127.0.0.1' })
  })

  const say = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const address = app.server.address()
      if (typeof address !== 'object' || address === null) throw new Error('not listening')
      const heard: string[] = []
      const socket = connect(address.port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (data) => heard.push(String(data)))
      socket.on('close', () => resolve(heard.join('')))
      socket.on('error', reject)
    })

  it.each([
    ['nonsense', 'hello?\r\n\r\n', 400, 'invalid'],
    ['headers without end', `GET /fhir/Slot HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'too-long'],
    ['two lengths', 'POST /fhir/Slot HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400, 'invalid'],
    ['a method that HTTP has not', 'CONJURE /fhir/Slot/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400, 'invalid'],
    ['a method that we have not', 'PROPFIND /fhir/Slot/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, 'not-supported'],
  ])('%s is refused with an OperationOutcome', async (_what, text, status, code) => {
    const answer = await say(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).issue[0].code).toBe(code)
  })

  it.each([
    ['', 413],
    ['Connection: close\r\n', 413],
    ['Connection: close\r\nContent-Type: text/plain\r\n', 415],
  ])('a body of 10 MB is heard out, so that who sends all of it before they listen has the answer (%j)', async (more, status) => {
    const address = app.server.address()
    if (typeof address !== 'object' || address === null) throw new Error('not listening')
    const length = 10 * 1024 * 1024
    const piece = 'x'.repeat(length / 160)
    const socket = connect(address.port, '127.0.0.1').pause()
    const type = more.includes('Content-Type') ? '' : 'Content-Type: application/json\r\n'
    socket.write(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\n${more}${type}Content-Length: ${length}\r\n\r\n`)
    for (let n = 0; n < 160; n++) await new Promise<void>((sent, cut) => socket.write(piece, (error) => (error ? cut(error) : sent())))
    const [answer] = (await once(socket.resume(), 'data')) as [Buffer]
    expect(String(answer).slice(0, 12)).toBe(`HTTP/1.1 ${status}`)
    socket.destroy()
  })
})
