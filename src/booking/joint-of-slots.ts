/**
 * A visit over several Schedules, as the Slots that are named for it say: each of their Schedules, and no other, takes part.
 * Left out: any-of groups of actors, which an operation is asked for (`operations/resource-groups.ts`).
 */
import { fault } from '../base/fault.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { type NamedSlot, namedSlots } from '../store/named-slots.ts'
import { scheduleOfSlotId } from './regenerate-slots.ts'

export type SlotsOfSeveral = {
  /** The Slot that the visit starts in. */
  readonly first: string
  readonly groups: readonly JointGroup[]
}

/**
 * Undefined: all are of one Schedule. With a `start` the visit starts in the first named that starts then, else in the
 * first named. Throws not-found for a Slot that is not there, unless it is `forgotten`.
 */
export async function jointOfSlots(
  house: House,
  ids: readonly string[],
  { start, forgotten = false }: { readonly start?: number; readonly forgotten?: boolean } = {},
): Promise<SlotsOfSeveral | undefined> {
  if (ids.length < 2 || lookAlike(ids)) return undefined
  const rows = await namedSlots(house.pool, ids)
  const missing = forgotten ? undefined : missingOf(rows, ids)
  if (missing !== undefined) throw fault('not-found', `There is no Slot/${missing}.`, 'slot')
  return jointAmong(rows, ids, start)
}

/** The first that is named and not there. */
export const missingOf = (rows: readonly NamedSlot[], ids: readonly string[]): string | undefined =>
  ids.find((id) => !rows.some((row) => row.id === id))

/** The same of Slots that have been read, those that are not there left out. */
export function jointAmong(rows: readonly NamedSlot[], ids: readonly string[], start: number | undefined): SlotsOfSeveral | undefined {
  const slots = ids.flatMap((id) => rows.find((row) => row.id === id) ?? [])
  const first = slots.find(({ starts }) => starts.getTime() === start) ?? slots[0]
  if (!first || new Set(slots.map(({ schedule }) => schedule)).size < 2) return undefined
  return { first: first.id, groups: groupsOf([first, ...slots].map(({ schedule }) => schedule)) }
}

/** The ids that the rules make say their Schedule: a visit of several Slots of one needs no look. */
function lookAlike(ids: readonly string[]): boolean {
  const [schedule, ...others] = ids.map(scheduleOfSlotId)
  return schedule !== '' && others.every((other) => other === schedule)
}

/** Each Schedule as it is, in this order. */
export const groupsOf = (schedules: readonly string[]): JointGroup[] =>
  [...new Set(schedules)].map((schedule) => [{ actor: `Schedule/${schedule}`, schedule }])
