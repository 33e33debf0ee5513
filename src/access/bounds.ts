/**
 * What an actor's scopes let through of a type, as criteria of search: the one patient's, and what a granular scope's
 * search finds.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
 *
 * How the bounds become a condition is the store's work; whether the type may be reached at all is `may.ts`.
 */
import { Fault } from '../base/fault.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Criterion } from '../fhir/search-criterion.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { Actor, Masking } from './actor.ts'
import { isMaskable } from './masking.ts'
import { may } from './may.ts'
import type { Verb } from './scopes.ts'

export type Bounds = {
  readonly patient?: string
  /** Nothing of these patients', whose Consents keep it from the actor. */
  readonly except?: readonly string[]
  /**
   * To whom sensitive visits are busy time: of those only what is shown may be looked for. Set where the type is one of visits,
   * or of what is about them.
   */
  readonly masking?: Masking
  /** Alternatives, each a list of criteria that all hold; left out where no scope has a search in it. */
  readonly anyOf?: readonly (readonly Criterion[])[]
  /** Beside those: this patient's own, of it what meets one of these alternatives. */
  readonly own?: Pick<Bounds, 'anyOf'> & { readonly patient: string }
  /** The bounds of another type that is reached from this one; undefined: nothing of it. */
  readonly of: (type: string) => Bounds | undefined
}

type Base = { readonly definitions: Definitions; readonly base: string }

/** Undefined: nothing of this type. */
export function boundsFor(house: Base, actor: Actor, verb: Verb, type: string): Bounds | undefined {
  const permission = may(actor, verb, type)
  if (!permission.allowed) return undefined
  const { own } = permission
  const asCriteria = (query: string) => criteriaOfScope(house, type, query)
  return {
    patient: permission.patient,
    except: actor.keptFrom,
    masking: isMaskable(type) ? actor.masking : undefined,
    anyOf: permission.queries?.map(asCriteria),
    own: own && { patient: own.patient, anyOf: own.queries?.map(asCriteria) },
    of: (other) => boundsFor(house, actor, verb, other),
  }
}

/** A granular scope that is not wholly understood lets nothing through: no criteria match nothing. */
function criteriaOfScope({ definitions, base }: Base, type: string, scope: string): readonly Criterion[] {
  try {
    const { criteria, unknown } = parseSearch(definitions, type, new URLSearchParams(scope), base)
    return unknown.length > 0 ? [] : criteria
  } catch (error) {
    if (error instanceof Fault) return []
    throw error
  }
}
