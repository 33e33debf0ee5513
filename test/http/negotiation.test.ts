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
    'application/fhir+json, application/fhir+xml',
    'application/fhir+xml;q=0.5, application/fhir+json;q=0.6',
    'application/fhir+xml;q=0, */*',
    'application/fhir+xml; fhirVersion=3.0, application/json',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  ])('%s is answered in FHIR JSON', async (accept) => {
    const answer = await get(accept)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
  })

  it.each([
    'application/fhir+xml',
    'application/xml',
    'text/xml',
    'Application/XML+FHIR; charset=utf-8',
    'application/fhir+xml, application/fhir+json;q=0.5',
    'application/fhir+xml, application/fhir+json',
    'application/fhir+xml, */*',
    'application/fhir+json;q=0, */*;q=0.1',
    'application/fhir+json;q=0.2, */*;q=0.3',
    'application/fhir+xml; fhirVersion=4.0',
  ])('%s is answered in FHIR XML', async (accept) => {
    const answer = await get(accept)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/fhir+xml; charset=utf-8')
    expect(answer.body).toBe('<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"/>')
  })

  it.each([
    'text/html',
    'application/fhir+json;q=0',
    'application/fhir+xml;q=0.000',
    'application/fhir+turtle',
    'application/fhir+json; fhirVersion=5.0',
    'nonsense',
  ])('%s is refused with 406', async (accept) => {
    const answer = await get(accept)
    expect(answer.statusCode).toBe(406)
    expect(answer.json<Outcome>().issue[0]?.code).toBe('not-supported')
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8')
  })
})

describe('_format', () => {
  it.each(['json', 'application/json', 'application/fhir%2Bjson', 'application/fhir+json', 'text/json', ''])(
    '%s outranks Accept',
    async (format) => {
      expect((await get(format === '' ? '*/*' : 'application/fhir+xml', `?_format=${format}`)).statusCode).toBe(200)
    },
  )

  it.each(['xml', 'application/xml', 'application/fhir%2Bxml', 'application/fhir+xml', 'text/xml'])('%s asks for XML', async (format) => {
    const answer = await get('application/fhir+json', `?_format=${format}`)
    expect(answer.headers['content-type']).toBe('application/fhir+xml; charset=utf-8')
  })

  it('with _pretty breaks the lines of XML as of JSON', async () => {
    expect((await get(undefined, '?_format=xml&_pretty=true')).body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Patient xmlns="http://hl7.org/fhir"/>',
    )
  })

  it.each(['ttl', 'html', 'nonsense'])('%s is refused with 406', async (format) => {
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

  const xml = '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'

  it.each([
    ['application/fhir+json; fhirVersion=5.0', undefined],
    ['application/fhir+json;charset=utf-8;fhirVersion="3.0"', undefined],
    ['application/fhir+xml; fhirVersion=4.3', xml],
  ])('%s is of a release that is not read', async (contentType, body) => {
    const before = asked.length
    const answer = await post(contentType, body)
    expect([answer.statusCode, asked.length]).toEqual([415, before])
    expect(answer.body).toContain('R4')
  })

  it.each(['application/fhir+xml', 'application/xml', 'text/xml', 'application/fhir+xml; charset=UTF-8; fhirVersion=4.0'])(
    '%s is read as the JSON it stands for, and answered in XML where nothing else is asked',
    async (contentType) => {
      const answer = await post(contentType, xml)
      expect(asked.at(-1)).toMatchObject({
        text: '{"resourceType":"Patient","active":true}',
        body: { resourceType: 'Patient', active: true },
      })
      expect(answer.headers['content-type']).toBe('application/fhir+xml; charset=utf-8')
    },
  )

  it('a body in XML may be answered in JSON', async () => {
    const headers = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+json' }
    const answer = await app.inject({ method: 'POST', url: '/fhir/Patient', payload: xml, headers })
    expect(answer.json()).toEqual({ resourceType: 'Patient' })
  })

  it('XML that cannot be read is refused in XML, with the place where it breaks', async () => {
    const answer = await post('application/fhir+xml', '<Patient xmlns="http://hl7.org/fhir"><active></Patient>')
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/fhir+xml; charset=utf-8'])
    expect(answer.body).toContain('<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/><code value="invalid"/>')
    expect(answer.body).toContain('line 1, column 46')
  })

  it.each([
    ['<!DOCTYPE a [<!ENTITY a "x">]><Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>', 400],
    ['', 400],
    ['<?xml version="1.0" encoding="UTF-16"?><Patient xmlns="http://hl7.org/fhir"/>', 415],
  ])('%s is refused with %i', async (payload, status) => {
    expect((await post('application/fhir+xml', payload)).statusCode).toBe(status)
  })

  it.each([
    undefined,
    'application/fhir+xml; charset=latin1',
    'application/fhir+turtle',
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
