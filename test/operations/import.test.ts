/** `$import` over HTTP: what is sent is taken whole, read later, and answered for line by line. */
import { importsUnderWayMax } from '../../src/base/bulk-limits.ts'
import { runImports } from '../../src/jobs/run-imports.ts'
import { type Ask, type Loose, type RestHouse, restHouse } from '../interactions/rest.ts'

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server.close())

const ndjson = { 'content-type': 'application/fhir+ndjson' }
const pathOf = (url: string): string => new URL(url).pathname
const patient = (id: string, more: object = {}): string =>
  JSON.stringify({ resourceType: 'Patient', id, name: [{ family: 'Sent' }], ...more })

async function sent(by: Ask, lines: readonly string[], query = ''): Promise<string> {
  const { status, headers, text } = await by('POST', `$import${query}`, { body: `${lines.join('\n')}\n`, headers: ndjson })
  if (status !== 202) throw new Error(`answered ${status}: ${text}`)
  return pathOf(String(headers['content-location']))
}

async function done(by: Ask, place: string): Promise<Loose> {
  await runImports(server.house)
  const { status, json } = await by('GET', place)
  expect(status).toBe(200)
  return json
}

const linesAt = async (by: Ask, url: string): Promise<Loose[]> => {
  const { status, headers, text } = await by('GET', pathOf(url))
  expect([status, headers['content-type']]).toEqual([200, 'application/fhir+ndjson'])
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

describe('POST $import', () => {
  it('is answered 202 with Content-Location, then with progress, then with what was written', async () => {
    const place = await sent(ask, [patient('sent-1'), patient('sent-2')])
    const early = await ask('GET', place)
    expect([early.status, early.headers['x-progress'], early.headers['retry-after']]).toEqual([
      202,
      'part 1 of 1, 0 read, 0 refused',
      expect.stringMatching(/^\d+$/),
    ])
    expect(await done(ask, place)).toMatchObject({
      request: `${server.house.base}/$import`,
      output: [],
      error: [],
      extension: { created: 2, updated: 0, unchanged: 0, refused: 0 },
    })
    expect((await ask('GET', 'Patient/sent-2')).status).toBe(200)
    expect((await done(ask, await sent(ask, [patient('sent-1'), patient('sent-2', { gender: 'other' })]))).extension).toEqual({
      created: 0,
      updated: 1,
      unchanged: 1,
      refused: 0,
    })
  })

  it('has an error file that names each refused line, and writes the others', async () => {
    const place = await sent(ask, [patient('fine-1'), '{"resourceType":', patient('wrong', { gender: 'yes' }), '', patient('fine-2')])
    const { error, extension } = await done(ask, place)
    expect(extension).toMatchObject({ created: 2, refused: 2 })
    expect(error).toEqual([{ type: 'OperationOutcome', url: expect.any(String), count: 2 }])
    const outcomes = await linesAt(ask, error[0].url)
    expect(outcomes.map(({ resourceType, issue }) => [resourceType, issue[0].diagnostics.split(':')[0], issue[0].expression])).toEqual([
      ['OperationOutcome', 'Line 2', undefined],
      ['OperationOutcome', 'Line 3 (Patient/wrong)', ['Patient.gender']],
    ])
  })

  it('keeps the number of a line in a later part', async () => {
    const many = Array.from({ length: 4_500 }, (_, i) => (i === 4_321 ? '[]' : patient(`part-${i}`)))
    const { error, extension } = await done(ask, await sent(ask, many))
    expect(extension).toMatchObject({ created: 4_499, refused: 1 })
    expect((await linesAt(ask, error[0].url))[0]?.issue[0].diagnostics).toContain('Line 4322')
  })

  it('stops at the first refused line where that is asked', async () => {
    const { extension } = await done(ask, await sent(ask, [patient('stop-1'), '[]', patient('stop-2')], '?_stopOnError=true'))
    expect(extension).toMatchObject({ created: 1, refused: 1 })
    expect((await ask('GET', 'Patient/stop-2')).status).toBe(404)
  })

  it('goes on with the part that it was cut short in', async () => {
    const place = await sent(
      ask,
      Array.from({ length: 5_000 }, (_, i) => patient(`cut-${i}`)),
    )
    const parts = () =>
      server.house.pool.query<{ part: number }>({ text: `select part from bulk_import where state = 'waiting'`, values: [] })
    const failing = { ...server.house, ids: { next: failAfter(2) } }
    await runImports(failing)
    expect((await parts())[0]?.part).toBe(1)
    const { extension } = await done(ask, place)
    expect(extension.created + extension.unchanged).toBe(5_000)
    expect(
      await server.house.pool.query({ text: `select count(*)::int from patient where id like 'cut-%' and version = 1`, values: [] }),
    ).toEqual([{ count: 5_000 }])
    expect(await server.house.pool.query({ text: 'select 1 from bulk_import_part', values: [] })).toEqual([])
  })

  const failAfter = (parts: number) => {
    const given = { count: 0 }
    // Four batches a part, an AuditEvent each.
    return () => {
      if (given.count++ > parts * 2.5) throw new Error('the power is gone')
      return server.house.ids.next()
    }
  }

  it.each([
    ['a JSON body', { body: { resourceType: 'Parameters' } }, 415],
    ['no body at all', { headers: ndjson, body: '' }, 400],
    ['no token', { headers: ndjson, body: patient('x'), token: null }, 401],
  ])('refuses %s', async (_what, asking, expected) => {
    expect((await ask('POST', '$import', asking)).status).toBe(expected)
  })

  it('refuses NDJSON anywhere else', async () => {
    expect((await ask('POST', 'Patient', { headers: ndjson, body: patient('x') })).status).toBe(415)
  })

  it.each(['system/*.rs', 'patient/*.cruds'])('refuses a token with %s', async (scope) => {
    const reader = await server.scoped(scope, { patient: 'x' })
    expect((await reader('POST', '$import', { headers: ndjson, body: patient('x') })).status).toBe(403)
  })

  it('is no entry of a Bundle, nor is what comes of it', async () => {
    const place = (await sent(ask, [patient('bundled')])).replace('/fhir/', '')
    const entries = [
      ['POST', '$import'],
      ['GET', place],
      ['GET', `${place}/1`],
      ['GET', 'bulk-export/x'],
      ['GET', 'bulk-export/x/1'],
    ].map(([method, url]) => ({ request: { method, url } }))
    const { json } = await ask('POST', '', { body: { resourceType: 'Bundle', type: 'batch', entry: entries } })
    expect(json.entry.map(({ response }: Loose) => response.status.slice(0, 3))).toEqual(entries.map(() => '422'))
  })

  it('writes what the scopes reach and refuses the rest by the line', async () => {
    const narrow = await server.scoped('system/Patient.cu', { client: 'narrow' })
    const { extension, error } = await done(narrow, await sent(narrow, [patient('narrow'), '{"resourceType":"Location","id":"narrow"}']))
    expect(extension).toMatchObject({ created: 1, refused: 1 })
    expect((await linesAt(narrow, error[0].url))[0]?.issue[0].code).toBe('forbidden')
  })

  it('is that person’s alone who sent it, and for what they sent it, whoever shares their client', async () => {
    const shared = { client: 'shared' }
    const one = await server.scoped('user/*.cruds', { ...shared, user: 'Practitioner/one' })
    const place = await sent(one, [patient('owned'), patient('owned-wrong', { gender: 'yes' })])
    await done(one, place)
    const others = await Promise.all([
      server.scoped('user/*.cruds', { ...shared, user: 'Practitioner/two' }),
      server.scoped('system/*.cruds', shared),
      server.scoped('user/*.cruds', { ...shared, user: 'Practitioner/one', purpose: 'HPAYMT' }),
      server.scoped('user/*.rs', { ...shared, user: 'Practitioner/one' }),
      server.scoped('patient/*.cruds', { ...shared, user: 'Practitioner/one', patient: 'owned' }),
    ])
    for (const other of others)
      for (const [method, path] of [
        ['GET', place],
        ['GET', `${place}/1`],
        ['DELETE', place],
      ] as const)
        expect((await other(method, path)).status).toBe(404)
    expect([(await one('GET', `${place}/1`)).status, (await one('DELETE', place)).status]).toEqual([200, 202])
  })

  it(`refuses more than ${importsUnderWayMax} under way; DELETE makes room, and what is deleted is gone`, async () => {
    const busy = await server.scoped('system/*.cruds', { client: 'busy' })
    const places = await Promise.all(Array.from({ length: importsUnderWayMax }, (_, i) => sent(busy, [patient(`busy-${i}`)])))
    expect((await busy('POST', '$import', { headers: ndjson, body: patient('x') })).status).toBe(429)
    expect((await ask('GET', String(places[0]))).status).toBe(404)
    expect((await ask('DELETE', String(places[0]))).status).toBe(404)
    expect((await busy('DELETE', String(places[0]))).status).toBe(202)
    expect((await busy('GET', String(places[0]))).status).toBe(404)
    await sent(busy, [patient('busy-more')])
    await runImports(server.house)
    expect((await ask('GET', 'Patient/busy-0')).status).toBe(404)
    expect((await ask('GET', 'Patient/busy-1')).status).toBe(200)
  })
})
