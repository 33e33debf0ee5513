/**
 * Which formats are spoken, in `Accept`, `Content-Type` and `_format`: JSON and XML, under each name they go by.
 * https://hl7.org/fhir/R4/http.html#mime-type and https://www.rfc-editor.org/rfc/rfc9110#name-accept
 *
 * Left out: Turtle.
 */
import { fault } from '../base/fault.ts'
import type { Format } from '../fhir/request.ts'

export const fhirJson = 'application/fhir+json; charset=utf-8'
export const fhirXml = 'application/fhir+xml; charset=utf-8'
export const plainJson = 'application/json; charset=utf-8'

/** What a request body may call itself. */
export const bodyTypes = ['application/fhir+json', 'application/json', 'application/json+fhir']
export const xmlTypes = ['application/fhir+xml', 'application/xml', 'text/xml', 'application/xml+fhir']
/** What a patch may call itself beside a resource. */
export const patchTypes = ['application/json-patch+json', 'application/xml-patch+xml']
/** Many resources, read as they come. */
export const ndjsonTypes = ['application/fhir+ndjson', 'application/ndjson', 'application/x-ndjson']
export const formType = 'application/x-www-form-urlencoded'
/** By which a body may be compressed. */
export const requestEncodings = ['gzip', 'br', 'deflate'] as const

/** Those that mean FHIR and nothing else. */
export const fhirNames: ReadonlySet<string> = new Set([
  'application/fhir+json',
  'application/json+fhir',
  'application/fhir+xml',
  'application/xml+fhir',
])

const jsonNames = [...bodyTypes, 'text/json']

const formatOfName: ReadonlyMap<string, Format> = new Map([
  ...jsonNames.map((name): [string, Format] => [name, 'json']),
  ...xmlTypes.map((name): [string, Format] => [name, 'xml']),
])

/** `_format` comes from a URL, where a bare `+` has become a space. */
const formatOfValue: ReadonlyMap<string, Format> = new Map([
  ...formatOfName,
  ...[...formatOfName].map(([name, format]): [string, Format] => [name.replace('+', ' '), format]),
  ['json', 'json'],
  ['xml', 'xml'],
])

/**
 * The format of the answer; a Fault `not-acceptable` where we have none that will do. `_format` outranks the header. A client
 * that takes anything gets what it `sent`, and JSON where it sent nothing.
 */
export function formatWanted(accept: string | undefined, format: string | undefined, sent: Format = 'json'): Format {
  if (format !== undefined && format !== '') {
    const named = formatOfValue.get(parameterless(format))
    if (named) return named
    throw fault('not-acceptable', 'This server answers in JSON and XML: send _format=json or _format=xml, or leave _format out.', '_format')
  }
  if (accept === undefined || accept === '*/*') return sent
  const wanted = formatOfName.get(accept) ?? preferred(accept, sent)
  if (wanted) return wanted
  throw fault('not-acceptable', 'This server answers in JSON and XML: accept application/fhir+json or application/fhir+xml.')
}

/**
 * What a Binary goes out as: its content, unless the client names FHIR's own formats, or nothing that it takes is what the
 * content is. `application/json` and `application/xml` mean FHIR only where they do not mean the content.
 * https://hl7.org/fhir/R4/binary.html#rest
 */
export function formOfBinary(accept: string, contentType: string): Format | 'content' {
  const named = /[,;]/.test(accept) ? undefined : formatOfValue.get(parameterless(accept))
  const type = parameterless(contentType)
  if (named && (type !== parameterless(accept) || fhirNames.has(type))) return named
  const ranges = accept.split(',').map((part, at): Range => ({ name: parameterless(part), weight: weightOf(part), at }))
  const fhir = ranges.filter(({ name }) => fhirNames.has(name))
  const own = ranges.find(({ name }) => name === type)
  const wild = ranges.find(({ name }) => name === `${type.split('/')[0]}/*`) ?? ranges.find(({ name }) => name === '*/*')
  const heaviest = Math.max(0, ...fhir.map(({ weight }) => weight))
  if (heaviest > 0 && !(own && !fhir.includes(own) && own.weight > heaviest)) return formatWanted(accept, undefined)
  if (((own ?? wild)?.weight ?? 0) > 0) return 'content'
  return formatWanted(accept, undefined)
}

type Range = { readonly name: string; readonly weight: number; readonly at: number }

function preferred(accept: string, sent: Format): Format | undefined {
  const ranges = accept
    .split(',')
    .flatMap((part, at): Range[] => (isOfR4(part) ? [{ name: parameterless(part), weight: weightOf(part), at }] : []))
  const [json, xml] = [claimOf(ranges, 'json'), claimOf(ranges, 'xml')]
  if (!json || !xml) return json ? 'json' : xml && 'xml'
  // A browser lists application/xml before */* and means neither: it would show a page.
  if (ranges.some(({ name }) => name === 'text/html')) return 'json'
  if (json.weight !== xml.weight) return json.weight > xml.weight ? 'json' : 'xml'
  if (json.named !== xml.named) return json.named ? 'json' : 'xml'
  if (!json.named) return sent
  return json.at < xml.at ? 'json' : 'xml'
}

/** How much a format is wanted, by the ranges that say the most of it; undefined where it is refused or not spoken of. */
function claimOf(ranges: readonly Range[], format: Format): { weight: number; named: boolean; at: number } | undefined {
  const named = ranges.filter(({ name }) => formatOfName.get(name) === format)
  const [best] = (named.length > 0 ? named : wildcards(ranges)).toSorted((a, b) => b.weight - a.weight)
  return best && best.weight > 0 ? { weight: best.weight, named: named.length > 0, at: best.at } : undefined
}

function wildcards(ranges: readonly Range[]): Range[] {
  const narrow = ranges.filter(({ name }) => name === 'application/*')
  return narrow.length > 0 ? narrow : ranges.filter(({ name }) => name === '*/*')
}

/** A client that insists on another FHIR release is not served by this one. */
function isOfR4(part: string): boolean {
  const version = /;\s*fhirVersion\s*=\s*"?([\d.]+)/i.exec(part)?.[1]
  return version === undefined || version.startsWith('4.0')
}

const weightOf = (part: string): number => Number(/;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)/i.exec(part)?.[1] ?? 1)

/** A media type without its parameters. */
export const parameterless = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase()

/**
 * JSON is UTF-8 (RFC 8259 8.1), and so is FHIR's XML; a body that says otherwise, or that it is of another release, would be read
 * wrongly.
 */
export function assertReadable(contentType: string | undefined): void {
  if (contentType !== undefined && !isOfR4(contentType))
    throw fault('unsupported-media-type', 'This server reads FHIR R4: send the body with fhirVersion=4.0, or without.')
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1]
  if (charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)) return
  throw fault('unsupported-media-type', 'Send the body in UTF-8.')
}
