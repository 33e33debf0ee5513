/**
 * The authorization server of a house: it sees to the library being loaded once, to its keys being those of the database, and
 * to every address in its answers being the public one, whatever Host a request names.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { Fault } from '../base/fault.ts'
import { newSecret } from '../base/ids.ts'
import { authServerReloadMs } from '../base/sign-in-limits.ts'
import { sharedSecret } from '../store/auth-secrets.ts'
import type { House } from '../store/house.ts'
import { account } from './account/account.ts'
import type { AccountStep } from './account/visit.ts'
import { addressOf, issuerOf, paths } from './addresses.ts'
import { authorizationQuery } from './authorization-request.ts'
import { bearerCheck } from './bearer.ts'
import { elsewhere } from './elsewhere/openid-client.ts'
import { interaction } from './interactions/interaction.ts'
import type { PageReply, Step } from './interactions/turn.ts'
import { introspectWithToken } from './introspect-with-token.ts'
import { idTokenKeys } from './keys.ts'
import type { PatientChoices } from './patients-of.ts'
import { type FetchOut, newProvider } from './provider.ts'
import { rawForm } from './raw-form.ts'
import { type RecoveryStep, recovery } from './recovery/recovery.ts'
import { namePublicClient } from './refresh-request.ts'
import type { Refusals } from './refusals.ts'

export type AuthorizationServer = {
  /** Whatever the protocol has a word for. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, address?: string) => Promise<void>
  /** Where somebody goes on who comes back from the clinic's own OpenID Connect server; undefined where no sign-in sent them. */
  readonly cameBack: (query: URLSearchParams) => Promise<string | undefined>
  /** A page of a sign-in, or what was filled in there. */
  readonly interaction: (step: Step) => Promise<PageReply>
  /** A page behind a link that somebody was sent, or where they ask for one. */
  readonly recovery: (step: RecoveryStep) => Promise<PageReply>
  /** A page of somebody's own account. */
  readonly account: (step: AccountStep) => Promise<PageReply>
}

type Outside = { readonly fetchOut: FetchOut; readonly patients: PatientChoices; readonly refusals: Refusals }

export function authorizationServer(house: House, { fetchOut, patients, refusals }: Outside): AuthorizationServer {
  const current = currentProvider(house, { fetchOut, refusals })
  const issuer = new URL(issuerOf(house.base))
  const check = bearerCheck(house)
  const other = elsewhere(house, fetchOut)
  return {
    handle: async (request, response, address) => {
      const [path, query = ''] = (request.url ?? '').split('?')
      if (query.includes('%00')) return refusedNul(response)
      if (path === paths.authorization && request.method === 'POST') return asGet(house, request, response)
      if (path === paths.introspection && /^bearer /i.test(request.headers.authorization ?? ''))
        return told(response, async () =>
          introspectWithToken(house, await check(request.headers.authorization), (await rawForm(request)).get('token')),
        )
      if (path === paths.token && request.method === 'POST') {
        if (
          !(await namePublicClient(house, request).then(
            () => true,
            () => false,
          ))
        )
          return void response.writeHead(413, unread).end()
      }
      if (path === paths.authorization) request.url = `${path}?${authorizationQuery(house.base, new URLSearchParams(query))}`
      comeFrom(issuer, request, address)
      await (await current()).provider.callback()(request, response)
    },
    cameBack: async (query) => {
      const uid = await other?.uidOf(query.get('state') ?? '')
      return uid && `${addressOf(house.base, 'interaction')}/${uid}?${query}`
    },
    interaction: async (step) => {
      comeFrom(issuer, step.request)
      return interaction({ house, patients, refusals, elsewhere: other, ...(await current()) }, step)
    },
    recovery: (step) => recovery(house, step),
    account: async (step) => account({ house, secret: (await current()).secret, refusals }, step),
  }
}

/** What is asked is kept until it is answered, and the database keeps no NUL. */
function refusedNul(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json' })
  response.end('{"error":"invalid_request"}')
}

/** The rest of a body that was too long is on the line still: no other request may come after it. */
const unread = { connection: 'close' }

async function asGet(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await rawForm(request).then(
    (form) => response.writeHead(303, { location: `${addressOf(house.base, 'authorization')}?${form}` }),
    () => response.writeHead(413, unread),
  )
  response.end()
}

async function told(response: ServerResponse, ask: () => Promise<object>): Promise<void> {
  response.setHeader('content-type', 'application/json')
  try {
    response.end(JSON.stringify(await ask()))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    response.statusCode = error.kind === 'login' ? 401 : 400
    if (error.kind === 'login') response.setHeader('www-authenticate', 'Bearer realm="slotwise", error="invalid_token"')
    response.end(JSON.stringify({ error: error.kind === 'login' ? 'invalid_token' : 'invalid_request', error_description: error.message }))
  }
}

/** The library makes addresses of what the request says, and is told what the world sees instead. */
function comeFrom(issuer: URL, request: IncomingMessage, address?: string): void {
  request.headers.host = issuer.host
  request.headers['x-forwarded-host'] = issuer.host
  request.headers['x-forwarded-proto'] = issuer.protocol.replace(':', '')
  const prefix = issuer.pathname.replace(/\/$/, '')
  Object.assign(request, { originalUrl: `${prefix}${request.url}`, comesFrom: address })
}

type Current = { readonly provider: Provider; readonly secret: string }

/** One for a house; looks now and then whether the keys are still the same, since another process may have made new ones. */
function currentProvider(house: House, outside: Pick<Outside, 'fetchOut' | 'refusals'>): () => Promise<Current> {
  const known: { kids: string; current?: Current } = { kids: '' }
  const look = async (): Promise<Current> => {
    const jwks = await idTokenKeys(house)
    const kids = jwks.map(({ kid }) => kid).join()
    if (known.current && known.kids === kids) return known.current
    const secret = await sharedSecret(house.pool, house.secrets, 'cookies', newSecret())
    const provider = await newProvider(house, outside, { jwks, cookie: secret })
    Object.assign(known, { kids, current: { provider, secret } })
    return { provider, secret }
  }
  const looking: { at: number; current?: Promise<Current> } = { at: Number.NEGATIVE_INFINITY }
  return () => {
    const now = house.clock.now().getTime()
    if (looking.current && now - looking.at < authServerReloadMs) return looking.current
    looking.at = now
    looking.current = look().catch((error: unknown) => {
      looking.at = Number.NEGATIVE_INFINITY
      throw error
    })
    return looking.current
  }
}
