/**
 * Whether an actor may change an Appointment: `Appointment.u`, and under a patient scope one of that patient's own.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'

/** Another patient's Appointment is answered like one that is not there. */
export function assertMayChange(house: House, actor: Actor): (appointment: Resource) => void {
  const permission = may(actor, 'u', 'Appointment')
  if (!permission.allowed || permission.queries) throw fault('forbidden', "The token's scopes do not allow changing Appointments.")
  return (appointment) => {
    if (permission.patient === undefined) return
    const { terms } = indexValues(house.definitions, appointment, house.base)
    if (!terms.includes(`@Patient/${permission.patient}`)) throw fault('not-found', `There is no Appointment/${appointment.id}.`)
  }
}
