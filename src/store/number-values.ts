/**
 * Values of quantity and number parameters, and of composites with one: rows of `search_number`, beside the resource's own
 * row and written in its transaction. Few types have any, so a type without is not asked.
 * https://hl7.org/fhir/R4/search.html#quantity
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import type { NumberValue } from '../fhir/index-values-types.ts'
import type { Tx } from './db.ts'
import { type Layout, layoutOf } from './layout.ts'
import { prepared } from './sql.ts'

const known = new WeakMap<Layout, boolean>()

/** Whether any parameter of the type keeps numbers. */
export function hasNumbers(definitions: Definitions, type: string): boolean {
  const layout = layoutOf(definitions, type)
  const found = known.get(layout) ?? [...layout.values()].some(({ kind }) => kind === 'numbers' || kind === 'spans')
  known.set(layout, found)
  return found
}

/** Makes the rows of a resource these. */
export async function writeNumbers(tx: Tx, type: string, id: string, numbers: readonly NumberValue[]): Promise<void> {
  await tx.query(prepared('delete from search_number where type = $1 and id = $2', [type, id]))
  if (numbers.length === 0) return
  await tx.query(
    prepared(
      `insert into search_number (type, id, code, lower, upper, system, unit_code, unit, tokens)
       select $1, $2, n.code, coalesce(n.lower, '-infinity'), coalesce(n.upper, 'infinity'), n.system, n."unitCode", n.unit, n.tokens
         from jsonb_to_recordset($3::jsonb) n (code text, lower numeric, upper numeric, system text, "unitCode" text, unit text, tokens text[])`,
      [type, id, JSON.stringify(numbers)],
    ),
  )
}

/** Makes the rows of several resources, which the caller has locked, these. Gives the ids of those that were others. */
export async function renewNumbers(
  tx: Tx,
  type: string,
  resources: readonly { readonly id: string; readonly index: { readonly numbers: readonly NumberValue[] } }[],
): Promise<string[]> {
  const wanted = JSON.stringify(resources.flatMap(({ id, index }) => index.numbers.map((number) => ({ id, ...number }))))
  const other = await tx.query<{ id: string }>(
    prepared(
      `with wanted as materialized (${numbersOf('$3')}),
            known as materialized (
              select id, code, lower, upper, system, unit_code, unit, tokens from search_number where type = $1 and id = any($2::text[]))
       select id from (table wanted except all table known) missing union select id from (table known except all table wanted) over`,
      [type, resources.map(({ id }) => id), wanted],
    ),
  )
  const ids = other.map(({ id }) => id)
  if (ids.length === 0) return ids
  await tx.query(prepared('delete from search_number where type = $1 and id = any($2::text[])', [type, ids]))
  await tx.query(
    prepared(
      `insert into search_number (type, id, code, lower, upper, system, unit_code, unit, tokens)
       select $1, n.* from (${numbersOf('$3')}) n where n.id = any($2::text[])`,
      [type, ids, wanted],
    ),
  )
  return ids
}

/** Rows as `search_number` has them, from JSON that names each one's resource. */
const numbersOf = (json: string): string =>
  `select n.id, n.code, coalesce(n.lower, '-infinity') as lower, coalesce(n.upper, 'infinity') as upper, n.system, n."unitCode" as unit_code, n.unit, n.tokens
     from jsonb_to_recordset(${json}::jsonb) n (id text, code text, lower numeric, upper numeric, system text, "unitCode" text, unit text, tokens text[])`
