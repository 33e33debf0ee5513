/**
 * What becomes of a SearchParameter that an administrator writes, in the transaction that writes it: understood, or refused,
 * and kept to be indexed; one that is not active, or active no more, is served no more.
 * https://hl7.org/fhir/R4/searchparameter.html
 */
import { fault } from '../base/fault.ts'
import { customSearchParametersMax } from '../base/search-limits.ts'
import { customParameter } from '../fhir/custom-search-parameter.ts'
import type { Resource } from '../fhir/resource.ts'
import { forgetCustomParameter, keepCustomParameter } from '../store/custom-search-parameters.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'

export async function registerSearchParameter(tx: Tx, house: House, resource: Resource): Promise<void> {
  const id = String(resource.id)
  const parameter = customParameter(house.definitions, resource)
  if (!parameter) return forgetCustomParameter(tx, id)
  const kept = await keepCustomParameter(tx, id, house.ids.next(), parameter)
  if (kept === 'taken')
    throw fault('business-rule', 'Another SearchParameter has this code for one of the types; choose another code.', 'SearchParameter.code')
  if (kept === 'full')
    throw fault('business-rule', `There are ${customSearchParametersMax} SearchParameters already: retire some.`, 'SearchParameter')
}
