/**
 * Whether an actor may change an Appointment: `Appointment.u`, and under a patient scope one of that patient's own.
 */
import type { Actor } from '../access/actor.ts'
import { inCompartment, isKeptFrom } from '../access/compartment.ts'
import { isMasked } from '../access/masking.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'

/** `unseen`: what those may do as well to whom the visit is busy time, for it neither takes nor tells what it is about. */
type Allowed = { readonly unseen?: boolean }

/** Another patient's Appointment is answered like one that is not there, and so is a deleted one, whose nobody can tell. */
export function assertMayChange(house: House, actor: Actor, { unseen = false }: Allowed = {}): (appointment: Resource) => void {
  const permission = may(actor, 'u', 'Appointment')
  if (!permission.allowed || permission.queries) throw fault('forbidden', "The token's scopes do not allow changing Appointments.")
  return (appointment) => {
    const isAnothers = permission.patient !== undefined && !inCompartment(house.definitions, appointment, permission.patient, house.base)
    // Of a deleted one nothing tells whose it was.
    const isAnybodys = actor.keptFrom !== undefined && appointment.participant === undefined
    if (isAnothers || isAnybodys || isKeptFrom(house.definitions, actor, appointment, house.base))
      throw fault('not-found', `There is no Appointment/${appointment.id}.`, 'Appointment')
    if (!isMasked(actor, appointment, house.base)) return
    // Confined to a patient, one is not even told that there is something.
    if (permission.patient !== undefined) throw fault('not-found', `There is no Appointment/${appointment.id}.`, 'Appointment')
    if (!unseen)
      throw fault(
        'forbidden',
        `Appointment/${appointment.id} is shown to you as busy time alone: it can be cancelled, checked in or marked as missed.`,
      )
  }
}

/** To who books for one patient alone, or is kept from one: another's Appointment, or a deleted one, is as if it were not there. */
export function isHidden(house: House, actor: Actor, body: string | null): boolean {
  const permission = may(actor, 'c', 'Appointment')
  if (!permission.allowed || (permission.patient === undefined && actor.keptFrom === undefined)) return false
  if (body === null) return true
  const appointment = JSON.parse(body) as Resource
  if (isKeptFrom(house.definitions, actor, appointment, house.base)) return true
  if (permission.patient === undefined) return false
  return !inCompartment(house.definitions, appointment, permission.patient, house.base) || isMasked(actor, appointment, house.base)
}

/** Whether a patient asks, not staff, to change an Appointment. */
export function isPatient(actor: Actor): boolean {
  const permission = may(actor, 'u', 'Appointment')
  return permission.allowed && permission.patient !== undefined
}
