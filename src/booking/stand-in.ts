/**
 * A PractitionerRole is a Practitioner's, a Location may be a room, a Schedule may be of somebody: who is taken up by a visit
 * with one of them is what these resources say (docs/booking.md#claims). Where they come to say it after the visit was written,
 * the visit claims it from then on, or the change is refused: nobody is in two places. What a visit claims already stays claimed
 * until it is moved or ends.
 * Left out: a Schedule of one who becomes another's. Its visits are of those whom they name.
 */
import { fault } from '../base/fault.ts'
import { relativeReference, typeOfReference } from '../fhir/reference.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { takesTime } from '../scheduling/appointment-lifecycle.ts'
import { holdsOneVisit } from '../scheduling/claimed-actors.ts'
import { lockStandIn } from '../store/claimable-actors.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { claimFor, heldBySchedules, type StandIn, type VisitNaming, visitsNaming } from '../store/stand-in-claims.ts'
import type { Change } from './change.ts'
import { takenActors } from './participants.ts'

/** So many visits are named by a refusal. */
const namedMax = 5

/**
 * After the resource was written, and the plans of these Schedules. Throws `conflict` where visits that name it lie over others
 * of whom it stands for now.
 */
export async function takeUpStandIns(tx: Tx, house: House, change: Change, schedules: readonly string[]): Promise<void> {
  await standForItself(tx, house, change)
  const held = Map.groupBy(await heldBySchedules(tx, schedules, change.at), ({ resource }) => resource)
  for (const [resource, visits] of held) await take(tx, change, resource, visits)
}

async function standForItself(tx: Tx, house: House, change: Change): Promise<void> {
  const resource = standsFor(change.type, change.id, change.resource, house.base)
  const stood = change.before && standsFor(change.type, change.id, change.before, house.base)
  if (resource === undefined || resource === stood) return
  const actor = `${change.type}/${change.id}`
  await lockStandIn(tx, actor)
  const visits = (await visitsNaming(tx, actor, change.at)).filter((visit) => takesUp(visit, change.at, actor, house.base))
  const standIns = visits.map(({ id, starts, ends, heldUntil }) => ({
    holder: `Appointment/${id}`,
    from: starts.toISOString(),
    until: ends.toISOString(),
    expires: heldUntil?.toISOString(),
  }))
  await take(tx, change, resource, standIns)
}

async function take(tx: Tx, { type, client, at }: Change, resource: string, visits: readonly StandIn[]): Promise<void> {
  if (visits.length === 0) return
  const appointments = visits.flatMap(({ holder }) => (holder.startsWith('Appointment/') ? [holder.slice('Appointment/'.length)] : []))
  await lockVisits(tx, { visits: appointments, patients: [], actors: [resource] })
  const refused = await claimFor(tx, { resource, visits, client, at })
  if (refused.length === 0) return
  const some = `${refused.slice(0, namedMax).join(', ')}${refused.length > namedMax ? ' and more' : ''}`
  throw fault('conflict', `${resource} would be taken up by visits that lie over others (${some}). Move or cancel them first.`, type)
}

/** Whom a visit takes up that names the resource. */
function standsFor(type: string, id: string, resource: Resource, base: string): string | undefined {
  if (type === 'Location') return holdsOneVisit(resource) ? `Location/${id}` : undefined
  if (type !== 'PractitionerRole') return undefined
  const named = relativeReference((resource.practitioner as { reference?: string } | undefined)?.reference ?? '', base)
  return typeOfReference(named) === 'Practitioner' ? named : undefined
}

function takesUp({ status, heldUntil, body }: VisitNaming, at: string, actor: string, base: string): boolean {
  if (!takesTime(status) || (status === 'pending' && !(heldUntil && instantOf(heldUntil.getTime()) > at))) return false
  return takenActors(JSON.parse(body) as Resource, base).includes(actor)
}
