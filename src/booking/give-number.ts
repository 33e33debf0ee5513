/**
 * The confirmation number of a visit that somebody books by writing its Appointment over REST: theirs to read out like that
 * of any booking. docs/decisions/0029-a-booking-by-rest-has-a-number.md
 * Left out: writes of programs under `system/` scopes (imports, sync), which are stored as they were sent.
 */
import type { Actor } from '../access/actor.ts'
import { exactText, parseExact } from '../fhir/exact-json.ts'
import type { Resource } from '../fhir/resource.ts'
import { numbered, numberOf } from '../scheduling/confirmation-number.ts'
import type { House } from '../store/house.ts'
import type { Change } from './change.ts'
import { drawNumber } from './own-number.ts'

export function withNumber(house: House, { scopes }: Actor, change: Change): Change {
  const { type, before, resource, patient } = change
  const isProgram = scopes.some(({ level }) => level === 'system')
  if (type !== 'Appointment' || isProgram || resource.status !== 'booked' || numberOf(resource) !== undefined) return change
  const had = numberOf(before)
  // A patient who takes it off is told so; who writes for the clinic only left it out.
  if (had !== undefined) return patient === undefined ? bearing(change, had) : change
  if (before?.status === 'booked' || isOver(resource, house.clock.now().getTime())) return change
  return { ...bearing(change, drawNumber(house)), drawn: true }
}

const isOver = ({ end }: Resource, now: number): boolean => typeof end !== 'string' || Date.parse(end) <= now

const bearing = (change: Change, number: string): Change => ({
  ...change,
  resource: numbered(change.resource, number),
  text: exactText(numbered(parseExact(change.text) as Resource, number)),
})
