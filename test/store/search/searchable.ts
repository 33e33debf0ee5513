/**
 * A database with the real tables of a few types and rows put straight into them, and the ids that a search finds there.
 * The one door (store/resources.ts) is not used, so that a search is tested for what is in the columns alone.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { resourceTables } from '../../../scripts/make-resource-tables.ts'
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import { indexValues } from '../../../src/fhir/index-values.ts'
import type { Resource } from '../../../src/fhir/resource.ts'
import { parseSearch, type SearchQuery } from '../../../src/fhir/search-query.ts'
import type { Tx } from '../../../src/store/db.ts'
import { dateColumns, hasPosition, hasStrings, tableOf } from '../../../src/store/layout.ts'
import { writeNumbers } from '../../../src/store/number-values.ts'
import { compileCount, compileSearch, type FoundRow, type Wish } from '../../../src/store/search/page.ts'
import type { Bounds } from '../../../src/store/search/scope.ts'
import { testDatabase } from '../../support/database.ts'

export const base = 'https://clinic.example/fhir'
export const definitions = loadDefinitions()

export type Searchable = {
  readonly query: <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>
  readonly put: (...resources: readonly Resource[]) => Promise<void>
  readonly parse: (type: string, query: string) => SearchQuery
  readonly page: (type: string, query: string, bounds?: Bounds, wish?: Wish) => Promise<FoundRow[]>
  /** The ids found, sorted. */
  readonly ids: (type: string, query: string, bounds?: Bounds) => Promise<string[]>
  readonly total: (type: string, query: string, bounds?: Bounds) => Promise<number>
  readonly drop: () => Promise<void>
}

/** The columns that stand in for terms of the two hot types; the other words of a Slot's terms are kept. */
function hotColumns(resource: Resource): Record<string, unknown> {
  const { status, start, end, schedule } = resource
  if (resource.resourceType === 'Appointment') return { status, starts: start, ends: end }
  if (resource.resourceType !== 'Slot') return {}
  return { status, starts: start, ends: end, schedule: /^Schedule\/(.+)$/.exec((schedule as { reference: string }).reference)?.[1] }
}

const scalarWord = /^\??(status|start|schedule)$|^(status|start)=|^schedule=Schedule\//

function columnsOf(resource: Resource): Record<string, unknown> {
  const { resourceType: type } = resource
  const index = indexValues(definitions, resource, base)
  return {
    id: resource.id,
    version: resource.meta?.versionId ?? 1,
    updated: resource.meta?.lastUpdated ?? '2026-01-01T00:00:00.000Z',
    body: JSON.stringify(resource),
    terms: type === 'Slot' ? index.terms.filter((term) => !scalarWord.test(term)) : index.terms,
    ...(hasStrings(type) && { strings: index.strings }),
    ...Object.fromEntries(
      dateColumns(definitions, type).flatMap(({ parameter, lower, upper }) => [
        [lower, index.dates[parameter]?.lower],
        [upper, index.dates[parameter]?.upper],
      ]),
    ),
    ...(hasPosition(definitions, type) && { latitude: index.position?.latitude, longitude: index.position?.longitude }),
    ...hotColumns(resource),
  }
}

const migrations = new URL('../../../migrations/', import.meta.url)

/** The migration of this name, whichever number it has. */
export const migration = (name: string): string =>
  readFileSync(new URL(readdirSync(migrations).find((file) => file.endsWith(`-${name}.sql`)) ?? name, migrations), 'utf8')

export async function searchable(types: readonly string[]): Promise<Searchable> {
  const { pool, drop } = await testDatabase({ empty: true, connections: 2 })
  const query = <Row>(text: string, values: readonly unknown[] = []) => pool.query<Row>({ text, values })
  await query(resourceTables(definitions, types))
  await query(migration('search-numbers'))
  if (types.includes('Slot')) await query(migration('slot-text'))
  const parse = (type: string, text: string) => parseSearch(definitions, type, new URLSearchParams(text), base)
  const page: Searchable['page'] = (type, text, bounds, wish) =>
    pool.query<FoundRow>(compileSearch(definitions, type, parse(type, text), bounds, wish))
  return {
    query,
    parse,
    page,
    drop,
    put: async (...resources) => {
      for (const resource of resources) {
        const columns = columnsOf(resource)
        const names = Object.keys(columns)
        const places = names.map((_, at) => `$${at + 1}`)
        await query(
          `insert into ${tableOf(resource.resourceType)} (${names.join(', ')}) values (${places.join(', ')})`,
          Object.values(columns),
        )
        await writeNumbers(
          pool as unknown as Tx,
          resource.resourceType,
          resource.id ?? '',
          indexValues(definitions, resource, base).numbers,
        )
      }
    },
    ids: async (type, text, bounds) => (await page(type, `_count=1000&${text}`, bounds)).map((row) => row.id).toSorted(),
    total: async (type, text, bounds) =>
      (await pool.query<{ total: number }>(compileCount(definitions, type, parse(type, text), bounds)))[0]?.total ?? -1,
  }
}
