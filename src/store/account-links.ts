/**
 * Links that let somebody choose a new password, or show that an address is theirs. What stands in the link is kept as its
 * SHA-256, for a while, and is good once. Each function is one statement, a transaction of its own.
 */
import { createHash } from 'node:crypto'
import type { LinkKind } from '../base/account-links.ts'
import { newSecret } from '../base/ids.ts'
import { consumeState, dropState, findState, keepState } from './auth-state.ts'
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

const modelOf = (kind: LinkKind): string => `Link ${kind}`
const idOf = (held: string): string => createHash('sha256').update(held).digest('base64url')

export type NewLink = { readonly kind: LinkKind; readonly account: string; readonly email?: string; readonly expires: Date }

/** Gives what stands in the link: the only time that it can be had. */
export async function newAccountLink(db: Db, { kind, account, email, expires }: NewLink): Promise<string> {
  const held = newSecret()
  await keepState(db, { model: modelOf(kind), id: idOf(held), payload: { email }, account, expires })
  return held
}

export type FoundLink = { readonly account: string; readonly email?: string }

/** Undefined where it has run out or was used. */
export async function findAccountLink(db: Db, kind: LinkKind, held: string, now: Date): Promise<FoundLink | undefined> {
  const found = await findState(db, modelOf(kind), idOf(held), now)
  if (!found?.account || found.consumed) return undefined
  return { account: found.account, ...(typeof found.payload.email === 'string' ? { email: found.payload.email } : {}) }
}

/** False where it was used before. */
export const useAccountLink = (db: Db, kind: LinkKind, held: string, now: Date): Promise<boolean> =>
  consumeState(db, modelOf(kind), idOf(held), now)

/** One that did not reach anybody. */
export const dropAccountLink = (db: Db, kind: LinkKind, held: string): Promise<void> => dropState(db, modelOf(kind), idOf(held))

/** How many somebody has that are good. */
export async function linksOf(db: Db, kind: LinkKind, account: string, now: Date): Promise<number> {
  const text =
    'select count(*)::int as n from auth_state where account = $1 and model = $2 and consumed is null and expires > $3::timestamptz'
  const [row] = await db.query<{ n: number }>(prepared(text, [account, modelOf(kind), now]))
  return row?.n ?? 0
}

export async function accountWithEmail(db: Db, email: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(prepared('select id from account where email = $1 and not disabled', [email]))
  return row?.id
}

/** False where it is another account's. */
export async function setEmail(db: Db, account: string, email: string): Promise<boolean> {
  const text = `update account set email = $2 where id = $1 and not disabled
       and not exists (select from account other where other.email = $2 and other.id <> $1) returning 1`
  return (await db.query(prepared(text, [account, email]))).length === 1
}
