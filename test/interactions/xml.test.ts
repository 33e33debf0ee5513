/** XML over HTTP: every kind of answer, and JSON and XML of one resource being the same resource. */
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { DOMParser } from '@xmldom/xmldom'
import { bodyBytesMax } from '../../src/base/limits.ts'
import { type Answer, type Ask, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server?.close())

const inXml = { accept: 'application/fhir+xml' }
const sentXml = { 'content-type': 'application/fhir+xml' }
const patient =
  '<Patient xmlns="http://hl7.org/fhir"><id value="x1"/><extension url="http://example.org/height"><valueDecimal value="1.50"/></extension>' +
  '<name><family value="O&apos;Hara &amp; Söhne"/><given value="A"/><given value="B"><extension url="http://example.org/x"><valueCode value="y"/></extension></given></name></Patient>'

const rootOf = ({ text }: Answer): string | undefined =>
  new DOMParser().parseFromString(text, 'text/xml').documentElement?.localName ?? undefined

describe('a resource sent in XML', () => {
  it('is stored, and read in both formats', async () => {
    const put = await ask('PUT', 'Patient/x1', { body: patient, headers: { ...sentXml, ...inXml } })
    expect([put.status, rootOf(put)]).toEqual([201, 'Patient'])
    const json = await ask('GET', 'Patient/x1')
    expect(json.json).toMatchObject({
      name: [{ family: "O'Hara & Söhne", given: ['A', 'B'], _given: [null, { extension: [{ valueCode: 'y' }] }] }],
    })
    expect(json.text).toMatch(/"valueDecimal": ?1\.50/)
    const xml = await ask('GET', 'Patient/x1', { headers: inXml })
    expect(xml.headers['content-type']).toBe('application/fhir+xml; charset=utf-8')
    expect(xml.headers.etag).toBe(json.headers.etag)
    expect(xml.text).toContain('<valueDecimal value="1.50"/>')
    expect(xml.text).toContain('<given value="B"><extension url="http://example.org/x"><valueCode value="y"/></extension></given>')
  })

  it('is refused in XML where it is not valid, with the same issues as in JSON', async () => {
    const bad = '<Patient xmlns="http://hl7.org/fhir"><gender value="blue"/></Patient>'
    const xml = await ask('POST', 'Patient', { body: bad, headers: sentXml })
    const json = await ask('POST', 'Patient', { body: { resourceType: 'Patient', gender: 'blue' } })
    expect([xml.status, json.status]).toEqual([400, 400])
    expect(xml.text).toContain(`<expression value="${json.json.issue[0].expression[0]}"/>`)
    expect(xml.text).toContain('<code value="code-invalid"/>')
  })

  it('is not even read for a client that has not signed in', async () => {
    const answer = await ask('POST', 'Patient', { body: '<broken', headers: sentXml, token: null })
    expect([answer.status, rootOf(answer)]).toEqual([401, 'OperationOutcome'])
  })
})

it.each([
  ['GET', 'metadata', 200, 'CapabilityStatement'],
  ['GET', 'Patient?_id=x1', 200, 'Bundle'],
  ['GET', 'Patient/x1/_history', 200, 'Bundle'],
  ['GET', 'AuditEvent?patient=x1', 200, 'Bundle'],
  ['GET', 'StructureDefinition', 200, 'Bundle'],
  ['GET', 'Slot/$find-slots', 200, 'Bundle'],
  ['GET', 'Patient/nobody', 404, 'OperationOutcome'],
  ['GET', 'Nothing/1', 404, 'OperationOutcome'],
  ['DELETE', 'AuditEvent/1', 405, 'OperationOutcome'],
  ['GET', 'Patient?birthdate=soon', 400, 'OperationOutcome'],
])('%s %s is %i, a %s in XML', async (method, path, status, root) => {
  const answer = await ask(method, path, { headers: inXml })
  expect([answer.status, rootOf(answer), answer.headers['content-type']]).toEqual([status, root, 'application/fhir+xml; charset=utf-8'])
})

it('HEAD says what GET would, and no more', async () => {
  const [head, get] = [await ask('HEAD', 'Patient/x1', { headers: inXml }), await ask('GET', 'Patient/x1', { headers: inXml })]
  expect([head.status, head.text, head.headers['content-type'], head.headers.etag]).toEqual([
    200,
    '',
    get.headers['content-type'],
    get.headers.etag,
  ])
})

it('an operation takes its Parameters in XML', async () => {
  const body =
    '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="start"/><valueDateTime value="2030-01-01T00:00:00Z"/></parameter>' +
    '<parameter><name value="end"/><valueDateTime value="2030-01-02T00:00:00Z"/></parameter></Parameters>'
  const answer = await ask('POST', 'Slot/$find-slots', { body, headers: sentXml })
  expect([answer.status, rootOf(answer)]).toEqual([200, 'Bundle'])
})

describe('compression', () => {
  it.each(['br', 'gzip'])('an answer above a kilobyte comes as %s where that is taken', async (encoding) => {
    for (const accept of ['application/fhir+json', 'application/fhir+xml']) {
      const answer = await ask('GET', 'metadata', { headers: { accept, 'accept-encoding': encoding } })
      expect([answer.status, answer.headers['content-encoding']]).toEqual([200, encoding])
      expect(answer.text).toContain('CapabilityStatement')
    }
  })

  it('a short answer comes as it is', async () => {
    const answer = await ask('GET', 'Patient/nobody', { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers['content-encoding']).toBeUndefined()
  })

  const post = async (bytes: Buffer, encoding: string): Promise<{ status: number; resourceType: string }> => {
    const answer = await fetch(`${server.origin}/fhir/Patient`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await server.token('system/*.cruds')}`,
        'content-type': 'application/fhir+json',
        'content-encoding': encoding,
      },
      body: new Uint8Array(bytes),
    })
    return { status: answer.status, ...((await answer.json()) as { resourceType: string }) }
  }
  const small = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Gzip' }] })

  it('a body may come compressed', async () => {
    expect(await post(gzipSync(small), 'gzip')).toMatchObject({ status: 201, name: [{ family: 'Gzip' }] })
    expect(await post(brotliCompressSync(small), 'br')).toMatchObject({ status: 201 })
  })

  it('one that unfolds to more than a body may be is refused', async () => {
    expect(await post(gzipSync(' '.repeat(bodyBytesMax + 1)), 'gzip')).toMatchObject({ status: 413, resourceType: 'OperationOutcome' })
  })

  it.each([
    [Buffer.from(small), 'gzip', 400],
    [Buffer.from(small), 'compress', 415],
  ])('one that is not what it says is refused', async (bytes, encoding, status) => {
    expect(await post(bytes, encoding)).toMatchObject({ status, resourceType: 'OperationOutcome' })
  })
})
