/**
 * Where a search looks: the type, the alias of its table, and the bounds of what its caller may be shown.
 * Left out: how bounds become SQL (compile.ts).
 */
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'

/** Visits in which these take part are whole; those of `actsFor` too, but for what is very restricted. */
export type Masking = { readonly knows: readonly string[]; readonly actsFor?: string }

/** What may be shown: of one patient's compartment only, and matching one of several granular scopes. */
export type Bounds = {
  readonly patient?: string
  /** Nothing of these patients. */
  readonly except?: readonly string[]
  /** To whom sensitive visits are busy time, and who is not; set for types of visits alone. */
  readonly masking?: Masking
  /** Asked for by the address: of this patient's compartment alone, also where the caller could see more. */
  readonly within?: string
  /** Alternatives, each a list of criteria that all hold (a granular scope); left out where nothing is so bound. */
  readonly anyOf?: readonly (readonly Criterion[])[]
  /** The bounds of another type that a chain or an include reaches, undefined where it may not be read; by default the same patient's. */
  readonly of?: (type: string) => Bounds | undefined
}

/** The bounds within which another type is reached. */
export const boundsOf = (bounds: Bounds, type: string): Bounds | undefined =>
  bounds.of ? bounds.of(type) : { patient: bounds.patient, except: bounds.except, masking: bounds.masking }

export type Scope = {
  readonly definitions: Definitions
  readonly type: string
  readonly alias: string
  readonly bounds: Bounds
  readonly wide?: ReadonlySet<Criterion>
}
