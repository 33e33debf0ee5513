/**
 * How a Schedule's time stands, brought from the database to whoever explains it (`scheduling/explain`).
 * Nothing here is written or decided, and nothing that is found is kept.
 */
import { hourMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { explainTimesMax, slotMinutesDefault, visitMinutesMax } from '../base/limits.ts'
import { instantOf } from '../fhir/resource.ts'
import { untilAnswered } from '../scheduling/approval.ts'
import { type ExplainedTime, explainTimes, type TimeStand } from '../scheduling/explain/explain-times.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { patientIsKnown } from '../store/known-patients.ts'
import { type TimeStandRow, timeStand } from '../store/time-stand.ts'
import { patientTime } from '../store/visit-context.ts'
import { plansAt } from './plans.ts'
import { horizonEnd } from './regenerate-slots.ts'
import { practiceOf } from './rule-facts.ts'
import { offersOf, type ServiceChoice } from './service-choice.ts'

export type ExplainQuery = {
  /** The bare id. */
  readonly schedule: string
  readonly from: number
  /** Undefined: the one time `from`. */
  readonly until?: number
  readonly service: ServiceChoice
  readonly minutes?: number
  readonly online: boolean
  /** The id of a patient whose visits the caller may know. */
  readonly patient?: string
}

export type ExplainedSchedule = { readonly plan: SchedulePlan; readonly times: readonly ExplainedTime[] }

const slotsReadMax = explainTimesMax * 20

/** Throws `not-found`, `too-costly`. */
export async function explainTime(house: House, query: ExplainQuery): Promise<ExplainedSchedule> {
  // A visit may need Slots that start after the last at which one begins.
  const lookahead = Math.max(4 * hourMs, (query.minutes ?? slotMinutesDefault) * 60_000)
  const window = { start: query.from, end: (query.until ?? query.from) + lookahead }
  const at = { schedule: query.schedule, from: instantOf(window.start), until: instantOf(window.end) }
  const row = await timeStand(house.pool, { ...at, limit: slotsReadMax + 1 })
  const plan = row && (await plansAt(house, new Map([[query.schedule, row.version]]))).get(query.schedule)
  if (!row || !plan) throw fault('not-found', `There is no Schedule/${query.schedule}.`, 'schedule')
  const offers = offersOf(plan, query.service)
  const stand = standOf(row, plan, house.clock.now().getTime())
  const patient = query.patient === undefined ? {} : await ofPatient(house, query.patient, plan, window)
  const { from, until, minutes, online } = query
  const times = row.slots.length > slotsReadMax ? undefined : explainTimes(stand, { from, until, offers, minutes, online, ...patient })
  if (!times || times.length > explainTimesMax)
    throw fault('too-costly', `A visit could start at more than ${explainTimesMax} times: ask for a shorter span.`, 'end')
  return { plan, times }
}

function standOf(row: TimeStandRow, plan: SchedulePlan, now: number): TimeStand {
  return {
    plan,
    now,
    slotsUntil: horizonEnd(plan, now),
    slots: row.slots.map(({ session, ...slot }) => ({ ...slot, schedule: plan.schedule, ...(session !== null && { session }) })),
    claims: row.claims.map(({ from, to, until, session, ...claim }) => ({
      ...claim,
      ...(session !== null && { session }),
      ...(from !== null && to !== null && { visit: { start: from, end: to } }),
      ...(until !== null && until < untilAnswered && { until }),
    })),
    blocks: row.blocks,
    places: new Map(row.places.map(({ date, kind, places }) => [`${kind} ${date}`, places])),
  }
}

async function ofPatient(house: House, patient: string, plan: SchedulePlan, window: Interval) {
  const until = instantOf(window.end + visitMinutesMax * 60_000)
  const [ownTime, known] = await Promise.all([
    patientTime(house.pool, patient, instantOf(window.start), until),
    patientIsKnown(house.pool, patient, practiceOf(plan)),
  ])
  return { ownTime, patientIsNew: !known }
}
