/**
 * The profiles, ValueSets and CodeSystems that a validation may lean on, by canonical: what `store/conformance.ts` has
 * gathered. Whatever is worked out from them (plans, expansions) is remembered with the `Known` it comes from.
 * https://hl7.org/fhir/R4/references.html#canonical
 */
import type { Definitions } from '../../definitions/types.ts'
import type { Resource } from '../../resource.ts'
import type { Structure } from './structure-definition.ts'

export type Known = {
  readonly definitions: Definitions
  readonly structure: (canonical: string) => Structure | undefined
  readonly valueSet: (canonical: string) => Resource | undefined
  readonly codeSystem: (canonical: string) => Resource | undefined
}

const core = 'http://hl7.org/fhir/StructureDefinition/'
const abstractTypes = new Set(['Element', 'BackboneElement', 'Resource', 'DomainResource'])

/** The type whose own definition the canonical is (`…/StructureDefinition/Patient`): the base validation covers those. */
export function coreType(definitions: Definitions, canonical: string): string | undefined {
  const name = urlOf(canonical).startsWith(core) ? urlOf(canonical).slice(core.length) : undefined
  if (name === undefined) return undefined
  return definitions.types.has(name) || definitions.primitives.has(name) || abstractTypes.has(name) ? name : undefined
}

/** The canonical without its `|version`. */
export const urlOf = (canonical: string): string => canonical.split('|', 1)[0] ?? ''

export const versionOf = (canonical: string): string | undefined => {
  const bar = canonical.indexOf('|')
  return bar < 0 ? undefined : canonical.slice(bar + 1)
}
