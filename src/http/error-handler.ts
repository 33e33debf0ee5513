/**
 * Every refusal as HTTP: one table from a Fault's kind to its status, and an OperationOutcome for whatever else goes
 * wrong, Fastify's own errors and broken requests included. https://hl7.org/fhir/R4/http.html#Status-Codes
 *
 * What nobody foresaw is a 500 with a reference number; the log has the number and where it happened, and neither it nor
 * the answer has the error's words, which may quote a patient's data.
 */
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorCode } from '../base/error-code.ts'
import { Fault, type FaultKind, fault } from '../base/fault.ts'
import { bodyBytesMax, lastWordsMs, refusedBodyBytesMax, retryAfterSeconds } from '../base/limits.ts'
import { operationOutcome, refusalText } from '../fhir/operation-outcome.ts'
import { fhirJson, requestEncodings } from './content-types.ts'
import type { House } from './desks.ts'
import { sendText } from './fhir-reply.ts'
import { formatOfRefusal, relative } from './fhir-request.ts'
import { STATUS_CODES } from './node-http.ts'
import { methodsAt } from './routes.ts'
import { typesTaken } from './taken-types.ts'

const statuses: Readonly<Record<FaultKind, number>> = {
  malformed: 400,
  structure: 400,
  required: 400,
  value: 400,
  'code-invalid': 400,
  invariant: 422,
  'too-costly': 400,
  login: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  conflict: 409,
  gone: 410,
  expired: 410,
  stale: 412,
  'multiple-matches': 412,
  'too-long': 413,
  'unsupported-media-type': 415,
  'business-rule': 422,
  processing: 422,
  throttled: 429,
  exception: 500,
  transient: 503,
  timeout: 503,
}

export const statusOf = ({ kind }: Fault): number => statuses[kind]

/** Sends a refusal, and gives its status for the metrics. */
export function sendRefusal(house: House, error: unknown, request: FastifyRequest, reply: FastifyReply): number {
  const refusal = error instanceof Fault ? error : faultOf(house, error, { reference: request.id, route: request.routeOptions.url })
  const status = statusOf(refusal)
  reply.code(status)
  if (status === 401) reply.header('www-authenticate', challenge(request))
  if (status === 405) reply.header('allow', methodsAt(pathOf(request)).join(', '))
  if (status === 415) reply.headers(wantedInstead(error, request))
  if (status === 429 || status === 503) reply.header('retry-after', refusal.waitSeconds ?? retryAfterSeconds)
  onceHeardOut(request, reply, () => sendText(house, reply, refusalText(refusal), formatOfRefusal(request)))
  return status
}

const pathOf = ({ url }: FastifyRequest): string => relative(url).split('?', 1)[0] ?? ''

/** RFC 9110 12.5.3: with `Accept-Encoding` it was the encoding that is not taken. */
const wantedInstead = (error: unknown, request: FastifyRequest): Record<string, string> =>
  isOddlyEncoded(error)
    ? { 'accept-encoding': requestEncodings.join(', ') }
    : Object.fromEntries(typesTaken(request.method, pathOf(request)))

const isOddlyEncoded = (error: unknown): boolean => errorCode(error) === 'FST_CP_ERR_INVALID_CONTENT_ENCODING'

/**
 * Many clients send all of a body before they listen: answered earlier, on a line that one side wants closed, they find it cut and
 * never see why. One that is endless, or does not say how long it is, is not waited for.
 */
function onceHeardOut({ raw, headers }: FastifyRequest, reply: FastifyReply, send: () => void): void {
  const isBounded = Number(headers['content-length']) <= refusedBodyBytesMax
  if (!isBounded || raw.readableEnded || raw.destroyed) {
    send()
    return
  }
  reply.removeHeader('connection')
  raw.unpipe()
  raw.once('end', send).resume()
}

/** RFC 6750 3.1: no error code for a request that carried no token. */
const challenge = ({ headers }: FastifyRequest): string =>
  /^bearer /i.test(headers.authorization ?? '') ? 'Bearer realm="slotwise", error="invalid_token"' : 'Bearer realm="slotwise"'

/** Fastify's own errors carry a status; the rest is a mistake of ours. */
export function faultOf(house: House, error: unknown, { reference, route }: { reference: string; route?: string }): Fault {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500
  if (status === 413) return fault('too-long', `The body is longer than ${bodyBytesMax / 1024 / 1024} MB.`)
  if (status === 415 && isOddlyEncoded(error))
    return fault('unsupported-media-type', 'A compressed body is compressed once, by gzip, br or deflate; Content-Encoding says by which.')
  if (status === 415)
    return fault('unsupported-media-type', 'Send the body as application/fhir+json or application/fhir+xml, and say so in Content-Type.')
  if (typeof status === 'number' && status >= 400 && status < 500) return fault('malformed', unreadable(errorCode(error)))
  house.warn('unexpected error', { reference, route, ...traceOf(error) })
  return fault('exception', `Something went wrong on our side. If you report it, give the reference ${reference}.`)
}

function unreadable(code: string | undefined): string {
  if (code === 'FST_ERR_BAD_URL')
    return 'The address holds a percent sign that is not followed by the two hexadecimal digits of a UTF-8 byte.'
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return 'A part of the address is too long to be an id.'
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') return 'The body is not as long as Content-Length says.'
  if (code === 'FST_CP_ERR_INVALID_CONTENT') return 'The body is not compressed as Content-Encoding says.'
  return 'The request cannot be read.'
}

/** Where it happened: name, code and stack frames, without the message. */
function traceOf(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { thrown: typeof error }
  const { name, stack } = error as Partial<Error>
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  return { name, code: errorCode(error), at: frames.slice(0, 12).map((line) => line.trim()) }
}

/** What cannot even be parsed as HTTP never becomes a request: the answer is written to the socket. */
export function refuseConnection(error: Error, socket: Socket): void {
  if (!socket.writable || errorCode(error) === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, code, diagnostics] = brokenRequest(errorCode(error))
  const body = JSON.stringify(operationOutcome([{ severity: 'error', code, diagnostics }]))
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, `Content-Type: ${fhirJson}`, `Content-Length: ${Buffer.byteLength(body)}`]
  socket.end(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`)
  // Whoever goes on sending, or never closes their side, keeps no line open by it.
  setTimeout(() => socket.destroy(), lastWordsMs).unref()
}

function brokenRequest(code: string | undefined): [status: number, code: string, diagnostics: string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'too-long', 'The headers and the address together are too long. Search by POST instead.']
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'timeout', 'The request did not arrive in time.']
  return [400, 'invalid', 'This is not HTTP as RFC 9112 has it.']
}
