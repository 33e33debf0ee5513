/**
 * An HTTP request as a FhirRequest: ids checked, query in order, Prefer read, body parsed. Runs on every request, so it
 * makes no URL objects and decodes only what is encoded. https://hl7.org/fhir/R4/http.html
 */
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { fault } from '../base/fault.ts'
import { idempotencyKeyCharsMax } from '../base/limits.ts'
import { parseJson } from '../fhir/json.ts'
import { type Pairs, parseQuery } from '../fhir/query-string.ts'
import type { FhirRequest, Format, Prefer, RequestHeaders } from '../fhir/request.ts'
import { idPattern, servedTypes } from '../fhir/resource.ts'
import { fromXml } from '../fhir/xml.ts'
import { formatWanted, parameterless, patchTypes } from './content-types.ts'
import type { House } from './desks.ts'
import { strayAddress } from './routes.ts'

export const basePath = '/fhir'

/** A form (`POST _search`) and XML as the content type parser leaves them; a JSON body is a string. */
export type Form = { readonly form: string }
export type Xml = { readonly xml: string }
type Converted = { readonly json: string; readonly sent: Format }

/** What the table of routes says of an address. */
export type Address = { readonly type?: string; readonly operation?: string; readonly compartment?: string; readonly desk: string }

export function fhirRequest(address: Address, request: FastifyRequest): FhirRequest {
  const { type = address.type, id, vid } = request.params as { type?: string; id?: string; vid?: string }
  const query = queryOf(request)
  const sent = formatSent(request.body)
  const accept = type === 'Binary' && goesOutAsContent(address.desk, query) ? formatOf(query) || request.headers.accept || '*/*' : undefined
  const negotiated = accept === undefined && !ownFormat.has(address.desk)
  const format = negotiated ? formatWanted(request.headers.accept, formatOf(query), sent) : undefined
  assertAddress({ type, id, vid }, address.desk, request.url)
  const text = textOf(request.body, address.desk)
  const patchType = address.desk === 'patch' ? parameterless(request.headers['content-type'] ?? '') : undefined
  if (patchType === undefined && typeof request.body === 'string') assertNoPatch(request.headers['content-type'])
  return {
    type,
    id,
    vid,
    compartment: address.compartment,
    operation: address.operation,
    query,
    body: text === undefined || patchType === 'application/xml-patch+xml' ? undefined : parseJson(text),
    text,
    patchType,
    bytes: isStream(request.body) ? request.body : undefined,
    headers: headersOf(request.headers),
    format,
    accept,
    method: request.method === 'HEAD' ? 'GET' : request.method,
    url: relative(request.url),
  }
}

/** Desks whose answer has one format of its own, whatever is accepted: it is what the client was told to fetch. */
const ownFormat: ReadonlySet<string> = new Set(['exportFile', 'importErrors', 'eventStream'])

/** A part of a resource is a resource still. */
const goesOutAsContent = (desk: string, query: Pairs): boolean =>
  (desk === 'read' || desk === 'vread') && !query.some(([name]) => name === '_summary' || name === '_elements')

/** The query is handed over raw by the router (see `server.ts`). */
function queryOf(request: FastifyRequest): Pairs {
  const query = parseQuery(typeof request.query === 'string' ? request.query : '')
  return isForm(request.body) ? [...query, ...parseQuery(request.body.form)] : query
}

const formatOf = (query: Pairs): string | undefined => query.find(([name]) => name === '_format')?.[1]

const served = new Set(servedTypes)

/** A type that is served, an id and a version that can be such. */
export function assertAddress({ type, id, vid }: Pick<FhirRequest, 'type' | 'id' | 'vid'>, desk: string, url: string): void {
  if (type !== '*' || desk !== 'search') assertKnown(type, url)
  if (id !== undefined) assertId(id, desk, url)
  if (vid !== undefined) assertVersion(vid)
}

function assertKnown(type: string | undefined, url: string): void {
  if (type === undefined || served.has(type)) return
  if (!/^[A-Z][A-Za-z]{1,40}$/.test(type)) throw strayAddress(relative(url))
  throw fault('not-found', `This server has no resource type called ${type}; GET metadata lists those that it has.`)
}

/** An id that cannot be one is nowhere to be found, and nothing can be stored under it. */
function assertId(id: string, desk: string, url: string): void {
  if (idPattern.test(id)) return
  if (/^[$_]/.test(id)) throw strayAddress(relative(url))
  if (desk === 'update') throw fault('value', 'An id has 1 to 64 characters out of A-Z, a-z, 0-9, "-" and ".".', 'Resource.id')
  throw fault('not-found', 'There is no resource with that id: an id has 1 to 64 characters out of A-Z, a-z, 0-9, "-" and ".".')
}

/** Our versions count from 1. */
function assertVersion(vid: string): void {
  if (!/^\d{1,18}$/.test(vid)) throw fault('not-found', 'There is no such version.')
}

function textOf(body: unknown, desk: string): string | undefined {
  if (isStream(body)) {
    if (desk === 'importResources') return undefined
    throw fault('unsupported-media-type', 'Send the body as application/fhir+json; NDJSON is for $import alone.')
  }
  if (isForm(body)) {
    if (desk === 'search') return undefined
    throw fault('unsupported-media-type', 'Send the body as application/fhir+json; a form is for _search alone.')
  }
  const sent = isConverted(body) ? body.json : body
  const text = typeof sent === 'string' && sent.trim() !== '' ? sent : undefined
  if (desk === 'search' && text !== undefined)
    throw fault('unsupported-media-type', 'Send the search as application/x-www-form-urlencoded.')
  if (text === undefined && (desk === 'create' || desk === 'update' || desk === 'patch' || desk === 'bundle'))
    throw fault(
      'malformed',
      desk === 'patch' ? 'The request has no body: send the patch.' : 'The request has no body: send the resource, in JSON or XML.',
    )
  return text
}

/** A body in XML becomes the JSON that it stands for, once it is known who sends it. */
export async function readXmlBody(house: House, request: FastifyRequest): Promise<void> {
  const { xml } = request.body as Xml
  const converted: Converted = { json: xml.trim() === '' ? '' : await fromXml(house.definitions, xml), sent: 'xml' }
  request.body = converted
}

/** The format for a refusal: of a request that may not even have been read. */
export function formatOfRefusal({ headers, url, body }: FastifyRequest): Format {
  const named = /[?&](_format=[^&]*)/.exec(url)?.[1] ?? ''
  try {
    return formatWanted(headers.accept, formatOf(parseQuery(named)), formatSent(body))
  } catch {
    return 'json'
  }
}

const formatSent = (body: unknown): Format => (isXml(body) ? 'xml' : isConverted(body) ? body.sent : 'json')

export const isXml = (body: unknown): body is Xml => typeof body === 'object' && body !== null && 'xml' in body

const isConverted = (body: unknown): body is Converted => typeof body === 'object' && body !== null && 'json' in body
const isStream = (body: unknown): body is Readable => body instanceof Readable

/** A patch is no resource, and is sent by PATCH alone. */
function assertNoPatch(contentType: string | undefined): void {
  if (contentType?.includes('patch+') && patchTypes.includes(parameterless(contentType)))
    throw fault('unsupported-media-type', 'A patch is sent by PATCH. Send a resource as application/fhir+json.')
}

const isForm = (body: unknown): body is Form => typeof body === 'object' && body !== null && 'form' in body

function headersOf(headers: FastifyRequest['headers']): RequestHeaders {
  const idempotencyKey = one(headers['idempotency-key'])
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > idempotencyKeyCharsMax))
    throw fault('value', `An Idempotency-Key has 1 to ${idempotencyKeyCharsMax} characters.`, 'Idempotency-Key')
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifNoneExist: one(headers['if-none-exist']),
    ifModifiedSince: headers['if-modified-since'],
    prefer: preferOf(one(headers.prefer)),
    idempotencyKey,
  }
}

/** Node joins most repeats with a comma by itself. */
const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(', ') : header)

const noPreference: Prefer = {}

/** RFC 7240: what is not understood is passed over. */
export function preferOf(header: string | undefined): Prefer {
  if (header === undefined) return noPreference
  const stated = /(?:^|[,;\s])return\s*=\s*"?(minimal|representation|OperationOutcome)\b/i.exec(header)?.[1]?.toLowerCase()
  const handling = /(?:^|[,;\s])handling\s*=\s*"?(strict|lenient)\b/i.exec(header)?.[1]?.toLowerCase()
  return {
    return: stated === 'operationoutcome' ? 'OperationOutcome' : (stated as 'minimal' | 'representation' | undefined),
    handling: handling as Prefer['handling'],
    respondAsync: /(?:^|[,;\s])respond-async\b/i.test(header) || undefined,
  }
}

/** Path and query below the base, in their plain form: `Slot?status=free` for `/fhir//Slot/?status=free`. */
export function relative(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? pathBelowBase(url) : pathBelowBase(url.slice(0, query)) + url.slice(query)
}

function pathBelowBase(path: string): string {
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
  const below = single.startsWith(`${basePath}/`) ? single.slice(basePath.length + 1) : single
  return below.endsWith('/') ? below.slice(0, -1) : below
}
