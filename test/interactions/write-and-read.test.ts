/** create, read, vread, update, delete over HTTP, with their headers. https://hl7.org/fhir/R4/http.html */
import { parseExact } from './exact-json.ts'
import { type Ask, below, made, type RestHouse, restHouse } from './rest.ts'

const patient = (more: object = {}) => ({ resourceType: 'Patient', active: true, name: [{ family: 'Okafor', given: ['Ada'] }], ...more })

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server?.close())

it('what was deleted is no version to write over, and leaves room for what is new', async () => {
  const id = await made(ask, patient())
  expect((await ask('DELETE', `Patient/${id}`)).status).toBe(204)
  const put = (headers: Record<string, string>) => ask('PUT', `Patient/${id}`, { body: patient({ id }), headers })
  expect([(await put({ 'if-match': 'W/"2"' })).status, (await put({ 'if-match': '*' })).status]).toEqual([412, 412])
  expect((await put({ 'if-none-match': '*' })).status).toBe(201)
  expect((await put({ 'if-none-match': '*' })).status).toBe(412)
})

describe('create', () => {
  it('answers 201 with Location, ETag, Last-Modified and the resource', async () => {
    const answer = await ask('POST', 'Patient', { body: patient() })
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ etag: 'W/"1"', 'content-type': 'application/fhir+json; charset=utf-8' })
    expect(answer.headers.location).toBe(`${server.house.base}/Patient/${answer.json.id}/_history/1`)
    expect(answer.json.meta).toEqual({ versionId: '1', lastUpdated: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(Math.floor(Date.parse(answer.json.meta.lastUpdated) / 1000)).toBe(Date.parse(answer.headers['last-modified'] ?? '') / 1000)
    expect((await ask('GET', below(answer.headers.location ?? ''))).json).toEqual(answer.json)
  })

  it('passes over an id, a version and a time that the client made up', async () => {
    const answer = await ask('POST', 'Patient', {
      body: patient({ id: 'mine', meta: { versionId: '9', lastUpdated: '2001-01-01T00:00:00Z', tag: [{ code: 'kept' }] } }),
    })
    expect(answer.status).toBe(201)
    expect(answer.json.id).not.toBe('mine')
    expect(answer.json.meta).toMatchObject({ versionId: '1', tag: [{ code: 'kept' }] })
    expect(answer.json.meta.lastUpdated).not.toMatch(/^2001/)
  })

  it('gives back what Prefer asks for', async () => {
    const minimal = await ask('POST', 'Patient', { body: patient(), headers: { prefer: 'return=minimal' } })
    expect([minimal.status, minimal.text]).toEqual([201, ''])
    expect(minimal.headers.location).toMatch(/\/Patient\/[^/]+\/_history\/1$/)
    const outcome = await ask('POST', 'Patient', { body: patient(), headers: { prefer: 'return=OperationOutcome' } })
    expect(outcome.json.resourceType).toBe('OperationOutcome')
  })
})

describe('what is stored', () => {
  it.each([
    ['decimals with their digits', '{"resourceType":"Location","status":"active","position":{"longitude":-71.10,"latitude":42.500}}'],
    ['a decimal with an exponent', '{"resourceType":"Location","position":{"longitude":1.5e1,"latitude":0.0}}'],
    [
      'extensions of primitives',
      '{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://x.example/y","valueString":"about 1950"}]},"name":[{"given":["A",null],"_given":[null,{"id":"g2","extension":[{"url":"http://x.example/z","valueCode":"q"}]}]}]}',
    ],
    [
      'contained resources',
      '{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"Ward"}],"managingOrganization":{"reference":"#o"}}',
    ],
    ['letters of every alphabet', '{"resourceType":"Patient","name":[{"text":"Łukasz 张 😀 \\u00e9 \\u2028 \\" \\\\ \\/"}]}'],
    [
      'narrative',
      '{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>A &amp; B</p></div>"}}',
    ],
  ])('keeps %s', async (_what, body) => {
    const created = await ask('POST', JSON.parse(body).resourceType, { body })
    expect([created.status, created.text.slice(0, 400)]).toEqual([201, expect.any(String)])
    const { id, meta, ...kept } = parseExact((await ask('GET', `${created.json.resourceType}/${created.json.id}`)).text)
    expect(id).toBe(created.json.id)
    expect(meta).toBeDefined()
    const digits = (value: unknown): string => JSON.stringify(value).replace('1.5e1', '15')
    expect(JSON.parse(digits(kept))).toEqual(JSON.parse(digits(parseExact(body))))
  })
})

describe('read', () => {
  it('is 304 for the version or the time that the client has', async () => {
    const id = await made(ask, patient())
    const first = await ask('GET', `Patient/${id}`)
    const etag = first.headers.etag ?? ''
    const date = first.headers['last-modified'] ?? ''
    const same = await ask('GET', `Patient/${id}`, { headers: { 'if-none-match': etag } })
    expect([same.status, same.text]).toEqual([304, ''])
    expect((await ask('GET', `Patient/${id}`, { headers: { 'if-modified-since': date } })).status).toBe(304)
    expect((await ask('GET', `Patient/${id}`, { headers: { 'if-none-match': 'W/"7"' } })).status).toBe(200)
  })

  it('answers HEAD like GET, without the body', async () => {
    const id = await made(ask, patient())
    const head = await ask('HEAD', `Patient/${id}`)
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', 'W/"1"'])
  })

  it('is 404 for what never was, and for a version that never was', async () => {
    const id = await made(ask, patient())
    expect((await ask('GET', 'Patient/nobody')).status).toBe(404)
    expect((await ask('GET', `Patient/${id}/_history/2`)).status).toBe(404)
    expect((await ask('GET', `Patient/${id}/_history/0`)).status).toBe(404)
    expect((await ask('GET', 'Patient/nobody/_history/1')).status).toBe(404)
  })
})

describe('update', () => {
  it('makes the next version, and keeps the one before', async () => {
    const id = await made(ask, patient())
    const answer = await ask('PUT', `Patient/${id}`, { body: patient({ id, gender: 'female' }) })
    expect([answer.status, answer.headers.etag, answer.headers.location]).toEqual([
      200,
      'W/"2"',
      `${server.house.base}/Patient/${id}/_history/2`,
    ])
    const before = await ask('GET', `Patient/${id}/_history/1`)
    expect([before.status, before.headers.etag, before.json.gender, before.json.meta.versionId]).toEqual([200, 'W/"1"', undefined, '1'])
    expect((await ask('GET', `Patient/${id}/_history/2`)).json.gender).toBe('female')
  })

  it('creates under the id of the address', async () => {
    const answer = await ask('PUT', 'Patient/chosen.by-client', { body: patient({ id: 'chosen.by-client' }) })
    expect([answer.status, answer.headers.location]).toEqual([201, `${server.house.base}/Patient/chosen.by-client/_history/1`])
  })

  it('is 400 where the body says another id, none, or another type', async () => {
    for (const body of [patient({ id: 'b' }), patient(), { resourceType: 'Group', id: 'a', type: 'person', actual: true }]) {
      const answer = await ask('PUT', 'Patient/a', { body })
      expect([answer.status, answer.json.resourceType]).toEqual([400, 'OperationOutcome'])
    }
  })

  it('is 412 over a version that the client has not seen', async () => {
    const id = await made(ask, patient())
    const put = (match: string, birthDate = '1980') =>
      ask('PUT', `Patient/${id}`, { body: patient({ id, birthDate }), headers: { 'if-match': match } })
    expect((await put('W/"1"')).status).toBe(200)
    const stale = await put('W/"1"')
    expect([stale.status, stale.json.issue[0].code]).toEqual([412, 'conflict'])
    expect((await put('"2"')).status).toBe(200)
    expect((await put('*')).status).toBe(200)
    expect((await ask('PUT', 'Patient/not-there', { body: patient({ id: 'not-there' }), headers: { 'if-match': 'W/"1"' } })).status).toBe(
      412,
    )
  })

  it('lets one of two writers with one version through', async () => {
    const id = await made(ask, patient())
    const put = (_: unknown, n: number) =>
      ask('PUT', `Patient/${id}`, { body: patient({ id, birthDate: `200${n}` }), headers: { 'if-match': 'W/"1"' } })
    const answers = await Promise.all(Array.from({ length: 8 }, put))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)])
  })

  it('writes one after the other where many put one new id at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => ask('PUT', 'Patient/rush', { body: patient({ id: 'rush', birthDate: `200${n}` }) })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201])
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(8)
  })
})

describe('a parameter that is not known', () => {
  it('is passed over, and with handling=strict refused by name, wherever none is taken', async () => {
    const id = await made(ask, patient())
    const strict = { prefer: 'handling=strict' }
    const asked: [string, string, object?][] = [
      ['GET', `Patient/${id}?colour=blue`],
      ['GET', `Patient/${id}/_history/1?colour=blue`],
      ['PUT', `Patient/${id}?colour=blue`, patient({ id })],
      ['POST', 'Patient?colour=blue', patient()],
      ['DELETE', 'Patient/nobody?colour=blue'],
    ]
    for (const [method, path, body] of asked) {
      expect([path, (await ask(method, path, { body })).status < 300]).toEqual([path, true])
      const refused = await ask(method, path, { body, headers: strict })
      expect([path, refused.status, refused.json.issue[0].expression]).toEqual([path, 400, ['colour']])
    }
    expect((await ask('GET', `Patient/${id}?_format=json&_pretty=true`, { headers: strict })).status).toBe(200)
  })
})

describe('delete', () => {
  it('is 204, again and again; then 410, and another PUT brings it back', async () => {
    const id = await made(ask, patient())
    expect((await ask('DELETE', `Patient/${id}`)).status).toBe(204)
    expect((await ask('DELETE', `Patient/${id}`)).status).toBe(204)
    expect((await ask('DELETE', 'Patient/never-was')).status).toBe(204)
    const gone = await ask('GET', `Patient/${id}`)
    expect([gone.status, gone.json.issue[0].code]).toEqual([410, 'deleted'])
    expect((await ask('GET', `Patient/${id}/_history/2`)).status).toBe(410)
    expect((await ask('GET', `Patient/${id}/_history/1`)).status).toBe(200)
    expect((await ask('GET', `Patient?_id=${id}`)).json.total).toBe(0)
    const back = await ask('PUT', `Patient/${id}`, { body: patient({ id }) })
    expect([back.status, back.headers.etag]).toEqual([201, 'W/"3"'])
    expect((await ask('GET', `Patient?_id=${id}`)).json.total).toBe(1)
  })

  it('is 412 over a version that the client has not seen', async () => {
    const id = await made(ask, patient())
    expect((await ask('DELETE', `Patient/${id}`, { headers: { 'if-match': 'W/"9"' } })).status).toBe(412)
    expect((await ask('DELETE', `Patient/${id}`, { headers: { 'if-match': 'W/"1"' } })).status).toBe(204)
  })
})

describe('history', () => {
  it('tells every version, newest first, deletions among them', async () => {
    const id = await made(ask, patient())
    await ask('PUT', `Patient/${id}`, { body: patient({ id, gender: 'male' }) })
    await ask('DELETE', `Patient/${id}`)
    await ask('PUT', `Patient/${id}`, { body: patient({ id, gender: 'other' }) })
    const { json } = await ask('GET', `Patient/${id}/_history`)
    expect([json.resourceType, json.type, json.total]).toEqual(['Bundle', 'history', 4])
    expect(
      json.entry.map((entry: { request: { method: string }; resource?: { gender?: string } }) => [
        entry.request.method,
        entry.resource?.gender,
      ]),
    ).toEqual([
      ['PUT', 'other'],
      ['DELETE', undefined],
      ['PUT', 'male'],
      ['POST', undefined],
    ])
    expect(json.entry[0].response).toMatchObject({ etag: 'W/"4"', status: expect.stringMatching(/^20[01]/) })
    expect(json.entry[0].fullUrl).toBe(`${server.house.base}/Patient/${id}`)
  })

  it('comes in pages that miss nothing, while more is written', async () => {
    const id = await made(ask, patient())
    for (let version = 2; version <= 7; version++) await ask('PUT', `Patient/${id}`, { body: patient({ id, birthDate: `200${version}` }) })
    const seen: string[] = []
    let next: string | undefined = `Patient/${id}/_history?_count=3`
    while (next !== undefined) {
      const { json } = await ask('GET', next)
      seen.push(...json.entry.map((entry: { resource: { meta: { versionId: string } } }) => entry.resource.meta.versionId))
      await ask('PUT', `Patient/${id}`, { body: patient({ id, birthDate: `199${seen.length}` }) })
      const link: { url: string } | undefined = json.link.find(({ relation }: { relation: string }) => relation === 'next')
      next = link && below(link.url)
    }
    expect(seen).toEqual(['7', '6', '5', '4', '3', '2', '1'])
  })

  it('is 404 for what never was', async () => {
    expect((await ask('GET', 'Patient/nobody/_history')).status).toBe(404)
    expect((await ask('GET', 'Patient/nobody/_history?_count=3')).status).toBe(404)
  })

  it('since a time tells what came after', async () => {
    const id = await made(ask, patient())
    const { json } = await ask('GET', `Patient/${id}/_history?_since=2999-01-01T00:00:00Z`)
    expect(json.entry ?? []).toEqual([])
    expect((await ask('GET', `Patient/${id}/_history?_since=2001-01-01T00:00:00Z`)).json.entry).toHaveLength(1)
    expect((await ask('GET', `Patient/${id}/_history?_count=0`)).json.total).toBe(1)
  })
})
