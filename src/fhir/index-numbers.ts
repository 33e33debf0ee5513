/**
 * Numbers and quantities as search keeps them, and the pairs of a composite parameter.
 * https://hl7.org/fhir/R4/search.html#quantity and #composite
 * Numbers stay the decimal text that they were written in; an open side is null. Left out: converting units (UCUM).
 */
import type { SearchComponent, SearchParameter } from './definitions/types.ts'
import type { NumberValue } from './index-values-types.ts'
import { type Collect, collectors } from './index-words.ts'

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const numberOf = (value: unknown): string | null => (typeof value === 'number' && Number.isFinite(value) ? String(value) : null)

/** The range that a Quantity, Range or number stands for; undefined where it says no number. */
export function numberValue(value: unknown, type: string): Omit<NumberValue, 'code'> | undefined {
  const { low, high, comparator, ...fields } = fieldsOf(value)
  if (type === 'Range') {
    const [from, to] = [fieldsOf(low), fieldsOf(high)]
    const bounds = { lower: numberOf(from.value), upper: numberOf(to.value) }
    return bounds.lower === null && bounds.upper === null ? undefined : { ...bounds, ...unitOf(bounds.lower === null ? to : from) }
  }
  const number = numberOf(typeof value === 'number' ? value : fields.value)
  if (number === null) return undefined
  const open = textOf(comparator)
  return { lower: open?.startsWith('<') ? null : number, upper: open?.startsWith('>') ? null : number, ...unitOf(fields) }
}

const unitOf = ({ system, code, unit }: Fields) => ({ system: textOf(system), unitCode: textOf(code), unit: textOf(unit) })

/** Stands between the two words of a composite: no FHIR text holds it. */
export const compositeBar = '\u001f'

/** What an element without a type in its name holds, by its looks. */
function looksLike(value: unknown): string {
  const { coding, value: number, low, high } = fieldsOf(value)
  if (typeof number === 'number' || typeof value === 'number') return 'Quantity'
  if (low !== undefined || high !== undefined) return 'Range'
  return coding === undefined ? 'Coding' : 'CodeableConcept'
}

/** What a component finds in one element: the value and its FHIR type. */
function* partsOf(element: Fields, { expression }: SearchComponent): Generator<[unknown, string]> {
  for (const part of expression.split('|')) {
    const [, name = '', type] = /^\s*(\w+)(?:\.(?:as|ofType)\((\w+)\))?\s*$/.exec(part) ?? []
    for (const [key, value] of Object.entries(element)) {
      const chosen = key.startsWith(name) ? key.slice(name.length) : undefined
      if (chosen === '') for (const one of Array.isArray(value) ? value : [value]) yield [one, looksLike(one)]
      else if (chosen && (type === undefined || chosen === type) && /^[A-Z]/.test(chosen))
        yield [value, chosen.replace(/^Boolean$/, 'boolean')]
    }
  }
}

const tokenTypes: ReadonlySet<string> = new Set(['CodeableConcept', 'Coding', 'boolean'])

/** The words, without the name of a parameter, of the tokens that a component finds; a text alone makes no pair. */
function tokensOf(element: Fields, component: SearchComponent): string[] {
  const terms = new Set<string>()
  const collect = collectors.token as Collect
  for (const [value, type] of partsOf(element, component)) {
    if (tokenTypes.has(type)) collect('', value, type, { terms, lines: [] }, undefined)
  }
  return [...terms].flatMap((word) => (word.startsWith('=') ? word.slice(1) : []))
}

type CompositeFound = { readonly terms: Set<string>; readonly numbers: NumberValue[] }

/**
 * What one element of a composite parameter comes to: words where both parts are tokens, else numbers with the first part's
 * tokens.
 */
export function collectComposite({ code, components = [] }: SearchParameter, value: unknown, found: CompositeFound): void {
  const [first, second] = components
  if (!first || !second) return
  const element = fieldsOf(value)
  const tokens = tokensOf(element, first)
  if (second.type === 'token') {
    for (const other of tokensOf(element, second)) for (const token of tokens) found.terms.add(`${code}=${token}${compositeBar}${other}`)
    return
  }
  for (const [part, type] of partsOf(element, second)) {
    const number = type === 'Quantity' || type === 'Range' ? numberValue(part, type) : undefined
    if (number && tokens.length > 0) found.numbers.push({ code, ...number, tokens })
  }
}
