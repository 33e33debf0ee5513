/**
 * What is stored, as far as its writer may know of it: what a Consent keeps from them, or what is about a sensitive visit, is
 * not there, and of what was deleted nobody can tell any more whose it was. https://hl7.org/fhir/R4/consent.html
 *
 * Left out: an id that somebody wants to give by a PUT without If-Match; that it is taken has to be told (docs/consent.md).
 */
import type { Actor } from '../access/actor.ts'
import { directoryTypes, isKeptFrom } from '../access/compartment.ts'
import { isHideable } from '../access/masking.ts'
import { may } from '../access/may.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { maskedAmong } from '../store/search/masked.ts'

type Named = { readonly type: string; readonly id: string }

export async function seenBy(
  db: Db,
  house: House,
  actor: Actor,
  { type, id }: Named,
  row: StoredRow | undefined,
): Promise<StoredRow | undefined> {
  // Asked of what is not there as well: how long it takes shall not tell.
  if (await isHiddenFrom(db, actor, { type, id })) return undefined
  if (row === undefined || actor.keptFrom === undefined || directoryTypes.has(type)) return row
  if (row.body === null) return undefined
  return isKeptFrom(house.definitions, actor, JSON.parse(row.body) as Resource, house.base) ? undefined : row
}

/**
 * Whether it is about a sensitive visit that is busy time to them. An Encounter is that visit's own busy time, and there; but to
 * whoever is confined to a patient, whose it is would be told.
 */
export async function isHiddenFrom(db: Db, actor: Actor, { type, id }: Named): Promise<boolean> {
  const { masking } = actor
  if (!masking || !(isHideable(type) || (type === 'Encounter' && isConfined(actor, type)))) return false
  return (await maskedAmong(db, { type, bounds: { masking } }, [id])).has(id)
}

const isConfined = (actor: Actor, type: string): boolean =>
  (['r', 'u', 'd'] as const).some((verb) => {
    const permission = may(actor, verb, type)
    return permission.allowed && permission.patient !== undefined
  })
