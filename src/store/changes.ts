/**
 * The log of writes as its followers read it: every change once, none skipped. Numbers are given out before commit, so a
 * follower stops short of the oldest transaction that still runs, and goes by (xid, pos).
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
import type { Db, Tx } from './db.ts'
import { historyTableOf, tableOf } from './layout.ts'
import { prepared } from './sql.ts'

/** As text: a transaction's number and a position may outgrow a double. */
export type Position = { readonly xid: string; readonly pos: string }

/** In the order of the log. */
export const isBefore = (a: Position, b: Position): boolean =>
  BigInt(a.xid) === BigInt(b.xid) ? BigInt(a.pos) < BigInt(b.pos) : BigInt(a.xid) < BigInt(b.xid)

export type ChangeKind = 'create' | 'update' | 'delete' | 'slots'

export type ChangeRow = Position & {
  readonly at: Date
  readonly type: string
  readonly id: string
  readonly version: string
  /** `slots`: Slots of this Schedule were made from its rules, many at once. */
  readonly kind: ChangeKind
}

const settled = 'change.xid < pg_snapshot_xmin(pg_current_snapshot())'

/** In order, at most `limit`. The order is by the columns themselves: as texts, 10 comes before 9. */
export async function changesAfter(db: Db, after: Position, limit: number): Promise<ChangeRow[]> {
  return db.query<ChangeRow>(
    prepared(
      `select change.xid::text as xid, change.pos::text as pos, at, type, id, version::text as version, kind from change
        where (change.xid, change.pos) > ($1::xid8, $2::bigint) and ${settled}
        order by change.xid, change.pos limit $3::int`,
      [after.xid, after.pos, limit],
    ),
  )
}

/** The position of the last change that a follower could have read by now. */
export async function lastPosition(db: Db): Promise<Position> {
  const [row] = await db.query<Position>(
    prepared(
      `select change.xid::text as xid, change.pos::text as pos from change where ${settled} order by change.xid desc, change.pos desc limit 1`,
      [],
    ),
  )
  return row ?? { xid: '0', pos: '0' }
}

/** The follower's position, its alone until the transaction ends; undefined where another process has it just now. */
export async function takeFollower(tx: Tx, name: string): Promise<Position | undefined> {
  const [row] = await tx.query<Position>(
    prepared('select xid::text as xid, pos::text as pos from follower where name = $1 for update skip locked', [name]),
  )
  return row
}

export async function moveFollower(tx: Tx, name: string, { xid, pos }: Position): Promise<void> {
  await tx.query(prepared('update follower set xid = $2::xid8, pos = $3::bigint where name = $1', [name, xid, pos]))
}

export type Version = { readonly id: string; readonly version: string; readonly updated: Date; readonly body: string | null }

/** Those of the versions of one type that there are. */
export async function versionsNamed(
  db: Db,
  type: string,
  named: readonly { readonly id: string; readonly version: string }[],
): Promise<Version[]> {
  if (named.length === 0) return []
  const one = (table: string) => `select updated, body from ${table} r where r.id = n.id and r.version = n.version`
  return db.query<Version>(
    prepared(
      `select n.id, n.version::text as version, v.updated, v.body::text as body
         from unnest($1::text[], $2::bigint[]) n (id, version)
        cross join lateral (${one(tableOf(type))} union all ${one(historyTableOf(type))}) v`,
      [named.map(({ id }) => id), named.map(({ version }) => version)],
    ),
  )
}
