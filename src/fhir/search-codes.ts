/**
 * Token values that stand for several codes: `:in` and `:not-in` for those of a ValueSet, `:below` and `:above` for those
 * under or over one in its CodeSystem. https://hl7.org/fhir/R4/search.html#token
 * What cannot be listed whole is refused: it would find too little, and `:not-in` too much. Left out: `ValueSet/1` for a URL.
 */
import { type Fault, fault } from '../base/fault.ts'
import { codesSearchedMax } from '../base/search-limits.ts'
import { parseToken, unescaped } from './search-value.ts'
import type { Wanted } from './validate/profiles/canonicals.ts'
import { codesOfSystem } from './validate/profiles/code-systems.ts'
import type { Known } from './validate/profiles/known.ts'
import { codesOf } from './validate/profiles/value-sets.ts'

const codeModifier = /:(in|not-in|above|below)$/

/** The ValueSets and CodeSystems that have to be known before a query can be read; none for most queries. */
export function terminologyAsked(pairs: Iterable<readonly [string, string]>): Wanted[] {
  const wanted: Wanted[] = []
  for (const [name, value] of pairs) {
    const modifier = name.includes(':') ? codeModifier.exec(name)?.[1] : undefined
    if (modifier === undefined) continue
    for (const one of value.split(',')) {
      if (modifier.endsWith('in')) wanted.push(['ValueSet', unescaped(one)])
      else if (one.includes('|')) wanted.push(['CodeSystem', one.slice(0, one.indexOf('|'))])
    }
  }
  return wanted
}

export const isSeveralCodes = (modifier: string | undefined): boolean => modifier !== undefined && codeModifier.test(`:${modifier}`)

/** A token parameter as it was asked, its alternatives apart. `bare`: its values say no system. */
type TokensAsked = {
  readonly code: string
  readonly modifier?: string
  readonly name: string
  readonly values: readonly string[]
  readonly bare: boolean
}

/** The words that are looked for; undefined where the modifier means no list of codes. */
export function wordsOfCodes(known: Known | undefined, { code, modifier, name, values, bare }: TokensAsked): string[] | undefined {
  if (!known || !isSeveralCodes(modifier)) return undefined
  const words = listedCodes(known, name, modifier, values).map((one) =>
    bare || one.system === undefined ? `${code}=${one.code}` : `${code}=${one.system}|${one.code}`,
  )
  return [...new Set(words)]
}

/** The codes themselves, each with its system where that is told. */
export function listedCodes(
  known: Known,
  name: string,
  modifier: string | undefined,
  values: readonly string[],
): { readonly system?: string; readonly code: string }[] {
  const listed = values.flatMap((text) =>
    modifier?.endsWith('in') ? codesInSet(known, name, unescaped(text)) : codesBeside(known, name, text, modifier === 'below'),
  )
  if (listed.length > codesSearchedMax)
    throw fault('too-costly', `\`${name}\` stands for more than ${codesSearchedMax} codes: name a shorter list.`, name)
  return listed.map((word) => {
    const bar = word.lastIndexOf('|')
    return bar === 0 ? { code: word.slice(1) } : { system: word.slice(0, bar), code: word.slice(bar + 1) }
  })
}

/** `system|code`, or `|code` where the system is not told. */
function codesInSet(known: Known, name: string, canonical: string): string[] {
  const codes = codesOf(known, canonical)
  if (!codes) throw notHere(name, 'a ValueSet that is not here: name one by its canonical URL that is stored, or of R4')
  if (codes.hasGaps) throw notHere(name, 'a ValueSet whose codes cannot all be listed here')
  return [...codes.words]
}

function codesBeside(known: Known, name: string, text: string, isBelow: boolean): string[] {
  const { system, code } = parseToken(name, text)
  if (!system || code === undefined) throw fault('value', `\`${name}\` wants system|code.`, name)
  const { codes, hasGaps } = codesOfSystem(known, system, [{ property: 'concept', op: isBelow ? 'is-a' : 'generalizes', value: code }])
  if (hasGaps) throw notHere(name, 'a CodeSystem whose hierarchy is not here')
  return [...codes].map((one) => `${system}|${one}`)
}

const notHere = (name: string, what: string): Fault => fault('value', `\`${name}\` names ${what}.`, name)
