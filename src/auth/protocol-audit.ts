/**
 * What the protocol's own endpoints do, in the audit: tokens given and refused, people signing out. Written before the answer
 * leaves. https://profiles.ihe.net/ITI/IUA/ (ITI-71)
 */
import type { Context } from 'oidc-provider'
import { securityEvent } from '../audit/security-event.ts'
import { serverClient } from '../base/own-clients.ts'
import { findAccount } from '../store/accounts.ts'
import type { House } from '../store/house.ts'
import { paths } from './addresses.ts'
import type { Refusals } from './refusals.ts'

export const auditedProtocol = (house: House, refusals: Refusals) => async (context: Context, next: () => Promise<void>) => {
  await next()
  if (context.path === paths.token && context.method === 'POST') await token(house, refusals, context)
  if (context.path === `${paths.end_session}/confirm` && context.status === 303) await signOut(house, context)
}

/** A program that could not show who it is has said a name that is anybody's. */
async function token(house: House, refusals: Refusals, context: Context): Promise<void> {
  const { client, entities } = context.oidc
  const address = addressIn(context)
  if (context.status !== 200) return refusals.note({ why: 'token-request', client: client?.clientId, address })
  const account = entities.AccessToken?.accountId
  await securityEvent(house, { what: 'token', client: client?.clientId ?? 'unknown', user: await personOf(house, account), address })
}

async function signOut(house: House, context: Context): Promise<void> {
  const { client, session, params } = context.oidc
  const person = params.logout ? await personOf(house, session?.accountId) : undefined
  if (person === undefined) return
  await securityEvent(house, { what: 'sign-out', client: client?.clientId ?? serverClient, user: person, address: addressIn(context) })
}

const personOf = async ({ pool }: House, account: string | undefined): Promise<string | undefined> =>
  account === undefined ? undefined : (await findAccount(pool, account))?.person

/** As the door tells it (`authorization-server.ts`): what the library makes of X-Forwarded-For is what anybody says. */
const addressIn = ({ req }: Context): string | undefined => req.comesFrom
