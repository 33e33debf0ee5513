/**
 * What the searches of several types in one answer share: what is asked of all of them, how each is bound and written down,
 * and how what is found is shown. https://hl7.org/fhir/R4/http.html#search
 * Left out: which resources are on a page, one type after the other (search-types.ts) or in one order (sorted-types.ts).
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { type AuditInteraction, auditOf } from '../audit/audit-of.ts'
import { takenApartBytesMax } from '../base/search-limits.ts'
import { queryText, searchEntry } from '../fhir/bundle.ts'
import type { Compartment } from '../fhir/compartments.ts'
import type { Pairs } from '../fhir/query-string.ts'
import { parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import { subsetOf } from '../fhir/subset.ts'
import type { Known } from '../fhir/validate/profiles/known.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'
import type { SearchOfType } from '../store/search/across-types.ts'
import type { FoundRow } from '../store/search/page.ts'
import { assertReach } from './allowed.ts'
import { searchConformance } from './conformance.ts'
import { placed } from './in-compartment.ts'
import { included } from './included.ts'
import { holdsPatientData } from './read.ts'

export type Several = {
  readonly types: readonly string[]
  readonly pairs: Pairs
  /** The ValueSets and CodeSystems that the pairs name, where they name some. */
  readonly known?: Known
  /** What is asked of one type beside; a name that the type does not have is passed over. */
  readonly more?: (type: string) => Pairs
  /** Said again in links, before the pairs that were applied. */
  readonly links: Pairs
  /** Below the base. */
  readonly path: string
  /** Of what is in this compartment alone. */
  readonly compartment?: Compartment
  readonly interaction: AuditInteraction
  /** Entries that stand before all others, on the first page alone. */
  readonly first: readonly string[]
  /** Resources of this type do not come along by an include. */
  readonly notAlong?: string
}

/** Entries as text. */
export type Page = { readonly matches: string[]; readonly along: string[]; readonly next?: string }

/** The pairs as one of the types reads them. */
export const queryOf = ({ definitions, base }: House, { known, compartment }: Several, type: string, pairs: Pairs): SearchQuery =>
  parseSearch(definitions, type, pairs, base, { known, ofOnePatient: compartment?.type === 'Patient' })

/** The search of one of the types, bound; throws where it reaches what the token may not. */
export function searchOf(house: House, actor: Actor, { compartment }: Several, type: string, asked: SearchQuery): SearchOfType {
  for (const criterion of asked.criteria) assertReach(actor, criterion)
  const { query, within } = placed(house, compartment, type, asked)
  return { type, query, bounds: { ...boundsFor(house, actor, 's', type), ...within } }
}

/** What is written down of resources of the type that are shown. */
export const recordOf = (house: House, actor: Actor, several: Several, type: string): AuditRow | undefined =>
  holdsPatientData(house, type)
    ? auditOf(house, actor, several.interaction, `${several.path}?${queryText([...several.links, ...several.pairs])}`)
    : undefined

export const matchEntry = ({ base, definitions }: House, { type, query }: SearchOfType, { id, body }: FoundRow): string =>
  searchEntry(base, type, id, subsetOf(definitions, body, query.subset), 'match')

/** Of the server's own, which are in nobody's compartment. */
export const ownEntries = async (
  house: House,
  { compartment }: Several,
  { type, query, bounds }: SearchOfType,
): Promise<readonly string[]> =>
  compartment === undefined ? (await searchConformance(house.pool, house, type, query, bounds)).entries : []

/** What includes bring to the rows. */
export async function alongWith(
  house: House,
  actor: Actor,
  several: Several,
  { type, query, bounds }: SearchOfType,
  rows: readonly FoundRow[],
): Promise<string[]> {
  const record = (reached: string) => recordOf(house, actor, several, reached)
  const along = await included(house, { type, query, rows, bounds, actor, auditOf: record })
  const theirs = `{"fullUrl":"${house.base}/${several.notAlong}/`
  return along.entries.filter((entry) => !entry.startsWith(theirs))
}

/** How much more text has room beside these entries. */
export const room = (entries: readonly string[]): number => entries.reduce((left, { length }) => left - length, takenApartBytesMax)

/** An entry's fullUrl. */
export const nameOf = (entry: string): string => /^\{"fullUrl":"([^"]*)"/.exec(entry)?.[1] ?? ''

/** Each resource once; `shown` are those that stand on the page already. */
export function fresh(along: readonly string[], shown: ReadonlySet<string>): string[] {
  const seen = new Set(shown)
  return along.filter((entry) => {
    const name = nameOf(entry)
    const isKnown = seen.has(name)
    seen.add(name)
    return !isKnown
  })
}
