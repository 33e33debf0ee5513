/**
 * A Binary in its native form: what is sent under a media type of its own becomes the resource, and what is asked for
 * without naming FHIR's formats goes out as the bytes that it holds. https://hl7.org/fhir/R4/binary.html#rest
 *
 * Whatever somebody has stored runs nowhere: it is handed over as a download, in a sandbox, under the name that it was given.
 * Left out: ranges.
 */
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { fault } from '../base/fault.ts'
import { bodyBytesMax, contentTypeCharsMax } from '../base/limits.ts'
import { etagOf } from '../fhir/etag.ts'
import type { Reply } from '../fhir/reply.ts'
import type { Format } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { fromXml } from '../fhir/xml.ts'
import { assertReadable, bodyTypes, fhirNames, parameterless, xmlTypes } from './content-types.ts'
import type { House } from './desks.ts'

/** A body that has not been read: who sends it is asked first. */
export type Content = { readonly content: Readable }
export const isContent = (body: unknown): body is Content => typeof body === 'object' && body !== null && 'content' in body

type Binary = Resource & { readonly contentType?: string; readonly data?: string; readonly securityContext?: { reference?: string } }

/** The JSON that the body stands for, and the format that it came in, if it was one of FHIR's. */
export async function readContent(house: House, request: FastifyRequest): Promise<{ json: string; sent: Format }> {
  const contentType = mediaType(request.headers['content-type'])
  const bytes = await wholeOf((request.body as Content).content)
  const name = parameterless(contentType)
  if (bytes.length === 0) return { json: '', sent: 'json' }
  if (bodyTypes.includes(name) && isBinaryJson(bytes, fhirNames.has(name))) return { json: asText(bytes, contentType), sent: 'json' }
  if (xmlTypes.includes(name) && isBinaryXml(bytes))
    return { json: await fromXml(house.definitions, asText(bytes, contentType)), sent: 'xml' }
  const { id } = request.params as { id?: string }
  const whose = request.headers['x-security-context']
  return {
    json: JSON.stringify({
      resourceType: 'Binary',
      id,
      contentType,
      ...(whose === undefined ? {} : { securityContext: { reference: String(whose) } }),
      data: bytes.toString('base64'),
    }),
    sent: 'json',
  }
}

function mediaType(header: string | undefined): string {
  const stated = header?.trim().replace(/\s+/g, ' ') ?? ''
  if (stated === '') throw fault('unsupported-media-type', 'Say in Content-Type what the content is, for example application/pdf.')
  if (stated.length > contentTypeCharsMax || !isMediaType(stated))
    throw fault('unsupported-media-type', 'The Content-Type is not written as RFC 9110 has it: type/subtype, with or without parameters.')
  return stated
}

const token = "[\\w!#$%&'*+.^`|~-]+"
const mediaTypePattern = new RegExp(`^${token}/${token}(?: ?; ?${token}=(?:${token}|"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"))*$`)

/** That can stand in a header, too. */
const isMediaType = (text: string): boolean => mediaTypePattern.test(text)

async function wholeOf(content: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of content as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > bodyBytesMax) throw fault('too-long', `The content is longer than ${bodyBytesMax / 1024 / 1024} MB.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Other JSON is content like any other; what says that it is FHIR and is no JSON is neither. */
function isBinaryJson(bytes: Buffer, mustBeJson: boolean): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null && (value as Partial<Resource>).resourceType === 'Binary'
  } catch {
    return mustBeJson
  }
}

/** By its first tag: a declaration and comments may stand before it. */
const isBinaryXml = (bytes: Buffer): boolean =>
  /^\ufeff?\s*(?:<\?[^>]*>\s*|<!--[^>]*-->\s*)*<Binary[\s/>]/.test(bytes.toString('utf8', 0, 4096))

function asText(bytes: Buffer, contentType: string): string {
  assertReadable(contentType)
  return bytes.toString()
}

/** The content with the resource's version, as something to be kept and never to be run. */
export function sendContent(answer: Reply, reply: FastifyReply): void {
  const { contentType = '', data = '', securityContext } = binaryOf(answer)
  if (answer.version !== undefined) reply.header('etag', etagOf(answer.version))
  if (answer.updated !== undefined) reply.header('last-modified', new Date(answer.updated).toUTCString())
  const whose = securityContext?.reference
  if (whose !== undefined && /^[\x21-\x7e]+$/.test(whose)) reply.header('x-security-context', whose)
  reply.header('content-type', isMediaType(contentType) ? contentType : 'application/octet-stream')
  reply.header('content-disposition', 'attachment')
  reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
  reply.header('cross-origin-resource-policy', 'same-site')
  reply.send(Buffer.from(data, 'base64'))
}

export const contentTypeOf = (answer: Reply): string => binaryOf(answer).contentType ?? ''

const binaryOf = ({ body = '{}' }: Reply): Binary => JSON.parse(body) as Binary
