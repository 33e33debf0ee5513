/**
 * The codes of a CodeSystem that is written out here, all of them or those that filters let through.
 * https://hl7.org/fhir/R4/codesystem.html and https://hl7.org/fhir/R4/valueset-filter-operator.html
 * Served: is-a, descendent-of, generalizes, is-not-a, in and not-in over the concept's own code; the hierarchy is that of the
 * nesting and of the properties `parent` and `subsumedBy`. A filter that is not served makes a list with gaps that names no
 * code.
 */
import { isObject } from '../scope.ts'
import { type Known, urlOf } from './known.ts'

export type Filter = { readonly property: string; readonly op: string; readonly value: string }

type Json = Readonly<Record<string, unknown>>
type Listed = { readonly codes: ReadonlySet<string>; readonly hasGaps: boolean }

/** Each code with the codes right above it. */
type Hierarchy = ReadonlyMap<string, readonly string[]>

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const none: Listed = { codes: new Set(), hasGaps: true }

export function codesOfSystem(known: Known, canonical: string, filters: readonly Filter[]): Listed {
  const system = known.codeSystem(canonical)
  const valueSet = known.definitions.codeSystems.get(urlOf(canonical))
  const distilled = valueSet === undefined ? undefined : known.definitions.valueSets.get(valueSet)
  const hierarchy = system ? hierarchyOf(system) : distilled && new Map([...distilled].map((code) => [code, []]))
  if (!hierarchy || !filters.every((filter) => isServed(filter, system !== undefined))) return none
  const codes = [...hierarchy.keys()].filter((code) => filters.every((filter) => passes(hierarchy, code, filter)))
  return { codes: new Set(codes), hasGaps: system !== undefined && system.content !== 'complete' }
}

function hierarchyOf(system: Json): Hierarchy {
  const found = new Map<string, string[]>()
  const visit = (concepts: readonly Json[], above: readonly string[]): void => {
    for (const concept of concepts) {
      const code = String(concept.code)
      const named = list(concept.property).filter((one) => one.code === 'parent' || one.code === 'subsumedBy')
      found.set(code, [...(found.get(code) ?? []), ...above, ...named.map((one) => String(one.valueCode))])
      visit(list(concept.concept), [code])
    }
  }
  visit(list(system.concept), [])
  return found
}

const ofHierarchy = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes'])

const isServed = ({ property, op }: Filter, hasHierarchy: boolean): boolean =>
  (property === 'concept' || property === 'code') && (ofHierarchy.has(op) ? hasHierarchy : op === 'in' || op === 'not-in' || op === '=')

function passes(hierarchy: Hierarchy, code: string, { op, value }: Filter): boolean {
  const values = value.split(',').map((one) => one.trim())
  if (op === 'in' || op === '=') return values.includes(code)
  if (op === 'not-in') return !values.includes(code)
  if (op === 'generalizes') return code === value || ancestorsOf(hierarchy, value).has(code)
  const isUnder = ancestorsOf(hierarchy, code).has(value)
  if (op === 'descendent-of') return isUnder
  return (isUnder || code === value) === (op === 'is-a')
}

function ancestorsOf(hierarchy: Hierarchy, code: string): Set<string> {
  const found = new Set<string>()
  const above = [...(hierarchy.get(code) ?? [])]
  for (let next = above.pop(); next !== undefined; next = above.pop()) {
    if (!found.has(next)) above.push(...(hierarchy.get(next) ?? []))
    found.add(next)
  }
  return found
}
