/**
 * Whose account somebody is who signed in at the clinic's own server: the one that an operator linked with them, or, where
 * the setting says so, the one whose login is their verified e-mail address. Nobody is given an account by coming here.
 */
import { actsForPatients } from '../../access/role-scopes.ts'
import { fault } from '../../base/fault.ts'
import { rolesIn, type SignInElsewhere } from '../../base/sign-in-elsewhere.ts'
import { findAccountOf, linkIdentity, setRoles } from '../../store/account-identities.ts'
import type { AccountRow } from '../../store/accounts.ts'
import type { House } from '../../store/house.ts'
import { plainLogin } from '../accounts.ts'
import type { Claims } from './openid-client.ts'

export async function accountOf(house: House, setting: SignInElsewhere, claims: Claims): Promise<AccountRow> {
  const identity = { issuer: setting.issuer, subject: claims.sub }
  const login = setting.linksByEmail ? verifiedEmail(claims) : undefined
  const known = await findAccountOf(house.pool, identity)
  if (known) return withRoles(house, setting, claims, known)
  if (login !== undefined) await linkIdentity(house.pool, identity, login, house.clock.now())
  const linked = login === undefined ? undefined : await findAccountOf(house.pool, identity)
  if (!linked) throw fault('forbidden', 'Nobody here has an account for it: ask the clinic to link yours')
  return withRoles(house, setting, claims, linked)
}

const verifiedEmail = ({ email, email_verified }: Claims): string | undefined =>
  typeof email === 'string' && email_verified === true ? plainLogin(email) : undefined

/** Staff are what the claim says just now; a patient's account never becomes a member of staff's, nor the other way round. */
async function withRoles(house: House, { roles: setting }: SignInElsewhere, claims: Claims, account: AccountRow): Promise<AccountRow> {
  if (!setting) return account
  const roles = rolesIn(setting, claims)
  const isOwn = account.roles.every(actsForPatients)
  if (roles.length === 0 || roles.some((role) => actsForPatients(role) !== isOwn))
    throw fault('forbidden', 'It gives no role that lets this account in: ask the clinic')
  await setRoles(house.pool, account.id, roles)
  return { ...account, roles }
}
