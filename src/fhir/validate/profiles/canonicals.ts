/**
 * What a profile, ValueSet or CodeSystem stands on: its base, the profiles and ValueSets of its elements, the ValueSets and
 * systems that it draws on. https://hl7.org/fhir/R4/references.html#canonical
 */
import type { Definitions } from '../../definitions/types.ts'
import type { Resource } from '../../resource.ts'
import { isObject } from '../scope.ts'
import { coreType, urlOf } from './known.ts'
import type { Structure } from './structure-definition.ts'

export type Wanted = readonly [type: 'StructureDefinition' | 'ValueSet' | 'CodeSystem', canonical: string]

export const wantedKey = ([type, canonical]: Wanted): string => `${type} ${urlOf(canonical)}`

type Json = Readonly<Record<string, unknown>>

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])

export function canonicalsOfStructure(definitions: Definitions, structure: Structure): Wanted[] {
  const { base, differential, snapshot } = structure
  const elements = [...differential, ...snapshot]
  const profiles = elements.flatMap(({ types = [] }) => types.flatMap(({ profile, targetProfile }) => [...profile, ...targetProfile]))
  const rules = elements.flatMap(({ constraints = [] }) => constraints.map(({ expression }) => expression))
  const valueSets = [...elements.flatMap(({ binding }) => (binding ? [binding.valueSet] : [])), ...namedIn(rules, valueSetAsked)]
  return [
    ...[...(base === undefined ? [] : [base]), ...profiles, ...namedIn(rules, profileAsked)]
      .filter((canonical) => coreType(definitions, canonical) === undefined)
      .map((canonical): Wanted => ['StructureDefinition', canonical]),
    ...valueSets.map((canonical): Wanted => ['ValueSet', canonical]),
  ]
}

const valueSetAsked = /\bmemberOf\s*\(\s*'([^']+)'/g
const profileAsked = /\bconformsTo\s*\(\s*'([^']+)'/g

/** What rules in FHIRPath name. */
const namedIn = (rules: readonly string[], asked: RegExp): string[] =>
  rules.flatMap((rule) => [...rule.matchAll(asked)].flatMap(([, canonical]) => canonical ?? []))

export function canonicalsOfValueSet({ compose }: Resource): Wanted[] {
  if (!isObject(compose)) return []
  return [...list(compose.include), ...list(compose.exclude)].flatMap(({ system, valueSet }): Wanted[] => [
    ...(typeof system === 'string' ? [['CodeSystem', system] as const] : []),
    ...(Array.isArray(valueSet) ? valueSet.map((one): Wanted => ['ValueSet', String(one)]) : []),
  ])
}
