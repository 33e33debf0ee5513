/**
 * The street side of one house, complete but without a port, so that tests can knock without one: the FHIR base with its
 * doors, the pages for operations, and what is said where nothing stands. https://fastify.dev/docs/latest/
 */
import type { FastifyInstance } from 'fastify'
import { authorizationServer } from '../auth/authorization-server.ts'
import type { FetchOut } from '../auth/provider.ts'
import { type Refusals, refusalOf, refusals } from '../auth/refusals.ts'
import { registration } from '../auth/registration/registration.ts'
import type { Resource } from '../fhir/resource.ts'
import { authenticator } from './authenticate.ts'
import { accountPages, comingBack, launchDoor, protocolDoors, recoveryPages, scriptDoor, signInPages } from './authorization-doors.ts'
import type { Desks, House } from './desks.ts'
import { sendRefusal } from './error-handler.ts'
import { type AccessLog, fhirDoors, openDoors } from './fhir-doors.ts'
import { basePath, relative } from './fhir-request.ts'
import { frontPage } from './front-page.ts'
import { health } from './health.ts'
import { newMetrics } from './metrics.ts'
import { patientChoices } from './patient-choices.ts'
import { registrationDoors } from './registration-doors.ts'
import { methodsAt, strayAddress } from './routes.ts'
import { selfService } from './self-service.ts'
import { compression, crossOrigin, newServer, securityHeaders } from './server.ts'
import type { StreetDoor } from './street-door.ts'
import { typesTakenAt } from './taken-types.ts'
import type { Throttle } from './throttle.ts'

export type AppOptions = {
  readonly auth: 'smart' | 'off'
  readonly desks: Desks
  /** Of the software. */
  readonly version: string
  /** Our own conformance resources (`fhir/profiles.ts`). */
  readonly profiles?: readonly Resource[]
  /** For `/health/ready`. */
  readonly ready?: () => boolean
  readonly log?: AccessLog
  /** Who asks too often is told to wait (`throttle.ts`). */
  readonly throttle?: Throttle
  /** Reads what stands at another server's address, for the key sets of clients. */
  readonly fetchOut?: FetchOut
  readonly door?: StreetDoor
}

const nobodyCalls: FetchOut = async () => {
  throw new Error('This server calls nobody.')
}

export function buildApp(house: House, options: AppOptions): FastifyInstance {
  const app = newServer(house, options.door)
  const metrics = newMetrics()
  const refused = options.auth === 'smart' ? refusals(house) : undefined
  if (refused) app.addHook('onClose', () => refused.close())
  app.setErrorHandler((error, request, reply) => {
    const refusal = refused && refusalOf(error, { authorization: request.headers.authorization, address: request.ip })
    if (refusal) refused?.note(refusal)
    sendRefusal(house, error, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = relative(request.url).split('?', 1)[0] ?? ''
    const methods = request.method === 'OPTIONS' ? methodsAt(path) : []
    if (methods.length > 0)
      void reply
        .code(204)
        .headers({ allow: [...methods, 'OPTIONS'].join(', '), ...Object.fromEntries(typesTakenAt(path)) })
        .send()
    else sendRefusal(house, strayAddress(relative(request.url)), request, reply)
  })
  const { address } = options.throttle ?? {}
  // The one hook that runs before each request, and is there only where an operator has set a limit for addresses.
  if (address) app.addHook('onRequest', async (request) => address(request.ip))
  const street = async (pages: FastifyInstance): Promise<void> => {
    securityHeaders(pages, house.base.startsWith('https:'))
    selfService(pages, house)
    frontPage(pages, house.base, options.version)
    health(pages, options.ready ?? (() => true), metrics)
  }
  const base = async (fhir: FastifyInstance): Promise<void> => {
    await crossOrigin(fhir)
    await compression(fhir)
    const statement = openDoors(fhir, house, options)
    fhirDoors(fhir, house, { ...options, statement, refused }, metrics)
  }
  app.register(street)
  if (refused) authorization(app, house, refused, options)
  app.register(base, { prefix: basePath })
  return app
}

/** What the protocol has a word for is handed on unread; what is ours is read like any other request. */
function authorization(app: FastifyInstance, house: House, refusals: Refusals, { desks, fetchOut = nobodyCalls }: AppOptions): void {
  const secure = house.base.startsWith('https:')
  const server = authorizationServer(house, { fetchOut, patients: patientChoices(house, desks), refusals })
  app.register(async (protocol) => protocolDoors(protocol, server, secure))
  if (house.registration) app.register(async (doors) => registrationDoors(doors, registration(house, refusals), secure))
  app.register(async (pages) => {
    signInPages(pages, server, secure)
    comingBack(pages, server, secure)
    accountPages(pages, server, secure)
    recoveryPages(pages, server, secure)
    scriptDoor(pages, secure)
    launchDoor(pages, house, authenticator(house, 'smart', fetchOut))
  })
}
