/**
 * Opens the distilled R4 definitions (`r4.json`, see NOTICE) as maps and regular expressions. Read once, by `house.ts`.
 * https://hl7.org/fhir/R4/downloads.html
 * Measured: 4 to 7 ms for a third of a megabyte. Profiles of our own are not here: they are in `fhir-profiles/`.
 */
import { readFileSync } from 'node:fs'
import type { Definitions, SearchParameter, TypeDefinition } from './types.ts'

type Distilled = {
  readonly types: Readonly<Record<string, TypeDefinition>>
  readonly primitives: Readonly<Record<string, string>>
  readonly searchParameters: Readonly<Record<string, Readonly<Record<string, SearchParameter>>>>
  readonly valueSets: Readonly<Record<string, readonly string[]>>
  readonly codeSystems: Readonly<Record<string, string>>
  readonly patientCompartment: Readonly<Record<string, readonly string[]>>
  readonly compartments: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

function mapOf<From, To>(section: Readonly<Record<string, From>>, of: (from: From) => To): ReadonlyMap<string, To> {
  return new Map(Object.entries(section).map(([key, value]) => [key, of(value)]))
}

export function loadDefinitions(): Definitions {
  const distilled = JSON.parse(readFileSync(new URL('./r4.json', import.meta.url), 'utf8')) as Distilled
  return {
    types: mapOf(distilled.types, (type) => type),
    primitives: mapOf(distilled.primitives, (pattern) => new RegExp(`^(?:${pattern})$`)),
    searchParameters: mapOf(distilled.searchParameters, (parameters) => mapOf(parameters, (parameter) => parameter)),
    valueSets: mapOf(distilled.valueSets, (codes) => new Set(codes)),
    codeSystems: mapOf(distilled.codeSystems, (valueSet) => valueSet),
    patientCompartment: mapOf(distilled.patientCompartment, (parameters) => parameters),
    compartments: mapOf(distilled.compartments, (placed) => mapOf(placed, (parameters) => parameters)),
  }
}
