/**
 * The server's own signing keys, as private JWKs (RFC 7517), kept in the database so that every process signs and
 * verifies alike, each sealed (`base/sealed.ts`). The newest key signs; every key that is here verifies.
 */
import type { Secrets } from '../base/sealed.ts'
import type { Db } from './db.ts'
import { placeOf } from './secrets.ts'
import { prepared } from './sql.ts'

export type SigningKeyRow = { readonly kid: string; readonly jwk: Readonly<Record<string, unknown>> }

const place = (kid: string): string => placeOf('signing_key', kid, 'private_jwk')

/** Every key of an algorithm, the one that signs first. */
export async function signingKeys(db: Db, secrets: Secrets, algorithm: string): Promise<SigningKeyRow[]> {
  const rows = await db.query<{ kid: string; kept: string }>(
    prepared('select kid, private_jwk as kept from signing_key where algorithm = $1 order by created desc, kid limit 100', [algorithm]),
  )
  return rows.map(({ kid, kept }) => ({ kid, jwk: JSON.parse(secrets.open(kept, place(kid))) }))
}

/**
 * Keeps a key where there is none of its algorithm yet. Two processes that start at once may each keep theirs: both then
 * verify, whichever signs, so nothing has to be locked. A statement that is a transaction of its own.
 */
export async function keepFirstSigningKey(db: Db, secrets: Secrets, key: SigningKeyRow, created: Date): Promise<void> {
  await db.query(
    prepared(
      `insert into signing_key (kid, private_jwk, created, algorithm)
       select $1, $2, $3::timestamptz, $4 where not exists (select from signing_key where algorithm = $4)
       on conflict do nothing`,
      [key.kid, secrets.seal(JSON.stringify(key.jwk), place(key.kid)), created, key.jwk.alg],
    ),
  )
}

/** Signs from now on. A statement that is a transaction of its own. */
export async function addSigningKey(db: Db, secrets: Secrets, key: SigningKeyRow, created: Date): Promise<void> {
  await db.query(
    prepared('insert into signing_key (kid, private_jwk, created, algorithm) values ($1, $2, $3::timestamptz, $4)', [
      key.kid,
      secrets.seal(JSON.stringify(key.jwk), place(key.kid)),
      created,
      key.jwk.alg,
    ]),
  )
}

/** Removes those that a newer one has replaced before then; tells how many. A statement that is a transaction of its own. */
export async function removeSigningKeysReplaced(db: Db, before: Date): Promise<number> {
  const text = `delete from signing_key old
     where exists (select from signing_key newer
                    where newer.algorithm = old.algorithm and newer.created > old.created and newer.created < $1::timestamptz)
     returning 1`
  return (await db.query(prepared(text, [before]))).length
}
