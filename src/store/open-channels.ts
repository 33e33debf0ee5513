/**
 * Subscriptions of before their secrets were sealed: the versions in which they stand as they were written, and the states
 * in which they were kept beside what is asked for. `jobs/seal-channels.ts` seals them, once.
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

export type OpenVersion = {
  readonly table: 'subscription' | 'subscription_history'
  readonly id: string
  readonly version: string
  readonly body: string
}

/** Superseded ones too: those whose channel has headers, or an extension of this address. */
export async function openVersions(tx: Tx, extension: string): Promise<OpenVersion[]> {
  const found: OpenVersion[] = []
  for (const table of ['subscription', 'subscription_history'] as const) {
    const rows = await tx.query<Omit<OpenVersion, 'table'>>(
      prepared(
        `select id, version::text as version, body::text as body from ${table}
          where body->'channel' ? 'header' or body->'channel' ? '_header' or body->'channel'->'extension' @> $1::jsonb
          order by id, version for update`,
        [JSON.stringify([{ url: extension }])],
      ),
    )
    found.push(...rows.map((row) => ({ ...row, table })))
  }
  return found
}

/** What it says is the same, so its version and its time stay. */
export async function rewriteVersion(tx: Tx, { table, id, version, body }: OpenVersion): Promise<void> {
  await tx.query(prepared(`update ${table} set body = $3::jsonb where id = $1 and version = $2::bigint`, [id, version, body]))
}

export type OpenState = { readonly id: string; readonly kept: { readonly headers: unknown; readonly secret?: unknown } }

export async function openStates(tx: Tx): Promise<OpenState[]> {
  return tx.query<OpenState>(
    prepared(
      `select subscription as id, jsonb_strip_nulls(jsonb_build_object('headers', asked->'headers', 'secret', asked->'secret')) as kept
         from subscription_state where asked ? 'headers' or asked ? 'secret' order by subscription for update`,
      [],
    ),
  )
}

export async function sealState(tx: Tx, id: string, secrets: string): Promise<void> {
  await tx.query(
    prepared(`update subscription_state set asked = asked - 'headers' - 'secret', secrets = $2 where subscription = $1`, [id, secrets]),
  )
}

/** False where it was reached before. Others who ask wait until this transaction is over. */
export async function reachSealed(tx: Tx): Promise<boolean> {
  const rows = await tx.query(prepared(`insert into milestone (name) values ('channels-sealed') on conflict do nothing returning 1`, []))
  return rows.length > 0
}
