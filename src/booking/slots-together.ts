/**
 * Several Slots that somebody names for one visit, read once: in which order it takes them, and which Schedules take part.
 * Left out: any-of groups of actors (`operations/resource-groups.ts`), and what is refused (`book.ts`).
 */
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { jointAmong, missingOf } from './joint-of-slots.ts'

export type SlotsTogether = {
  /** The Slot that the visit starts in. */
  readonly slot?: string
  readonly slots: readonly string[]
  /** Where they are of several Schedules. */
  readonly groups?: readonly JointGroup[]
  /** The first that is named and not there: refused where time is taken, not where a visit is cancelled that stood in it. */
  readonly missing?: string
}

/**
 * Of one Schedule they come by their times, of several as they are named: then the visit starts in the first that starts at
 * `start`, else in the first.
 */
export async function slotsTogether(house: House, ids: readonly string[], start?: number): Promise<SlotsTogether> {
  if (ids.length < 2) return { slot: ids[0], slots: ids }
  const rows = await namedSlots(house.pool, ids)
  const missing = missingOf(rows, ids)
  const joint = jointAmong(rows, ids, start)
  if (joint) return { slot: joint.first, slots: ids, groups: joint.groups, missing }
  const inOrder = missing === undefined ? rows.map(({ id }) => id) : ids
  return { slot: inOrder[0], slots: inOrder, missing }
}
