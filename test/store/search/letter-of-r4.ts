/**
 * What a value of a search finds by the letter of R4's search page, worked out one resource at a time: dates, strings,
 * numbers, quantities, tokens, references, and composites of them. Written from the page, and from nothing of ours: the
 * elements are found by another implementation's FHIRPath. https://hl7.org/fhir/R4/search.html
 *
 * Left out: prefixes of a composite's parts, `ap`, hierarchies and value sets.
 */
import { evalFhirPathTyped, toTypedValue } from '@medplum/core'

// biome-ignore lint/suspicious/noExplicitAny: elements of every type
type Loose = any
/** What is at this address is here. */
const base = 'https://clinic.example/fhir'

type Span = readonly [from: number, to: number]
export type Kind = 'date' | 'string' | 'number' | 'quantity' | 'token' | 'reference'

const known = new WeakMap<object, Map<string, Loose[]>>()

/** The elements that an expression finds. */
export function elementsOf(resource: object, expression: string): Loose[] {
  const own = known.get(resource) ?? new Map<string, Loose[]>()
  known.set(resource, own)
  const elements = own.get(expression) ?? expression.split(' | ').flatMap((part) => partOf(resource, part))
  own.set(expression, elements)
  return elements
}

/** What a reference leads to is told by its address, wherever that is: nothing is fetched. */
function partOf(resource: object, expression: string): Loose[] {
  const [resolved, type] = /\.where\(resolve\(\) is (\w+)\)/.exec(expression) ?? []
  const values: Loose[] = evalFhirPathTyped(resolved ? expression.replace(resolved, '') : expression, [toTypedValue(resource)]).map(
    ({ value }) => value,
  )
  return type ? values.filter(({ reference = '' }) => `/${reference}`.includes(`/${type}/`)) : values
}

/** One of the values that commas part. */
export const finds = (kind: Kind, elements: readonly Loose[], value: string, modifier = ''): boolean =>
  value.split(',').some((one) => elements.some((element) => judges[kind](element, one, modifier)))

const judges: Readonly<Record<Kind, (element: Loose, value: string, modifier: string) => boolean>> = {
  date: (element, value) => {
    const span = spanOf(element)
    return span !== undefined && compared(value, span, spanOfText)
  },
  number: (element, value) => compared(value, [element, element], numberSpan),
  quantity: (element, value) => {
    const [number = '', system, unit] = value.split('|')
    if (typeof element?.value !== 'number') return false
    const isUnit =
      unit === undefined || (system ? element.system === system && element.code === unit : [element.code, element.unit].includes(unit))
    return isUnit && compared(number, [element.value, element.value], numberSpan)
  },
  string: (element, value, modifier) => texts(element).some((text) => textMatches(text, value, modifier)),
  token: (element, value) => tokens(element).some((token) => tokenMatches(token, value)),
  reference: (element, value) => {
    const [wanted, own] = [value, String(element?.reference ?? element)].map((one) => one.replace(`${base}/`, ''))
    return own === wanted || (!String(own).includes(':') && !value.includes('/') && own?.split('/')[1] === value)
  },
}

// Dates. https://hl7.org/fhir/R4/search.html#date

/** From the first instant that a text may mean to the first that it cannot mean; without a zone it is UTC. */
function spanOfText(text: string): Span {
  const [, year = '', month, day, time, zone] = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T([\d:.]+)(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text) ?? []
  const [y, m, d] = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)]
  if (month === undefined) return [Date.UTC(y, 0, 1), Date.UTC(y + 1, 0, 1)]
  if (day === undefined) return [Date.UTC(y, m, 1), Date.UTC(y, m + 1, 1)]
  if (time === undefined) return [Date.UTC(y, m, d), Date.UTC(y, m, d + 1)]
  const from = Date.parse(`${year}-${month}-${day}T${time}${zone ?? 'Z'}`)
  const [, , seconds] = time.split(':')
  return [from, from + (seconds === undefined ? 60_000 : seconds.includes('.') ? 1 : 1000)]
}

/** A Period is open where it does not say; of a Timing only the outer limits matter. */
function spanOf(element: Loose): Span | undefined {
  if (typeof element === 'string') return spanOfText(element)
  if (element?.start !== undefined || element?.end !== undefined)
    return [element.start ? spanOfText(element.start)[0] : -Infinity, element.end ? spanOfText(element.end)[1] : Infinity]
  const parts = [...(element?.event ?? []), element?.repeat?.boundsPeriod].flatMap((one) => spanOf(one) ?? [])
  const [from, to] = [parts.filter((_, at) => at % 2 === 0), parts.filter((_, at) => at % 2 === 1)]
  return parts.length > 0 ? [Math.min(...from), Math.max(...to)] : undefined
}

/** https://hl7.org/fhir/R4/search.html#prefix: of both the value searched for and the target the range is compared. */
function compared(value: string, [from, to]: Span, spanOfValue: (text: string) => Span): boolean {
  const [, prefix = '', text = ''] = /^(eq|ne|gt|lt|ge|le|sa|eb)?(.*)$/.exec(value) ?? []
  const isNumber = spanOfValue === numberSpan
  const [low, high] = spanOfValue(text)
  const [under, over] = isNumber ? [Number(text), Number(text)] : [low, high]
  const contains = isNumber ? low <= from && to < high : low <= from && to <= high
  const above = to > over
  const below = from < under
  switch (prefix) {
    case 'ne':
      return !contains
    case 'gt':
      return above
    case 'lt':
      return below
    case 'ge':
      return above || (isNumber ? from === over : contains)
    case 'le':
      return below || (isNumber ? to === under : contains)
    case 'sa':
      return isNumber ? above : from >= over
    case 'eb':
      return isNumber ? below : to <= under
    default:
      return contains
  }
}

/** The digits that were written say how exactly it is meant. https://hl7.org/fhir/R4/search.html#number */
function numberSpan(text: string): Span {
  const half = 10 ** -(text.split('.')[1]?.length ?? 0) / 2
  return [Number(text) - half, Number(text) + half]
}

// Strings. https://hl7.org/fhir/R4/search.html#string

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** A name or an address is found by any of its texts. */
const texts = (element: Loose): string[] => {
  if (typeof element !== 'object' || element === null) return [String(element)]
  const { text, family, given, prefix, suffix, line, city, district, state, postalCode, country } = element
  return [text, family, given, prefix, suffix, line, city, district, state, postalCode, country].flat().filter((one) => one !== undefined)
}

function textMatches(text: string, value: string, modifier: string): boolean {
  if (modifier === ':exact') return text === value
  return modifier === ':contains' ? plain(text).includes(plain(value)) : plain(text).startsWith(plain(value))
}

// Tokens. https://hl7.org/fhir/R4/search.html#token

type Token = { readonly system?: string; readonly code?: string }

function tokens(element: Loose): Token[] {
  if (typeof element !== 'object' || element === null) return [{ code: String(element) }]
  if (Array.isArray(element.coding)) return element.coding
  return [{ system: element.system, code: element.code ?? element.value }]
}

function tokenMatches({ system, code }: Token, value: string): boolean {
  const [before, after] = value.split('|')
  if (after === undefined) return code === before
  return (system ?? '') === before && (after === '' || code === after)
}

// Composites. https://hl7.org/fhir/R4/search.html#combining

/** What R4's composites of the stored types are made of: an element's code, and its value of one kind or another. */
export type Second = 'token' | 'quantity'

const secondOf = ({ valueCodeableConcept, valueBoolean, valueQuantity }: Loose, second: Second): Loose =>
  second === 'quantity' ? valueQuantity : (valueCodeableConcept ?? valueBoolean)

/** A text alone is no value that a pair can be found by. */
const hasToken = (element: Loose): boolean => element !== undefined && tokens(element).some(({ system, code }) => system ?? code)

export const isPair = (element: Loose, second: Second): boolean => {
  const value = secondOf(element, second)
  return hasToken(element.code) && (second === 'quantity' ? value !== undefined : hasToken(value))
}

/** The same element has both. */
export const pairFinds = (element: Loose, value: string, second: Second): boolean =>
  value.split(',').some((one) => {
    const [code = '', wanted = ''] = one.split('$')
    return isPair(element, second) && judges.token(element.code, code, '') && judges[second](secondOf(element, second), wanted, '')
  })
