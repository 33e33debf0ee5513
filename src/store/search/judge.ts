/**
 * Whether versions of resources, superseded ones too, meet the criteria of a search within its bounds: the same
 * conditions as a search's, asked of rows that are made for the question. What a chain reaches is as it is now.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { aboutTypes } from '../../fhir/about-visits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import { indexValues } from '../../fhir/index-values.ts'
import type { IndexValues } from '../../fhir/index-values-types.ts'
import type { Resource } from '../../fhir/resource.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { Db } from '../db.ts'
import type { House } from '../house.ts'
import { layoutOf, tableOf } from '../layout.ts'
import { searchColumns } from '../resources.ts'
import { rowConditions } from './compile.ts'
import { maskedOrHidden } from './masked.ts'
import type { Bounds } from './scope.ts'
import { statementOf } from './statement.ts'

export type JudgedVersion = {
  readonly id: string
  /** ISO 8601. */
  readonly updated: string
  readonly resource: object
  readonly index: IndexValues
}

/** A version as it is read, with its text; null: a deletion, which says nothing. */
type ReadVersion = { readonly updated: Date; readonly body: string | null }

export function judged({ definitions, base }: House, id: string, { body, updated }: ReadVersion): JudgedVersion {
  const resource = JSON.parse(body ?? '') as Resource
  return { id, updated: updated.toISOString(), resource, index: indexValues(definitions, resource, base) }
}

export type Question = {
  readonly definitions: Definitions
  readonly type: string
  readonly criteria: readonly Criterion[]
  readonly bounds: Bounds
}

/** Throws where the criteria come to more than a statement asks for at once, which reading them does not show. */
export function assertAskable(definitions: Definitions, type: string, criteria: readonly Criterion[]): void {
  rowConditions({ definitions, type, alias, bounds: {} }, criteria)
}

/** The places, in `versions`, of those that meet all the criteria. */
export async function versionsThatMatch(db: Db, question: Question, versions: readonly JudgedVersion[]): Promise<Set<number>> {
  const { definitions, type, criteria, bounds } = question
  return placesWhere(db, question, versions, rowConditions({ definitions, type, alias, bounds }, criteria))
}

/**
 * Those that are about a sensitive visit by what they say themselves, whatever the resource is about today: busy time to the
 * caller, or not there at all. What the resource is today is beside it (`maskedAmong`).
 */
export async function maskedByThemselves<Row extends ReadVersion>(
  house: House,
  { type, id, bounds: { masking } }: { readonly type: string; readonly id: (row: Row) => string; readonly bounds: Pick<Bounds, 'masking'> },
  rows: readonly Row[],
): Promise<ReadonlySet<Row>> {
  const said = rows.filter(({ body }) => body !== null)
  if (!masking || !aboutTypes.has(type) || said.length === 0) return new Set()
  const places = await versionsMasked(
    house.pool,
    { definitions: house.definitions, type, bounds: { masking } },
    said.map((row) => judged(house, id(row), row)),
  )
  return new Set(said.filter((_, place) => places.has(place)))
}

/** The places of those that the caller sees as busy time, or not at all. */
async function versionsMasked(db: Db, question: Omit<Question, 'criteria'>, versions: readonly JudgedVersion[]): Promise<Set<number>> {
  const masked = maskedOrHidden({ ...question, alias })
  return masked ? placesWhere(db, question, versions, [masked]) : new Set()
}

const alias = 't'

async function placesWhere(
  db: Db,
  { definitions, type }: Pick<Question, 'definitions' | 'type'>,
  versions: readonly JudgedVersion[],
  conditions: readonly Sql[],
): Promise<Set<number>> {
  const rows = JSON.stringify(versions.map((version, place) => rowOf(definitions, type, version, place)))
  const composed = sql`select t.version::int as place from jsonb_populate_recordset(null::${raw(tableOf(type))}, ${rows}::jsonb) as t where ${join(conditions, ' and ')}`
  const found = await db.query<{ place: number }>(statementOf(composed, false))
  return new Set(found.map(({ place }) => place))
}

/** A row as the writer would have stored it, but that its version is its place. */
function rowOf(definitions: Definitions, type: string, version: JudgedVersion, place: number): Record<string, unknown> {
  const { id, updated, resource, index } = version
  const values: unknown[] = []
  const columns = searchColumns(definitions, type, index, { values, add: (value) => String(values.push(value) - 1) })
  return {
    id,
    version: place,
    updated,
    deleted: false,
    body: resource,
    ...Object.fromEntries(columns.map(([name, at]) => [name, values[Number(at)]])),
    ...hotColumns(definitions, type, index),
  }
}

/** The scalars that the engine fills where a resource is written. */
function hotColumns(definitions: Definitions, type: string, { terms, dates }: IndexValues): Record<string, unknown> {
  const scalars = [...layoutOf(definitions, type)].flatMap(([code, place]): [string, unknown][] => {
    if (place.kind === 'instant' && dates[code]) return [[place.column, dates[code].lower]]
    if (place.kind === 'code') return [[place.column, valueAfter(terms, `${code}=`)]]
    return place.kind === 'id' && place.target ? [[place.column, valueAfter(terms, `${code}=${place.target}/`)]] : []
  })
  return Object.fromEntries(scalars)
}

const valueAfter = (terms: readonly string[], lead: string): string | undefined =>
  terms.find((term) => term.startsWith(lead) && !term.includes('|'))?.slice(lead.length)
