/**
 * `overbook` with `overbook-reason`: staff books over a time that somebody has, and says why. Never under a patient scope.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import type { Overbooking } from '../booking/overbook.ts'
import { booleanIn, firstOf, type Inputs } from '../fhir/parameters.ts'
import type { House } from '../store/house.ts'
import { saidConcept } from './said-of-visit.ts'

/** Undefined where nobody is to be booked over. */
export function overbookingOf(house: House, actor: Actor, inputs: Inputs, isPatient: boolean): Overbooking | undefined {
  const asked = firstOf(inputs, 'overbook')
  if (!asked && firstOf(inputs, 'overbook-reason'))
    throw fault('required', 'overbook-reason says why somebody is booked over: send overbook with it.', 'overbook')
  if (!asked || !booleanIn(asked)) return undefined
  if (isPatient) throw fault('forbidden', 'Only the clinic may overbook: it takes a user/ or system/ scope.', 'overbook')
  const reason = firstOf(inputs, 'overbook-reason')
  if (!reason) throw fault('required', 'Say why the time is overbooked: overbook-reason.', 'overbook-reason')
  return { reason: saidConcept(house, reason), audit: auditOf(house, actor, 'overbook') }
}
