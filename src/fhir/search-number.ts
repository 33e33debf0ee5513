/**
 * Number, quantity and composite values of a query. https://hl7.org/fhir/R4/search.html#number, #quantity and #composite
 * A number is kept as the text it was written in, for its digits say how precise it is: `100` means 99.5 up to 100.5.
 */
import { fault } from '../base/fault.ts'
import type { SearchParameter } from './definitions/types.ts'
import { compositeBar } from './index-numbers.ts'
import { type Prefix, parseToken, splitUnescaped, unescaped } from './search-value.ts'
import { type Asked, tokenWords, unsupported, type Words } from './search-words.ts'

export type NumberAsked = {
  readonly prefix: Prefix
  readonly value: string
  /** Half of what one more in the last digit would be. */
  readonly half: string
  /** Undefined: any. */
  readonly system?: string
  readonly unit?: string
  /** The words of a composite's first part. */
  readonly tokens?: readonly string[]
}

export type Numbers = { readonly kind: 'numbers'; readonly code: string; readonly values: readonly NumberAsked[] }

const numberPattern = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?([+-]?\d{1,30}(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?)$/

/** `1e2` is written to one digit after its first, says the specification: 95 up to 105. */
function halfOf(fraction: string | undefined, exponent: string | undefined): string {
  const digits = Math.max(fraction?.length ?? 0, exponent === undefined ? 0 : 1)
  return `5e${Number(exponent ?? 0) - digits - 1}`
}

function parseNumber(name: string, text: string): NumberAsked {
  // A `+` that was not percent-encoded arrives as a blank.
  const [, prefix = 'eq', value = '', fraction, exponent] = numberPattern.exec(text.trim()) ?? []
  if (value === '')
    throw fault('value', `\`${name}\` wants a number such as 5.4 or gt100, for a quantity with its unit: 5.4|system|code.`, name)
  return { prefix: prefix as Prefix, value, half: halfOf(fraction, exponent) }
}

function parseQuantity(name: string, text: string): NumberAsked {
  const [number = '', system, unit, ...more] = splitUnescaped(text, '|').map(unescaped)
  if (more.length > 0 || (system !== undefined && !unit))
    throw fault('value', `\`${name}\` wants number, number|system|code or number||code.`, name)
  return { ...parseNumber(name, number), ...(unit !== undefined && { unit, ...(system !== '' && { system }) }) }
}

export function parseNumbers({ parameter, modifier, name, values }: Asked): Numbers {
  if (modifier !== undefined) throw unsupported(name)
  const parse = parameter.type === 'number' ? parseNumber : parseQuantity
  return { kind: 'numbers', code: parameter.code, values: values.map((text) => parse(name, text)) }
}

/** Whether a composite parameter's values are words: both of its parts are tokens. */
export const isWordPair = ({ components = [] }: SearchParameter): boolean => components.every(({ type }) => type === 'token')

export function parseComposite({ parameter, modifier, name, values }: Asked): Numbers | Words {
  if (modifier !== undefined) throw unsupported(name)
  const { code } = parameter
  const pairs = values.map((value) => {
    const parts = splitUnescaped(value, '$')
    if (parts.length !== 2 || parts.includes('')) throw fault('value', `\`${name}\` wants two values with a $ between them.`, name)
    return parts as [string, string]
  })
  const wordsOf = (text: string): string[] => tokenWords('', parseToken(name, text), false).map((word) => word.slice(1))
  if (isWordPair(parameter)) {
    const words = pairs.flatMap(([first, second]) =>
      wordsOf(first).map((word) => `${code}=${word}${compositeBar}${wordsOf(second)[0] ?? ''}`),
    )
    return { kind: 'words', code, words, not: false }
  }
  return { kind: 'numbers', code, values: pairs.map(([first, second]) => ({ ...parseQuantity(name, second), tokens: wordsOf(first) })) }
}
