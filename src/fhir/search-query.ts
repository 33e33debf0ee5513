/**
 * A search as it was asked, understood: criteria, and how the result is wanted. https://hl7.org/fhir/R4/search.html
 * An unknown parameter is collected by name: the caller ignores it and says so, or refuses it (`Prefer: handling=strict`).
 * An empty value is no value. What is malformed is a Fault that names its parameter.
 * Left out: finding what is contained in another resource (`_contained=true` is refused), and `_list`: no Lists are stored.
 */
import { fault } from '../base/fault.ts'
import { binariesTogetherMax } from '../base/limits.ts'
import { pageSizeDefault, pageSizeMax, searchCriteriaMax } from '../base/search-limits.ts'
import type { Definitions } from './definitions/types.ts'
import { servedTypes } from './resource.ts'
import { assertTextIsNarrowed, type Criterion, isSearchable, parseCriterion } from './search-criterion.ts'
import { type Reading, targetsOf, unsupported } from './search-words.ts'
import { readElements, readSummary, type Subset } from './subset.ts'
import type { Known } from './validate/profiles/known.ts'

export type SortKey = { readonly code: string; readonly descending: boolean }

/** The reference parameters `codes` of `type`, followed to `target` alone where that is given. */
export type Include = {
  readonly type: string
  readonly codes: readonly string[]
  readonly target?: string
  /** Also followed from what another include has brought. */
  readonly iterate: boolean
}

export type SearchQuery = {
  readonly criteria: readonly Criterion[]
  readonly sort: readonly SortKey[]
  /** Resources on a page; 0 asks for the count alone. */
  readonly count: number
  readonly total?: 'none' | 'estimate' | 'accurate'
  readonly includes: readonly Include[]
  readonly revincludes: readonly Include[]
  /** Whether a criterion leads through AuditEvents. */
  readonly audited: boolean
  /** Where the last page ended; opaque here. */
  readonly cursor?: string
  /** Which elements are wanted; all where it is left out. */
  readonly subset?: Subset
  readonly pretty: boolean
  /** Names that were not understood. */
  readonly unknown: readonly string[]
  /** What was understood, as it was asked, for the `self` link; the cursor is not among it. */
  readonly applied: readonly (readonly [string, string])[]
}

type Draft = {
  criteria: Criterion[]
  sort: SortKey[]
  count?: number
  total?: SearchQuery['total']
  includes: Include[]
  revincludes: Include[]
  cursor?: string
  subset?: Subset
  pretty: boolean
}

/** The name of our paging parameter. */
export const cursorParameter = '_cursor'

/** Reads one result parameter; false where its value names nothing that we know. */
type ReadResult = (draft: Draft, value: string, reading: Reading) => boolean

const named = (names: readonly string[], read: ReadResult): Record<string, ReadResult> =>
  Object.fromEntries(names.map((name) => [name, read]))

export function readTotal(value: string): NonNullable<SearchQuery['total']> {
  if (value === 'none' || value === 'estimate' || value === 'accurate') return value
  throw fault('value', '`_total` is none, estimate or accurate.', '_total')
}

/** Contained resources are found with what contains them, by nothing of their own. https://hl7.org/fhir/R4/search.html#contained */
export function assertNoneContained(value: string): true {
  if (value === 'false') return true
  throw fault('value', 'Contained resources are not found by themselves here: leave `_contained` out, or say false.', '_contained')
}

const containedTypes: ReadonlySet<string> = new Set(['container', 'contained'])

const resultParameters: Readonly<Record<string, ReadResult>> = {
  _count: (draft, value) => {
    if (!/^\d{1,9}$/.test(value)) throw fault('value', 'Say `_count` as a whole number, 0 or more.', '_count')
    draft.count = Math.min(Number(value), draft.count ?? pageSizeMax, pageSizeMax)
    return true
  },
  _summary: (draft, value) => {
    if (value === 'count') draft.count = 0
    else draft.subset = readSummary(value) ?? draft.subset
    return true
  },
  _elements: (draft, value) => {
    draft.subset = readElements(value)
    return true
  },
  _total: (draft, value) => {
    draft.total = readTotal(value)
    return true
  },
  _sort: (draft, value, reading) => {
    const keys = value
      .split(',')
      .filter(Boolean)
      .map((key) => readSortKey(reading, key))
    draft.sort.push(...keys.filter((key) => key !== undefined))
    return keys.every((key) => key !== undefined)
  },
  _include: (draft, value, reading) => addInclude(draft.includes, readInclude(reading, value, false)),
  _revinclude: (draft, value, reading) => addInclude(draft.revincludes, readRevinclude(reading, value, false)),
  ...named(['_include:iterate', '_include:recurse'], (draft, value, reading) =>
    addInclude(draft.includes, readInclude(reading, value, true)),
  ),
  ...named(['_revinclude:iterate', '_revinclude:recurse'], (draft, value, reading) =>
    addInclude(draft.revincludes, readRevinclude(reading, value, true)),
  ),
  _contained: (_, value) => assertNoneContained(value),
  _containedType: (_, value) => {
    if (!containedTypes.has(value)) throw fault('value', '`_containedType` is container or contained.', '_containedType')
    return true
  },
  [cursorParameter]: (draft, value) => {
    draft.cursor = value
    return true
  },
  _format: () => true,
  _pretty: (draft, value) => {
    draft.pretty = value === 'true'
    return true
  },
}

/** Result parameters said without effect on the `self` link. */
const unsaid: ReadonlySet<string> = new Set([cursorParameter])

function readSortKey({ definitions, type }: Reading, key: string): SortKey | undefined {
  const descending = key.startsWith('-')
  const code = descending ? key.slice(1) : key
  const parameter = definitions.searchParameters.get(type)?.get(code)
  return isSearchable(parameter) && code !== 'near' && code !== 'phonetic' ? { code, descending } : undefined
}

function addInclude(list: Include[], include: Include | undefined): boolean {
  if (include) list.push(include)
  return include !== undefined
}

/** The reference parameters of a type that a name means (`*` is all), pointing at `target` where that is given. */
function referenceCodes(definitions: Definitions, type: string, code: string, target?: string): string[] {
  return [...(definitions.searchParameters.get(type)?.values() ?? [])]
    .filter((parameter) => isSearchable(parameter) && parameter.type === 'reference' && (code === '*' || parameter.code === code))
    .filter((parameter) => target === undefined || targetsOf(parameter).includes(target))
    .map((parameter) => parameter.code)
}

/**
 * `Slot:schedule`, `Schedule:actor:Location`, `Slot:*`, `*`; from another type than the searched it goes on from what was
 * included, also where a client (NHS BaRS) has left out `:iterate`.
 */
function readInclude({ definitions, type: searched }: Reading, value: string, iterate: boolean): Include | undefined {
  const [type = '', code = '*', target] = value === '*' ? [searched] : value.split(':')
  const codes = servedTypes.includes(type) ? referenceCodes(definitions, type, code, target) : []
  return codes.length ? { type, codes, target, iterate: iterate || type !== searched } : undefined
}

/** `Appointment:slot`, and where it iterates `Slot:schedule:Schedule`, whatever `Schedule` was brought by. */
function readRevinclude({ definitions, type: searched }: Reading, value: string, iterate: boolean): Include | undefined {
  const [type = '', code = '', target = iterate ? undefined : searched] = value.split(':')
  const fits = servedTypes.includes(type) && (iterate || target === searched)
  const codes = fits ? referenceCodes(definitions, type, code, target) : []
  return codes.length ? { type, codes, target, iterate } : undefined
}

type SearchReading = {
  /** The ValueSets and CodeSystems of `terminologyAsked`, where values may name some. */
  readonly known?: Known
  /** It is asked at the address of a patient's compartment. */
  readonly ofOnePatient?: boolean
  /** Criteria may lead through AuditEvents. */
  readonly audited?: boolean
}

/** The query of a search of `type`; `base` is our FHIR base, by which absolute references to us are known. */
export function parseSearch(
  definitions: Definitions,
  type: string,
  pairs: Iterable<readonly [string, string]>,
  base?: string,
  { known, ofOnePatient = false, audited = false }: SearchReading = {},
): SearchQuery {
  const reading: Reading = { definitions, type, base, known, audited }
  const draft: Draft = { criteria: [], sort: [], includes: [], revincludes: [], pretty: false }
  const unknown = new Set<string>()
  const applied: (readonly [string, string])[] = []
  for (const pair of pairs) {
    const [name, value] = pair
    if (value === '') continue
    if (value.includes('\0'))
      throw fault('value', 'A search value holds a NUL character, which no resource can.', name.replaceAll('\0', ''))
    if (!readPair(draft, name, value, reading)) unknown.add(Object.hasOwn(resultParameters, name) ? `${name}=${value}` : name)
    else if (!unsaid.has(name)) applied.push(pair)
  }
  if (draft.criteria.length > searchCriteriaMax) {
    throw fault('too-costly', `A search has at most ${searchCriteriaMax} parameters.`)
  }
  if (!ofOnePatient) assertTextIsNarrowed(type, draft.criteria)
  assertTextStandsAlone(draft)
  const count = Math.min(draft.count ?? pageSizeDefault, type === 'Binary' ? binariesTogetherMax : pageSizeMax)
  return { ...draft, audited: audited && draft.criteria.some(isAudited), count, unknown: [...unknown], applied }
}

function isAudited(criterion: Criterion): boolean {
  if (criterion.kind === 'chain') return criterion.links.some((link) => isAudited(link.criterion))
  return criterion.kind === 'has' ? isAudited(criterion.criterion) : criterion.kind === 'audited'
}

/** Searches in a language of their own: to ignore one would find everything. https://hl7.org/fhir/R4/search.html#filter and #query */
const otherLanguages: ReadonlySet<string> = new Set(['_filter', '_query'])

/**
 * "Servers SHALL reject any search request that contains a search parameter modifier that the server does not support"
 * (#modifiers).
 */
function assertServed(name: string): void {
  if (otherLanguages.has(name)) throw fault('value', `\`${name}\` is not served here: say what it asks for by search parameters.`, name)
  const [bare = '', modifier] = name.split(':')
  if (modifier !== undefined && (Object.hasOwn(resultParameters, bare) || bare === '_text' || bare === '_content')) throw unsupported(name)
}

/** https://hl7.org/fhir/R4/search.html#summary: "_include and _revinclude parameters cannot be mixed with _summary=text". */
function assertTextStandsAlone({ subset, includes, revincludes }: Draft): void {
  if (subset?.kind === 'text' && includes.length + revincludes.length > 0)
    throw fault(
      'value',
      '`_summary=text` goes without `_include` and `_revinclude`: leave these out, or ask for another `_summary`.',
      '_summary',
    )
}

function readPair(draft: Draft, name: string, value: string, reading: Reading): boolean {
  const result = Object.hasOwn(resultParameters, name) ? resultParameters[name] : undefined
  if (result) return result(draft, value, reading)
  assertServed(name)
  const criterion = parseCriterion(reading, name, value)
  if (criterion) draft.criteria.push(criterion)
  return criterion !== undefined
}
