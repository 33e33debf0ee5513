/**
 * What search needs to know of one resource, read from it by its type's search parameters. Runs on every write: each
 * expression is compiled once per Definitions. The words it makes are described in index-values-types.ts.
 * https://hl7.org/fhir/R4/search.html#token (and #reference #string #date #uri #quantity #composite)
 * A malformed value is passed over, for validation is elsewhere.
 */
import { aboutWords } from './about-visits.ts'
import { hullOf, type Span, timestampText } from './date-time.ts'
import type { Definitions, SearchParameter } from './definitions/types.ts'
import { collectComposite, numberValue } from './index-numbers.ts'
import type { DateBounds, IndexValues, NumberValue } from './index-values-types.ts'
import { type Collect, collectors, type Found, timeSpans } from './index-words.ts'
import { keepsNumbersAsWords, numberWords } from './number-words.ts'
import { compartmentParameters } from './patient-compartment.ts'
import type { Resource } from './resource.ts'
import { compileExpression, type Walk } from './search-expression.ts'
import { isSearchedByText } from './search-text.ts'
import { sensitiveWord, sensitivityOf, verySensitiveWord } from './sensitivity.ts'

type Reader = {
  readonly code: string
  readonly walk: Walk
  readonly collect?: Collect
  readonly parameter: SearchParameter
  readonly compartment: boolean
}

const readersOf = new WeakMap<Definitions, Map<string, readonly Reader[]>>()

/** Columns of their own, not values. */
const columns: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function makeReaders(definitions: Definitions, type: string): readonly Reader[] {
  const placing = new Set(type === 'Patient' ? [] : compartmentParameters(definitions, type))
  return [...(definitions.searchParameters.get(type)?.values() ?? [])].flatMap((parameter): Reader[] => {
    const { code } = parameter
    const kind = code === 'phonetic' ? 'phonetic' : parameter.type
    const collect = collectors[kind]
    if (columns.has(code)) return []
    return [{ code, walk: compileExpression(definitions, type, parameter), collect, parameter, compartment: placing.has(code) }]
  })
}

function readers(definitions: Definitions, type: string): readonly Reader[] {
  const known = readersOf.get(definitions) ?? new Map<string, readonly Reader[]>()
  readersOf.set(definitions, known)
  const made = known.get(type) ?? makeReaders(definitions, type)
  known.set(type, made)
  return made
}

function boundsOf(reader: Reader, resource: Resource): DateBounds | undefined {
  const spans: Span[] = []
  reader.walk(resource, (value, type) => timeSpans(value, type, spans))
  const hull = hullOf(spans)
  return hull && { lower: timestampText(hull.lower), upper: timestampText(hull.upper) }
}

/** Each span by itself, in milliseconds. */
function spansOf(reader: Reader, resource: Resource): NumberValue[] {
  const spans: Span[] = []
  reader.walk(resource, (value, type) => timeSpans(value, type, spans))
  const end = (ms: number): string | null => (Number.isFinite(ms) ? String(ms) : null)
  const unit = { system: null, unitCode: null, unit: null }
  return spans.map(({ lower, upper }) => ({ code: reader.code, lower: end(lower), upper: end(upper), ...unit }))
}

function positionOf(resource: Resource): IndexValues['position'] {
  const { latitude, longitude } = (resource.position ?? {}) as { latitude?: unknown; longitude?: unknown }
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : undefined
}

function collectWords(reader: Reader, collect: Collect, resource: Resource, base: string | undefined, found: Found): void {
  reader.walk(resource, (value, type) => collect(reader.code, value, type, found, base))
}

function collectNumbers({ parameter, walk }: Reader, resource: Resource, terms: Set<string>, numbers: NumberValue[]): void {
  walk(resource, (value, type) => {
    if (parameter.type === 'composite') return collectComposite(parameter, value, { terms, numbers })
    const number = numberValue(value, type)
    if (number === undefined) return
    if (!keepsNumbersAsWords(resource.resourceType)) numbers.push({ code: parameter.code, ...number })
    else if (number.lower !== null && number.lower === number.upper) {
      const unit = parameter.type === 'quantity' ? number : undefined
      for (const word of numberWords(parameter.code, number.lower, unit)) terms.add(word)
    } else terms.add(`${parameter.code}=${number.lower ?? number.upper}`)
  })
}

/** `@Patient/1` for each patient whose compartment the placing references name. */
function addCompartments(reader: Reader, found: Found): void {
  const lead = `${reader.code}=Patient/`
  for (const term of found.terms) if (term.startsWith(lead)) found.terms.add(`@${term.slice(reader.code.length + 1)}`)
}

/** The values of every search parameter of the resource. References under `base` (no slash at its end) become relative. */
export function indexValues(definitions: Definitions, resource: Resource, base?: string): IndexValues {
  const found: Found = { terms: new Set(), lines: [], texts: isSearchedByText(resource.resourceType) }
  const dates: Record<string, DateBounds> = {}
  const numbers: NumberValue[] = []
  let position: IndexValues['position']
  for (const reader of readers(definitions, resource.resourceType)) {
    if (reader.collect) {
      collectWords(reader, reader.collect, resource, base, found)
      if (reader.compartment) addCompartments(reader, found)
    } else if (reader.parameter.type === 'date' && reader.parameter.custom) {
      numbers.push(...spansOf(reader, resource))
    } else if (reader.parameter.type === 'date') {
      const bounds = boundsOf(reader, resource)
      if (bounds) dates[reader.code] = bounds
    } else if (reader.parameter.type === 'special') position = positionOf(resource)
    else collectNumbers(reader, resource, found.terms, numbers)
  }
  if (resource.resourceType === 'Patient' && resource.id) found.terms.add(`@Patient/${resource.id}`)
  for (const word of aboutWords(resource, base)) found.terms.add(word)
  const sensitivity = sensitivityOf(resource)
  if (sensitivity) found.terms.add(sensitiveWord)
  if (sensitivity === 'very') found.terms.add(verySensitiveWord)
  const strings = found.lines.length ? `\n${[...new Set(found.lines)].join('\n')}\n` : ''
  return { terms: [...found.terms], strings, dates, numbers, ...(position && { position }) }
}
