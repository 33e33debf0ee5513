/**
 * Versions of one type or of many, newest first, as a page: first which they are, by time, then what they say.
 * https://hl7.org/fhir/R4/http.html#history
 * Bounds are those of the resource as it is now, or as it was last where it is deleted; whether each version may be shown is
 * for the caller, who reads them. Nothing is written down here: see `auditVersions`.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Definitions } from '../fhir/definitions/types.ts'
import { type AuditRow, auditInsert, patientsIn } from './audit-rows.ts'
import type { Db } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import type { StoredRow } from './resources.ts'
import { boundConditions } from './search/compile.ts'
import type { Bounds } from './search/scope.ts'
import { instant, statementOf, text } from './search/statement.ts'
import { params, prepared } from './sql.ts'

export type HistoryWindow = {
  /** ISO 8601: versions made at or after it. */
  readonly since?: string
  /** ISO 8601, half-open: versions that were current at some time between the two. */
  readonly at?: { readonly lower: string; readonly upper: string }
  /** Versions older than this one. */
  readonly before?: HistoryKey
  readonly count: number
}

/** `updated` as Postgres writes it. */
export type HistoryKey = { readonly updated: string; readonly type: string; readonly id: string; readonly version: string }

export type HistoryRow = StoredRow & {
  readonly type: string
  readonly id: string
  /** The patients whom the resource concerns now, or did last. */
  readonly concerned: readonly string[]
}

/** The keys of a page, and one more where there is a next page. */
export async function historyKeys(
  db: Db,
  definitions: Definitions,
  types: readonly { readonly type: string; readonly bounds: Bounds }[],
  window: HistoryWindow,
): Promise<HistoryKey[]> {
  if (types.length === 0) return []
  const each = types.map(({ type, bounds }) => sql`(${keysOf(definitions, type, bounds, window)})`)
  const composed = sql`select type, id, version::text as version, updated::text as updated from (${join(each, ' union all ')}) as k
    order by k.updated desc, k.type collate "C" desc, k.id desc, k.version desc limit ${window.count}::int`
  return db.query<HistoryKey>(statementOf(composed, false))
}

function keysOf(definitions: Definitions, type: string, bounds: Bounds, window: HistoryWindow): Sql {
  const within = boundConditions({ definitions, type, alias: 't', bounds })
  const table = raw(tableOf(type))
  const history = raw(historyTableOf(type))
  const current = [sql`true`, ...within, ...inWindow('t', type, window)]
  const superseded = [sql`true`, ...within, ...inWindow('h', type, window)]
  const from = within.length > 0 ? sql`${history} as h join ${table} as t on t.id = h.id` : sql`${history} as h`
  // Each half is cut by itself, off its own index: of a union as a whole Postgres would sort every row.
  return sql`select ${text(type)} as type, v.id, v.version, v.updated from (
      (select t.id, t.version, t.updated from ${table} as t where ${join(current, ' and ')} ${newest('t', window)})
      union all
      (select h.id, h.version, h.updated from ${from} where ${join(superseded, ' and ')} ${newest('h', window)})) as v
    ${newest('v', window)}`
}

const newest = (alias: 't' | 'h' | 'v', { count }: HistoryWindow): Sql =>
  sql`order by ${raw(`${alias}.updated desc, ${alias}.id desc, ${alias}.version desc`)} limit ${count}::int`

function inWindow(alias: 't' | 'h', type: string, { since, at, before }: HistoryWindow): Sql[] {
  const updated = raw(`${alias}.updated`)
  return [
    ...(since === undefined ? [] : [sql`${updated} >= ${instant(since)}`]),
    ...(at === undefined ? [] : [sql`${updated} < ${instant(at.upper)}`]),
    ...(at === undefined || alias === 't' ? [] : [sql`${supersededAt(type)} > ${instant(at.lower)}`]),
    ...(before === undefined ? [] : [isOlder(alias, type, before)]),
  ]
}

/** When the next version came. */
function supersededAt(type: string): Sql {
  const next = sql`where n.id = h.id and n.version = h.version + 1`
  return sql`coalesce((select n.updated from ${raw(historyTableOf(type))} as n ${next}), (select n.updated from ${raw(tableOf(type))} as n ${next}))`
}

/** In the order of the page: by time, type, id and version. */
function isOlder(alias: 't' | 'h', type: string, before: HistoryKey): Sql {
  const updated = raw(`${alias}.updated`)
  if (type > before.type) return sql`${updated} < ${instant(before.updated)}`
  if (type < before.type) return sql`${updated} <= ${instant(before.updated)}`
  const key = raw(`(${alias}.updated, ${alias}.id, ${alias}.version)`)
  return sql`${key} < (${instant(before.updated)}, ${text(before.id)}, ${before.version}::bigint)`
}

/** What the versions say, in the order of the keys. One that has gone meanwhile is left out. */
export async function historyRows(db: Db, keys: readonly HistoryKey[]): Promise<HistoryRow[]> {
  const found = new Map<string, HistoryRow>()
  for (const [type, wanted] of Map.groupBy(keys, (key) => key.type)) {
    for (const row of await versionsOfType(db, type, wanted)) found.set(`${type}/${row.id}/${row.version}`, { ...row, type })
  }
  return keys.flatMap(({ type, id, version }) => found.get(`${type}/${id}/${version}`) ?? [])
}

async function versionsOfType(db: Db, type: string, keys: readonly HistoryKey[]): Promise<Omit<HistoryRow, 'type'>[]> {
  const p = params()
  const [ids, versions] = [
    p.add(
      keys.map(({ id }) => id),
      'text[]',
    ),
    p.add(
      keys.map(({ version }) => version),
      'bigint[]',
    ),
  ]
  const columns = 'id, version, updated, deleted, body'
  return db.query<Omit<HistoryRow, 'type'>>(
    prepared(
      `select v.id, v.version::text as version, v.updated, v.deleted, v.body::text as body, ${patientsIn('t.terms')} as concerned
         from unnest(${ids}, ${versions}) as k(id, version)
         join ${tableOf(type)} as t on t.id = k.id
         cross join lateral (
           select ${columns} from ${tableOf(type)} c where c.id = k.id and c.version = k.version
           union all
           select ${columns} from ${historyTableOf(type)} h where h.id = k.id and h.version = k.version) as v`,
      p.values,
    ),
  )
}

/** Writes down that versions are shown, before they are. */
export async function auditVersions(db: Db, patients: readonly string[], audit: AuditRow): Promise<void> {
  const p = params()
  await db.query(
    prepared(
      `with shown as (select array(select distinct unnest(${p.add(patients, 'text[]')}) order by 1) as patients, null::text as entity)
      ${auditInsert(p, audit, 'shown')}`,
      p.values,
    ),
  )
}
