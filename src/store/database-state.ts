/** What can be known of a database before it is used: its Postgres, the extensions it offers, how far it is migrated. */
import type { Db } from './db.ts'

export type DatabaseState = {
  readonly postgres: number
  readonly missingExtensions: readonly string[]
  /** 0 where it was never migrated. */
  readonly version: number
}

/** Those that the migrations create. */
const extensions = ['btree_gist', 'pg_trgm', 'unaccent']

export async function postgresVersion(db: Db): Promise<number> {
  const text = `select current_setting('server_version_num') as number`
  const [row] = await db.query<{ number: string }>({ text, values: [] })
  return Math.floor(Number(row?.number) / 10_000)
}

async function missingExtensions(db: Db): Promise<string[]> {
  const text = 'select name from unnest($1::text[]) name except select name from pg_available_extensions order by name'
  return (await db.query<{ name: string }>({ text, values: [extensions] })).map((row) => row.name)
}

async function migratedTo(db: Db): Promise<number> {
  const [table] = await db.query<{ there: boolean }>({ text: `select to_regclass('schema_migration') is not null as there`, values: [] })
  if (!table?.there) return 0
  const [row] = await db.query<{ version: number | null }>({ text: 'select max(version) as version from schema_migration', values: [] })
  return row?.version ?? 0
}

export async function databaseState(db: Db): Promise<DatabaseState> {
  return { postgres: await postgresVersion(db), missingExtensions: await missingExtensions(db), version: await migratedTo(db) }
}
