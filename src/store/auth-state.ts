/**
 * What the authorization server must remember: codes, tokens, grants, sessions, used assertions. A row's id is the hash of
 * what its bearer holds; who hashes is `auth/provider-state.ts`. Each function is one statement, a transaction of its own.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type AuthState = {
  /** As oidc-provider names it: `AccessToken`, `Session` … */
  readonly model: string
  readonly id: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly grantId?: string
  readonly uid?: string
  readonly client?: string
  readonly account?: string
  readonly expires: Date
}

export type FoundState = { readonly payload: Record<string, unknown>; readonly consumed: Date | null; readonly account?: string | null }

const valuesOf = ({ model, id, payload, grantId, uid, client, account, expires }: AuthState): unknown[] => [
  model,
  id,
  JSON.stringify(payload),
  grantId ?? null,
  uid ?? null,
  client ?? null,
  account ?? null,
  expires,
]

const insert = `insert into auth_state (model, id, payload, grant_id, uid, client, account, expires)
  values ($1, $2, $3::jsonb, $4, $5, $6, $7, $8::timestamptz)`

export async function keepState(db: Db, state: AuthState): Promise<void> {
  const text = `${insert} on conflict (model, id) do update
    set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, client = excluded.client,
        account = excluded.account, expires = excluded.expires`
  await db.query(prepared(text, valuesOf(state)))
}

/** False where it is there already, whoever came first: two at once cannot both be told that they were. */
export async function keepStateOnce(db: Db, state: AuthState): Promise<boolean> {
  const rows = await db.query(prepared(`${insert} on conflict (model, id) do nothing returning 1`, valuesOf(state)))
  return rows.length === 1
}

export async function findState(db: Db, model: string, id: string, now: Date): Promise<FoundState | undefined> {
  const text = 'select payload, consumed, account from auth_state where model = $1 and id = $2 and expires > $3::timestamptz'
  const [row] = await db.query<FoundState>(prepared(text, [model, id, now]))
  return row
}

export async function findStateByUid(db: Db, model: string, uid: string, now: Date): Promise<FoundState | undefined> {
  const text = 'select payload, consumed from auth_state where uid = $2 and model = $1 and expires > $3::timestamptz limit 1'
  const [row] = await db.query<FoundState>(prepared(text, [model, uid, now]))
  return row
}

/** False where it was used up before, or is not there. */
export async function consumeState(db: Db, model: string, id: string, now: Date): Promise<boolean> {
  const text = `update auth_state set consumed = $3::timestamptz
     where model = $1 and id = $2 and consumed is null and expires > $3::timestamptz returning 1`
  return (await db.query(prepared(text, [model, id, now]))).length === 1
}

export async function dropState(db: Db, model: string, id: string): Promise<void> {
  await db.query(prepared('delete from auth_state where model = $1 and id = $2', [model, id]))
}

export async function dropStateOfGrant(db: Db, model: string, grantId: string): Promise<void> {
  await db.query(prepared('delete from auth_state where grant_id = $2 and model = $1', [model, grantId]))
}

/** Tells how many went; one that is being written just now is left to the next time. */
export async function dropExpiredState(db: Db, now: Date, most: number): Promise<number> {
  const text = `delete from auth_state where ctid = any(array(
       select ctid from auth_state where expires <= $1::timestamptz order by expires limit $2 for update skip locked))
     returning 1`
  return (await db.query(prepared(text, [now, most]))).length
}

export type TokenState = { readonly payload: Record<string, unknown> }

/**
 * An access token that is good now. It ends with its client, also where that waits for an operator's word again, and with its
 * account, and one that is bound to a session with that.
 */
export async function findAccessToken(db: Db, id: string, now: Date): Promise<TokenState | undefined> {
  const text = `select token.payload from auth_state token
     where token.model in ('AccessToken', 'ClientCredentials') and token.id = $1 and token.expires > $2::timestamptz
       and exists (select from auth_client where auth_client.id = token.client and not auth_client.waiting)
       and not exists (select from account where account.id = token.account and account.disabled)
       and (token.payload->>'expiresWithSession' is distinct from 'true' or exists (
             select from auth_state session
              where session.uid = token.payload->>'sessionUid' and session.model = 'Session' and session.expires > $2::timestamptz))
     limit 1`
  const [row] = await db.query<TokenState>(prepared(text, [id, now]))
  return row
}
