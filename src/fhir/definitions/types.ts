/**
 * The part of the R4 definitions that the server works from, in the shape that `scripts/distil-definitions.ts` writes.
 * Nothing here knows how they were made or what is done with them.
 */

/** https://hl7.org/fhir/R4/search.html#ptypes */
export type SearchParameterType = 'token' | 'reference' | 'string' | 'date' | 'uri' | 'number' | 'quantity' | 'special' | 'composite'

export type SearchParameter = {
  /** The name in a query, for example `service-type`. */
  readonly code: string
  readonly type: SearchParameterType
  /** FHIRPath, already cut down to the part that concerns this resource type. */
  readonly expression: string
  /** Resource types that a reference may point at; empty for any. */
  readonly targets: readonly string[]
  readonly url: string
  /** Of a composite: what is read of each element that the expression finds, in order. */
  readonly components?: readonly SearchComponent[]
  /** An administrator's own: of which revision, and whether it is asked by already. */
  readonly custom?: { readonly revision: string; readonly served: boolean }
}

export type SearchComponent = { readonly type: SearchParameterType; readonly expression: string }

/** One type that an element may have. `targets` are resource types for Reference, canonicals otherwise dropped. */
export type ElementType = { readonly code: string; readonly targets?: readonly string[] }

export type Invariant = {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
}

export type ElementDefinition = {
  /** The last step of the path without `[x]`, for example `participant` or `value`. */
  readonly name: string
  readonly min: number
  /** Infinity is written as `*`. */
  readonly max: number | '*'
  /** More than one type where the name stands for a choice (`value[x]`). */
  readonly types: readonly ElementType[]
  readonly choice?: true
  /** Part of the resource's summary (`_summary=true`). */
  readonly summary?: true
  /** ValueSet canonical without version, for required bindings of code-like elements only. */
  readonly binding?: string
  readonly invariants?: readonly Invariant[]
  /** Children, for backbone elements. */
  readonly elements?: readonly ElementDefinition[]
  /** `#Questionnaire.item`: the children are those of that path. */
  readonly contentReference?: string
}

/** A resource type or a complex datatype. */
export type TypeDefinition = {
  readonly name: string
  readonly kind: 'resource' | 'complex-type'
  readonly elements: readonly ElementDefinition[]
  readonly invariants: readonly Invariant[]
}

export type Definitions = {
  /** By type name, for example `Appointment`, `HumanName`. */
  readonly types: ReadonlyMap<string, TypeDefinition>
  /** By primitive type name: the regular expression its JSON text must match, anchored. */
  readonly primitives: ReadonlyMap<string, RegExp>
  /** By resource type: every search parameter of it, those of Resource and DomainResource included. */
  readonly searchParameters: ReadonlyMap<string, ReadonlyMap<string, SearchParameter>>
  /**
   * By canonical without version: the codes of each required ValueSet; undefined where it cannot be listed (languages, MIME
   * types).
   */
  readonly valueSets: ReadonlyMap<string, ReadonlySet<string>>
  /** By CodeSystem: the ValueSet of `valueSets` that has all of its codes and no others. */
  readonly codeSystems: ReadonlyMap<string, string>
  /** The Patient compartment: by resource type, the search parameters that place it there. */
  readonly patientCompartment: ReadonlyMap<string, readonly string[]>
  /** The others (Practitioner, RelatedPerson, Encounter, Device), by the type they are named after; `{def}` is the resource itself. */
  readonly compartments: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
}
