/**
 * What a check needs to know of where it stands: the resource that an element is in, the one that contains it, and what
 * has been seen of references between the two. https://hl7.org/fhir/R4/references.html#contained
 * A resource in a Bundle or in Parameters is the root of a scope of its own.
 */
import type { Definitions } from '../definitions/types.ts'
import type { Findings } from './findings.ts'
import type { JsonObject, Roots, Rule } from './invariants.ts'

/** Rules wait until the structure is known to be right, so that each may trust it. */
export type Pending = { readonly rules: readonly Rule[]; readonly value: unknown; readonly path: string; readonly roots: Roots }

export type Scope = Roots & {
  readonly definitions: Definitions
  readonly findings: Findings
  readonly pending: Pending[]
  /** In a Bundle, where references may still be conditional. */
  readonly bundled: boolean
  /** Contained resources: type by id. */
  readonly contained: ReadonlyMap<string, string>
  /** Ids that `#id` was found to refer to. */
  readonly referredTo: Set<string>
  /** Contained resources that refer to their container, by `#`. */
  readonly homeward: Set<JsonObject>
}

export type Run = Pick<Scope, 'definitions' | 'findings' | 'pending'>

const resourceTypes = 'http://hl7.org/fhir/ValueSet/resource-types'
const abstractTypes = new Set(['Resource', 'DomainResource'])

/** Whether R4 has a resource type of that name, served here or not. */
export const isResourceType = ({ definitions }: Run, name: string): boolean =>
  !abstractTypes.has(name) && (definitions.valueSets.get(resourceTypes)?.has(name) ?? false)

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

function containedTypes(resource: JsonObject): Map<string, string> {
  const all: unknown[] = Array.isArray(resource.contained) ? resource.contained : []
  return new Map(all.filter(isObject).map((one) => [String(one.id), String(one.resourceType)]))
}

export function rootScope(run: Run, resource: JsonObject, bundled: boolean): Scope {
  const { definitions, findings, pending } = run
  const contained = containedTypes(resource)
  return { definitions, findings, pending, bundled, contained, root: resource, resource, referredTo: new Set(), homeward: new Set() }
}
