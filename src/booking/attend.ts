/**
 * Somebody comes, or does not: `$check-in` and `$no-show`. Whoever checks in gets an Encounter in the same transaction.
 */
import { fault } from '../base/fault.ts'
import { checkInHoursBeforeMax } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { statusAfter } from '../scheduling/appointment-lifecycle.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { Changed } from './cancel.ts'
import { openEncounters } from './encounters.ts'
import { type RewriteInput, rewriteVisit } from './rewrite-visit.ts'

export type AttendInput = RewriteInput & {
  readonly event: 'check-in' | 'no-show'
  /** Why somebody did not come. */
  readonly reason?: Readonly<Record<string, unknown>>
}

/** Throws: not-found, gone, business-rule. Somebody who is checked in already, or missed already, stays so. */
export const attendVisit = (house: House, input: AttendInput): Promise<Changed> =>
  rewriteVisit(house, input, { become: attended, also: meets })

function attended(before: Resource, { event, reason }: AttendInput, at: Date): Resource | undefined {
  const status = String(before.status)
  if (status === (event === 'check-in' ? 'checked-in' : 'noshow')) return undefined
  const becomes = statusAfter(status, event)
  if (becomes === undefined) throw fault('business-rule', refusals[event](status), 'Appointment.status')
  if (event === 'check-in') assertNear(before, at.getTime())
  const resource: Resource = { ...before, status: becomes, ...(reason && { cancelationReason: reason }) }
  // Whoever was missed, and comes after all, was not missed.
  if (event === 'check-in') delete resource.cancelationReason
  return resource
}

async function meets(tx: Tx, house: House, { id, event, audit }: AttendInput, visit: Resource, at: string): Promise<void> {
  if (event === 'check-in') await openEncounters(tx, house, { visit, id, at, audit })
}

const refusals: Readonly<Record<AttendInput['event'], (status: string) => string>> = {
  'check-in': (status) => `Nobody can be checked in for an Appointment that is ${status}.`,
  'no-show': (status) => `Nobody can be missed at an Appointment that is ${status}.`,
}

function assertNear(visit: Resource, now: number): void {
  if (Date.parse(String(visit.start)) - now <= checkInHoursBeforeMax * 3_600_000) return
  throw fault('business-rule', `Check in at most ${checkInHoursBeforeMax} hours before the visit starts.`, 'Appointment.start')
}
