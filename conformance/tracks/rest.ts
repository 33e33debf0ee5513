/** FHIR's REST API on one resource: create, read, vread, update, delete, their conditions, and content negotiation. */
import { r4, type Track } from '../check.ts'
import { hold, outcome, refused, same, status } from '../expect.ts'
import { allows, keeps, serves } from '../needs.ts'
import { patient, richPatient } from '../resources.ts'
import { conditional } from './rest-conditional.ts'
import { formats } from './rest-formats.ts'
import { writes } from './rest-writes.ts'

const http = (anchor: string): string => r4('http', anchor)
const patients = keeps('Patient')
const weakEtag = /^W\/"[^"]+"$/

export const rest: Track = {
  name: 'rest',
  checks: [
    {
      name: 'capabilities.statement',
      clause: http('capabilities'),
      requirement: 'GET metadata gives a CapabilityStatement of FHIR 4.0.1 of this instance',
      run: async ({ get }) => {
        const { json } = status(await get('metadata'), 200, 'metadata')
        same([json?.resourceType, json?.fhirVersion], ['CapabilityStatement', '4.0.1'], 'metadata')
        hold(json.status && json.date && json.kind && json.format?.length > 0, 'status, date, kind and format are mandatory')
        same(json.rest?.[0]?.mode, 'server', 'rest.mode')
        for (const { type, searchParam = [] } of json.rest[0].resource)
          for (const { name, type: kind } of searchParam)
            hold(
              name && /^(number|date|string|token|reference|composite|quantity|uri|special)$/.test(kind),
              `${type}: ${name} is a ${kind}`,
            )
      },
    },
    {
      name: 'capabilities.open',
      clause: http('capabilities'),
      requirement: 'metadata can be read without a token',
      run: async ({ get }) => void status(await get('metadata', { token: null }), 200, 'metadata without a token'),
    },
    {
      name: 'create.created',
      clause: http('create'),
      ids: ['X010', 'CreateTests'],
      requirement: 'create answers 201 with Location of the version',
      needs: [patients],
      run: async ({ post, keep }) => {
        const made = status(await post('Patient', patient('Kestrel')), 201, 'create')
        const location = made.headers.get('location') ?? ''
        const [, id, version] = /\/Patient\/([^/]+)\/_history\/([^/]+)$/.exec(location) ?? []
        hold(id && version, `Location: ${location || 'none'}`)
        keep(`Patient/${id}`)
        if (made.json) same([made.json.id, made.json.meta?.versionId], [id, version], 'id and versionId of the body against Location')
      },
    },
    {
      name: 'versioning.headers',
      clause: http('versioning'),
      ids: ['R001'],
      requirement: 'create, read and vread carry ETag of the version and Last-Modified',
      needs: [patients],
      run: async ({ call, post, keep }) => {
        const made = status(await post('Patient', patient('Kestrel')), 201, 'create')
        const path = `Patient/${made.json?.id}`
        keep(path)
        for (const answer of [made, await call('GET', path), await call('GET', `${path}/_history/${made.json.meta?.versionId}`)]) {
          hold(weakEtag.test(answer.headers.get('etag') ?? ''), `ETag: ${answer.headers.get('etag')}`)
          same(answer.headers.get('etag'), `W/"${answer.json.meta?.versionId}"`, 'ETag against meta.versionId')
          const modified = Date.parse(answer.headers.get('last-modified') ?? '')
          const updated = Date.parse(answer.json.meta?.lastUpdated)
          hold(
            Math.abs(modified - updated) < 1000,
            `Last-Modified: ${answer.headers.get('last-modified')} for ${answer.json.meta?.lastUpdated}`,
          )
        }
      },
    },
    {
      name: 'create.ignores-id',
      clause: http('create'),
      requirement: 'create ignores id, meta.versionId and meta.lastUpdated that were sent',
      needs: [patients],
      run: async ({ post, keep, tag }) => {
        const meta = { versionId: '77', lastUpdated: '2001-01-01T00:00:00Z' }
        const { json } = status(await post('Patient', patient('Kestrel', { id: tag, meta })), 201, 'create with an id')
        keep(`Patient/${json.id}`)
        hold(json.id !== tag, 'the id that was sent was taken')
        hold(
          json.meta.versionId !== '77' && Date.parse(json.meta.lastUpdated) > Date.parse('2002-01-01'),
          `meta: ${JSON.stringify(json.meta)}`,
        )
      },
    },
    {
      name: 'create.refuses',
      clause: http('create'),
      requirement: 'an unknown type is 404, another type than the address says and broken JSON are 400, each with an OperationOutcome',
      needs: [patients],
      run: async ({ post }) => {
        refused(await post('Unicorn', { resourceType: 'Unicorn' }), 404, 'create of an unknown type')
        refused(await post('Patient', { resourceType: 'Practitioner' }), [400, 422], 'create of a Practitioner at Patient')
        refused(await post('Patient', '{"resourceType":'), 400, 'broken JSON')
      },
    },
    {
      name: 'read.existing',
      clause: http('read'),
      ids: ['X020'],
      requirement: 'what was created is read as it was sent: narrative, contained resources, extensions, also on primitives',
      needs: [patients],
      run: async ({ make, get, tag }) => {
        const sent = richPatient(tag)
        const { id } = await make(sent)
        const { json } = status(await get(`Patient/${id}`), 200, 'read')
        for (const element in sent) same(json[element], sent[element], element)
      },
    },
    {
      name: 'read.unknown',
      clause: http('read'),
      ids: ['R002', 'R003', 'R004'],
      requirement: 'an unknown type, an unknown id and an impossible id are refused with an OperationOutcome',
      needs: [serves('Patient', 'read')],
      run: async ({ get, tag }) => {
        refused(await get('Unicorn/1'), [400, 404], 'read of an unknown type')
        refused(await get(`Patient/${tag}`), 404, 'read of an unknown id')
        refused(await get(`Patient/Invalid-ID_${'x'.repeat(70)}`), [400, 404], 'read of an impossible id')
      },
    },
    {
      name: 'cread.not-modified',
      clause: http('cread'),
      requirement: 'If-None-Match and If-Modified-Since answer 304 without a body where nothing changed, and 200 where something did',
      needs: [patients, allows('Patient', 'conditionalRead', 'full-support')],
      run: async ({ make, get }) => {
        const { id, meta } = await make(patient('Kestrel'))
        const asked = async (headers: Record<string, string>) => await get(`Patient/${id}`, { headers })
        const unchanged = status(await asked({ 'if-none-match': `W/"${meta.versionId}"` }), 304, 'If-None-Match of the version')
        same(unchanged.text, '', 'body of a 304')
        const later = new Date(Date.parse(meta.lastUpdated) + 2000).toUTCString()
        status(await asked({ 'if-modified-since': later }), 304, 'If-Modified-Since after the change')
        status(await asked({ 'if-none-match': 'W/"other"' }), 200, 'If-None-Match of another version')
        status(await asked({ 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' }), 200, 'If-Modified-Since before the change')
      },
    },
    {
      name: 'ops.prefer-return',
      clause: http('ops'),
      requirement: 'Prefer: return=minimal gives no body, representation the resource, OperationOutcome an OperationOutcome',
      needs: [patients],
      run: async ({ post, keep, tag }) => {
        const asked = async (preference: string) => {
          const answer = await post('Patient', patient(tag), { prefer: `return=${preference}` })
          keep(`Patient/${answer.headers.get('location')?.split('/Patient/')[1]?.split('/')[0]}`)
          return status(answer, 201, `create with return=${preference}`)
        }
        same((await asked('minimal')).text, '', 'body with return=minimal')
        same((await asked('representation')).json?.resourceType, 'Patient', 'body with return=representation')
        outcome(await asked('OperationOutcome'), 'return=OperationOutcome')
      },
    },
    {
      name: 'decimal.precision',
      clause: r4('datatypes', 'decimal'),
      requirement: 'the digits of a decimal are kept, zeroes at the end too',
      needs: [keeps('Location')],
      run: async ({ post, keep, get, tag }) => {
        const position = '{"longitude":12.3400,"latitude":-0.50}'
        const made = status(await post('Location', `{"resourceType":"Location","name":"${tag}","position":${position}}`), 201, 'create')
        keep(`Location/${made.json.id}`)
        const { text } = await get(`Location/${made.json.id}`)
        hold(
          /"longitude"\s*:\s*12\.3400\b/.test(text) && /"latitude"\s*:\s*-0\.50\b/.test(text),
          `position: ${/"position".{0,60}/s.exec(text)}`,
        )
      },
    },
    ...writes,
    ...conditional,
    ...formats,
  ],
}
