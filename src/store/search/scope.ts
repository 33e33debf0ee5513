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
  /** Beside what meets one of `anyOf`: this patient's own, of it what meets one of these alternatives. */
  readonly own?: { readonly patient: string; readonly anyOf?: readonly (readonly Criterion[])[] }
  /**
   * The bounds of another type that a chain or an include reaches, undefined where it may not be read; by default the same
   * patient's.
   */
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
  /** All rows that meet are looked at, perhaps very many, and not a page of them. */
  readonly counts?: boolean
}

/** The ways in which a row may be let through, each with bounds of its own: what is shown by one way is found by that way. */
export function waysOf(scope: Scope): readonly Scope[] {
  const { own, ...others } = scope.bounds
  if (own && others.within !== undefined && others.within !== own.patient) return [{ ...scope, bounds: others }]
  return own
    ? [
        { ...scope, bounds: others },
        { ...scope, bounds: { ...others, patient: own.patient, anyOf: own.anyOf } },
      ]
    : [scope]
}

/** Without what is the patient's own: where a reference that is followed would tell of whom else it is. */
export const withoutOwn = ({ own: _own, ...others }: Bounds): Bounds => others
