/**
 * Binary in its native form: bytes in, the same bytes out, under the name that they came with; the resource where FHIR is
 * named; and whose it is decides who is shown it. https://hl7.org/fhir/R4/binary.html#rest
 */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { binariesTogetherMax } from '../../src/base/limits.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { eventually } from '../support/house.ts'
import { type Loose, type RestHouse, restHouse } from './rest.ts'

let house: RestHouse
let bearer: string
beforeAll(async () => {
  house = await restHouse()
  bearer = await house.token('system/*.cruds')
  for (const id of ['anna', 'bert'])
    await house.ask('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id, name: [{ family: id }] } })
})
afterAll(() => house?.close())

type Sent = { readonly body?: Uint8Array | string; readonly token?: string } & Readonly<Record<string, unknown>>

/** Header names as they are written in TypeScript: `contentType`. */
async function call(method: string, path: string, { body, token = bearer, ...named }: Sent = {}) {
  const headers = Object.entries(named).map(([name, value]): [string, string] => [
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    String(value),
  ])
  const answer = await fetch(`${house.origin}/fhir/${path}`, {
    method,
    headers: [['authorization', `Bearer ${token}`], ...headers],
    body: typeof body === 'string' ? body : body && new Uint8Array(body),
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, headers: answer.headers, type, bytes, json: (/json/.test(type) ? parsed(bytes) : undefined) as Loose }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

const fhir = 'application/fhir+json'
/** Every byte that there is. */
const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.from(Array.from({ length: 256 }, (_, at) => at))])

async function stored(body: Uint8Array | string, contentType: string, more: Sent = {}): Promise<string> {
  const made = await call('POST', 'Binary', { body, contentType, accept: fhir, ...more })
  if (made.status !== 201) throw new Error(`${made.status} ${made.bytes.toString()} ${house.warnings.join(' ')}`)
  return made.json.id
}

describe('content that is sent as itself', () => {
  it('is stored as a Binary that holds it, under the name it came with', async () => {
    const made = await call('POST', 'Binary', { body: pdf, contentType: 'application/pdf', accept: fhir })
    expect([made.status, made.json]).toEqual([
      201,
      {
        resourceType: 'Binary',
        id: expect.any(String),
        meta: expect.anything(),
        contentType: 'application/pdf',
        data: pdf.toString('base64'),
      },
    ])
    expect(made.headers.get('location')).toBe(`${house.origin}/fhir/Binary/${made.json.id}/_history/1`)
  })

  it.each([
    ['text/plain; charset=utf-8', 'grüezi'],
    ['application/json', '{"a":1}'],
    ['application/json', '{not json at all'],
    ['application/fhir+json', '{"resourceType":"Patient","active":true}'],
    ['application/fhir+xml', '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'],
    ['application/xml', '<!DOCTYPE a><ClinicalDocument/>'],
    ['application/x-www-form-urlencoded', 'a=b&c=d'],
    ['application/fhir+ndjson', '{"resourceType":"Patient"}\n{"resourceType":"Patient"}\n'],
    ['application/json-patch+json', '[{"op":"test","path":"/id","value":"x"}]'],
    ['multipart/form-data; boundary="a b"', '--a b--'],
  ])('may be %s and comes back to the byte', async (contentType, body) => {
    const id = await stored(body, contentType)
    const read = await call('GET', `Binary/${id}`)
    expect([read.status, read.type, read.bytes.toString()]).toEqual([200, contentType, body])
  })

  it('goes over what is there by PUT, with its versions, and under an id of its own', async () => {
    const first = await call('PUT', 'Binary/letter', { body: 'one', contentType: 'text/plain', accept: fhir })
    expect([first.status, first.json.id, first.headers.get('etag')]).toEqual([201, 'letter', 'W/"1"'])
    const stale = await call('PUT', 'Binary/letter', { body: 'two', contentType: 'text/plain', accept: fhir, ifMatch: 'W/"7"' })
    expect(stale.status).toBe(412)
    const second = await call('PUT', 'Binary/letter', { body: 'two', contentType: 'text/plain', accept: fhir, ifMatch: 'W/"1"' })
    expect([second.status, second.headers.get('etag')]).toEqual([200, 'W/"2"'])
    const versions = await Promise.all(['1', '2'].map((version) => call('GET', `Binary/letter/_history/${version}`)))
    expect(versions.map(({ bytes }) => bytes.toString())).toEqual(['one', 'two'])
  })

  it('is unfolded where it comes compressed', async () => {
    const id = await stored(gzipSync('much'.repeat(1000)), 'text/plain', { contentEncoding: 'gzip' })
    expect((await call('GET', `Binary/${id}`)).bytes.toString()).toBe('much'.repeat(1000))
  })

  it('has up to four megabytes', async () => {
    const all = randomBytes(4 * 1024 * 1024)
    const id = await stored(all, 'application/octet-stream')
    expect((await call('GET', `Binary/${id}`)).bytes.equals(all)).toBe(true)
    const beyond = await call('POST', 'Binary', { body: Buffer.concat([all, Buffer.from('x')]), contentType: 'image/png', accept: fhir })
    expect([beyond.status, beyond.json.issue[0].code]).toEqual([413, 'too-long'])
  })

  it('is a resource where it is one', async () => {
    const resource = { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' }
    const json = await call('POST', 'Binary', { body: JSON.stringify(resource), contentType: 'application/json', accept: fhir })
    expect(json.json).toMatchObject(resource)
    const xml =
      '<?xml version="1.0"?>\n<!-- x -->\n<Binary xmlns="http://hl7.org/fhir"><contentType value="text/plain"/><data value="eA=="/></Binary>'
    const fromXml = await call('POST', 'Binary', { body: xml, contentType: 'application/fhir+xml' })
    expect([fromXml.status, fromXml.type]).toEqual([201, 'application/fhir+xml; charset=utf-8'])
    const read = await call('GET', `Binary/${/<id value="([^"]+)"/.exec(fromXml.bytes.toString())?.[1]}`)
    expect([read.type, read.bytes.toString()]).toEqual(['text/plain', 'x'])
  })

  it.each([
    ['nothing', '', 'application/pdf', 400, 'invalid'],
    ['no name', 'x', undefined, 415, 'not-supported'],
    ['a name that is none', 'x', 'nonsense', 415, 'not-supported'],
    ['FHIR that is no JSON', '{', 'application/fhir+json', 400, 'invalid'],
    ['a resource with what no Binary has', '{"resourceType":"Binary","contentType":"a/b","x":1}', fhir, 400, 'structure'],
    ['a resource in no UTF-8', '{"resourceType":"Binary","contentType":"a/b"}', `${fhir}; charset=latin1`, 415, 'not-supported'],
  ])('with %s is refused', async (_what, body, contentType, status, code) => {
    const sent = contentType === undefined ? Buffer.from(body) : body
    const { status: answered, json } = await call('POST', 'Binary', { body: sent, accept: fhir, ...(contentType && { contentType }) })
    expect([answered, json?.issue?.[0]?.code]).toEqual([status, code])
  })

  it('is refused in the format that it came in where no other is asked for', async () => {
    const wrong = JSON.stringify({ resourceType: 'Binary', contentType: 'a/b', x: 1 })
    expect((await call('POST', 'Binary', { body: wrong, contentType: fhir })).json.issue[0].code).toBe('structure')
    const xml = await call('POST', 'Binary', { body: '<Binary xmlns="http://hl7.org/fhir"/>', contentType: 'application/fhir+xml' })
    expect([xml.status, xml.type]).toEqual([400, 'application/fhir+xml; charset=utf-8'])
  })

  it('is not read of whoever has no token for it', async () => {
    const reader = await house.token('system/Binary.rs')
    expect((await call('POST', 'Binary', { body: pdf, contentType: 'application/pdf', token: reader })).status).toBe(403)
    expect((await call('POST', 'Binary', { body: pdf, contentType: 'application/pdf', token: 'nobody' })).status).toBe(401)
  })
})

describe('content that is read', () => {
  it.each([
    ['*/*', 'content'],
    ['application/pdf', 'content'],
    ['application/*', 'content'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'content'],
    ['application/json, text/plain, */*', 'content'],
    ['application/fhir+json;q=0.5, application/pdf', 'content'],
    ['application/fhir+json', fhir],
    ['application/fhir+json, */*', fhir],
    ['application/fhir+xml;q=0.9, */*;q=0.1', 'application/fhir+xml'],
    ['application/fhir+json, application/pdf', fhir],
    ['application/json', fhir],
    ['text/xml', 'application/fhir+xml'],
    ['image/png', '406'],
    ['application/pdf;q=0', '406'],
  ])('under Accept: %s is %s', async (accept, expected) => {
    const id = await stored(pdf, 'application/pdf')
    const { status, type, bytes } = await call('GET', `Binary/${id}`, { accept })
    if (expected === '406') expect(status).toBe(406)
    else expect(type.split(';')[0]).toBe(expected === 'content' ? 'application/pdf' : expected)
    if (expected === 'content') expect(bytes.equals(pdf)).toBe(true)
  })

  it.each([
    ['_format=json', fhir],
    ['_format=xml', 'application/fhir+xml'],
    ['_format=application/fhir%2Bjson', fhir],
    ['_format=application/pdf', 'application/pdf'],
    ['_summary=data', fhir],
    ['_pretty=true', 'application/pdf'],
  ])('with %s is %s', async (query, expected) => {
    const id = await stored(pdf, 'application/pdf')
    expect((await call('GET', `Binary/${id}?${query}`)).type.split(';')[0]).toBe(expected)
  })

  it('that is JSON by name is itself, and a resource only under FHIR’s own names', async () => {
    const id = await stored('{"a":1}', 'application/json')
    expect((await call('GET', `Binary/${id}`, { accept: 'application/json' })).bytes.toString()).toBe('{"a":1}')
    expect((await call('GET', `Binary/${id}`, { accept: fhir })).json).toMatchObject({ resourceType: 'Binary' })
  })

  it('has its version, is not sent twice, and can be asked after by HEAD', async () => {
    const id = await stored(pdf, 'application/pdf')
    const read = await call('GET', `Binary/${id}`)
    expect(Object.fromEntries(read.headers)).toMatchObject({
      etag: 'W/"1"',
      'last-modified': expect.stringMatching(/GMT$/),
      'content-length': String(pdf.length),
      'cache-control': 'no-store',
      vary: expect.stringContaining('accept'),
    })
    expect((await call('GET', `Binary/${id}`, { ifNoneMatch: 'W/"1"' })).status).toBe(304)
    const head = await call('HEAD', `Binary/${id}`)
    expect([head.status, head.headers.get('content-length'), head.type, head.headers.get('etag')]).toEqual([
      200,
      String(pdf.length),
      'application/pdf',
      'W/"1"',
    ])
  })

  it('runs in nobody’s browser', async () => {
    const id = await stored('<script>fetch("/fhir/Patient")</script>', 'text/html')
    const { type, headers } = await call('GET', `Binary/${id}`)
    expect(type).toBe('text/html')
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect([headers.get('content-disposition'), headers.get('x-content-type-options')]).toEqual(['attachment', 'nosniff'])
  })

  it('whose name could not stand in a header is told as bytes', async () => {
    const body = JSON.stringify({ resourceType: 'Binary', contentType: 'text/plain;\u00e9', data: 'eA==' })
    const id = await stored(body, fhir)
    const read = await call('GET', `Binary/${id}`)
    expect([read.status, read.type]).toEqual([200, 'application/octet-stream'])
  })

  it('that was deleted or never was is refused in words', async () => {
    const id = await stored('x', 'text/plain')
    await call('DELETE', `Binary/${id}`)
    expect((await call('GET', `Binary/${id}`, { accept: 'text/plain' })).status).toBe(410)
    expect((await call('GET', 'Binary/nobody')).json.issue[0].code).toBe('not-found')
  })

  it('is a resource in searches, histories and Bundles', async () => {
    const id = await stored('x', 'text/plain')
    const found = await call('GET', `Binary?_id=${id}`)
    expect(found.json.entry[0].resource).toMatchObject({ resourceType: 'Binary', data: 'eA==' })
    const batch = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `Binary/${id}` } }] }
    const { json } = await call('POST', '', { body: JSON.stringify(batch), contentType: fhir })
    expect(json.entry[0].resource).toMatchObject({ resourceType: 'Binary', data: 'eA==' })
  })
})

describe('content of a patient’s', () => {
  const ofAnna = () => stored('of Anna', 'text/plain', { xSecurityContext: 'Patient/anna' })

  it('says whose it is, and is found by it', async () => {
    const id = await ofAnna()
    const read = await call('GET', `Binary/${id}`)
    expect([read.headers.get('x-security-context'), read.bytes.toString()]).toEqual(['Patient/anna', 'of Anna'])
    const { json } = await call('GET', 'Patient/anna/Binary?_count=100')
    expect(json.entry.map(({ resource }: Loose) => resource.id)).toContain(id)
  })

  it('is shown to that patient, on every path, and to no other', async () => {
    const id = await ofAnna()
    const [anna, bert] = await Promise.all(['anna', 'bert'].map((patient) => house.token('patient/*.cruds', { patient })))
    const statuses = async (token?: string) =>
      Promise.all(
        [`Binary/${id}`, `Binary/${id}/_history/1`, `Binary/${id}/_history`].map(
          async (path) => (await call('GET', path, { token })).status,
        ),
      )
    expect([await statuses(anna), await statuses(bert)]).toEqual([
      [200, 200, 200],
      [404, 404, 404],
    ])
    const found = async (token?: string) => (await call('GET', `Binary?_id=${id}`, { token })).json.total
    expect([await found(anna), await found(bert)]).toEqual([1, 0])
  })

  it('has its AuditEvent when it is shown', async () => {
    const id = await ofAnna()
    const events = async () => (await call('GET', `AuditEvent?entity=Binary/${id}&patient=anna&subtype=read`)).json.total
    const before = await events()
    await call('GET', `Binary/${id}`)
    expect(await events()).toBe(before + 1)
  })

  it('may be sent by the patient as their own, and as nothing else', async () => {
    const anna = await house.token('patient/*.cruds', { patient: 'anna' })
    const send = async (xSecurityContext?: string) =>
      (await call('POST', 'Binary', { body: 'x', contentType: 'text/plain', token: anna, ...(xSecurityContext && { xSecurityContext }) }))
        .status
    expect([await send('Patient/anna'), await send('Patient/bert'), await send()]).toEqual([201, 403, 403])
  })

  it.each(['Appointment/1', 'Communication/1', 'urn:uuid:5a8b1d3e-0d4e-4b7f-8f56-6a6b0e0c1a11'])(
    'is not told to be by way of %s',
    async (xSecurityContext) => {
      const { status, json } = await call('POST', 'Binary', { body: 'x', contentType: 'text/plain', accept: fhir, xSecurityContext })
      expect([status, json.issue[0].expression]).toEqual([422, ['Binary.securityContext']])
    },
  )

  it('is nobody’s where the context is the clinic’s', async () => {
    const id = await stored('plan', 'text/plain', { xSecurityContext: 'Organization/1' })
    const anna = await house.token('patient/*.cruds', { patient: 'anna' })
    expect([(await call('GET', `Binary/${id}`)).status, (await call('GET', `Binary/${id}`, { token: anna })).status]).toEqual([200, 404])
  })

  it('takes its patient’s id from the same transaction', async () => {
    const fullUrl = 'urn:uuid:0b6ab1b0-5f0f-4f0b-9a63-1f6b7b9f0c11'
    const entry = [
      { fullUrl, resource: { resourceType: 'Patient', name: [{ family: 'New' }] }, request: { method: 'POST', url: 'Patient' } },
      {
        resource: { resourceType: 'Binary', contentType: 'text/plain', securityContext: { reference: fullUrl }, data: 'eA==' },
        request: { method: 'POST', url: 'Binary' },
      },
    ]
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
    const { json } = await call('POST', '', { body, contentType: fhir })
    expect(json.entry.map(({ response }: Loose) => response.status)).toEqual(['201', '201'])
    const [patient, binary] = json.entry.map(({ response }: Loose) => response.location.split('/').at(-3))
    expect((await call('GET', `Binary/${binary}`)).headers.get('x-security-context')).toBe(`Patient/${patient}`)
  })
})

it('of many, a few come together: in pages of a search and a history, and in an export', async () => {
  await call('PUT', 'Patient/many', { body: JSON.stringify({ resourceType: 'Patient', id: 'many' }), contentType: fhir })
  const ids: string[] = []
  for (let i = 0; i < binariesTogetherMax + 4; i++) ids.push(await stored(`no ${i}`, 'text/plain', { xSecurityContext: 'Patient/many' }))
  const idsIn = ({ json }: { json: Loose }): string[] => json.entry.map(({ resource }: Loose) => resource?.id)
  const nextOf = ({ json }: { json: Loose }): string =>
    json.link.find(({ relation }: Loose) => relation === 'next').url.split(/\/fhir\/?/)[1]

  const first = await call('GET', 'Binary?patient=Patient/many&_count=100&_sort=_lastUpdated')
  const second = await call('GET', nextOf(first))
  expect([idsIn(first).length, [...idsIn(first), ...idsIn(second)]]).toEqual([binariesTogetherMax, ids])
  const history = await call('GET', 'Binary/_history')
  expect(idsIn(history)).toHaveLength(binariesTogetherMax)
  expect(idsIn(history)).toEqual(ids.toReversed().slice(0, binariesTogetherMax))

  const several = ['Patient/many/*?', '?_type=Binary,Patient&_sort=-_lastUpdated&', 'Patient/many/$everything?', '_history?']
  for (const path of several) {
    const pages = [await call('GET', `${path}_count=100`)]
    pages.push(await call('GET', nextOf(pages[0] as { json: Loose })))
    const found = pages.map((page) => idsIn(page).filter((id) => ids.includes(id)))
    expect([path, found.map(({ length }) => length <= binariesTogetherMax), new Set(found.flat()).size]).toEqual([
      path,
      [true, true],
      ids.length,
    ])
  }

  const provenance = {
    resourceType: 'Provenance',
    target: ids.map((id) => ({ reference: `Binary/${id}` })),
    recorded: '2026-11-23T09:00:00Z',
    agent: [{ who: { display: 'Scanner' } }],
  }
  const { json: about } = await call('POST', 'Provenance', { body: JSON.stringify(provenance), contentType: fhir })
  const { json: along } = await call('GET', `Provenance?_id=${about.id}&_include=Provenance:target`)
  const modes = along.entry.map(({ search }: Loose) => search.mode)
  expect(modes).toEqual(['match', ...ids.slice(0, binariesTogetherMax).map(() => 'include'), 'outcome'])

  const asked = await call('GET', '$export?_type=Binary', { accept: fhir, prefer: 'respond-async' })
  const place = String(asked.headers.get('content-location')).split('/fhir/')[1] ?? ''
  await eventually(60_000, async () => {
    await listExports(house.house)
    return (await call('GET', place)).status === 200
  })
  const [{ url }] = (await call('GET', place)).json.output
  const lines = (await call('GET', url.split('/fhir/')[1])).bytes.toString().trimEnd().split('\n')
  const exported = lines.map((line): string => JSON.parse(line).id)
  expect(exported).toEqual(exported.toSorted())
  expect(ids.filter((id) => !exported.includes(id))).toEqual([])
})
