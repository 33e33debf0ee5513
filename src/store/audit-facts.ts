/**
 * What can be told of an audit row, and of the patient whose event it is, from its columns alone: conditions of searches for
 * what an AuditEvent shows. None has an index of its own: rows are read along the time, and where nothing can be found, none.
 */
import type { Params } from './sql.ts'

/** All of what is given holds; nothing given is true of every row. */
export type AuditFact = {
  readonly interactions?: readonly string[]
  readonly noInteractions?: readonly string[]
  /** What an entity of the event is made of. */
  readonly has?: 'patient' | 'entity' | 'query' | 'times'
  /** The address that was asked from; what it is compared with is in lower case but for `exact`. */
  readonly address?: { readonly match: 'exact' | 'start' | 'part'; readonly text: string }
}

/** One of the facts holds; or, with `not`, none does. */
export type AuditCondition = { readonly any: readonly AuditFact[]; readonly not: boolean }

/** `shownTo`: the patient whom alone it is shown to, who does not see what a row that others share asked for. */
export function auditCondition(p: Params, { any, not }: AuditCondition, shownTo: string | undefined): string {
  const facts = any.map((fact) => `(${['true', ...partsOf(p, fact, shownTo)].join(' and ')})`)
  const one = facts.length > 0 ? `(${facts.join(' or ')})` : 'false'
  return not ? `not ${one}` : one
}

/** None of these is ever null, so that `not` turns each round. */
function partsOf(p: Params, { interactions, noInteractions, has, address }: AuditFact, shownTo: string | undefined): string[] {
  return [
    ...(interactions ? [`e.interaction = any(${p.add(interactions, 'text[]')})`] : []),
    ...(noInteractions ? [`e.interaction <> all(${p.add(noInteractions, 'text[]')})`] : []),
    ...(has ? [isThere[has], ...(shownTo === undefined ? [] : isShown(p, has, shownTo))] : []),
    ...(address ? [addressMatches(p, address)] : []),
  ]
}

const isThere: Readonly<Record<NonNullable<AuditFact['has']>, string>> = {
  patient: 'p.patient is not null',
  entity: `coalesce(e.entity, '') <> ''`,
  query: `coalesce(e.query, '') <> ''`,
  times: 'e.times is not null',
}

const alone = 'cardinality(e.patients) <= 1'

function isShown(p: Params, has: NonNullable<AuditFact['has']>, shownTo: string): string[] {
  if (has === 'query') return [alone]
  return has === 'entity' ? [`(${alone} or e.entity !~ '^Patient/[^/]+$' or e.entity = ${p.add(`Patient/${shownTo}`, 'text')})`] : []
}

function addressMatches(p: Params, { match, text }: NonNullable<AuditFact['address']>): string {
  const address = `coalesce(e.address, '')`
  const asked = p.add(text, 'text')
  if (match === 'exact') return `${address} = ${asked}`
  return match === 'start' ? `starts_with(lower(${address}), ${asked})` : `strpos(lower(${address}), ${asked}) > 0`
}
