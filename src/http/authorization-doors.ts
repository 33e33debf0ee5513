/**
 * The doors of the authorization server: whatever comes to `/auth/` is handed on as it came, its body unread, since the
 * library behind it answers requests itself. https://fastify.dev/docs/latest/Reference/Reply/#hijack
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

type Server = { readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> }

const methods = ['GET', 'HEAD', 'POST', 'OPTIONS'] as const

export function authorizationDoors(app: FastifyInstance, server: Server, secure: boolean): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.hijack()
    guard(reply.raw, secure)
    await server.handle(request.raw, reply.raw)
  }
  app.route({ method: [...methods], url: '/auth/*', exposeHeadRoute: false, handler })
}

/** No answer here is for a cache, a frame or a script; the library adds to the policy what a page of its own needs. */
function guard(response: ServerResponse, secure: boolean): void {
  response.setHeader('cache-control', 'no-store')
  response.setHeader('pragma', 'no-cache')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('content-security-policy', "default-src 'none';script-src 'none';frame-ancestors 'none';base-uri 'none'")
  if (secure) response.setHeader('strict-transport-security', 'max-age=31536000')
}
