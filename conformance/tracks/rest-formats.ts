/** Content negotiation: JSON and XML by header and by _format, HEAD, and what is refused. https://hl7.org/fhir/R4/http.html#mime-type */
import { type Check, r4 } from '../check.ts'
import type { Answer } from '../client.ts'
import { hold, refused, same, status } from '../expect.ts'
import { keeps, serves, speaks } from '../needs.ts'
import { patient, richPatient } from '../resources.ts'
import type { Site } from '../site.ts'

const patients = keeps('Patient')
const mimeType = r4('http', 'mime-type')

const typeOf = (answer: Answer): string => answer.headers.get('content-type') ?? ''

async function shown(site: Site, query: string, headers: Record<string, string>): Promise<Answer> {
  const { id } = await site.make(patient(site.tag))
  return status(await site.get(`Patient/${id}${query}`, { headers }), 200, `read ${query} ${JSON.stringify(headers)}`)
}

export const formats: readonly Check[] = [
  {
    name: 'mime-type.json',
    clause: mimeType,
    ids: ['CT03', 'CT04A', 'CT04B', 'FT05'],
    requirement: 'JSON is given for application/fhir+json, application/json and _format=json, as application/fhir+json',
    needs: [patients, speaks('json')],
    run: async (site) => {
      for (const accept of ['application/fhir+json', 'application/json', '*/*;q=0.1, application/fhir+json']) {
        const answer = await shown(site, '', { accept })
        hold(/^application\/(fhir\+)?json/.test(typeOf(answer)) && answer.json, `${accept}: ${typeOf(answer)}`)
      }
      for (const format of ['json', 'application/json', 'application/fhir%2Bjson']) {
        const answer = await shown(site, `?_format=${format}`, { accept: 'text/html' })
        hold(/^application\/(fhir\+)?json/.test(typeOf(answer)) && answer.json, `_format=${format}: ${typeOf(answer)}`)
      }
      hold(typeOf(await shown(site, '', {})).startsWith('application/fhir+json'), 'the correct type is application/fhir+json')
    },
  },
  {
    name: 'mime-type.xml',
    clause: mimeType,
    ids: ['CT01', 'CT02A', 'CT02B', 'CT02C'],
    requirement: 'XML is given for application/fhir+xml, application/xml, text/xml and _format=xml',
    needs: [patients, speaks('xml')],
    run: async (site) => {
      const isXml = ({ text, headers }: Answer): boolean =>
        /^<(\?xml|Patient)/.test(text.trim()) && /xml/.test(headers.get('content-type') ?? '') && text.includes('http://hl7.org/fhir')
      for (const accept of ['application/fhir+xml', 'application/xml', 'text/xml'])
        hold(isXml(await shown(site, '', { accept })), `Accept: ${accept} was not answered in XML`)
      for (const format of ['xml', 'text/xml', 'application/xml'])
        hold(isXml(await shown(site, `?_format=${format}`, {})), `_format=${format} was not answered in XML`)
    },
  },
  {
    name: 'xml.round-trip',
    clause: r4('xml', 'xml'),
    ids: ['FT01'],
    requirement: 'what is read in XML and sent again in XML is in JSON what it was',
    needs: [patients, speaks('xml'), speaks('json')],
    run: async ({ make, get, post, keep, tag }) => {
      const sent = richPatient(tag)
      const { id } = await make(sent)
      const { text } = status(await get(`Patient/${id}`, { headers: { accept: 'application/fhir+xml' } }), 200, 'read in XML')
      const again = status(await post('Patient', text, { 'content-type': 'application/fhir+xml' }), 201, 'create in XML')
      const copy = again.headers.get('location')?.split('/Patient/')[1]?.split('/')[0]
      keep(`Patient/${copy}`)
      const { json } = status(await get(`Patient/${copy}`), 200, 'read in JSON')
      for (const element in sent) if (element !== 'text') same(json[element], sent[element], element)
    },
  },
  {
    name: 'mime-type.not-acceptable',
    clause: mimeType,
    ids: ['FT07', 'FT08'],
    requirement: 'a format that cannot be given is 406, by header and by _format',
    needs: [serves('Patient', 'search-type')],
    run: async ({ get }) => {
      status(await get('Patient?_count=1', { headers: { accept: 'application/foobar' } }), 406, 'Accept: application/foobar')
      status(await get('Patient?_count=1&_format=application/foobar'), 406, '_format=application/foobar')
    },
  },
  {
    name: 'mime-type.unsupported-media',
    clause: mimeType,
    requirement: 'a body in a format that cannot be read is 415',
    needs: [serves('Patient', 'create')],
    run: async ({ post }) => void status(await post('Patient', 'family=x', { 'content-type': 'text/csv' }), 415, 'text/csv'),
  },
  {
    name: 'summary.head',
    clause: r4('http', 'summary'),
    requirement: 'HEAD answers as GET does, without the body',
    needs: [patients],
    run: async ({ make, call, tag }) => {
      const { id } = await make(patient('Kestrel'))
      const [get, head] = [await call('GET', `Patient/${id}`), await call('HEAD', `Patient/${id}`)]
      same([head.status, head.text, head.headers.get('etag')], [get.status, '', get.headers.get('etag')], 'HEAD')
      same((await call('HEAD', `Patient/${tag}`)).status, 404, 'HEAD of an unknown id')
    },
  },
  {
    name: 'summary.method-not-allowed',
    clause: r4('http', 'summary'),
    requirement: 'a method that an address does not take is refused with 4xx and an OperationOutcome, 405 where it is said at all',
    run: async ({ call }) => {
      refused(await call('DELETE', 'metadata'), [404, 405], 'DELETE metadata')
      refused(await call('POST', 'Patient/x', { body: patient('Kestrel') }), [400, 404, 405], 'POST Patient/x')
    },
  },
]
