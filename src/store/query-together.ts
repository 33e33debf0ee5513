/**
 * Statements of one text that are asked for at once, as one: each becomes a lateral row source fed by its own values, so the
 * plan is the one that it has alone. Half of what a small query costs is its round trip and its start.
 *
 * Only for reads that write nothing down, whose values all are scalars with a cast behind each place (`$1::text`); others
 * run as they are. A lateral join keeps the order of its inner rows.
 */
import { statementsTogetherMax } from '../base/limits.ts'
import type { Pool, Statement } from './db.ts'
import { prepared } from './sql.ts'
import { lanes, together } from './together.ts'

type Values = readonly unknown[]
type Query = (values: Values) => Promise<readonly object[]>

const queries = new WeakMap<Pool, Map<string, Query>>()

export async function queryTogether<Row extends object>(pool: Pool, statement: Statement): Promise<Row[]> {
  if (statement.name === undefined) return pool.query<Row>(statement)
  const ofPool = queries.get(pool) ?? new Map<string, Query>()
  queries.set(pool, ofPool)
  const query = ofPool.get(statement.text) ?? queryOf(pool, statement)
  ofPool.set(statement.text, query)
  return (await query(statement.values)) as Row[]
}

function queryOf(pool: Pool, { name, text }: Statement): Query {
  const alone: Query = (values) => pool.query<object>({ name, text, values })
  const shared = sharedText(text)
  if (shared === undefined) return alone
  return together({
    lanes,
    most: statementsTogetherMax,
    run: async (asks: readonly Values[]) => {
      const [only] = asks
      if (only && asks.length === 1) return [await alone(only)]
      const rows = await pool.query<{ place: number }>(
        prepared(
          shared,
          (only ?? []).map((_, at) => asks.map((values) => values[at])),
        ),
      )
      const answers = asks.map((): object[] => [])
      for (const row of rows) answers[row.place - 1]?.push(row)
      return answers
    },
  })
}

/** Undefined where a place has no cast, or takes a list. */
function sharedText(text: string): string | undefined {
  const types: string[] = []
  for (const [, place, type, list] of text.matchAll(/\$(\d+)(?:::(\w+)(\[\])?)?/g)) {
    if (type === undefined || list !== undefined) return undefined
    types[Number(place) - 1] = type
  }
  if (types.length === 0) return undefined
  const values = types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')
  const names = types.map((_, at) => `p${at + 1}`).join(', ')
  return `select asked.place::int as place, found.*
    from unnest(${values}) with ordinality as asked (${names}, place)
   cross join lateral (${text.replace(/\$(\d+)::\w+/g, 'asked.p$1')}) found`
}
