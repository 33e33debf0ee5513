/**
 * What a backup holds, table by table, and how a table's rows come out of one database and go into another.
 *
 * Transactions are numbered anew in another cluster. The log of changes is therefore put as if one old transaction had
 * written it, each follower at its own place in it; audit rows keep their numbers, and begin a new era (`audit`).
 * Left out: the durable jobs of graphile-worker, put in again from what they are for, and tables that Postgres itself does
 * not keep over a crash.
 */
import type { Db } from './db.ts'

export type BackupTable = { readonly name: string; readonly columns: readonly string[] }

const ask = <Row>(db: Db, text: string, values: readonly unknown[] = []): Promise<Row[]> => db.query<Row>({ text, values })

const ours = `c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relpersistence = 'p' and c.relname <> 'schema_migration'`

/** Every table of ours, those that are referred to first. */
export async function backupTables(db: Db): Promise<BackupTable[]> {
  const tables = await ask<BackupTable & { needs: readonly string[] }>(
    db,
    `select c.relname as name,
            array(select attname::text from pg_attribute a
                   where a.attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns,
            array(select f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid
                   where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as needs
       from pg_class c where ${ours} order by c.relname`,
  )
  const ordered: BackupTable[] = []
  const done = new Set<string>()
  while (ordered.length < tables.length) {
    const next = tables.filter(({ name, needs }) => !done.has(name) && needs.every((need) => done.has(need)))
    if (next.length === 0) throw new Error('Tables refer to each other in a circle.')
    for (const { name, columns } of next) {
      ordered.push({ name, columns })
      done.add(name)
    }
  }
  return ordered
}

/** Of no running transaction, in whatever cluster. */
const oldTransaction = '3'

/** Columns that are not what they are in the database, but what they must be in the next. */
const translated: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  change: { xid: `'${oldTransaction}'::xid8`, pos: 'row_number() over (order by t.xid, t.pos)' },
  follower: {
    xid: `'${oldTransaction}'::xid8`,
    pos: '(select count(*) from change c where (c.xid, c.pos) <= (t.xid, t.pos))',
  },
  // Whether a change came before the Subscription was active cannot be told any more: rather once too often than not at all.
  subscription_state: { since: `case when t.since is not null then '${oldTransaction}:${oldTransaction}:'::pg_snapshot end` },
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The rows of a table as lines of JSON, in portions. The caller's transaction is one snapshot. */
export async function* backupRows(db: Db, { name, columns }: BackupTable, portion: number): AsyncGenerator<string[]> {
  const shown = columns.map((column) => `${translated[name]?.[column] ?? `t.${quoted(column)}`} as ${quoted(column)}`)
  await ask(
    db,
    `declare backup no scroll cursor for select to_json(r)::text as line from (select ${shown.join(', ')} from ${quoted(name)} t) r`,
  )
  try {
    for (;;) {
      const rows = await ask<{ line: string }>(db, `fetch ${portion} from backup`)
      if (rows.length === 0) return
      yield rows.map(({ line }) => line)
    }
  } finally {
    await ask(db, 'close backup')
  }
}

/** Times are written in the session's zone and numbers in full. */
export const asStored = (db: Db): Promise<unknown> =>
  ask(db, `select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true), set_config('extra_float_digits', '1', true)`)

export async function restoreRows(db: Db, { name, columns }: BackupTable, lines: readonly string[]): Promise<void> {
  const listed = columns.map(quoted).join(', ')
  await ask(
    db,
    `insert into ${quoted(name)} (${listed}) overriding system value
     select ${listed} from json_populate_recordset(null::${quoted(name)}, $1::json)`,
    [`[${lines.join(',')}]`],
  )
}

/** Empties the tables, of what migrations put there. Triggers are for those who write later. */
export async function clearTables(db: Db, tables: readonly BackupTable[]): Promise<void> {
  for (const { name } of tables) await ask(db, `alter table ${quoted(name)} disable trigger user`)
  await ask(db, `truncate ${tables.map(({ name }) => quoted(name)).join(', ')}`)
}

/** Puts the triggers back, and each sequence behind the last number that was given out. */
export async function finishTables(db: Db, tables: readonly BackupTable[]): Promise<void> {
  for (const { name, columns } of tables) {
    await ask(db, `alter table ${quoted(name)} enable trigger user`)
    for (const column of columns)
      await ask(
        db,
        `select setval(s, (select greatest(coalesce(max(${quoted(column)}::text::bigint), 0), 1) from ${quoted(name)}))
           from pg_get_serial_sequence($1, $2) s where s is not null`,
        [quoted(name), column],
      )
  }
}

/** Whether anybody has used the database: what migrations put there does not count. */
export async function isUnused(db: Db): Promise<boolean> {
  for (const name of ['patient', 'schedule', 'change', 'audit_event', 'audit_seal', 'signing_key'])
    if ((await ask(db, `select from ${quoted(name)} limit 1`)).length > 0) return false
  return true
}

export async function schemaVersion(db: Db): Promise<number> {
  const [kept] = await ask<{ there: boolean }>(db, `select to_regclass('schema_migration') is not null as there`)
  if (!kept?.there) return 0
  const [row] = await ask<{ version: number | null }>(db, 'select max(version) as version from schema_migration')
  return row?.version ?? 0
}
