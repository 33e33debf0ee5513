/**
 * Which formats are spoken, in `Accept`, `Content-Type` and `_format`: JSON, under each name it goes by.
 * https://hl7.org/fhir/R4/http.html#mime-type
 *
 * Left out for now: XML.
 */
import { fault } from '../base/fault.ts'

export const fhirJson = 'application/fhir+json; charset=utf-8'
export const plainJson = 'application/json; charset=utf-8'

/** What a request body may call itself. */
export const bodyTypes = ['application/fhir+json', 'application/json', 'application/json+fhir']
export const formType = 'application/x-www-form-urlencoded'

const ranges = new Set([...bodyTypes, 'text/json', 'application/*', '*/*'])

/** `_format` comes from a URL, where a bare `+` has become a space. */
const formats = new Set(['json', 'text/json', ...bodyTypes, ...bodyTypes.map((type) => type.replace('+', ' '))])

/** A Fault `not-acceptable` unless JSON will do. `_format` outranks the header. */
export function assertJsonWillDo(accept: string | undefined, format: string | undefined): void {
  if (format !== undefined && format !== '') {
    if (formats.has(parameterless(format))) return
    throw fault('not-acceptable', 'This server answers in JSON: send _format=json, or leave _format out.', '_format')
  }
  if (accept === undefined || ranges.has(accept) || accept.split(',').some(acceptable)) return
  throw fault('not-acceptable', 'This server answers in JSON: accept application/fhir+json.')
}

/** One part of an Accept header. A client that insists on another FHIR release is not served by this one. */
function acceptable(part: string): boolean {
  if (!ranges.has(parameterless(part))) return false
  const version = /;\s*fhirVersion\s*=\s*"?([\d.]+)/i.exec(part)?.[1]
  return !/;\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)/i.test(part) && (version === undefined || version.startsWith('4.0'))
}

const parameterless = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase()

/** JSON is UTF-8 (RFC 8259 8.1); a body that says otherwise would be read wrongly. */
export function assertUtf8(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1]
  if (charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)) return
  throw fault('unsupported-media-type', 'Send the body in UTF-8.')
}
