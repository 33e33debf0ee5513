/**
 * Writes the migration that makes a table for each stored type, from the definitions and `store/layout.ts`.
 * `node scripts/make-resource-tables.ts > migrations/0001-resource-tables.sql`; a test compares the two. A type that is
 * added later gets a migration of its own: `node scripts/make-resource-tables.ts Type > migrations/NNNN-type.sql`.
 */
import { argv, stdout } from 'node:process'
import { loadDefinitions } from '../src/fhir/definitions/load.ts'
import type { Definitions } from '../src/fhir/definitions/types.ts'
import { storedTypes } from '../src/fhir/resource.ts'
import { dateColumns, hasPosition, hasStrings, historyTableOf, tableOf } from '../src/store/layout.ts'

/** Columns that the engine asks by; the rest of a table follows from the search parameters. */
const engineColumns: Readonly<Record<string, readonly string[]>> = {
  Slot: [
    'schedule text collate "C"',
    'status text',
    'starts timestamptz',
    'ends timestamptz',
    // `Slot/…` is asked for by its beginning, which an index serves in this collation alone.
    'taken_by text collate "C"',
    'held_until timestamptz',
    'rule text',
  ],
  Appointment: ['status text', 'starts timestamptz', 'ends timestamptz', 'held_until timestamptz', 'claims int not null default 0'],
}

/** Few on slot, since a change of status rewrites them all (DESIGN: at most six, the primary key among them). */
const engineIndexes: Readonly<Record<string, readonly string[]>> = {
  Slot: [
    'create index slot_time on "slot" (schedule, status, starts, id);',
    'create index slot_starts on "slot" (starts, schedule, id);',
    'create index slot_taken on "slot" (taken_by) where taken_by is not null;',
  ],
  Appointment: [
    'create index appointment_starts on "appointment" (starts, id);',
    'create index appointment_status on "appointment" (status, starts, id);',
    'create index appointment_held on "appointment" (held_until) where held_until is not null;',
  ],
}

/** A search by terms reads what is pending first: little where every booking asks, more where only writes are frequent. */
const pendingKilobytes: Readonly<Record<string, number>> = { Appointment: 64, Slot: 512 }
const pendingKilobytesElsewhere = 256

export function resourceTable(definitions: Definitions, type: string): string {
  const table = tableOf(type)
  const bare = table.replaceAll('"', '')
  const strings = hasStrings(type)
  const dates = dateColumns(definitions, type)
  const columns = [
    'id text primary key',
    'version bigint not null',
    'updated timestamptz not null',
    'deleted boolean not null default false',
    'body jsonb',
    "terms text[] not null default '{}'",
    ...(strings ? ["strings text not null default ''"] : []),
    ...dates.flatMap(({ lower, upper }) => [`${lower} timestamptz`, `${upper} timestamptz`]),
    ...(hasPosition(definitions, type) ? ['latitude double precision', 'longitude double precision'] : []),
    ...(engineColumns[type] ?? []),
    `constraint ${bare}_body_until_deleted check (deleted = (body is null))`,
  ]
  const indexes = [
    `create index ${bare}_terms on ${table} using gin (terms) with (gin_pending_list_limit = ${pendingKilobytes[type] ?? pendingKilobytesElsewhere});`,
    ...(strings ? [`create index ${bare}_strings on ${table} using gin (strings gin_trgm_ops);`] : []),
    ...dates.map(({ lower, upper }) => `create index ${bare}_${lower.replace(/_lower$/, '')} on ${table} (${lower}, ${upper}, id);`),
    `create index ${bare}_updated on ${table} (updated, id);`,
    ...(engineIndexes[type] ?? []),
  ]
  const history = `create table ${historyTableOf(type)} (
  id text not null,
  version bigint not null,
  updated timestamptz not null,
  deleted boolean not null,
  body jsonb,
  primary key (id, version)
);`
  return `create table ${table} (\n  ${columns.join(',\n  ')}\n);\n${indexes.join('\n')}\n${history}\n`
}

const opening = `-- Made by scripts/make-resource-tables.ts from the R4 definitions: a table for each stored type, its search columns, its
-- superseded versions. Words of the columns: src/store/layout.ts.
`

export function resourceTables(definitions: Definitions, types: readonly string[]): string {
  return [opening, 'create extension if not exists pg_trgm;\n', ...types.map((type) => resourceTable(definitions, type))].join('\n')
}

if (import.meta.main) {
  const asked = argv.slice(2)
  stdout.write(resourceTables(loadDefinitions(), asked.length ? asked : storedTypes))
}
