/**
 * What is stored, as far as its writer may know of it: what a Consent keeps from them is not there, and of what was deleted
 * nobody can tell any more whose it was. https://hl7.org/fhir/R4/consent.html
 *
 * Left out: an id that somebody wants to give by a PUT without If-Match; that it is taken has to be told (docs/consent.md).
 */
import type { Actor } from '../access/actor.ts'
import { directoryTypes, isKeptFrom } from '../access/compartment.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'

export function seenBy(house: House, actor: Actor, type: string, row: StoredRow | undefined): StoredRow | undefined {
  if (row === undefined || actor.keptFrom === undefined || directoryTypes.has(type)) return row
  if (row.body === null) return undefined
  return isKeptFrom(house.definitions, actor, JSON.parse(row.body) as Resource, house.base) ? undefined : row
}
