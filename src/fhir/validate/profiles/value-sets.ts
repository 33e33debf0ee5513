/**
 * The codes of a ValueSet, from its compose: listed concepts, whole CodeSystems, nested ValueSets, filters over a
 * CodeSystem's hierarchy, less what is excluded; or from its expansion where it has no compose.
 * https://hl7.org/fhir/R4/valueset.html#compositions
 * Left out: filters by properties and text, versions of code systems. What draws on a system that is not here is a list with
 * gaps: it can say that a code is in it, never that one is not.
 */
import { expandedCodesMax } from '../../../base/limits.ts'
import type { Definitions } from '../../definitions/types.ts'
import type { Resource } from '../../resource.ts'
import { isObject } from '../scope.ts'
import { codesOfSystem } from './code-systems.ts'
import { type Known, urlOf } from './known.ts'

export type Coding = { readonly system?: string; readonly code: string }

export type Codes = {
  /** `system|code`; `|code` where the definitions do not tell of which system. */
  readonly words: ReadonlySet<string>
  readonly hasGaps: boolean
}

type Json = Readonly<Record<string, unknown>>

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

const nothing: Codes = { words: new Set(), hasGaps: true }

const remembered = new WeakMap<Known, Map<string, Codes>>()

/** Undefined where no such ValueSet is here. */
export function codesOf(known: Known, canonical: string): Codes | undefined {
  const sets = remembered.get(known) ?? new Map<string, Codes>()
  remembered.set(known, sets)
  const found = sets.get(canonical) ?? expand(known, canonical, [])
  if (found) sets.set(canonical, found)
  return found
}

/** Whether the coding is in the ValueSet; undefined where that cannot be told. A bare code is asked for in any system. */
export function isIn(codes: Codes, { system, code }: Coding, isBare: boolean): boolean | undefined {
  const { words, hasGaps } = codes
  const found = words.has(`|${code}`) || (isBare ? bareCodes(codes).has(code) : words.has(`${system}|${code}`))
  return found || (hasGaps ? undefined : false)
}

const bare = new WeakMap<Codes, ReadonlySet<string>>()

function bareCodes(codes: Codes): ReadonlySet<string> {
  const known = bare.get(codes) ?? new Set([...codes.words].map((word) => word.slice(word.indexOf('|') + 1)))
  bare.set(codes, known)
  return known
}

function expand(known: Known, canonical: string, within: readonly string[]): Codes | undefined {
  const url = urlOf(canonical)
  if (within.includes(url)) return nothing
  const stored = known.valueSet(canonical)
  if (!stored) return distilled(known.definitions, url)
  const compose = stored.compose as Json | undefined
  return compose ? composed(known, compose, [...within, url]) : expanded(stored)
}

function distilled(definitions: Definitions, url: string): Codes | undefined {
  const codes = definitions.valueSets.get(url)
  if (!codes) return undefined
  const systems = [...definitions.codeSystems].filter(([, valueSet]) => valueSet === url).map(([system]) => system)
  return { words: new Set([...codes].map((code) => `${systems.length === 1 ? systems[0] : ''}|${code}`)), hasGaps: false }
}

function expanded(valueSet: Resource): Codes {
  const contains = (entries: readonly Json[]): string[] =>
    entries.flatMap((one) => [
      ...(typeof one.code === 'string' && one.abstract !== true ? [`${one.system ?? ''}|${one.code}`] : []),
      ...contains(list(one.contains)),
    ])
  const expansion = valueSet.expansion as Json | undefined
  return { words: new Set(contains(list(expansion?.contains))), hasGaps: expansion === undefined }
}

function composed(known: Known, compose: Json, within: readonly string[]): Codes {
  const included = list(compose.include).map((part) => partOf(known, part, within))
  const excluded = list(compose.exclude).map((part) => partOf(known, part, within))
  const words = new Set(included.flatMap((part) => [...part.words]))
  for (const part of excluded) for (const word of part.words) words.delete(word)
  return capped(
    words,
    [...included, ...excluded].some((part) => part.hasGaps),
  )
}

/** Too long a list is one with gaps. */
const capped = (words: ReadonlySet<string>, hasGaps: boolean): Codes =>
  words.size > expandedCodesMax ? { words: new Set([...words].slice(0, expandedCodesMax)), hasGaps: true } : { words, hasGaps }

/** A part with a system and ValueSets is what they have in common. */
function partOf(known: Known, part: Json, within: readonly string[]): Codes {
  const sets = Array.isArray(part.valueSet) ? part.valueSet.map((one) => expand(known, String(one), within) ?? nothing) : []
  const all = typeof part.system === 'string' ? [systemPart(known, part.system, part), ...sets] : sets
  const [first = nothing, ...rest] = all
  return rest.reduce((a, b) => ({ words: common(a.words, b.words), hasGaps: a.hasGaps || b.hasGaps }), first)
}

const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> => new Set([...a].filter((word) => b.has(word)))

function systemPart(known: Known, system: string, part: Json): Codes {
  const word = (code: string): string => `${system}|${code}`
  const concepts = list(part.concept)
  if (concepts.length > 0) return { words: new Set(concepts.map((one) => word(String(one.code)))), hasGaps: false }
  const filters = list(part.filter).map((one) => ({ property: String(one.property), op: String(one.op), value: String(one.value) }))
  const { codes, hasGaps } = codesOfSystem(known, system, filters)
  return { words: new Set([...codes].map(word)), hasGaps }
}
