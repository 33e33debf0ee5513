/**
 * The programs that may ask for tokens, in the words of RFC 7591. A secret stands here as its hash, and so does the token with
 * which a program that registered itself looks after its registration. https://www.rfc-editor.org/rfc/rfc7591
 *
 * One that waits for an operator's word is found by none but those who ask for it as a registration.
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type AuthClientRow = {
  readonly id: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** The most that it is given. */
  readonly scope: string
  readonly created: Date
}

/** By an operator's command, with an invitation of one, or unasked. */
export type Registered = 'operator' | 'invited' | 'unasked'
export type RegistrationRow = AuthClientRow & { readonly came: Registered; readonly waiting: boolean }

const columns = 'id, metadata, scope, created, came, waiting'

/** False where there is one of that id. A statement that is a transaction of its own. */
export async function addAuthClient(db: Db, { id, metadata, scope, created }: AuthClientRow): Promise<boolean> {
  const text = `insert into auth_client (id, metadata, scope, created) values ($1, $2::jsonb, $3, $4::timestamptz)
    on conflict do nothing returning 1`
  return (await db.query(prepared(text, [id, JSON.stringify(metadata), scope, created]))).length === 1
}

export async function findAuthClient(db: Db, id: string): Promise<AuthClientRow | undefined> {
  // Anybody may say anything; Postgres refuses to compare with NUL.
  if (id.includes('\0')) return undefined
  const text = 'select id, metadata, scope, created from auth_client where id = $1 and not waiting'
  const [row] = await db.query<AuthClientRow>(prepared(text, [id]))
  return row
}

export const listAuthClients = (db: Db, most: number): Promise<RegistrationRow[]> =>
  db.query<RegistrationRow>(prepared(`select ${columns} from auth_client order by created, id limit $1`, [most]))

/** With everything that was given to it. False where there is none. A statement that is a transaction of its own. */
export async function removeAuthClient(db: Db, id: string): Promise<boolean> {
  const text = `with state as (delete from auth_state where client = $1)
    delete from auth_client where id = $1 returning 1`
  return (await db.query(prepared(text, [id]))).length === 1
}

/** Of a program that registers itself; `keeper` is the hash of what it was given to look after that. */
export async function addRegistration(tx: Tx, { keeper, ...row }: RegistrationRow & { readonly keeper: string }): Promise<void> {
  const text = `insert into auth_client (id, metadata, scope, created, came, waiting, waits_since, keeper)
    values ($1, $2::jsonb, $3, $4::timestamptz, $5, $6, case when $6 then $4::timestamptz end, $7)`
  const values = [row.id, JSON.stringify(row.metadata), row.scope, row.created, row.came, row.waiting, keeper]
  await tx.query(prepared(text, values))
}

export async function findRegistration(db: Db, id: string, keeper: string): Promise<RegistrationRow | undefined> {
  const text = `select ${columns} from auth_client where id = $1 and keeper = $2`
  const [row] = await db.query<RegistrationRow>(prepared(text, [id, keeper]))
  return row
}

export type RegistrationChange = Pick<RegistrationRow, 'id' | 'metadata' | 'scope' | 'waiting'> & {
  readonly at: Date
  readonly keeper: string
  readonly nextKeeper: string
}

/**
 * False where another was quicker with the same token. Who waits already is not given longer by a change. One that waits has
 * nothing of what it was given before: who is approved again may be another.
 */
export async function changeRegistration(tx: Tx, change: RegistrationChange): Promise<boolean> {
  const text = `with changed as (
      update auth_client set metadata = $3::jsonb, scope = $4, waiting = $5, keeper = $6,
             waits_since = case when $5 then coalesce(waits_since, $7::timestamptz) end
       where id = $1 and keeper = $2 returning waiting),
    over as (delete from auth_state where client = $1 and exists (select from changed where waiting))
    select 1 from changed`
  const { id, at, keeper, metadata, scope, waiting, nextKeeper } = change
  return (await tx.query(prepared(text, [id, keeper, JSON.stringify(metadata), scope, waiting, nextKeeper, at]))).length === 1
}

/** As it is then; undefined where there is none that waits. `scope`: instead of what it asked for. */
export async function approveRegistration(tx: Tx, id: string, scope: string | undefined): Promise<RegistrationRow | undefined> {
  const text = `update auth_client set waiting = false, waits_since = null, scope = coalesce($2, scope) where id = $1 and waiting returning ${columns}`
  const [row] = await tx.query<RegistrationRow>(prepared(text, [id, scope ?? null]))
  return row
}

/** Whether as many wait as may. Two at once may come to one more than that. */
export async function isWaitingRoomFull(db: Db, most: number): Promise<boolean> {
  const text = 'select count(*) >= $1 as full from (select from auth_client where waiting limit $1) waiting'
  const [row] = await db.query<{ full: boolean }>(prepared(text, [most]))
  return row?.full === true
}

/** Who has waited since before then. Tells how many went. A statement that is a transaction of its own. */
export async function dropUnapproved(db: Db, before: Date): Promise<number> {
  const text = 'delete from auth_client where waiting and waits_since < $1::timestamptz returning 1'
  return (await db.query(prepared(text, [before]))).length
}
