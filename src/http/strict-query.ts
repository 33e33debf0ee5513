/**
 * `Prefer: handling=strict` at addresses that take no parameters of their own: one that is sent all the same is refused by
 * name instead of passed over. https://hl7.org/fhir/R4/search.html#errors
 *
 * Searches, histories, operations and the criteria of conditional writes read their own.
 */
import { Fault } from '../base/fault.ts'
import type { FhirRequest } from '../fhir/request.ts'

/** How the answer shall look. */
const anywhere: ReadonlySet<string> = new Set(['_format', '_pretty'])

const takeSubsets: ReadonlySet<string> = new Set(['read', 'vread'])
const subsets: ReadonlySet<string> = new Set(['_summary', '_elements'])

const takeNone: ReadonlySet<string> = new Set(['read', 'vread', 'create', 'update', 'patch', 'remove'])

/** Throws `malformed`. */
export function assertNoStrangers(desk: string, { id, query, headers }: FhirRequest): void {
  if (query.length === 0 || headers.prefer.handling !== 'strict' || !takeNone.has(desk)) return
  if (id === undefined && desk !== 'create') return
  const strangers = query
    .map(([name]) => name.slice(0, 80))
    .filter((name) => !anywhere.has(name) && !(takeSubsets.has(desk) && subsets.has(name)))
  if (strangers.length === 0) return
  throw new Fault(
    'malformed',
    strangers.map((name) => ({
      severity: 'error',
      code: 'not-supported',
      diagnostics: `The parameter ${name} is not known here.`,
      expression: name,
    })),
  )
}
