/**
 * What people show beside their password. Each attempt is counted before its code is looked at, and a code is used up by the
 * statement that finds it good: however many come at once, one of them is taken.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type FactorsRow = {
  /** Since when there is an authenticator app. */
  readonly totp: Date | null
  readonly passkeys: number
  readonly recovery_codes: number
}

export async function factorsOf(db: Db, account: string): Promise<FactorsRow> {
  const text = `select (select count(*)::int from account_passkey where account = $1) as passkeys,
         (select created from account_totp where account = $1) as totp,
         (select count(*)::int from account_recovery_code where account = $1) as recovery_codes`
  const [row] = await db.query<FactorsRow>(prepared(text, [account]))
  return row ?? { totp: null, passkeys: 0, recovery_codes: 0 }
}

type Attempts = { readonly now: Date; readonly most: number; readonly lockMs: number }

/** False where the account is disabled, or too many codes were wrong. */
export async function beginCodeAttempt(db: Db, account: string, { now, most, lockMs }: Attempts): Promise<boolean> {
  const text = `update account
       set code_failures = case when code_locked_until is null then code_failures + 1 else 1 end,
           code_locked_until = case when code_locked_until is null and code_failures + 1 >= $3 then $2::timestamptz + $4 * interval '1 ms' end
     where id = $1 and not disabled and (code_locked_until is null or code_locked_until <= $2::timestamptz) returning 1`
  return (await db.query(prepared(text, [account, now, most, lockMs]))).length === 1
}

export async function codeAttemptSucceeded(db: Db, account: string): Promise<void> {
  await db.query(prepared('update account set code_failures = 0, code_locked_until = null where id = $1', [account]))
}

/** As it is kept. */
export async function totpSecret(db: Db, account: string): Promise<string | undefined> {
  const [row] = await db.query<{ secret: string }>(prepared('select secret from account_totp where account = $1', [account]))
  return row?.secret
}

/** False where the code of that half minute, or a later one, was taken before. */
export async function useTotpStep(db: Db, account: string, step: number): Promise<boolean> {
  const text = 'update account_totp set last_step = $2 where account = $1 and last_step < $2 returning 1'
  return (await db.query(prepared(text, [account, step]))).length === 1
}

export type TotpRow = { readonly account: string; readonly secret: string; readonly last_step: number; readonly created: Date }

/** False where there is one already. */
export async function addTotp(db: Db, { account, secret, last_step, created }: TotpRow): Promise<boolean> {
  const text = `insert into account_totp (account, secret, last_step, created) values ($1, $2, $3, $4::timestamptz)
    on conflict do nothing returning 1`
  return (await db.query(prepared(text, [account, secret, last_step, created]))).length === 1
}

export async function removeTotp(db: Db, account: string): Promise<boolean> {
  return (await db.query(prepared('delete from account_totp where account = $1 returning 1', [account]))).length === 1
}

/** In place of those that there were. A statement that is a transaction of its own. */
export async function replaceRecoveryCodes(db: Db, account: string, codes: readonly string[]): Promise<void> {
  const text = `with old as (delete from account_recovery_code where account = $1 and code <> all ($2::text[]))
    insert into account_recovery_code (account, code) select $1, code from unnest($2::text[]) code on conflict do nothing`
  await db.query(prepared(text, [account, codes]))
}

export async function useRecoveryCode(db: Db, account: string, code: string): Promise<boolean> {
  const text = 'delete from account_recovery_code where account = $1 and code = $2 returning 1'
  return (await db.query(prepared(text, [account, code]))).length === 1
}

/** By an operator, for whoever has lost all of them. False where there is no such account. */
export async function removeFactors(db: Db, login: string): Promise<boolean> {
  const text = `with whose as (update account set code_failures = 0, code_locked_until = null where login = $1 returning id),
         totp as (delete from account_totp where account in (select id from whose)),
         passkeys as (delete from account_passkey where account in (select id from whose)),
         codes as (delete from account_recovery_code where account in (select id from whose))
    select 1 from whose`
  return (await db.query(prepared(text, [login]))).length === 1
}
