/**
 * Answers remembered for a repeated `Idempotency-Key`, in the transaction that made them true.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { fault, type Issue } from '../base/fault.ts'
import { idempotencyHoursKept } from '../base/limits.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

/** Whose key it is, and a digest of what was asked. */
export type IdempotencyKey = { readonly client: string; readonly person: string; readonly key: string; readonly request: string }

export type VersionMade = { readonly appointment: string; readonly version: string }

/** What came of it: the Appointment as of a version, those of a series with what was left out, or a refusal. */
export type Outcome =
  | (VersionMade & { readonly series?: readonly VersionMade[]; readonly leftOut?: readonly Issue[] })
  | { readonly kind: string; readonly issues: readonly Issue[] }

export async function rememberedOutcome(db: Db, key: IdempotencyKey): Promise<{ request: string; outcome: Outcome } | undefined> {
  const [row] = await db.query<{ request: string; outcome: Outcome }>(
    prepared(
      `select request, outcome from idempotency
        where client = $1 and person = $2 and key = $3 and at > now() - make_interval(hours => $4)`,
      [key.client, key.person, key.key, idempotencyHoursKept],
    ),
  )
  return row
}

/** Makes this transaction the only one that works on the key; another one in flight is a conflict. */
export async function claimKey(tx: Tx, key: IdempotencyKey): Promise<void> {
  const [row] = await tx.query<{ mine: boolean }>(
    prepared('select pg_try_advisory_xact_lock(hashtextextended($1, 7)) as mine', [`${key.client}\n${key.person}\n${key.key}`]),
  )
  if (!row?.mine || (await rememberedOutcome(tx, key)))
    throw fault('conflict', 'A request with this Idempotency-Key is still being answered. Repeat it in a moment.')
}

export async function remember(db: Db, key: IdempotencyKey, outcome: Outcome, at: string): Promise<void> {
  await db.query(
    prepared(
      `insert into idempotency (client, person, key, request, outcome, at) values ($1, $2, $3, $4, $5::jsonb, $6::timestamptz)
       on conflict (client, person, key) do update set request = excluded.request, outcome = excluded.outcome, at = excluded.at
         where idempotency.at <= now() - make_interval(hours => $7)`,
      [key.client, key.person, key.key, key.request, JSON.stringify(outcome), at, idempotencyHoursKept],
    ),
  )
}

export async function forgetOldKeys(db: Db): Promise<void> {
  await db.query(prepared('delete from idempotency where at <= now() - make_interval(hours => $1)', [idempotencyHoursKept]))
}
