/**
 * `/a/{secret}`: the patient's own way to one visit, as JSON for programs and as a page for people, without signing in.
 * GET shows and changes nothing: mail programs follow links. POST does what the link is for; a page then goes back to GET.
 * What users are told of it: `docs/self-service.md`. Left out: what is shown and done (`operations/self-service-visit.ts`).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, fault } from '../base/fault.ts'
import { parseQuery } from '../fhir/query-string.ts'
import { type Asking, type SelfServiceWish, selfServiceVisit, useSelfServiceLink } from '../operations/self-service-visit.ts'
import { plainJson } from './content-types.ts'
import type { House } from './desks.ts'
import { faultOf, sendRefusal, statusOf } from './error-handler.ts'
import { pageHeaders, refusalPage, visitPage } from './self-service-page.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export function selfService(app: FastifyInstance, house: House): void {
  const path = '/a/:secret'
  app.route({ method: 'GET', url: path, handler: answering(house, show(house)) })
  app.route({ method: 'POST', url: path, handler: answering(house, act(house)) })
}

const askingOf = ({ params, ip }: FastifyRequest): Asking => ({ secret: (params as { secret: string }).secret, address: ip })

/** Browsers say so; everybody else is answered in JSON. */
const wantsPage = ({ headers }: FastifyRequest): boolean => /\btext\/html\b/.test(headers.accept ?? '')

/** A link is as good as a password: nothing on the way keeps the answer, and no other site learns the address. */
const answering =
  (house: House, handler: Handler): Handler =>
  async (request, reply) => {
    reply.headers(pageHeaders)
    try {
      return await handler(request, reply)
    } catch (error) {
      if (!wantsPage(request)) sendRefusal(house, error, request, reply)
      else await sendRefusalPage(house, error, request, reply)
      return reply
    }
  }

const html = 'text/html; charset=utf-8'

const show =
  (house: House): Handler =>
  async (request, reply) => {
    const visit = await selfServiceVisit(house, askingOf(request))
    if (!wantsPage(request)) return reply.type(plainJson).send(JSON.stringify(visit))
    return reply.type(html).send(visitPage(visit, { done: request.url.endsWith('?done') }))
  }

const act =
  (house: House): Handler =>
  async (request, reply) => {
    await useSelfServiceLink(house, askingOf(request), wishOf(request.body))
    if (wantsPage(request)) return reply.redirect('?done', 303)
    return reply.type(plainJson).send(JSON.stringify(await selfServiceVisit(house, askingOf(request))))
  }

/** A form's fields, or JSON with the same names. */
function wishOf(body: unknown): SelfServiceWish {
  if (body === undefined || body === null || body === '') return {}
  if (typeof body === 'object' && 'form' in body) return wordsOf(Object.fromEntries(parseQuery(String(body.form))))
  return wordsOf(readJson(body))
}

function readJson(body: unknown): object {
  const value: unknown = typeof body === 'string' ? parsed(body) : undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw fault('malformed', 'Send a form, or a JSON object.')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function wordsOf({ slot, comment }: { slot?: unknown; comment?: unknown }): SelfServiceWish {
  for (const [name, value] of Object.entries({ slot, comment }))
    if (value !== undefined && typeof value !== 'string') throw fault('value', `${name} is text.`, name)
  return { ...(typeof slot === 'string' && slot && { slot }), ...(typeof comment === 'string' && comment && { comment }) }
}

/** What was refused stands above the visit as it is, so that another time can be chosen; a link that opens nothing has its own page. */
async function sendRefusalPage(house: House, error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const refusal = error instanceof Fault ? error : faultOf(house, error, { reference: request.id, route: request.routeOptions.url })
  const visit = request.method === 'POST' ? await selfServiceVisit(house, askingOf(request)).catch(() => undefined) : undefined
  const page = visit ? visitPage(visit, { refused: refusal.message }) : refusalPage(refusal.message)
  reply.code(statusOf(refusal)).type(html).send(page)
}
