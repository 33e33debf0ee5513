/**
 * `_summary` and `_elements`: a resource with some of its elements, marked SUBSETTED so that nobody takes it for the whole.
 * https://hl7.org/fhir/R4/search.html#summary and https://hl7.org/fhir/R4/search.html#elements
 *
 * Mandatory elements are always kept. Datatypes come whole: only a resource's own elements, down through its backbone, are
 * left out. `_summary=count` is no subset but a search without resources.
 */
import { fault } from '../base/fault.ts'
import type { Definitions, ElementDefinition } from './definitions/types.ts'
import { parseExact } from './json.ts'

/** The names are those of elements at the root: `name`, or for one type alone `Patient.name`. */
export type Subset = { readonly kind: 'summary' | 'text' | 'data' } | { readonly kind: 'elements'; readonly names: ReadonlySet<string> }

/** The value of `_summary`; undefined for `false`, the whole resource. */
export function readSummary(value: string): Subset | undefined {
  if (value === 'false') return undefined
  if (value === 'true') return { kind: 'summary' }
  if (value === 'text' || value === 'data') return { kind: value }
  throw fault('value', '`_summary` is true, text, data, count or false.', '_summary')
}

export const readElements = (value: string): Subset => ({
  kind: 'elements',
  names: new Set(value.split(',').map((name) => name.trim())),
})

/** The subset that a read asks for, by the last of its parameters. */
export function subsetAsked(query: readonly (readonly [string, string])[]): Subset | undefined {
  return query.reduce<Subset | undefined>((subset, [name, value]) => {
    if (value === '') return subset
    if (name === '_elements') return readElements(value)
    return name === '_summary' ? readSummary(value) : subset
  }, undefined)
}

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

type Properties = Record<string, unknown>

/** The body, JSON text, with the elements that are wanted; as it is, unread, where all are. */
export function subsetOf(definitions: Definitions, body: string, subset: Subset | undefined): string {
  if (subset === undefined) return body
  const resource = parseExact(body) as Properties
  const type = String(resource.resourceType)
  const elements = definitions.types.get(type)?.elements ?? []
  const kept = keep(elements, resource, (element) => isWanted(type, element, subset), subset.kind === 'summary')
  const { tag = [], ...meta } = (resource.meta ?? {}) as { tag?: unknown[] }
  return JSON.stringify({ resourceType: type, ...kept, meta: { ...meta, tag: [...tag, subsetted] } })
}

function isWanted(type: string, { name, min, summary }: ElementDefinition, subset: Subset): boolean {
  if (min > 0 || name === 'id' || name === 'meta') return true
  switch (subset.kind) {
    case 'summary':
      return summary === true
    case 'text':
      return name === 'text'
    case 'data':
      return name !== 'text'
    case 'elements':
      return subset.names.has(name) || subset.names.has(`${type}.${name}`)
  }
}

const isInner = (element: ElementDefinition): boolean => element.summary === true || element.min > 0 || element.name === 'id'

/** The properties of the elements that are kept, by every name that a choice may have; `deep` also within the backbone. */
function keep(
  elements: readonly ElementDefinition[],
  properties: Properties,
  isKept: (element: ElementDefinition) => boolean,
  deep: boolean,
): Properties {
  const kept: Properties = {}
  for (const element of elements.filter(isKept)) {
    for (const key of keysOf(element)) {
      if (properties[key] === undefined) continue
      const inner = deep ? element.elements : undefined
      kept[key] = inner ? within(inner, properties[key]) : properties[key]
    }
  }
  return kept
}

function within(elements: readonly ElementDefinition[], value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => within(elements, one))
  const kept = keep(elements, value as Properties, isInner, true)
  // A backbone element of which nothing is summary says nothing, and empty is not allowed.
  return Object.keys(kept).length > 0 ? kept : value
}

function keysOf({ name, choice, types }: ElementDefinition): string[] {
  const names = choice ? types.map(({ code }) => name + code.charAt(0).toUpperCase() + code.slice(1)) : [name]
  return names.flatMap((key) => [key, `_${key}`])
}
