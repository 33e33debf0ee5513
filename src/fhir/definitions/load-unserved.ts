/**
 * The types that this server does not hold, for what is contained in those that it does: a ServiceRequest may bring its
 * Specimen along, and XML can only be read by one who knows which elements repeat. https://hl7.org/fhir/R4/references.html#contained
 * Read when first needed: half a megabyte that most servers never open. Measured: 10 ms.
 */
import { readFileSync } from 'node:fs'
import type { Definitions, TypeDefinition } from './types.ts'

const whole = new WeakMap<Definitions, Definitions>()

/** The definitions with every type of R4 among them. */
export function withUnserved(definitions: Definitions): Definitions {
  const known = whole.get(definitions) ?? loadUnserved(definitions)
  whole.set(definitions, known)
  whole.set(known, known)
  return known
}

type Distilled = {
  readonly types: Readonly<Record<string, TypeDefinition>>
  readonly valueSets: Readonly<Record<string, readonly string[]>>
}

function loadUnserved(definitions: Definitions): Definitions {
  const unserved = JSON.parse(readFileSync(new URL('./r4-unserved.json', import.meta.url), 'utf8')) as Distilled
  const valueSets = Object.entries(unserved.valueSets).map(([url, codes]): [string, Set<string>] => [url, new Set(codes)])
  return {
    ...definitions,
    types: new Map([...Object.entries(unserved.types), ...definitions.types]),
    valueSets: new Map([...valueSets, ...definitions.valueSets]),
  }
}
