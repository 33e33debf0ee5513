/**
 * The bare Fastify server: how addresses are read, which bodies are taken, limits, and the framework's own manners
 * (security headers, CORS, compression). Knows nothing of FHIR's interactions.
 *
 * There is no per-request logger, no schema and no hook that can be done without: each costs every request.
 */
import type { IncomingMessage } from 'node:http'
import compress from '@fastify/compress'
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { bodyBytesMax, compressBytesMin, pathParameterCharsMax, requestIdCharsMax } from '../base/limits.ts'
import { assertReadable, bodyTypes, formType, ndjsonTypes, patchTypes, requestEncodings, xmlTypes } from './content-types.ts'
import type { House } from './desks.ts'
import { refuseConnection, sendRefusal } from './error-handler.ts'
import { type StreetDoor, streetDoor } from './street-door.ts'

export function newServer(house: House, door: StreetDoor = {}): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    serverFactory: (listener) => streetDoor(house, door, listener),
    // Whom a request is from; what a proxy says of the name and the protocol is not asked for: PUBLIC_URL says both.
    trustProxy: door.proxies?.length ? [...door.proxies] : false,
    forceCloseConnections: 'idle',
    genReqId: requestIds(house.ids.next()),
    rewriteUrl: ({ url = '/' }) => plainDollar(url),
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: pathParameterCharsMax,
      // Handed over raw: `fhir-request.ts` reads it, in order and with repeats.
      querystringParser: (raw: string) => raw as unknown as Record<string, unknown>,
    },
    frameworkErrors: (error, request, reply) => void sendRefusal(house, error, request as FastifyRequest, reply),
    clientErrorHandler: refuseConnection,
    schemaController: { compilersFactory: noSchemas },
  })
  takeBodies(app)
  return app
}

/** No route has a schema: without these Fastify loads its compilers for them all the same, and keeps 2.5 MB. */
const noSchemas = {
  buildValidator: () => unasked,
  buildSerializer: () => unasked,
}

function unasked(): never {
  throw new Error('No route has a schema.')
}

/** Mirrors an id that the client chose if it is harmless, else counts. */
function requestIds(process: string): (request: { headers: Record<string, string | string[] | undefined> }) => string {
  const served = { count: 0 }
  return ({ headers }) => {
    const chosen = headers['x-request-id']
    if (typeof chosen === 'string' && chosen.length <= requestIdCharsMax && /^[\w.-]+$/.test(chosen)) return chosen
    served.count += 1
    return `${process}-${served.count.toString(36)}`
  }
}

/** Some clients write `%24find` for `$find`. */
function plainDollar(url: string): string {
  if (!url.includes('%24')) return url
  const query = url.indexOf('?')
  return query === -1 ? url.replaceAll('%24', '$') : url.slice(0, query).replaceAll('%24', '$') + url.slice(query)
}

/** Bodies arrive as text: what is stored and compared is what was sent. */
function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...bodyTypes, ...patchTypes], { parseAs: 'string' }, async (request: FastifyRequest, text: string) => {
    assertReadable(request.headers['content-type'])
    return text
  })
  app.addContentTypeParser(xmlTypes, { parseAs: 'string' }, async (request: FastifyRequest, xml: string) => {
    assertReadable(request.headers['content-type'])
    return { xml }
  })
  app.addContentTypeParser(formType, { parseAs: 'string' }, async (_request: FastifyRequest, form: string) => ({ form }))
  // As a stream, whatever its length: who is not to send one is told so before any of it is read.
  app.addContentTypeParser(ndjsonTypes, async (_request: FastifyRequest, bytes: IncomingMessage) => bytes)
}

/** A Binary is what was sent, whatever it calls itself; it is read once it is known who sends it. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: FastifyRequest, content: IncomingMessage) => ({ content }))
}

/**
 * For whatever is not a FHIR answer. Those set the two headers that matter to an API themselves (`fhir-reply.ts`): Helmet
 * costs 5 to 8 µs a request, as much as the rest of this room.
 */
export const securityHeaders = (app: FastifyInstance, secure: boolean): unknown =>
  app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    hsts: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })

/** Called by hand where an answer is long enough (`fhir-reply.ts`), so short answers pay nothing. */
export const compression = (app: FastifyInstance): unknown =>
  app.register(compress, {
    global: false,
    threshold: compressBytesMin,
    encodings: ['br', 'gzip'],
    requestEncodings: [...requestEncodings],
    zlibOptions: { level: 1 },
    customTypes: (type: string) => /json|text|xml/.test(type),
  })

/** Any origin may call with a token; none may ride on a cookie. Whoever is no browser names no origin and is told nothing. */
export const crossOrigin = (app: FastifyInstance): unknown =>
  app.register(cors, {
    delegator: (request: FastifyRequest, decide: (error: Error | null, options: FastifyCorsOptions) => void) =>
      decide(null, request.headers.origin === undefined ? noBrowser : isPreflight(request) ? anyOrigin : answersToAll),
  })

const noBrowser: FastifyCorsOptions = { origin: false }

/** An OPTIONS that asks for no method of its own is a question like any other. */
const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined

const anyOrigin: FastifyCorsOptions = {
  origin: '*',
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Accept',
    'Content-Type',
    'Prefer',
    'If-Match',
    'If-None-Match',
    'If-None-Exist',
    'If-Modified-Since',
    'Idempotency-Key',
    'Last-Event-ID',
    'X-Request-Id',
    'X-Security-Context',
  ],
  exposedHeaders: [
    'Accept-Patch',
    'Accept-Post',
    'ETag',
    'Last-Modified',
    'Location',
    'Content-Location',
    'Content-Disposition',
    'Expires',
    'Retry-After',
    'X-Progress',
    'X-Request-Id',
    'X-Security-Context',
  ],
  maxAge: 86_400,
}

const answersToAll: FastifyCorsOptions = { ...anyOrigin, preflight: false }
