/**
 * What is asked of free time, by operations and by the look for next times.
 */
import type { Interval } from '../base/interval.ts'
import type { DayCode } from '../scheduling/availability-rules.ts'
import type { FreeSlot } from '../scheduling/visits.ts'
import type { ServiceChoice } from './service-choice.ts'

export type FindQuery = {
  readonly schedules: readonly string[]
  /** Unix milliseconds, half-open. */
  readonly from: number
  readonly until: number
  readonly count: number
  readonly service: ServiceChoice
  readonly minutes?: number
  readonly days?: readonly DayCode[]
  /** Minutes of the clinic's day. */
  readonly timeFrom?: number
  readonly timeTo?: number
  /** Minutes of the clinic's day at which a visit may start. */
  readonly times?: readonly number[]
  /** Slots that are kept for something else. */
  readonly except?: ReadonlySet<string>
  /** A patient asks, not staff. */
  readonly online: boolean
  /** The patient's own time: a visit that overlaps it would be refused. */
  readonly busy?: readonly Interval[]
  /** Only what comes after this in the order. */
  readonly after?: Position
  /** Of a visit over several Schedules: so many combinations at each start; 1 where nothing is said. */
  readonly alternatives?: number
  /** The Slots' stored text is wanted too; it comes along where that costs no more (`textOf`). */
  readonly bodies?: boolean
}

export type FreeSlotText = FreeSlot & { readonly body: string | null }

/** The stored text of a Slot that was found, if it came along. */
export const textOf = (slot: FreeSlot): string | undefined => (slot as FreeSlotText).body ?? undefined

export type Position = { readonly start: number; readonly schedule: string; readonly slot: string }
