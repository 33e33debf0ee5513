/**
 * Where each search parameter's values live beside a resource's body: the one place that names tables and columns of
 * stored types. The migration generator makes what this says, the writer fills it, search reads it.
 * Words of `fhir/index-values-types.ts`; parameter types of https://hl7.org/fhir/R4/search.html#ptypes
 */
import type { Definitions, SearchParameter } from '../fhir/definitions/types.ts'
import { keepsNumbersAsWords } from '../fhir/number-words.ts'
import { isWordPair } from '../fhir/search-number.ts'
import { isSearchedByText } from '../fhir/search-text.ts'

export type Place =
  /** Words in `terms` led by the parameter's name: token, reference, uri. */
  | { readonly kind: 'terms' }
  /** Lines in `strings` led by the parameter's name. The texts of a token or reference are there too, led by `code:text`. */
  | { readonly kind: 'strings' }
  /** Words in `terms` that hold how a name sounds. */
  | { readonly kind: 'phonetic' }
  /** Two timestamptz columns, half-open; both null where there is no value. */
  | { readonly kind: 'period'; readonly lower: string; readonly upper: string }
  /** One timestamptz column that is both bounds; null where there is no value. */
  | { readonly kind: 'instant'; readonly column: string }
  /** One text column that holds an id: the resource's own, or the bare id of the one `target` it points at. */
  | { readonly kind: 'id'; readonly column: string; readonly target?: string }
  /** One text column that holds a code; null where there is no value. */
  | { readonly kind: 'code'; readonly column: string }
  /** Rows of `search_number`. */
  | { readonly kind: 'numbers' }
  /** Words in `terms` that hold numbers and the ranges they lie in (number-words.ts). */
  | { readonly kind: 'digits' }
  /** Rows of `search_number` with the ends of a span of time in milliseconds: dates that have no columns of their own. */
  | { readonly kind: 'spans' }
  /** The columns latitude and longitude. */
  | { readonly kind: 'position' }

/** By parameter code. */
export type Layout = ReadonlyMap<string, Place>

/** The column every stored table has: `_lastUpdated` and `_id`. */
const shared: Readonly<Record<string, Place>> = {
  _id: { kind: 'id', column: 'id' },
  _lastUpdated: { kind: 'instant', column: 'updated' },
}

/** The hot scalars, by type and parameter (DESIGN §3); what else is written for the engine (`ends` of both) has no parameter. */
const scalars: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  Slot: {
    schedule: { kind: 'id', column: 'schedule', target: 'Schedule' },
    status: { kind: 'code', column: 'status' },
    start: { kind: 'instant', column: 'starts' },
  },
  Appointment: {
    status: { kind: 'code', column: 'status' },
    date: { kind: 'instant', column: 'starts' },
  },
}

const snakeCase = (name: string): string => name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase()

/** The name of a type's table, quoted: `"healthcare_service"`. */
export const tableOf = (type: string): string => `"${snakeCase(type)}"`

/**
 * A row's stored text. Postgres writes JSONB out anew at each look, which for a page of Slots is half of all its work: they have
 * their text beside them (docs/decisions/0026).
 */
export const storedText = (type: string, alias: string): string => (type === 'Slot' ? `${alias}.body_text` : `${alias}.body::text`)

/** The table of a type's superseded versions, quoted: `"healthcare_service_history"`. */
export const historyTableOf = (type: string): string => `"${snakeCase(type)}_history"`

function placeOf(type: string, parameter: SearchParameter): Place | undefined {
  const scalar = shared[parameter.code] ?? scalars[type]?.[parameter.code]
  if (scalar) return scalar
  if (parameter.code === 'phonetic') return { kind: 'phonetic' }
  switch (parameter.type) {
    case 'token':
    case 'reference':
    case 'uri':
      return { kind: 'terms' }
    case 'string':
      return { kind: 'strings' }
    case 'date': {
      if (parameter.custom) return { kind: 'spans' }
      const column = parameter.code.replaceAll('-', '_')
      return { kind: 'period', lower: `${column}_lower`, upper: `${column}_upper` }
    }
    case 'number':
    case 'quantity':
      return { kind: keepsNumbersAsWords(type) ? 'digits' : 'numbers' }
    case 'composite':
      return { kind: isWordPair(parameter) ? 'terms' : 'numbers' }
    case 'special':
      return parameter.code === 'near' ? { kind: 'position' } : undefined
    default:
      return undefined
  }
}

const layouts = new WeakMap<Definitions, Map<string, Layout>>()

/** Where the values of each search parameter of `type` are; a parameter that is missing cannot be searched by. */
export function layoutOf(definitions: Definitions, type: string): Layout {
  const known = layouts.get(definitions) ?? new Map<string, Layout>()
  layouts.set(definitions, known)
  const found = known.get(type)
  if (found) return found
  const places = [...(definitions.searchParameters.get(type)?.values() ?? [])].flatMap((parameter): [string, Place][] => {
    const place = placeOf(type, parameter)
    return place ? [[parameter.code, place]] : []
  })
  const layout: Layout = new Map([...Object.entries(shared), ...places])
  known.set(type, layout)
  return layout
}

/** The pairs of columns that `type` has for its date parameters, by parameter code; hot scalars are not among them. */
export function dateColumns(definitions: Definitions, type: string): { parameter: string; lower: string; upper: string }[] {
  return [...layoutOf(definitions, type)].flatMap(([parameter, place]) =>
    place.kind === 'period' ? [{ parameter, lower: place.lower, upper: place.upper }] : [],
  )
}

/** Whether the type's table has the column `strings`. */
export const hasStrings = isSearchedByText

/** Whether the type's table has the columns `latitude` and `longitude`. */
export const hasPosition = (definitions: Definitions, type: string): boolean =>
  [...layoutOf(definitions, type).values()].some((place) => place.kind === 'position')

/** The words that a row of the type keeps: what a hot column holds is not said again. */
export function keptTerms(definitions: Definitions, type: string, terms: readonly string[]): readonly string[] {
  const leads = [...layoutOf(definitions, type)].flatMap(([code, place]) => {
    if (place.kind === 'code') return [`${code}=`]
    return place.kind === 'id' && place.target ? [`${code}=${place.target}/`] : []
  })
  return leads.length === 0 ? terms : terms.filter((term) => !leads.some((lead) => term.startsWith(lead)))
}
