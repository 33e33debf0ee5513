/**
 * Changes what a booked visit says and leaves its time as it is: IHE ITI-117's modify where the times are those that are
 * booked.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { numbered, numberOf } from '../scheduling/confirmation-number.ts'
import type { House } from '../store/house.ts'
import type { Changed } from './cancel.ts'
import { withLocalActors } from './participants.ts'
import { type RewriteInput, rewriteVisit } from './rewrite-visit.ts'

export type AmendInput = RewriteInput & {
  /** The whole Appointment as it is to be; its id, times and Slots may be left out. */
  readonly resource: Resource
}

/** Throws: not-found, gone, business-rule. */
export const amendVisit = (house: House, input: AmendInput): Promise<Changed> => rewriteVisit(house, input, { become: amended })

const kept = ['start', 'end', 'minutesDuration', 'slot', 'created', 'extension']

function amended(before: Resource, { id, resource: sent, assertMay }: AmendInput, _at: Date, house: House): Resource {
  if (before.status !== 'booked')
    throw fault('business-rule', `An Appointment that is ${before.status} cannot be modified: it is not booked.`, 'Appointment.status')
  const asItWas = Object.fromEntries(kept.map((name) => [name, before[name]]))
  const resource: Resource = { ...numbered(withLocalActors(sent, house.base), numberOf(before)), ...asItWas, id, status: 'booked' }
  assertMay(resource)
  return resource
}
