/**
 * A desk's Reply as HTTP: status, headers, bytes. Stored text goes out as it is unless the client asked for it pretty.
 * https://hl7.org/fhir/R4/http.html#versioning
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { fault } from '../base/fault.ts'
import { compressBytesMin } from '../base/limits.ts'
import { etagOf, namesVersion } from '../fhir/etag.ts'
import { prettyJson } from '../fhir/json.ts'
import { allOk, refusalText } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest, Format } from '../fhir/request.ts'
import { toXml } from '../fhir/xml.ts'
import { contentTypeOf, sendContent } from './binary-content.ts'
import { fhirJson, fhirXml, formOfBinary } from './content-types.ts'
import type { House } from './desks.ts'

/** Sends, and gives the status for the metrics. */
export function sendReply(house: House, desk: string, asked: FhirRequest, answer: Reply, reply: FastifyReply): number {
  if (answer.contentType !== undefined) return sendOther(house, answer, answer.contentType, reply)
  const status = isNotModified(asked, answer) ? 304 : answer.status
  reply.code(status)
  const form = asked.accept === undefined ? asked.format : formNegotiated(asked.accept, answer, reply)
  if (form === 'content' && status === 200) {
    guard(house, reply)
    sendContent(answer, reply)
    return status
  }
  if (answer.version !== undefined) reply.header('etag', etagOf(answer.version))
  if (answer.updated !== undefined) reply.header('last-modified', new Date(answer.updated).toUTCString())
  if (answer.location !== undefined) reply.header('location', `${house.base}/${answer.location}`)
  for (const name in answer.headers) reply.header(name.toLowerCase(), answer.headers[name])
  const pretty = asked.query.length > 0 && wantsPretty(asked)
  sendText(house, reply, status === 304 ? undefined : asPreferred(desk, asked, answer), form === 'content' ? undefined : form, pretty)
  return status
}

/** A Binary may go out as what it holds. */
function formNegotiated(accept: string, answer: Reply, reply: FastifyReply): Format | 'content' {
  reply.header('vary', 'accept')
  return formOfBinary(accept, contentTypeOf(answer))
}

/** What is no FHIR resource: a manifest, or a file of many resources. */
function sendOther(house: House, answer: Reply, contentType: string, reply: FastifyReply): number {
  reply.code(answer.status)
  for (const name in answer.headers) reply.header(name.toLowerCase(), answer.headers[name])
  guard(house, reply)
  reply.header('content-type', contentType)
  if (answer.live !== undefined) {
    // It may be quiet for long; who does not read it is let go by whoever writes it (`subscriptions/event-streams.ts`).
    reply.raw.setTimeout(0)
    reply.send(answer.live)
    return answer.status
  }
  const body = answer.pieces === undefined ? (answer.body ?? '') : Readable.from(answer.pieces, { highWaterMark: 1 })
  if (acceptsCompressed(reply.request) && (typeof body !== 'string' || body.length >= compressBytesMin)) reply.compress(body)
  else reply.send(body)
  return answer.status
}

/** Nobody but the client itself may keep a copy: it is a patient's. A browser runs nothing of it. */
function guard({ base }: House, reply: FastifyReply): void {
  reply.header('cache-control', 'no-store')
  reply.header('x-content-type-options', 'nosniff')
  reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  if (base.startsWith('https:')) reply.header('strict-transport-security', 'max-age=31536000')
  reply.header('x-request-id', reply.request.id)
}

/** JSON text in the format that was asked for, or nothing at all. */
export function sendText(house: House, reply: FastifyReply, text: string | undefined, format: Format = 'json', pretty = false): void {
  guard(house, reply)
  if (text === undefined) {
    reply.send()
    return
  }
  if (format === 'xml') void sendXml(house, reply, text, pretty)
  else sendBody(reply, fhirJson, pretty ? prettyJson(text) : text)
}

/** The desks' JSON as XML. That it cannot be written would be a mistake of ours. */
async function sendXml(house: House, reply: FastifyReply, text: string, pretty: boolean): Promise<void> {
  try {
    sendBody(reply, fhirXml, await toXml(house.definitions, text, pretty))
  } catch (error) {
    house.warn('not written in XML', { reference: reply.request.id, name: error instanceof Error ? error.name : typeof error })
    reply.code(500)
    const refusal = fault(
      'exception',
      `This answer cannot be written in XML: ask for JSON. If you report it, give the reference ${reply.request.id}.`,
    )
    sendBody(reply, fhirJson, refusalText(refusal))
  }
}

function sendBody(reply: FastifyReply, contentType: string, body: string): void {
  reply.header('content-type', contentType)
  // The pages beside the FHIR base, which refuse in the same words, are not compressed.
  if (body.length >= compressBytesMin && acceptsCompressed(reply.request) && 'compress' in reply) reply.compress(body)
  else reply.send(body)
}

const acceptsCompressed = ({ headers }: FastifyRequest): boolean => headers['accept-encoding'] !== undefined

const wantsPretty = ({ query }: FhirRequest): boolean => query.some(([name, value]) => name === '_pretty' && value === 'true')

/** A conditional read: the client has this version already. `If-None-Match` outranks the date (RFC 9110 13.2.2). */
export function isNotModified({ method, headers }: FhirRequest, { status, version, updated }: Reply): boolean {
  if (method !== 'GET' || status !== 200 || version === undefined) return false
  if (headers.ifNoneMatch !== undefined) return namesVersion(headers.ifNoneMatch, version)
  if (headers.ifModifiedSince === undefined || updated === undefined) return false
  return Math.floor(Date.parse(updated) / 1000) * 1000 <= Date.parse(headers.ifModifiedSince)
}

/** The desks whose answer is what was written. */
const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch'])

/** `Prefer: return=…` speaks of what was created or updated (https://hl7.org/fhir/R4/http.html#ops). */
export function asPreferred(desk: string, { headers }: FhirRequest, { status, body }: Reply): string | undefined {
  const asked = headers.prefer.return
  if (asked === undefined || asked === 'representation' || status >= 300 || !writes.has(desk)) return body
  if (asked === 'minimal') return undefined
  return JSON.stringify(allOk(status === 201 ? 'Created.' : desk === 'create' ? 'It was there already.' : 'Updated.'))
}
