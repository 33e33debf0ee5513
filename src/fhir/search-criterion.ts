/**
 * One search parameter of a query, understood: `start=ge2026-05-01`, `schedule.actor:Practitioner.name=smith`,
 * `_has:Appointment:patient:status=booked`. What is matched word by word is already in the words of index-values-types.ts.
 * https://hl7.org/fhir/R4/search.html#modifiers, #chaining and #has
 * Left out: how the result is wanted (search-query.ts).
 */
import { fault } from '../base/fault.ts'
import { searchLinksMax, searchStepsMax } from '../base/search-limits.ts'
import type { SearchParameter } from './definitions/types.ts'
import { servedTypes, storedTypes } from './resource.ts'
import { type Numbers, parseComposite, parseNumbers } from './search-number.ts'
import { isReadForText, isSearchedByText, normalizeText, oneLine, soundsOf } from './search-text.ts'
import { type DateValue, type NearValue, parseDate, parseNear, splitValues, unescaped } from './search-value.ts'
import {
  type Asked,
  parseReferences,
  parseTokens,
  parseUris,
  type Reading,
  type Texts,
  type Tree,
  targetsOf,
  unsupported,
  type Words,
} from './search-words.ts'

/** Values are alternatives; the criteria of a query all hold. */
export type Criterion =
  | Words
  | Tree
  | Texts
  /** Rows whose narrative (`_text`), or whatever text they hold (`_content`), has the words. */
  | { readonly kind: 'full-text'; readonly code: '_text' | '_content'; readonly texts: readonly string[] }
  | { readonly kind: 'missing'; readonly code: string; readonly missing: boolean }
  | { readonly kind: 'date'; readonly code: string; readonly values: readonly DateValue[] }
  | { readonly kind: 'string'; readonly code: string; readonly match: 'start' | 'contains' | 'exact'; readonly texts: readonly string[] }
  | Numbers
  | { readonly kind: 'near'; readonly code: string; readonly values: readonly NearValue[] }
  /** Rows whose reference `code` names a row, of one of the types, that meets the criterion. */
  | { readonly kind: 'chain'; readonly code: string; readonly links: readonly { readonly type: string; readonly criterion: Criterion }[] }
  /** Rows of `target` that a row of `type`, which meets the criterion, names in its reference `by`. */
  | {
      readonly kind: 'has'
      readonly code: '_has'
      readonly target: string
      readonly type: string
      readonly by: string
      readonly criterion: Criterion
    }
  | Audited

/** Rows of `target` that an AuditEvent, found by `name=value`, names in its reference `by`. */
export type Audited = {
  readonly kind: 'audited'
  readonly code: '_has'
  readonly target: string
  readonly by: string
  readonly name: string
  readonly value: string
  /** The rows' ids, once the audit was asked; until then it finds nothing. */
  readonly ids: readonly string[]
}

/** A name taken apart: `actor:Practitioner.name:exact` is code, modifier and the rest of the chain. */
const nameParts = /^([^:.]+)(?::([^.]*))?(?:\.(.+))?$/
const hasParts = /^_has:([A-Za-z]+):([^:.]+):(.+)$/

/** The parameter types that can be searched by; `special` is `near` alone. */
const searchable: ReadonlySet<string> = new Set(['token', 'reference', 'string', 'date', 'uri', 'number', 'quantity', 'composite'])

export const isSearchable = (parameter: SearchParameter | undefined): parameter is SearchParameter =>
  parameter !== undefined && parameter.custom?.served !== false && (searchable.has(parameter.type) || parameter.code === 'near')

/** How far a chain has come: its steps, and how many links have been tried on all its branches. */
type Way = { readonly steps: number; readonly links: { tried: number } }

function further({ steps, links }: Way): Way {
  links.tried++
  if (steps >= searchStepsMax) throw fault('too-costly', `A chain takes at most ${searchStepsMax} steps.`)
  if (links.tried > searchLinksMax)
    throw fault('too-costly', 'That chain may lead through too many types. Name them: `actor:Practitioner.name`.')
  return { steps: steps + 1, links }
}

/** Undefined where the type has no such parameter. Throws a Fault where the value or modifier cannot be meant. */
export function parseCriterion(
  reading: Reading,
  name: string,
  value: string,
  way: Way = { steps: 0, links: { tried: 0 } },
): Criterion | undefined {
  if (name.startsWith('_has:')) return parseHas(reading, name, value, way)
  if (name === '_text' || name === '_content') return parseFullText(reading, name, value, way)
  const [, code = '', modifier, rest] = nameParts.exec(name) ?? []
  const parameters = reading.definitions.searchParameters.get(reading.type)
  const parameter = parameters?.get(code) ?? (rest === undefined ? undefined : parameters?.get(spelledAsType(code)))
  if (!isSearchable(parameter)) return undefined
  if (rest !== undefined) return parseChain(reading, parameter, modifier, rest, value, way)
  if (modifier === 'missing') return { kind: 'missing', code, missing: parseMissing(name, value) }
  return parseValues(reading, { parameter, modifier, name, values: splitValues(name, value) })
}

/** Words as in a search engine: all of them, `or`, `-not`, "one after the other". */
function parseFullText({ type }: Reading, code: '_text' | '_content', value: string, { steps }: Way): Criterion | undefined {
  if (!isSearchedByText(type) && !(isReadForText(type) && steps === 0)) return undefined
  return { kind: 'full-text', code, texts: splitValues(code, value).map(unescaped) }
}

/** One resource, one patient's, one Schedule's Slots: whatever is stored, the rows are few enough to be read one by one. */
const narrowWord = /^(?:_id|identifier|slot|schedule|based-on)=.*[^|]$|=Patient\//

const isNarrow = (criterion: Criterion): boolean =>
  criterion.kind === 'words' && !criterion.not && criterion.words.every((word) => narrowWord.test(word))

/** Throws `too-costly` where text would be read in rows that nothing narrows. */
export function assertTextIsNarrowed(type: string, criteria: readonly Criterion[]): void {
  const text = criteria.find(({ kind }) => kind === 'full-text')
  if (text === undefined || !isReadForText(type) || criteria.some(isNarrow)) return
  const narrow = type === 'Slot' ? '`schedule`, `_id` or `identifier`' : '`patient`, `slot`, `based-on`, `_id` or `identifier`'
  throw fault('too-costly', `\`${text.code}\` of ${type} is read row by row: say beside it ${narrow}.`, text.code)
}

/** NHS BaRS begins a chain with the name of a type, `Schedule.actor:HealthcareService`, and means the parameter of that name. */
const spelledAsType = (name: string): string => (storedTypes.includes(name) ? `${name.charAt(0).toLowerCase()}${name.slice(1)}` : '')

function parseValues(reading: Reading, asked: Asked): Criterion {
  const { parameter, modifier, name, values } = asked
  const { code } = parameter
  if (code === 'phonetic') return parsePhonetic(asked)
  switch (parameter.type) {
    case 'token':
      return parseTokens(reading, asked)
    case 'reference':
      return parseReferences(reading, asked)
    case 'string':
      return parseStrings(asked)
    case 'uri':
      return parseUris(asked)
    case 'number':
    case 'quantity':
      return parseNumbers(asked)
    case 'composite':
      return parseComposite(asked)
    default:
      if (modifier !== undefined) throw unsupported(name)
  }
  if (parameter.type === 'date') return { kind: 'date', code, values: values.map((text) => parseDate(name, text)) }
  return { kind: 'near', code, values: values.map((text) => parseNear(name, text)) }
}

export function parseMissing(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw fault('value', `\`${name}\` is true or false.`, name)
  return value === 'true'
}

function parsePhonetic({ parameter: { code }, modifier, name, values }: Asked): Words {
  if (modifier !== undefined) throw unsupported(name)
  return {
    kind: 'words',
    code,
    not: false,
    words: values
      .map(unescaped)
      .flatMap(soundsOf)
      .map((sound) => `${code}=${sound}`),
  }
}

function parseStrings({ parameter: { code }, modifier, name, values }: Asked): Criterion {
  if (modifier !== undefined && modifier !== 'exact' && modifier !== 'contains') throw unsupported(name)
  const texts = values.map(unescaped)
  if (modifier === 'exact') return { kind: 'string', code, match: 'exact', texts: texts.map(oneLine) }
  return { kind: 'string', code, match: modifier ?? 'start', texts: texts.map(normalizeText) }
}

const namesTarget = ({ targets }: SearchParameter, typed: string): boolean =>
  targets.length > 0 ? targets.includes(typed) : /^[A-Z]/.test(typed)

function parseChain(
  reading: Reading,
  parameter: SearchParameter,
  typed: string | undefined,
  rest: string,
  value: string,
  way: Way,
): Criterion | undefined {
  const { code } = parameter
  if (parameter.type !== 'reference') return undefined
  // Further on, another type's parameter of that name may well lead there.
  if (typed !== undefined && way.steps === 0 && !namesTarget(parameter, typed)) throw unsupported(`${code}:${typed}`)
  const links = targetsOf(parameter)
    .filter((type) => typed === undefined || type === typed)
    .flatMap((type) => {
      const criterion = parseCriterion({ ...reading, type }, rest, value, further(way))
      return criterion ? [{ type, criterion }] : []
    })
  return links.length ? { kind: 'chain', code, links } : undefined
}

/**
 * `_has:Appointment:patient:status=booked`; what follows the reference is a parameter of that type, with all it may hold. Of
 * AuditEvents it is read where they are found.
 */
function parseHas(reading: Reading, name: string, value: string, way: Way): Criterion | undefined {
  const [, type = '', by = '', rest = ''] = hasParts.exec(name) ?? []
  // Ignored it would find too much.
  if (type === 'AuditEvent' && !reading.audited)
    throw fault('value', '`_has` goes through AuditEvents in a search of one type alone, and not in criteria.', name)
  const parameter = servedTypes.includes(type) ? reading.definitions.searchParameters.get(type)?.get(by) : undefined
  if (!isSearchable(parameter) || parameter.type !== 'reference' || !targetsOf(parameter).includes(reading.type)) return undefined
  if (type === 'AuditEvent') {
    further(way)
    return { kind: 'audited', code: '_has', target: reading.type, by, name: rest, value, ids: [] }
  }
  const criterion = parseCriterion({ ...reading, type }, rest, value, further(way))
  return criterion && { kind: 'has', code: '_has', target: reading.type, type, by, criterion }
}
