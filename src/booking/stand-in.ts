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
import { claimFor, heldBySchedules, lockClaimsOf, type TakenUp, type VisitNaming, visitsNaming } from '../store/stand-in-claims.ts'
import type { Change } from './change.ts'
import { takenActors } from './participants.ts'

/** So many visits are named by a refusal. */
const namedMax = 5

/**
 * After the resource was written, and the plans of these Schedules. Throws `conflict` where visits that name it lie over others
 * of whom it stands for now. They are looked for again once they are locked: who leaves just then is not taken up.
 */
export async function takeUpStandIns(tx: Tx, house: House, change: Change, schedules: readonly string[]): Promise<void> {
  const resource = standsFor(change.type, change.id, change.resource, house.base)
  const stood = change.before && standsFor(change.type, change.id, change.before, house.base)
  const itself = resource === stood ? undefined : resource
  if (itself !== undefined) await lockStandIn(tx, `${change.type}/${change.id}`)
  const taken = async (): Promise<TakenUp[]> => [
    ...(itself === undefined ? [] : await naming(tx, house, change, itself)),
    ...(await heldBySchedules(tx, schedules, change.at)),
  ]
  const seen = await taken()
  if (seen.length === 0) return
  const holders = seen.map(({ holder }) => holder)
  const visits = holders.flatMap((holder) => (holder.startsWith('Appointment/') ? [holder.slice('Appointment/'.length)] : []))
  await lockVisits(tx, { visits, patients: [], actors: seen.map((one) => one.resource) })
  await lockClaimsOf(tx, holders)
  const byResource = Map.groupBy(await taken(), (one) => one.resource)
  for (const [whom, theirs] of [...byResource].sort(([a], [b]) => (a < b ? -1 : 1))) await take(tx, change, whom, theirs)
}

async function naming(tx: Tx, { base }: House, { type, id, at }: Change, resource: string): Promise<TakenUp[]> {
  const actor = `${type}/${id}`
  const visits = (await visitsNaming(tx, actor, at)).filter((visit) => takesUp(visit, at, actor, base))
  return visits.map((visit) => ({
    resource,
    holder: `Appointment/${visit.id}`,
    from: visit.starts.toISOString(),
    until: visit.ends.toISOString(),
    expires: visit.heldUntil?.toISOString(),
  }))
}

async function take(tx: Tx, { type, client, at }: Change, resource: string, taken: readonly TakenUp[]): Promise<void> {
  // One that names the role is on its Schedule too.
  const visits = [...new Map(taken.map((one) => [one.holder, one])).values()]
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
