/**
 * A search at the address of a compartment, `GET Practitioner/1/Appointment`: the same search, of what has its place there.
 * https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/compartmentdefinition.html
 * It opens nothing: scopes, the patient's own compartment and Consents bind it as they bind any search.
 */
import { fault } from '../base/fault.ts'
import { type Compartment, placedCriterion, placingParameters } from '../fhir/compartments.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'
import type { Bounds } from '../store/search/scope.ts'

/** The compartment that is asked of; throws where the type has no place in it. */
export function compartmentOf({ definitions }: House, { compartment, id, type = '*' }: FhirRequest): Compartment | undefined {
  if (compartment === undefined || id === undefined) return undefined
  if (type !== '*' && placingParameters(definitions, compartment, type).length === 0)
    throw fault('not-found', `${type} has no place in the compartment of ${article(compartment)}: search it by itself.`)
  return { type: compartment, id }
}

const article = (type: string): string => (/^[AEIO]/.test(type) ? `an ${type}` : `a ${type}`)

/** Below the base, for links and the audit. */
export const pathOf = (compartment: Compartment | undefined, type: string): string =>
  compartment === undefined ? type : `${compartment.type}/${compartment.id}/${type}`

type Placed = { readonly query: SearchQuery; readonly within: Pick<Bounds, 'within'> }

export function placed({ definitions }: House, compartment: Compartment | undefined, type: string, query: SearchQuery): Placed {
  if (compartment === undefined) return { query, within: {} }
  const criterion = placedCriterion(definitions, compartment, type)
  return criterion
    ? { query: { ...query, criteria: [...query.criteria, criterion] }, within: {} }
    : { query, within: { within: compartment.id } }
}
