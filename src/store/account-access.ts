/**
 * Where somebody is signed in and what they have let apps do, and how each of it ends. Whatever an account's row in
 * `auth_state` stands for is good for nothing once the row is gone. Each function is one statement, a transaction of its own.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type SessionRow = { readonly id: string; readonly model: string; readonly since: Date; readonly expires: Date }
export type AppRow = {
  readonly grant: string
  readonly name: string
  readonly since: Date
  readonly expires: Date
  /** It goes on by itself, with a refresh token. */
  readonly lasting: boolean
}

type Whose = { readonly account: string; readonly now: Date; readonly most: number }

export const sessionsOf = (db: Db, { account, now, most }: Whose): Promise<SessionRow[]> => {
  const text = `select id, model, to_timestamp(coalesce(payload->>'loginTs', payload->>'iat')::bigint) as since, expires from auth_state
     where account = $1 and model in ('Session', 'AccountSession') and expires > $2::timestamptz
     order by since desc, id limit $3`
  return db.query<SessionRow>(prepared(text, [account, now, most]))
}

export const appsOf = (db: Db, { account, now, most }: Whose): Promise<AppRow[]> => {
  const text = `select grant_id as grant, coalesce(auth_client.metadata->>'client_name', state.client) as name,
         to_timestamp(min(coalesce(payload->>'iiat', payload->>'iat')::bigint)) as since,
         max(expires) as expires, bool_or(model = 'RefreshToken') as lasting
    from auth_state state left join auth_client on auth_client.id = state.client
   where account = $1 and model in ('RefreshToken', 'AccessToken') and consumed is null and expires > $2::timestamptz
     and grant_id is not null
   group by grant_id, auth_client.metadata, state.client order by since desc, grant_id limit $3`
  return db.query<AppRow>(prepared(text, [account, now, most]))
}

/** False where it is not theirs, or over. */
export async function endSession(db: Db, account: string, id: string): Promise<boolean> {
  const text = `delete from auth_state where account = $1 and model in ('Session', 'AccountSession') and id = $2 returning 1`
  return (await db.query(prepared(text, [account, id]))).length > 0
}

/** `grantId` as the tokens name it, `id` as the grant's own row does. */
export async function endApp(db: Db, account: string, { grantId, id }: { grantId: string; id: string }): Promise<boolean> {
  const text = `delete from auth_state where account = $1 and (grant_id = $2 or model = 'Grant' and id = $3) returning 1`
  return (await db.query(prepared(text, [account, grantId, id]))).length > 0
}

/**
 * Every session, grant and token of theirs but the one session, and every sign-in that has got past its password: what
 * somebody else may have begun with what they knew.
 */
const signOutEverywhere = (who: string, kept: string): string => `delete from auth_state
  where account in (${who}) and id is distinct from ${kept}
     or model = 'Interaction' and payload->'result'->'login'->>'accountId' in (${who})`

export async function endAllAccess(db: Db, account: string, keptSession: string | undefined): Promise<void> {
  await db.query(prepared(signOutEverywhere('$1', '$2'), [account, keptSession ?? null]))
}

/** A new password ends whatever the old one opened. False where the account is gone or disabled. */
export async function replacePassword(db: Db, account: string, password: string, keptSession: string | undefined): Promise<boolean> {
  const text = `with changed as (
      update account set password = $2, failures = 0, locked_until = null where id = $1 and not disabled returning id),
    over as (${signOutEverywhere('select id from changed', '$3')})
    select 1 from changed`
  return (await db.query(prepared(text, [account, password, keptSession ?? null]))).length === 1
}

/** By an operator: also lets in again whom too many attempts have locked out, or who is disabled. False where there is none. */
export async function setPassword(db: Db, login: string, password: string): Promise<boolean> {
  const text = `with changed as (
      update account set password = $2, failures = 0, locked_until = null, disabled = false where login = $1 returning id),
    over as (${signOutEverywhere('select id from changed', '$3::text')})
    select 1 from changed`
  return (await db.query(prepared(text, [login, password, null]))).length === 1
}
