/**
 * Whether an actor may write: by what their scopes reach, whose patient it is, and what is shown to them of what is stored.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 * Left out: what Consents make of rows that are looked at first (`seen-by.ts`), and operations (`operations/may-change.ts`).
 */
import type { Actor } from '../access/actor.ts'
import { isKeptFrom } from '../access/compartment.ts'
import { isMasked } from '../access/masking.ts'
import { may } from '../access/may.ts'
import type { Verb } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import { patientsConcerned } from '../fhir/patients-concerned.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { StoredRow } from '../store/resources.ts'
import { maskedAmong } from '../store/search/masked.ts'
import { seenBy } from './seen-by.ts'

/** Throws `forbidden` where the resource lies outside what the actor's scopes reach. */
export function assertMayWrite(house: House, actor: Actor, verb: Verb, resource: Resource): void {
  const permission = may(actor, verb, resource.resourceType)
  if (!permission.allowed || permission.queries)
    throw fault('forbidden', `The token's scopes do not allow this for ${resource.resourceType}.`)
  if (permission.patient === undefined) return
  const patients = patientsConcerned(house.definitions, resource, house.base)
  if (patients.some((one) => one !== permission.patient) || patients.length === 0)
    throw fault('forbidden', `Under a patient scope only what concerns that patient, and no other, may be written.`)
}

/**
 * Under a patient scope what is not there, is no longer there, or is another's is one and the same: nobody learns by a write
 * which ids are taken. So such a scope gives nothing an id of its own either. Before versions are judged.
 */
export function assertIsThere(
  house: House,
  actor: Actor,
  verb: Verb,
  { type, id }: { readonly type: string; readonly id: string },
  row?: StoredRow,
): void {
  const permission = may(actor, verb, type)
  if (!permission.allowed || permission.patient === undefined) return
  const stored = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  const patients = stored && !isMasked(actor, stored, house.base) ? patientsConcerned(house.definitions, stored, house.base) : []
  if (!patients.includes(permission.patient)) throw fault('not-found', `There is no ${type}/${id}.`)
  // What they are shown of it is not all of it (access/without-others.ts): written back, it would put the others out.
  if (patients.length > 1) throw fault('forbidden', `${type}/${id} is not this patient's alone: it is for the clinic to change.`)
}

/** The same of an update over a row that nobody has looked at yet as its writer may. */
export async function assertStands(
  db: Db,
  house: House,
  actor: Actor,
  named: { readonly type: string; readonly id: string },
  row?: StoredRow,
): Promise<void> {
  const permission = may(actor, 'u', named.type)
  if (!permission.allowed || permission.patient === undefined) return
  assertIsThere(house, actor, 'u', named, await seenBy(db, house, actor, named, row))
}

/**
 * The same of what is stored: it may be kept from the actor, or not be shown whole: written back, what was left out would be
 * lost. What is new tells nothing of what is there.
 */
export async function assertMayWriteOver(db: Db, house: House, actor: Actor, verb: Verb, before: Resource): Promise<void> {
  assertMayWrite(house, actor, verb, before)
  if (isKeptFrom(house.definitions, actor, before, house.base))
    throw fault('forbidden', `The token's scopes do not allow this for ${before.resourceType}.`)
  if (isMasked(actor, before, house.base) || (await isMaskedForItsVisit(db, actor, before)))
    throw fault(
      'forbidden',
      `${before.resourceType}/${before.id} is shown to you as busy time alone: those may change it who see it whole.`,
    )
}

/** It need not have a label of its own. */
async function isMaskedForItsVisit(db: Db, { masking }: Actor, { resourceType: type, id = '' }: Resource): Promise<boolean> {
  return masking !== undefined && type === 'Encounter' && (await maskedAmong(db, { type, bounds: { masking } }, [id])).has(id)
}
