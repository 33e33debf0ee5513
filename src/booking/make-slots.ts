/**
 * Many new Slots in one transaction, in as few statements as one of them takes. For those that take nobody's time: free
 * ones, and whatever is over. The rest goes one by one through `write-slot.ts`, which this gives the same rows as.
 */
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import { lockTaken } from '../store/held-time.ts'
import type { House } from '../store/house.ts'
import { ensurePlan, lengthenPlan } from '../store/plans.ts'
import { insertResources } from '../store/resource-sets.ts'
import type { ResourceWrite, Written } from '../store/resources.ts'
import { lockSlot } from '../store/slot-rows.ts'
import { groundOf, type Holder, outwaitClaimsOver } from '../store/slot-sets.ts'
import { settleUnderClaims } from '../store/slots.ts'
import { coverWithBlock, outwaitClaims } from '../store/time-over-slots.ts'
import { inTransaction, retried } from '../store/transaction.ts'
import { type Change, IdIsTaken } from './change.ts'
import { closedPlan } from './plans.ts'
import { slotColumns, standingOf, type Wanted, wantedOf } from './write-slot.ts'

type Made = { readonly change: Change; readonly wanted: Wanted }

/** Takes nobody's time and covers nobody's Slot. */
export function standsOpen(house: House, resource: Resource): boolean {
  const { status, isOver } = wantedOf(house, resource)
  return isOver || status === 'free' || status === 'entered-in-error'
}

/** Each new, `standsOpen`, and no longer than a Slot may be. Throws IdIsTaken. */
export async function makeSlots(tx: Tx, house: House, changes: readonly Change[]): Promise<Written[]> {
  const slots = changes.map((change): Made => ({ change, wanted: wantedOf(house, change.resource) }))
  const { over, beyond } = await groundOf(tx, slots.map(timeOf))
  if (beyond.size > 0)
    await makeRoom(
      tx,
      house,
      slots.filter(({ change }) => beyond.has(change.id)),
    )
  const writes = slots.map((slot) => writeOf(house, slot, isFree(slot.wanted) ? over.get(slot.change.id) : undefined))
  const written = await insertResources(tx, house.definitions, writes)
  return changes.map(({ id }) => {
    const row = written.get(id)
    if (!row) throw new IdIsTaken()
    return row
  })
}

const timeOf = ({ change, wanted }: Made) => ({ id: change.id, schedule: wanted.schedule, start: wanted.start, end: wanted.end })

const isFree = ({ status, isOver }: Wanted): boolean => status === 'free' && !isOver

/** Each Schedule gets a plan that knows of Slots so long. */
async function makeRoom(tx: Tx, house: House, slots: readonly Made[]): Promise<void> {
  const longest = new Map(slots.toSorted((a, b) => lengthOf(a.wanted) - lengthOf(b.wanted)).map(({ wanted }) => [wanted.schedule, wanted]))
  // In one order, so that two transactions with the same Schedules do not wait for each other.
  for (const [schedule, { start, end }] of [...longest].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await ensurePlan(tx, schedule, JSON.stringify(closedPlan(schedule, house.defaultTimeZone)))
    await lengthenPlan(tx, schedule, start, end)
  }
}

const lengthOf = ({ start, end }: Wanted): number => Date.parse(end) - Date.parse(start)

function writeOf(house: House, { change, wanted }: Made, holder: Holder | undefined): ResourceWrite {
  const standing = holder ? standingOf(holder) : { status: wanted.status, takenBy: null, heldUntil: null }
  const resource = standing.status === wanted.status ? change.resource : { ...change.resource, status: standing.status }
  return {
    type: 'Slot',
    id: change.id,
    text: resource === change.resource ? change.text : JSON.stringify(resource),
    index: indexValues(house.definitions, resource, house.base),
    at: change.at,
    columns: { ...slotColumns(wanted, standing), rule: null },
    audit: change.audit,
  }
}

/** After the commit, for many Slots at once what `settleBeside` does for one. */
export async function settleSlots(house: House, slots: readonly { readonly id: string; readonly resource: Resource }[]): Promise<void> {
  const open = slots.map(({ resource }) => wantedOf(house, resource)).filter(isFree)
  if (open.length > 1) await settleOpen(house, open)
  for (const { id, resource } of slots) if (open.length <= 1 || resource.status !== 'free') await settleBeside(house, id, resource)
}

/**
 * After the commit: a booking or a block that was written beside the Slot could not see it, nor it them. A free Slot that
 * lies under one of them becomes its, and a block takes what has come free under it.
 */
async function settleBeside(house: House, id: string, resource: Resource): Promise<void> {
  const wanted = wantedOf(house, resource)
  if (wanted.isOver) return
  if (wanted.status === 'free') await inTransaction(house.pool, (tx) => settleFree(tx, house, id, wanted))
  if (wanted.status === 'busy-unavailable') await inTransaction(house.pool, (tx) => settleBlock(tx, house, id, wanted))
}

async function settleFree(tx: Tx, house: House, id: string, { schedule, start, end }: Wanted): Promise<void> {
  await outwaitClaims(tx, { holder: `Slot/${id}`, schedule, start, end })
  await settleUnderClaims(tx, { schedule, from: start, until: end, at: house.clock.now().toISOString() })
}

async function settleBlock(tx: Tx, house: House, id: string, wanted: Wanted): Promise<void> {
  // All Slots under it in one order, before its own row.
  await lockTaken(tx, `Slot/${id}`)
  const row = await lockSlot(tx, id)
  if (row?.status !== 'busy-unavailable' || row.takenBy !== null) return
  await coverWithBlock(tx, { ...wanted, id, at: house.clock.now().toISOString() })
}

/** Nearly always nothing was taken beside them, and two statements tell. */
async function settleOpen(house: House, slots: readonly Wanted[]): Promise<void> {
  const times = slots.map(({ schedule, start, end }, n) => ({ id: String(n), schedule, start, end }))
  const waiter = `Slots/${house.ids.next()}?`
  // On a connection of their own: one that a statement has failed on is thrown away by the pool, and failing is how the first ends.
  const { over } = await retried(() =>
    house.pool.connect(async (db) => outwaitClaimsOver(db, waiter, times).then(() => groundOf(db, times))),
  )
  const taken = slots.filter((_, n) => over.has(String(n)))
  for (const schedule of [...new Set(taken.map((slot) => slot.schedule))].sort()) {
    const own = taken.filter((slot) => slot.schedule === schedule)
    await inTransaction(house.pool, (tx) =>
      settleUnderClaims(tx, { schedule, from: earliest(own), until: latest(own), at: house.clock.now().toISOString() }),
    )
  }
}

const earliest = (slots: readonly Wanted[]): string =>
  slots.map(({ start }) => start).reduce((a, b) => (Date.parse(b) < Date.parse(a) ? b : a))
const latest = (slots: readonly Wanted[]): string => slots.map(({ end }) => end).reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a))
