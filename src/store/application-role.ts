/**
 * The role that the server works as, beside the one that owns the tables: it reads and writes everything but the audit,
 * where it only adds and reads, and it changes no table. https://www.postgresql.org/docs/current/ddl-priv.html
 *
 * The schema of the durable jobs is its own, since graphile-worker keeps its tables itself and shows them to their owner
 * alone. Leaves out row-level rights: who may see which resource is decided above the database.
 */
import type { Db, Pool } from './db.ts'

/** Rows of these are added and read, no more. */
const appendOnly = ['audit_event', 'audit_seal']
const readOnly = ['schema_migration']

/** Any number, as long as no other use of advisory locks in this database picks it: two that grant at once fail. */
const grantLock = 7_356_023

const ask = <Row>(db: Db, text: string, values: readonly unknown[] = []): Promise<Row[]> => db.query<Row>({ text, values })

const ourTables = `select c.oid, c.relname from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`

/** Whether the role is there and may do all that it must, and no more with the audit than it should. */
export async function isApplicationRole(db: Db, role: string): Promise<boolean> {
  const [row] = await ask<{ fit: boolean }>(
    db,
    `select exists (select from pg_roles where rolname = $1)
        and (select bool_and(has_table_privilege($1, t.oid, case when t.relname = any($3) then 'select' else 'insert' end)) from (${ourTables}) t)
        and not exists (select from (${ourTables}) t where t.relname = any($2) and has_table_privilege($1, t.oid, 'update, delete, truncate'))
        and coalesce((select pg_has_role($1, nspowner, 'usage') from pg_namespace where nspname = 'graphile_worker'), true) as fit`,
    [role, appendOnly, readOnly],
  )
  return row?.fit === true
}

/** Makes the role where there is none, and gives it what it needs. `db` is the owner's. */
export async function keepApplicationRole(pool: Pool, { role, password }: { role: string; password: string }): Promise<void> {
  if ((await roleExists(pool, role)) && (await isApplicationRole(pool, role))) return
  await pool.connect(async (db) => {
    await ask(db, 'begin')
    try {
      await ask(db, 'select pg_advisory_xact_lock($1)', [grantLock])
      if (!(await roleExists(db, role)))
        await run(db, `select format('create role %I login password %L', $1::text, $2::text) as command`, [role, password])
      for (const command of grants) await run(db, command, [role])
      await ask(db, 'commit')
    } catch (error) {
      await ask(db, 'rollback').catch(() => undefined)
      throw error
    }
  })
}

const roleExists = async (db: Db, role: string): Promise<boolean> =>
  (await ask(db, 'select from pg_roles where rolname = $1', [role])).length > 0

/** Names cannot be parameters of a grant: Postgres itself writes the commands, names quoted, and they are run. */
async function run(db: Db, text: string, values: readonly unknown[]): Promise<void> {
  for (const { command } of await ask<{ command: string | null }>(db, text, values)) if (command !== null) await ask(db, command)
}

const listed = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ')

const inWorkerSchema = `c.relnamespace = to_regnamespace('graphile_worker')`

const grants: readonly string[] = [
  // To make the schema of the durable jobs.
  `select format('grant connect, create, temporary on database %I to %I', current_database(), $1::text) as command`,
  `select format('grant usage on schema %I to %I', current_schema(), $1::text) as command`,
  `select format('grant select, insert, update, delete on table %s to %I', string_agg(t.oid::regclass::text, ', '), $1::text) as command
     from (${ourTables}) t where t.relname not in (${listed([...appendOnly, ...readOnly])})`,
  `select format('grant usage, select, update on all sequences in schema %I to %I', current_schema(), $1::text) as command`,
  ...appendOnly.flatMap((table) => [
    `select format('revoke all on table ${table} from %I', $1::text) as command`,
    `select format('grant select, insert on table ${table} to %I', $1::text) as command`,
  ]),
  // Where rows stand whose month has no partition yet: it is asked by itself.
  `select format('grant select on table audit_event_rest to %I', $1::text) as command`,
  ...readOnly.map((table) => `select format('grant select on table ${table} to %I', $1::text) as command`),
  `select format('grant execute on all functions in schema %I to %I', current_schema(), $1::text) as command`,
  // Made by an owner before there was this role.
  `select format('alter schema graphile_worker owner to %I', $1::text) as command where to_regnamespace('graphile_worker') is not null`,
  `select format('alter table %s owner to %I', c.oid::regclass, $1::text) as command from pg_class c
    where ${inWorkerSchema} and c.relkind in ('r', 'v', 'p')`,
  `select format('alter sequence %s owner to %I', c.oid::regclass, $1::text) as command from pg_class c
    where ${inWorkerSchema} and c.relkind = 'S' and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))`,
  `select format('alter routine %s owner to %I', p.oid::regprocedure, $1::text) as command from pg_proc p
    where p.pronamespace = to_regnamespace('graphile_worker')`,
  `select format('alter type %s owner to %I', t.oid::regtype, $1::text) as command from pg_type t
    where t.typnamespace = to_regnamespace('graphile_worker') and t.typtype in ('c', 'd', 'e') and t.typrelid = 0
       or t.typnamespace = to_regnamespace('graphile_worker') and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')`,
]

/** What the role of a connection may do to the audit beyond adding to it and reading it. */
export async function auditRights(db: Db): Promise<readonly string[]> {
  const rows = await ask<{ right: string }>(
    db,
    `select distinct r as right from unnest($1::text[]) t, unnest(array['update', 'delete', 'truncate']) r
      where has_table_privilege(t, r) order by r`,
    [appendOnly],
  )
  return rows.map(({ right }) => right)
}
