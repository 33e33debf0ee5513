/**
 * A Slot written by hand, by import or by sync. Set busy it is claimed in its own name, so that nobody books over it and
 * it is not laid over a visit; set `busy-unavailable` it is a block; under a live appointment it cannot be freed.
 */
import { fault } from '../base/fault.ts'
import { indexValues } from '../fhir/index-values.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { claimsOfSchedules } from '../store/claimable-actors.ts'
import type { Tx } from '../store/db.ts'
import { lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { ensurePlan, lengthenPlan, plansOf } from '../store/plans.ts'
import { currentResource, insertResource, type ResourceWrite, replaceResource, type Written } from '../store/resources.ts'
import { settleSessionSlots } from '../store/session-slots.ts'
import { clientOfClaim, type LockedSlot, lockSlot } from '../store/slot-rows.ts'
import { takeTimeFor } from '../store/take-time.ts'
import { coverWithBlock, holderOver } from '../store/time-over-slots.ts'
import { handOverTime, releaseVisit } from './cancel.ts'
import { type Change, IdIsTaken, TimeIsTaken } from './change.ts'
import { holdPlacesOf, takeHoldPlaces } from './hold-places.ts'
import { idNamed } from './participants.ts'
import { closedPlan, planFrom } from './plans.ts'

/** Whether writing the resource again as it is would change nothing: time that is taken by hand is taken anew each time. */
export async function standsAsItIs(tx: Tx, house: House, { resourceType, id, status }: Resource): Promise<boolean> {
  if (resourceType !== 'Slot' || (status !== 'busy' && status !== 'busy-tentative')) return true
  const row = await lockSlot(tx, String(id))
  return row !== undefined && isLive(row, house)
}

type Standing = { readonly status: string; readonly takenBy: string | null; readonly heldUntil: string | null }

export type Wanted = {
  readonly schedule: string
  readonly status: string
  readonly start: string
  readonly end: string
  readonly isOver: boolean
}

/** Throws: conflict, TimeIsTaken, IdIsTaken. */
export async function writeSlot(tx: Tx, house: House, change: Change): Promise<Written> {
  const row = change.isNew ? undefined : await lockSlot(tx, change.id)
  const wanted = wantedOf(house, change.resource)
  if (row && isLive(row, house)) {
    assertUntouched(row, wanted)
    if (wanted.status !== 'busy-unavailable')
      return writeRow(tx, house, change, wanted, row, {
        status: row.status ?? wanted.status,
        takenBy: row.takenBy,
        heldUntil: isoOrNull(row.heldUntil),
      })
  }
  if (row && isCovered(row, change.id, wanted, house))
    return writeRow(tx, house, change, wanted, row, {
      status: wanted.status,
      takenBy: row.takenBy,
      heldUntil: isoOrNull(row.heldUntil),
    })
  await ensurePlan(tx, wanted.schedule, JSON.stringify(closedPlan(wanted.schedule, house.defaultTimeZone)))
  await lengthenPlan(tx, wanted.schedule, wanted.start, wanted.end)
  const passedOn = row !== undefined && (await giveBack(tx, change, wanted))
  const standing = await stand(tx, house, change, wanted, row, passedOn)
  const written = await writeRow(tx, house, change, wanted, row, standing)
  if (wanted.status === 'busy-unavailable' && !wanted.isOver) {
    await lockTaken(tx, `Slot/${change.id}`)
    await coverWithBlock(tx, { ...wanted, id: change.id, at: change.at })
  }
  return written
}

export function wantedOf(house: House, resource: Resource): Wanted {
  const reference = String((resource.schedule as { reference?: string } | undefined)?.reference ?? '')
  const end = String(resource.end)
  return {
    schedule: idNamed(reference, 'Schedule', house.base) ?? reference,
    status: String(resource.status),
    start: String(resource.start),
    end,
    isOver: Date.parse(end) <= house.clock.now().getTime(),
  }
}

/** Taken by an appointment that is still to end, or by some in a session that has seats left. */
const isLive = (row: LockedSlot, house: House): boolean => {
  const now = house.clock.now().getTime()
  if (row.session !== null && row.status !== 'busy-unavailable') return row.ends.getTime() > now
  return (
    row.takenBy?.startsWith('Appointment/') === true &&
    row.ends.getTime() > now &&
    (row.heldUntil === null || row.heldUntil.getTime() > now)
  )
}

/** Written back as it is while another Slot, a block above all, lies over it: it stays that one's. */
function isCovered(row: LockedSlot, id: string, wanted: Wanted, house: House): boolean {
  const byAnother = row.takenBy?.startsWith('Slot/') === true && row.takenBy !== `Slot/${id}`
  const runs = row.heldUntil === null || row.heldUntil.getTime() > house.clock.now().getTime()
  return byAnother && runs && row.status === wanted.status && !isMoved(row, wanted)
}

const isMoved = (row: LockedSlot, wanted: Wanted): boolean =>
  row.schedule !== wanted.schedule || row.starts.getTime() !== Date.parse(wanted.start) || row.ends.getTime() !== Date.parse(wanted.end)

/** A live appointment's Slot stays as it is but for remarks; a block may be laid over it. */
function assertUntouched(row: LockedSlot, wanted: Wanted): void {
  if (isMoved(row, wanted))
    throw fault('conflict', 'An appointment holds this Slot: its time and Schedule cannot be changed.', 'Slot.start')
  if (wanted.status !== row.status && wanted.status !== 'busy-unavailable')
    throw fault('conflict', `An appointment holds this Slot: it is ${row.status} until that is cancelled.`, 'Slot.status')
}

/** What it had in its own name. One that is set free goes to whoever was booked over it before it is looked whose it is now: true then. */
async function giveBack(tx: Tx, { id, at }: Change, { status, isOver }: Wanted): Promise<boolean> {
  if (status === 'free' && !isOver) return handOverTime(tx, `Slot/${id}`, at)
  await releaseVisit(tx, `Slot/${id}`, at)
  return false
}

/** Takes what the Slot's status says, and gives the status that it then really has. */
async function stand(
  tx: Tx,
  house: House,
  change: Change,
  wanted: Wanted,
  row: LockedSlot | undefined,
  passedOn: boolean,
): Promise<Standing> {
  const open: Standing = { status: wanted.status, takenBy: null, heldUntil: null }
  const byHand = wanted.status === 'busy' || wanted.status === 'busy-tentative'
  if (wanted.isOver || !(byHand || wanted.status === 'free')) return open
  // It is locked for a Slot that is new: of one that was there, whoever gives the time back waits for the Slot.
  const over = () => holderOver(tx, { ...wanted, except: `Slot/${change.id}`, lock: row === undefined })
  const heir = row && (passedOn || isBlock(row)) && !isMoved(row, wanted) ? await over() : undefined
  if (heir && (wanted.status === 'free' || heir.holder.startsWith('Appointment/'))) return standingOf(heir)
  if (byHand) return claimByHand(tx, house, change, wanted)
  const holder = await over()
  if (!holder) return open
  if (row && !row.deleted) throw fault('conflict', 'This time is held: the Slot cannot be set free until that ends.', 'Slot.status')
  return standingOf(holder)
}

/** A block of its own. Lifted, the Slot goes back to whoever has had that time all along. */
const isBlock = (row: LockedSlot): boolean => row.status === 'busy-unavailable' && row.takenBy === null && !row.deleted

export const standingOf = (over: { holder: string; status: string; until: Date | null }): Standing => ({
  status: over.status,
  takenBy: over.holder,
  heldUntil: isoOrNull(over.until),
})

async function claimByHand(tx: Tx, house: House, change: Change, wanted: Wanted): Promise<Standing> {
  const holder = `Slot/${change.id}`
  const [row] = await plansOf(tx, [wanted.schedule])
  const plan = row && planFrom(house, row.schedule, row.version, row.plan)
  const seconds = plan?.policy.holdSeconds ?? 0
  const heldUntil = wanted.status === 'busy-tentative' ? instantOf(Date.parse(change.at) + seconds * 1000) : null
  await takeHoldPlaces(tx, holdPlacesOf(house, { holder, expires: heldUntil ?? undefined, client: change.client }))
  const resources = await claimsOfSchedules(tx, [wanted.schedule])
  const placed = await takeTimeFor(tx, {
    holder,
    claims: resources,
    from: wanted.start,
    until: wanted.end,
    start: wanted.start,
    end: wanted.end,
    needed: [],
    expires: heldUntil ?? undefined,
    client: change.client,
    at: change.at,
  })
  if (!placed)
    throw new TimeIsTaken(
      { schedule: wanted.schedule, service: {}, from: Date.parse(wanted.start), online: change.patient !== undefined },
      'Slot.start',
    )
  return { status: wanted.status, takenBy: holder, heldUntil }
}

async function writeRow(
  tx: Tx,
  house: House,
  change: Change,
  wanted: Wanted,
  row: LockedSlot | undefined,
  standing: Standing,
): Promise<Written> {
  const kept = row && !row.deleted && row.ends.getTime() === Date.parse(wanted.end) && row.starts.getTime() === Date.parse(wanted.start)
  // Whether it is overbooked is ours to say; at another time it is not.
  const overbooked = row?.overbooked ? { overbooked: kept || undefined } : undefined
  const asItIs = standing.status === wanted.status && !overbooked
  const resource = asItIs ? change.resource : { ...change.resource, status: standing.status, ...overbooked }
  const values = indexValues(house.definitions, resource, house.base)
  const write: ResourceWrite = {
    type: 'Slot',
    id: change.id,
    text: resource === change.resource ? change.text : JSON.stringify(resource),
    index: values,
    at: change.at,
    columns: {
      ...slotColumns(wanted, standing),
      rule: kept ? row.rule : null,
      session: kept ? row.session : null,
      ...(overbooked && { overbooked: kept ? true : null }),
    },
    audit: change.audit,
  }
  if (row) return replaced(tx, house, write, kept ? row.session : null)
  const written = await insertResource(tx, house.definitions, write)
  if (!written) throw new IdIsTaken()
  return written
}

/** What the engine asks a Slot by. */
export const slotColumns = (wanted: Wanted, standing: Standing): Readonly<Record<string, unknown>> => ({
  schedule: wanted.schedule,
  status: standing.status,
  starts: wanted.start,
  ends: wanted.end,
  taken_by: standing.takenBy,
  held_until: standing.heldUntil,
})

/** How many seats are taken is ours to say, whatever the client has sent. */
async function replaced(tx: Tx, house: House, write: ResourceWrite, session: string | null): Promise<Written> {
  const written = await replaceResource(tx, house.definitions, write)
  if (session === null) return written
  await settleSessionSlots(tx, { slots: [write.id], at: write.at })
  const row = await currentResource(tx, 'Slot', write.id)
  return { id: write.id, version: row?.version ?? written.version, body: row?.body ?? written.body }
}

const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null

/** The same client's Appointment takes the Slot over from its own name. Another client's is refused by the claim itself. */
export async function releaseSlotTakenByHand(tx: Tx, slot: string, client: string, at: string): Promise<void> {
  if ((await clientOfClaim(tx, `Slot/${slot}`)) === client) await releaseVisit(tx, `Slot/${slot}`, at)
}

/** Throws `conflict` under a live appointment; else what the Slot had taken in its own name goes back. */
export async function releaseDeletedSlot(tx: Tx, house: House, id: string, at: string): Promise<Readonly<Record<string, unknown>>> {
  const row = await lockSlot(tx, id)
  if (row && isLive(row, house)) throw fault('conflict', 'An appointment holds this Slot: cancel that first.', 'Slot')
  await releaseVisit(tx, `Slot/${id}`, at)
  return { status: null, taken_by: null, held_until: null, session: null, rule: row?.rule ? 'removed' : null }
}
