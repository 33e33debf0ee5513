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
  const found = known.get(layout) ?? [...layout.values()].some((place) => place.kind === 'numbers')
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
