/**
 * Who an account is at another server, by issuer and subject: the two things that such a server never gives to somebody else.
 * https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
 */
import type { AccountRow } from './accounts.ts'
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type Identity = { readonly issuer: string; readonly subject: string }

/** Undefined also where the account is disabled. */
export async function findAccountOf(db: Db, { issuer, subject }: Identity): Promise<AccountRow | undefined> {
  const text = `select a.id, a.login, a.name, a.roles, a.person, a.acts_for, a.password, a.disabled
     from account_identity i join account a on a.id = i.account
    where i.issuer = $1 and i.subject = $2 and not a.disabled`
  const [row] = await db.query<AccountRow>(prepared(text, [issuer, subject]))
  return row
}

/**
 * False where there is no such account, where it is somebody else there already, or where the subject is another's account: an
 * address that a mail server gives to the next person opens nothing. A statement that is a transaction of its own.
 */
export async function linkIdentity(db: Db, { issuer, subject }: Identity, login: string, now: Date): Promise<boolean> {
  const text = `insert into account_identity (issuer, subject, account, linked)
    select $1, $2, id, $4::timestamptz from account where login = $3 and not disabled
    on conflict do nothing returning 1`
  return (await db.query(prepared(text, [issuer, subject, login, now]))).length === 1
}

/** Of an account: it signs in there no more. False where it never did. A statement that is a transaction of its own. */
export async function unlinkIdentity(db: Db, issuer: string, login: string): Promise<boolean> {
  const text = `delete from account_identity i using account a
    where a.id = i.account and a.login = $2 and i.issuer = $1 returning 1`
  return (await db.query(prepared(text, [issuer, login]))).length === 1
}

/**
 * What an app was let do in their name stays within their new roles at the next sign-in. A statement that is a transaction of
 * its own.
 */
export async function setRoles(db: Db, id: string, roles: readonly string[]): Promise<void> {
  await db.query(prepared('update account set roles = $2::text[] where id = $1 and roles <> $2::text[]', [id, roles]))
}
