/**
 * The types that this server does not hold, for what is contained in those that it does: a ServiceRequest may bring its
 * Specimen along, and XML can only be read by one who knows which elements repeat. https://hl7.org/fhir/R4/references.html#contained
 * Bare elements without rules, read when first needed: 0.4 MB that most servers never open.
 */
import { readFile } from 'node:fs/promises'
import type { Definitions, TypeDefinition } from './types.ts'

const whole = new WeakMap<Definitions, Promise<Definitions>>()

/** The definitions with every type of R4 among them. */
export function withUnserved(definitions: Definitions): Promise<Definitions> {
  const known = whole.get(definitions) ?? loadUnserved(definitions)
  whole.set(definitions, known)
  return known
}

async function loadUnserved(definitions: Definitions): Promise<Definitions> {
  const text = await readFile(new URL('./r4-unserved.json', import.meta.url), 'utf8')
  const types = JSON.parse(text) as Readonly<Record<string, TypeDefinition>>
  return { ...definitions, types: new Map([...Object.entries(types), ...definitions.types]) }
}
