/**
 * How one value of a search parameter becomes words, by the FHIR type it has. https://hl7.org/fhir/R4/search.html#token
 * and the table at #table. Case is kept in terms; codes of bound `code` elements carry no system, for JSON has none.
 * Left out: Money and Quantity, and Attachment titles.
 */
import { type Span, spanOf } from './date-time.ts'
import { relativeReference } from './reference.ts'
import { normalizeText, oneLine, soundsOf } from './search-text.ts'
import { uriAndAbove } from './uri-path.ts'

/** What has been found so far. */
export type Found = {
  readonly terms: Set<string>
  readonly lines: string[]
  /** The text of codes and references is wanted, too. */
  readonly texts?: boolean
}
export type Collect = (parameter: string, value: unknown, type: string, found: Found, base: string | undefined) => void

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** `p=sys|code`, `p=code`, `p=sys|`, and `p=|code` where there is no system. */
function addToken(lead: string, system: unknown, code: unknown, terms: Set<string>): void {
  if (isText(system)) terms.add(`${lead}=${system}|`)
  if (!isText(code)) return
  terms.add(`${lead}=${code}`)
  terms.add(`${lead}=${isText(system) ? system : ''}|${code}`)
}

const token: Collect = (parameter, value, type, found) => {
  const { terms } = found
  if (found.texts) addTexts(parameter, value, type, found.lines)
  if (typeof value === 'boolean' || typeof value === 'number') terms.add(`${parameter}=${value}`)
  else if (isText(value)) terms.add(`${parameter}=${value}`)
  else if (type === 'CodeableConcept') {
    for (const coding of listOf(fieldsOf(value).coding)) addToken(parameter, fieldsOf(coding).system, fieldsOf(coding).code, terms)
    if (fieldsOf(value).coding === undefined && isText(fieldsOf(value).text)) terms.add(present(parameter))
  } else if (type === 'Identifier') addIdentifier(parameter, fieldsOf(value), terms)
  // The system of a ContactPoint says phone or email: it is no code system.
  else if (type === 'ContactPoint') addToken(parameter, undefined, fieldsOf(value).value, terms)
  else addToken(parameter, fieldsOf(value).system, fieldsOf(value).code, terms)
}

/** `p:`, which nothing looks for but `:missing`: a text alone is a value, too. */
const present = (parameter: string): string => `${parameter}:`

/** `p:text= head pain`, with a blank before each word: what is looked for begins with one. */
function addTexts(parameter: string, value: unknown, type: string, lines: string[]): void {
  for (const text of textsBeside(fieldsOf(value), type)) if (isText(text)) lines.push(`${parameter}:text= ${normalizeText(text)}`)
}

/** The text that stands beside a code, or beside a reference. */
function textsBeside({ text, coding, display, type: kind }: Fields, type: string): readonly unknown[] {
  if (type === 'CodeableConcept') return [text, ...listOf(coding).map((one) => fieldsOf(one).display)]
  return type === 'Identifier' ? [fieldsOf(kind).text] : [display]
}

/** Beside its value, an identifier is found by its type and value: `p:of-type=sys|code|value`. */
function addIdentifier(parameter: string, { system, value, type }: Fields, terms: Set<string>): void {
  addToken(parameter, system, value, terms)
  if (type === undefined || !isText(value)) return
  for (const coding of listOf(fieldsOf(type).coding)) {
    const { system: typeSystem, code } = fieldsOf(coding)
    if (isText(code)) terms.add(`${parameter}:of-type=${isText(typeSystem) ? typeSystem : ''}|${code}|${value}`)
  }
}

const reference: Collect = (parameter, value, type, found, base) => {
  const { terms } = found
  if (found.texts && !isText(value)) addTexts(parameter, value, type, found.lines)
  if (isText(value)) return addCanonical(parameter, relativeReference(value, base), terms)
  const { reference: literal, identifier, display } = fieldsOf(value)
  if (literal === undefined && isText(display)) terms.add(present(parameter))
  if (isText(literal)) terms.add(`${parameter}=${relativeReference(literal, base)}`)
  if (identifier !== undefined) addToken(`${parameter}:identifier`, fieldsOf(identifier).system, fieldsOf(identifier).value, terms)
}

const versionPartsMax = 6

/** A canonical is found by its URL, and where it says a version by that one and those that it is part of. */
function addCanonical(parameter: string, canonical: string, terms: Set<string>): void {
  terms.add(`${parameter}=${canonical}`)
  const bar = canonical.indexOf('|')
  if (bar === -1) return
  terms.add(`${parameter}=${canonical.slice(0, bar)}`)
  for (const version of versionAndAbove(canonical.slice(bar + 1))) terms.add(`${parameter}:below=${canonical.slice(0, bar)}|${version}`)
}

/** `1.2.3`, `1.2` and `1`. */
function versionAndAbove(version: string): string[] {
  const parts = version.split('.')
  return parts.length > versionPartsMax ? [version] : parts.map((_, at) => parts.slice(0, at + 1).join('.'))
}

/** HumanName: family first, so that a sort by name is a sort by family. */
const nameParts: readonly string[] = ['family', 'given', 'prefix', 'suffix', 'text']
const addressParts: readonly string[] = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country']

function textsOf(value: unknown, type: string): readonly unknown[] {
  if (typeof value === 'string') return [value]
  const parts = type === 'Address' ? addressParts : type === 'HumanName' ? nameParts : []
  return parts.flatMap((part) => listOf(fieldsOf(value)[part]))
}

const string: Collect = (parameter, value, type, { lines }) => {
  for (const text of textsOf(value, type)) {
    if (isText(text)) lines.push(`${parameter}=${normalizeText(text)}`, `${parameter}!${oneLine(text)}`)
  }
}

const phonetic: Collect = (parameter, value, type, { terms }) => {
  for (const text of textsOf(value, type)) {
    if (isText(text)) for (const sound of soundsOf(text)) terms.add(`${parameter}=${sound}`)
  }
}

const uri: Collect = (parameter, value, _type, { terms }) => {
  if (!isText(value)) return
  terms.add(`${parameter}=${value}`)
  for (const above of uriAndAbove(value)) terms.add(`${parameter}:below=${above}`)
}

/** By parameter type; date and position go to columns of their own. */
export const collectors: Readonly<Record<string, Collect | undefined>> = { token, reference, string, phonetic, uri }

/** The span of a date, or of a Period or Timing, added to `spans`. */
export function timeSpans(value: unknown, type: string, spans: Span[]): void {
  if (typeof value === 'string') {
    const span = spanOf(value)
    if (span) spans.push(span)
  } else if (type === 'Timing') {
    for (const event of listOf(fieldsOf(value).event)) timeSpans(event, 'dateTime', spans)
    const bounds = fieldsOf(fieldsOf(value).repeat).boundsPeriod
    if (bounds !== undefined) timeSpans(bounds, 'Period', spans)
  } else {
    const { start, end } = fieldsOf(value)
    const [first, last] = [isText(start) ? spanOf(start) : undefined, isText(end) ? spanOf(end) : undefined]
    if (first || last) spans.push({ lower: first?.lower ?? Number.NEGATIVE_INFINITY, upper: last?.upper ?? Number.POSITIVE_INFINITY })
  }
}
