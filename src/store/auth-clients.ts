/**
 * The programs that may ask for tokens, in the words of RFC 7591. A secret stands here as its hash.
 * https://www.rfc-editor.org/rfc/rfc7591
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type AuthClientRow = {
  readonly id: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** The most that it is given. */
  readonly scope: string
  readonly created: Date
}

/** False where there is one of that id. A statement that is a transaction of its own. */
export async function addAuthClient(db: Db, { id, metadata, scope, created }: AuthClientRow): Promise<boolean> {
  const text = `insert into auth_client (id, metadata, scope, created) values ($1, $2::jsonb, $3, $4::timestamptz)
    on conflict do nothing returning 1`
  return (await db.query(prepared(text, [id, JSON.stringify(metadata), scope, created]))).length === 1
}

export async function findAuthClient(db: Db, id: string): Promise<AuthClientRow | undefined> {
  const [row] = await db.query<AuthClientRow>(prepared('select id, metadata, scope, created from auth_client where id = $1', [id]))
  return row
}

export const listAuthClients = (db: Db, most: number): Promise<AuthClientRow[]> =>
  db.query<AuthClientRow>(prepared('select id, metadata, scope, created from auth_client order by created, id limit $1', [most]))

/** With everything that was given to it. False where there is none. A statement that is a transaction of its own. */
export async function removeAuthClient(db: Db, id: string): Promise<boolean> {
  const text = `with state as (delete from auth_state where client = $1)
    delete from auth_client where id = $1 returning 1`
  return (await db.query(prepared(text, [id]))).length === 1
}
