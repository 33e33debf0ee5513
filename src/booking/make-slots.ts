/**
 * Many new Slots in one transaction, in as few statements as one of them takes. For those that take nobody's time: free
 * ones, and whatever is over. The rest goes one by one through `write-slot.ts`, which this gives the same rows as.
 */
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { ensurePlan, lengthenPlan } from '../store/plans.ts'
import { insertResources } from '../store/resource-sets.ts'
import type { ResourceWrite, Written } from '../store/resources.ts'
import { type Holder, holdersOver, outwaitClaimsOver, slotsBeyondPlans } from '../store/slot-sets.ts'
import { settleUnderClaims } from '../store/slots.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Change, IdIsTaken } from './change.ts'
import { closedPlan } from './plans.ts'
import { settleBeside, standingOf, type Wanted, wantedOf } from './write-slot.ts'

type Made = { readonly change: Change; readonly wanted: Wanted }

/** Takes nobody's time and covers nobody's Slot. */
export function standsOpen(house: House, { resource }: Change): boolean {
  const { status, isOver } = wantedOf(house, resource)
  return isOver || status === 'free' || status === 'entered-in-error'
}

/** Each new, `standsOpen`, and no longer than a Slot may be. Throws IdIsTaken. */
export async function makeSlots(tx: Tx, house: House, changes: readonly Change[]): Promise<Written[]> {
  const slots = changes.map((change): Made => ({ change, wanted: wantedOf(house, change.resource) }))
  await makeRoom(tx, house, slots)
  const free = slots.filter(({ wanted }) => wanted.status === 'free' && !wanted.isOver)
  const over = free.length > 0 ? await holdersOver(tx, free.map(timeOf)) : new Map<string, Holder>()
  const writes = slots.map((slot) => writeOf(house, slot, over.get(slot.change.id)))
  const written = await insertResources(tx, house.definitions, writes)
  return changes.map(({ id }) => {
    const row = written.get(id)
    if (!row) throw new IdIsTaken()
    return row
  })
}

const timeOf = ({ change, wanted }: Made) => ({ id: change.id, schedule: wanted.schedule, start: wanted.start, end: wanted.end })

/** Each Schedule has a plan, and one that knows of Slots so long. */
async function makeRoom(tx: Tx, house: House, slots: readonly Made[]): Promise<void> {
  const beyond = await slotsBeyondPlans(tx, slots.map(timeOf))
  // In one order, so that two transactions with the same Schedules do not wait for each other.
  const short = slots.filter(({ change }) => beyond.has(change.id)).toSorted((a, b) => (a.wanted.schedule < b.wanted.schedule ? -1 : 1))
  for (const { wanted } of short) {
    await ensurePlan(tx, wanted.schedule, JSON.stringify(closedPlan(wanted.schedule, house.defaultTimeZone)))
    await lengthenPlan(tx, wanted.schedule, wanted.start, wanted.end)
  }
}

function writeOf(house: House, { change, wanted }: Made, holder: Holder | undefined): ResourceWrite {
  const standing = holder ? standingOf(holder) : { status: wanted.status, takenBy: null, heldUntil: null }
  const resource = standing.status === wanted.status ? change.resource : { ...change.resource, status: standing.status }
  return {
    type: 'Slot',
    id: change.id,
    text: resource === change.resource ? change.text : JSON.stringify(resource),
    index: indexValues(house.definitions, resource, house.base),
    at: change.at,
    columns: {
      schedule: wanted.schedule,
      status: standing.status,
      starts: wanted.start,
      ends: wanted.end,
      taken_by: standing.takenBy,
      held_until: standing.heldUntil,
      rule: null,
    },
    audit: change.audit,
  }
}

/** After the commit, for many Slots at once what `settleBeside` does for one. */
export async function settleSlots(house: House, slots: readonly { readonly id: string; readonly resource: Resource }[]): Promise<void> {
  const open = slots.map(({ resource }) => wantedOf(house, resource)).filter(({ status, isOver }) => status === 'free' && !isOver)
  if (open.length > 1) await inTransaction(house.pool, (tx) => settleInTx(tx, house, open))
  for (const { id, resource } of slots) if (open.length <= 1 || resource.status !== 'free') await settleBeside(house, id, resource)
}

async function settleInTx(tx: Tx, house: House, slots: readonly Wanted[]): Promise<void> {
  const waiter = `Slots/${house.ids.next()}`
  await outwaitClaimsOver(
    tx,
    waiter,
    slots.map(({ schedule, start, end }, n) => ({ id: String(n), schedule, start, end })),
  )
  const at = house.clock.now().toISOString()
  for (const schedule of [...new Set(slots.map((slot) => slot.schedule))].sort()) {
    const own = slots.filter((slot) => slot.schedule === schedule)
    await settleUnderClaims(tx, { schedule, from: earliest(own), until: latest(own), at })
  }
}

const earliest = (slots: readonly Wanted[]): string =>
  slots.map(({ start }) => start).reduce((a, b) => (Date.parse(b) < Date.parse(a) ? b : a))
const latest = (slots: readonly Wanted[]): string => slots.map(({ end }) => end).reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a))
