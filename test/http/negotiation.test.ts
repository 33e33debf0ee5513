/** Content negotiation: which Accept, _format and Content-Type are taken, as a table. */
import { appWith, type Outcome } from './door.ts'

const { app, asked } = appWith(() => ({ status: 200, body: '{"resourceType":"Patient"}' }))
afterAll(() => app.close())

const get = (accept: string | undefined, query = '') =>
  app.inject({ url: `/fhir/Patient/1${query}`, headers: accept === undefined ? {} : { accept } })

describe('Accept', () => {
  it.each([
    undefined,
    '*/*',
    'application/*',
    'application/fhir+json',
    'application/json',
    'application/json+fhir',
    'text/json',
    'application/fhir+json; charset=utf-8',
    'application/fhir+json;fhirVersion=4.0',
    'Application/FHIR+JSON',
    'application/fhir+xml, application/fhir+json;q=0.5',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  ])('%s is answered in FHIR JSON', async (accept) => {
    const answer = await get(accept)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
  })

  it.each(['application/fhir+xml', 'text/html', 'application/fhir+json;q=0', 'application/fhir+json; fhirVersion=5.0', 'nonsense'])(
    '%s is refused with 406',
    async (accept) => {
      const answer = await get(accept)
      expect(answer.statusCode).toBe(406)
      expect(answer.json<Outcome>().issue[0]?.code).toBe('not-supported')
      expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
    },
  )
})

describe('_format', () => {
  it.each(['json', 'application/json', 'application/fhir%2Bjson', 'application/fhir+json', 'text/json', ''])(
    '%s outranks Accept',
    async (format) => {
      expect((await get(format === '' ? '*/*' : 'application/fhir+xml', `?_format=${format}`)).statusCode).toBe(200)
    },
  )

  it.each(['xml', 'application/fhir%2Bxml', 'text/xml', 'ttl', 'nonsense'])('%s is refused with 406', async (format) => {
    expect((await get('application/fhir+json', `?_format=${format}`)).statusCode).toBe(406)
  })
})

describe('Content-Type', () => {
  const post = (contentType: string | undefined, payload = '{"resourceType":"Patient"}', url = '/fhir/Patient') =>
    app.inject({ method: 'POST', url, payload, headers: contentType === undefined ? {} : { 'content-type': contentType } })

  it.each([
    'application/fhir+json',
    'application/json',
    'application/json+fhir',
    'application/fhir+json; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/fhir+json; fhirVersion=4.0',
  ])('%s is read', async (contentType) => {
    expect((await post(contentType)).statusCode).toBe(200)
    expect(asked.at(-1)).toMatchObject({ text: '{"resourceType":"Patient"}', body: { resourceType: 'Patient' } })
  })

  it.each([
    undefined,
    'application/fhir+xml',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/fhir+json; charset=latin1',
    'application/x-www-form-urlencoded',
    'nonsense',
  ])('%s is refused with 415', async (contentType) => {
    const answer = await post(contentType)
    expect(answer.statusCode).toBe(415)
    expect(answer.json<Outcome>().resourceType).toBe('OperationOutcome')
  })

  it('a form is for _search, where JSON is refused', async () => {
    const answer = await post('application/x-www-form-urlencoded', 'name=a+b&name=%C3%A9&_count=', '/fhir/Patient/_search?active=true')
    expect(answer.statusCode).toBe(200)
    expect(asked.at(-1)?.query).toEqual([
      ['active', 'true'],
      ['name', 'a b'],
      ['name', 'é'],
      ['_count', ''],
    ])
    expect((await post('application/fhir+json', '{}', '/fhir/Patient/_search')).statusCode).toBe(415)
  })

  it('an operation may come without a body', async () => {
    const answer = await app.inject({ method: 'POST', url: '/fhir/Slot/s1/$book' })
    expect(answer.statusCode).toBe(200)
    expect(asked.at(-1)).toMatchObject({ type: 'Slot', id: 's1', operation: 'book', body: undefined })
  })
})
