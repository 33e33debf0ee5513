/**
 * The doors of the authorization server. What the protocol has a word for is handed on as it came, its body unread, since the
 * library behind it answers requests itself; the pages of a sign-in and the making of a launch are ours.
 * https://fastify.dev/docs/latest/Reference/Reply/#hijack
 */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { paths } from '../auth/addresses.ts'
import type { AuthorizationServer } from '../auth/authorization-server.ts'
import { lost } from '../auth/interactions/interaction.ts'
import type { PageReply } from '../auth/interactions/turn.ts'
import { mintLaunch } from '../auth/launch.ts'
import { linkKinds } from '../base/account-links.ts'
import { fault } from '../base/fault.ts'
import type { Authenticate } from './authenticate.ts'
import { plainJson } from './content-types.ts'
import type { House } from './desks.ts'

const discovery = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

export function protocolDoors(app: FastifyInstance, server: AuthorizationServer, secure: boolean): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack()
    for (const [name, value] of Object.entries(guards(secure))) reply.raw.setHeader(name, value)
    await server.handle(request.raw, reply.raw, request.ip).catch(() => broken(reply.raw))
  }
  for (const url of ['/auth/*', ...discovery])
    app.route({ method: ['GET', 'HEAD', 'POST', 'OPTIONS'], url, exposeHeadRoute: false, handler })
}

function broken(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(503, { 'content-type': plainJson })
  response.end('{"error":"temporarily_unavailable"}')
}

/** No answer here is for a cache, a frame or a script; the library adds to the policy what a page of its own needs. */
export const guards = (secure: boolean): Record<string, string> => ({
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'x-content-type-options': 'nosniff',
  // With no referrer at all a browser would not say either where a form comes from.
  'referrer-policy': 'same-origin',
  'content-security-policy': "default-src 'none';script-src 'none';frame-ancestors 'none';base-uri 'none'",
  ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
})

export function signInPages(app: FastifyInstance, server: AuthorizationServer, secure: boolean): void {
  app.route<{ Params: { uid: string } }>({
    method: ['GET', 'POST'],
    url: `${paths.interaction}/:uid`,
    exposeHeadRoute: false,
    handler: async (request, reply) =>
      sendPage(reply, secure, await server.interaction({ ...stepOf(request), response: reply.raw, uid: request.params.uid })),
  })
}

/** Without a cookie here: whose sign-in it is, the sign-in's own page asks. */
export function comingBack(app: FastifyInstance, server: AuthorizationServer, secure: boolean): void {
  app.get(paths.callback, { exposeHeadRoute: false }, async (request, reply) => {
    const to = await server.cameBack(stepOf(request).query)
    return sendPage(reply, secure, to === undefined ? lost({}) : { to })
  })
}

export function accountPages(app: FastifyInstance, server: AuthorizationServer, secure: boolean): void {
  for (const url of [paths.account, `${paths.account}/:page`])
    app.route<{ Params: { page?: string } }>({
      method: ['GET', 'POST'],
      url,
      exposeHeadRoute: false,
      handler: async (request, reply) =>
        sendPage(reply, secure, await server.account({ ...stepOf(request), page: request.params.page ?? '' })),
    })
}

export function recoveryPages(app: FastifyInstance, server: AuthorizationServer, secure: boolean): void {
  for (const kind of linkKinds)
    for (const url of [`/auth/${kind}`, `/auth/${kind}/:held`])
      app.route<{ Params: { held?: string } }>({
        method: ['GET', 'POST'],
        url,
        exposeHeadRoute: false,
        handler: async (request, reply) =>
          sendPage(reply, secure, await server.recovery({ ...stepOf(request), kind, held: request.params.held })),
      })
}

const passkeyScript = readFileSync(join(import.meta.dirname, '../auth/pages/passkey.js'), 'utf8')

/** The one script of these pages. It says nothing of anybody, so it may be kept for a while. */
export function scriptDoor(app: FastifyInstance, secure: boolean): void {
  app.get(paths.passkeyScript, async (_request, reply) =>
    reply.headers(guards(secure)).header('cache-control', 'public, max-age=300').type('text/javascript; charset=utf-8').send(passkeyScript),
  )
}

function stepOf(request: FastifyRequest) {
  const [, query = ''] = request.url.split('?')
  return {
    request: request.raw,
    query: new URLSearchParams(query),
    form: request.method === 'POST' ? new URLSearchParams(formOf(request.body)) : undefined,
    address: request.ip,
  }
}

function sendPage(reply: FastifyReply, secure: boolean, answer: PageReply): FastifyReply {
  reply.headers(guards(secure))
  if (answer.cookie !== undefined) reply.header('set-cookie', answer.cookie)
  if ('to' in answer) return reply.redirect(answer.to, 303)
  return reply.code(answer.status).type('text/html; charset=utf-8').header('content-security-policy', answer.policy).send(answer.page)
}

const formOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'form' in body && typeof body.form === 'string' ? body.form : ''

export function launchDoor(app: FastifyInstance, house: House, authenticate: Authenticate): void {
  app.post(paths.launch, async (request, reply) => {
    const actor = await authenticate(request)
    const launch = await mintLaunch(house, actor, jsonOf(request.body))
    return reply.code(201).header('cache-control', 'no-store').type(plainJson).send(JSON.stringify(launch))
  })
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    throw fault('malformed', 'Send the launch as JSON.')
  }
}
