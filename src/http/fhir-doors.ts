/**
 * One door for each line of the table of routes. What comes in goes: who asks, what is asked, may they, the desk, the
 * answer; what goes wrong on the way is refused in one place. https://hl7.org/fhir/R4/http.html
 *
 * All in one handler rather than in hooks: a hook costs every request, and here the order can be read.
 */
import { performance } from 'node:perf_hooks'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../access/actor.ts'
import { asBusyTime } from '../access/busy-time.ts'
import { asChannelsShown } from '../access/channel-secrets.ts'
import { withoutOthers } from '../access/without-others.ts'
import { type Refusals, refusalOf } from '../auth/refusals.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { bundles } from '../interactions/bundle.ts'
import { capabilities } from '../interactions/capabilities.ts'
import type { Desk } from '../interactions/desk.ts'
import { eventStream } from '../operations/event-stream.ts'
import { assertMay } from './assert-may.ts'
import { type Authenticate, authenticator } from './authenticate.ts'
import { isContent, readContent } from './binary-content.ts'
import { plainJson } from './content-types.ts'
import type { Desks, House } from './desks.ts'
import { entryDoors } from './entry-door.ts'
import { sendRefusal } from './error-handler.ts'
import { sendReply } from './fhir-reply.ts'
import { type Address, basePath, fhirRequest, isXml, readXmlBody } from './fhir-request.ts'
import type { Metrics, Observe } from './metrics.ts'
import { type DeskName, named, openPaths, type Route, routes, servedOperations } from './routes.ts'
import { takeAnyBody } from './server.ts'
import { smartConfiguration } from './smart-configuration.ts'
import { assertNoStrangers } from './strict-query.ts'
import type { Throttle } from './throttle.ts'

/** One line a request (pino's shape): method, route, status, milliseconds. Never its address, which may name a patient. */
export type AccessLog = { readonly info: (line: Readonly<Record<string, unknown>>, message: string) => void }

export type DoorOptions = {
  readonly auth: 'smart' | 'off'
  readonly desks: Desks
  /** What `openDoors` gives back. */
  readonly statement: Desk
  readonly log?: AccessLog
  /** Without one nobody is told to wait. */
  readonly throttle?: Throttle
  /** Who was refused is written down there. */
  readonly refused?: Refusals
  readonly fetchOut?: Parameters<typeof authenticator>[2]
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
type Watch = (status: number, ms: number, request: FastifyRequest) => void

export function fhirDoors(app: FastifyInstance, house: House, options: DoorOptions, metrics: Metrics): void {
  const authenticate = authenticator(house, options.auth, options.fetchOut)
  const streams = eventStream(house)
  app.addHook('preClose', () => streams.close())
  const serving = {
    ...options.desks,
    bundle: bundles(entryDoors(options.desks, options.statement, options.refused)),
    eventStream: streams.desk,
  }
  const open = (at: FastifyInstance, route: Route, url: string): void => {
    const [method, path] = route
    const watch = watcher(method, basePath + path, metrics.forRoute(method, basePath + path), options.log)
    // A body may come compressed; the limit is for what it unfolds to.
    at.route({ method, url, decompress: method === 'GET' ? false : {}, handler: door(house, authenticate, route, serving, watch, options) })
  }
  for (const route of routes) open(app, route, asUrl(route[1]))
  app.register(async (contents) => {
    takeAnyBody(contents)
    const written = routes.filter(([, path, , desk]) => path.startsWith('/:type') && (desk === 'create' || desk === 'update'))
    for (const route of written) open(contents, route, route[1].replace('/:type', '/:type(^Binary$)'))
  })
}

/** In a compartment a type begins with a capital, and a star is every type; what does not (`_history`) goes on to the other routes. */
const asUrl = (path: string): string => path.replace('/:id/:type', '/:id/:type(^(?:[A-Z][A-Za-z]*|\\*)$)')

function door(
  house: House,
  authenticate: Authenticate,
  [, path, verb, desk]: Route,
  desks: Readonly<Record<DeskName, Desk>>,
  watch: Watch,
  { throttle = {}, refused }: Pick<DoorOptions, 'throttle' | 'refused'>,
): Handler {
  const address: Address = { ...named(path), desk }
  const serve = desks[desk]
  const staysOpen = desk === 'eventStream'
  return async (request, reply) => {
    const started = performance.now()
    let actor: Actor | undefined
    try {
      throttle.beforeSignIn?.(request.ip)
      const known = authenticate(request)
      actor = known instanceof Promise ? await known : known
      if (throttle.actor) await throttle.actor(actor)
      if (isXml(request.body)) await readXmlBody(house, request)
      else if (isContent(request.body)) request.body = await readContent(house, request)
      const asked = fhirRequest(address, request)
      assertMay(actor, verb, asked)
      assertNoStrangers(desk, asked)
      if (throttle.actor && desk === 'bundle') await throttle.actor(actor, entriesBeyondOne(asked))
      const stream = staysOpen && request.method === 'GET' ? { ...asked, stream: streamOf(request, authenticate) } : asked
      const answer = await serve(house, actor, stream)
      const shown = actor.patient === undefined && actor.masking === undefined ? answer : asShownTo(actor, answer, house.base)
      const whole = mayHoldSubscriptions(asked) ? withChannels(house, actor, shown) : shown
      watch(sendReply(house, desk, asked, whole, reply), performance.now() - started, request)
    } catch (error) {
      throttle.refused?.(request.ip, error)
      const refusal = refused && refusalOf(error, askedBy(request, actor))
      if (refusal) refused?.note(refusal)
      watch(sendRefusal(house, error, request, reply), performance.now() - started, request)
    }
    return reply
  }
}

const askedBy = ({ headers, ip }: FastifyRequest, actor: Actor | undefined) => ({
  authorization: headers.authorization,
  address: ip,
  client: actor?.client,
  person: actor?.user,
})

/** Whichever desk answers: sensitive visits as busy time, and whoever is confined to a patient is not shown whom else it is about. */
function asShownTo(actor: Actor, answer: Reply, base: string): Reply {
  if (answer.body === undefined || answer.contentType !== undefined) return answer
  const body = withoutOthers(actor, asBusyTime(actor, answer.body, base), base)
  return body === answer.body ? answer : { ...answer, body }
}

/** Of its own type, of several types, or with what is included: nothing else costs a look. */
const mayHoldSubscriptions = ({ type, query }: FhirRequest): boolean =>
  type === undefined || type === '*' || type === 'Subscription' || query.some(([name]) => /^_(?:rev)?include/.test(name))

function withChannels({ secrets }: House, actor: Actor, answer: Reply): Reply {
  if (answer.body === undefined || answer.contentType !== undefined) return answer
  const body = asChannelsShown(secrets, actor, answer.body)
  return body === answer.body ? answer : { ...answer, body }
}

/** Each entry of a Bundle is a request; the Bundle itself was counted as one. */
function entriesBeyondOne({ body }: FhirRequest): number {
  const { entry } = (body ?? {}) as { entry?: unknown }
  return Array.isArray(entry) ? Math.max(0, entry.length - 1) : 0
}

/** As long as the answer is open, the token that asked for it is looked at again and again. */
function streamOf(request: FastifyRequest, authenticate: Authenticate): FhirRequest['stream'] {
  const last = request.headers['last-event-id']
  return { lastEventId: typeof last === 'string' ? last : undefined, assertSignedIn: () => authenticate(request) }
}

/** A request that fails before it reaches its door (too long, not JSON by name) is not timed: nothing was done for it. */
function watcher(method: string, route: string, observe: Observe, log: DoorOptions['log']): Watch {
  if (log === undefined) return observe
  return (status, ms, request) => {
    observe(status, ms)
    log.info({ method, route, status, ms: Math.round(ms * 10) / 10, reference: request.id }, 'request')
  }
}

const nobody: Actor = { client: 'nobody', scopes: [] }

/** What anybody may ask, without a token. Returns the desk of `GET metadata`, for those who ask in a batch. */
export function openDoors(
  app: FastifyInstance,
  house: House,
  served: { version: string; auth: 'smart' | 'off'; profiles?: readonly Resource[] },
): Desk {
  const date = house.clock.now().toISOString()
  const state = capabilities(house, { version: served.version, date, operations: servedOperations(), profiles: served.profiles ?? [] })
  app.get(openPaths.metadata, async (request, reply) => {
    try {
      const asked = fhirRequest({ desk: 'capabilities' }, request)
      sendReply(house, 'capabilities', asked, await state(house, nobody, asked), reply)
    } catch (error) {
      sendRefusal(house, error, request, reply)
    }
    return reply
  })
  const smart = JSON.stringify(smartConfiguration(house.base, served.auth, house.registration !== undefined))
  app.get(openPaths.smart, (_request, reply) => reply.type(plainJson).send(smart))
  return state
}
