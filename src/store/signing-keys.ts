/**
 * The server's own signing keys, as private JWKs (RFC 7517), kept in the database so that every process signs and
 * verifies alike. The newest key signs; every key that is here verifies.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type SigningKeyRow = { readonly kid: string; readonly jwk: Readonly<Record<string, unknown>> }

/** Every key, the one that signs first. */
export const signingKeys = (db: Db): Promise<SigningKeyRow[]> =>
  db.query<SigningKeyRow>(prepared('select kid, private_jwk as jwk from signing_key order by created desc, kid limit 100', []))

/**
 * Keeps a key where there is none yet. Two processes that start at once may each keep theirs: both then verify, whichever
 * signs, so nothing has to be locked. A statement that is a transaction of its own.
 */
export async function keepFirstSigningKey(db: Db, key: SigningKeyRow, created: Date): Promise<void> {
  await db.query(
    prepared(
      `insert into signing_key (kid, private_jwk, created)
       select $1, $2::jsonb, $3::timestamptz where not exists (select from signing_key)
       on conflict do nothing`,
      [key.kid, JSON.stringify(key.jwk), created],
    ),
  )
}
