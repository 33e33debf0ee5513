/**
 * Subscriptions of before their secrets were sealed: the versions in which they stand as they were written, and the states
 * in which they were kept beside what is asked for. `jobs/seal-channels.ts` seals them, once, so many at a time.
 */
import { secretsAtOnceMax } from '../base/limits.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type OpenVersion = { readonly id: string; readonly version: string; readonly body: string }

export const openTables = ['subscription', 'subscription_history'] as const
type OpenTable = (typeof openTables)[number]

/** In order behind `after`: those whose channel has headers, or an extension of this address. */
export async function openVersions(tx: Tx, table: OpenTable, extension: string, after?: OpenVersion): Promise<OpenVersion[]> {
  return tx.query<OpenVersion>(
    prepared(
      `select id, version::text as version, body::text as body from ${table}
        where (id, version) > ($2, $3::bigint)
          and (body->'channel' ? 'header' or body->'channel' ? '_header' or body->'channel'->'extension' @> $1::jsonb)
        order by id, version limit ${secretsAtOnceMax} for update`,
      [JSON.stringify([{ url: extension }]), after?.id ?? '', after?.version ?? '0'],
    ),
  )
}

/** What they say is the same, so their versions and their times stay. */
export async function rewriteVersions(tx: Tx, table: OpenTable, versions: readonly OpenVersion[]): Promise<void> {
  await tx.query(
    prepared(
      `update ${table} t set body = fresh.body::jsonb from unnest($1::text[], $2::bigint[], $3::text[]) fresh (id, version, body)
        where t.id = fresh.id and t.version = fresh.version`,
      [versions.map(({ id }) => id), versions.map(({ version }) => version), versions.map(({ body }) => body)],
    ),
  )
}

export type OpenState = { readonly id: string; readonly kept: { readonly headers: unknown; readonly secret?: unknown } }

export async function openStates(tx: Tx, after?: OpenState): Promise<OpenState[]> {
  return tx.query<OpenState>(
    prepared(
      `select subscription as id, jsonb_strip_nulls(jsonb_build_object('headers', asked->'headers', 'secret', asked->'secret')) as kept
         from subscription_state where subscription > $1 and (asked ? 'headers' or asked ? 'secret')
        order by subscription limit ${secretsAtOnceMax} for update`,
      [after?.id ?? ''],
    ),
  )
}

export async function sealStates(tx: Tx, states: readonly { readonly id: string; readonly secrets: string }[]): Promise<void> {
  await tx.query(
    prepared(
      `update subscription_state t set asked = asked - 'headers' - 'secret', secrets = fresh.secrets
         from unnest($1::text[], $2::text[]) fresh (id, secrets) where t.subscription = fresh.id`,
      [states.map(({ id }) => id), states.map(({ secrets }) => secrets)],
    ),
  )
}

export async function areChannelsSealed(db: Db): Promise<boolean> {
  return (await db.query(prepared(`select 1 from milestone where name = 'channels-sealed'`, []))).length > 0
}

export async function reachSealed(tx: Tx): Promise<void> {
  await tx.query(prepared(`insert into milestone (name) values ('channels-sealed') on conflict do nothing`, []))
}
