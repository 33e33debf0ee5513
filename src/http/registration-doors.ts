/**
 * Where programs register themselves and look after their registration: JSON in and out, with errors in OAuth's own words.
 * https://www.rfc-editor.org/rfc/rfc7591#section-3 https://www.rfc-editor.org/rfc/rfc7592#section-2
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { paths } from '../auth/addresses.ts'
import type { RegistrationReply, RegistrationStep } from '../auth/registration/registration.ts'
import { authFormBytesMax } from '../base/sign-in-limits.ts'
import { guards } from './authorization-doors.ts'
import { plainJson } from './content-types.ts'
import { crossOrigin } from './server.ts'

type Register = (step: RegistrationStep) => Promise<RegistrationReply>

export async function registrationDoors(app: FastifyInstance, register: Register, secure: boolean): Promise<void> {
  await crossOrigin(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: FastifyRequest, text: string) => text)
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error)
    const code = status === 503 ? 'temporarily_unavailable' : 'invalid_request'
    return reply
      .code(status)
      .headers(guards(secure))
      .type(plainJson)
      .send(JSON.stringify({ error: code }))
  })
  const door = (method: 'POST' | 'GET' | 'PUT' | 'DELETE', url: string): unknown =>
    app.route<{ Params: { id?: string } }>({
      method,
      url,
      bodyLimit: authFormBytesMax,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const { params, headers, body, ip: address } = request
        const answer = await register({ method, id: params.id, authorization: headers.authorization, body, address })
        reply.code(answer.status).headers({ ...guards(secure), ...answer.headers })
        return answer.body ? reply.type(plainJson).send(JSON.stringify(answer.body)) : reply.send()
      },
    })
  door('POST', paths.registration)
  for (const method of ['GET', 'PUT', 'DELETE'] as const) door(method, `${paths.registration}/:id`)
}

/** Fastify's own refusals carry a status; whatever else happens, the same may be asked again later. */
function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 503
  return status >= 400 && status < 500 ? status : 503
}
