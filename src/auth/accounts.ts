/**
 * Who may sign in: made by an operator, checked by name and password, locked after too many attempts. Everything that goes
 * wrong sounds the same to whoever tries. https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
 */
import { actsForPatients, roles } from '../access/role-scopes.ts'
import { fault } from '../base/fault.ts'
import { signInAttemptsMax, signInLockMs } from '../base/sign-in-limits.ts'
import { type AccountRow, addAccountRow, attemptSucceeded, beginAttempt } from '../store/accounts.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { assertPassword, hashPassword, isPassword } from './password.ts'

export type AccountWish = {
  readonly login: string
  readonly name: string
  readonly roles: readonly string[]
  readonly person: string
  readonly actsFor: readonly string[]
  readonly password: string
}

export const accountRoles: readonly string[] = roles

export const plainLogin = (login: string): string => login.trim().toLowerCase().normalize('NFKC')

export async function addAccount(house: Pick<House, 'ids' | 'clock'> & { readonly pool: Db }, wish: AccountWish): Promise<void> {
  const why = whyRefused(wish)
  if (why) throw fault('value', why)
  assertPassword(wish.password)
  const row = {
    id: house.ids.next(),
    login: plainLogin(wish.login),
    name: wish.name,
    roles: wish.roles,
    person: wish.person,
    acts_for: wish.actsFor,
    password: await hashPassword(wish.password),
    disabled: false,
  }
  if (!(await addAccountRow(house.pool, row, house.clock.now()))) throw fault('conflict', `There is an account "${row.login}" already.`)
}

const staffPerson = /^(Practitioner|PractitionerRole|Person)\/[A-Za-z0-9.-]{1,64}$/
const ownPerson = /^(Patient|RelatedPerson|Person)\/[A-Za-z0-9.-]{1,64}$/

function whyRefused({ login, roles: said, person, actsFor }: AccountWish): string | undefined {
  if (!/^\S{1,200}$/.test(plainLogin(login))) return 'A login is one word of up to 200 characters, for example an e-mail address.'
  const odd = said.find((role) => !accountRoles.includes(role))
  if (odd !== undefined || said.length === 0) return `Roles are ${accountRoles.join(', ')}${odd === undefined ? '' : `, not "${odd}"`}.`
  const isOwn = said.every(actsForPatients)
  if (!isOwn && said.some(actsForPatients)) return 'Staff have an account of their own beside the one that they have as a patient.'
  if (!(isOwn ? ownPerson : staffPerson).test(person))
    return isOwn
      ? 'A patient’s account is a Patient, RelatedPerson or Person.'
      : 'A staff account is a Practitioner, PractitionerRole or Person.'
  if (actsFor.some((one) => !/^RelatedPerson\/[A-Za-z0-9.-]{1,64}$/.test(one))) return 'Somebody acts for others by RelatedPersons.'
  return undefined
}

/** Undefined for a wrong name, a wrong password, a disabled account and one that is locked. */
export async function signedIn(house: House, login: string, password: string): Promise<AccountRow | undefined> {
  const limits = { now: house.clock.now(), most: signInAttemptsMax, lockMs: signInLockMs }
  const account = await beginAttempt(house.pool, plainLogin(login), limits)
  if (!(await isPassword(password, account?.password)) || !account) return undefined
  await attemptSucceeded(house.pool, account.id)
  return account
}
