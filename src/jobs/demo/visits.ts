/**
 * Who comes when: about as many visits behind us as before us, drawn until there are enough. What is drawn is a wish; it is
 * kept if the Schedule is open then, the service's notice is met, and neither patient, practitioner, room nor device is
 * taken, buffers included. Seeding books the coming ones through the engine and writes the past ones as records.
 */
import { dayMs, minuteMs } from '../../base/durations.ts'
import { type Interval, overlaps } from '../../base/interval.ts'
import { instantOf, type Resource } from '../../fhir/resource.ts'
import { type Opening, openings } from '../../scheduling/availability.ts'
import type { BookingPolicy } from '../../scheduling/booking-policy.ts'
import { withBuffers } from '../../scheduling/buffers.ts'
import { type PlanParts, planOf, type SchedulePlan } from '../../scheduling/schedule-plan.ts'
import type { Dice } from './dice.ts'

/** `patient`, `schedule` and `service` are ids. */
export type DemoVisit = {
  readonly patient: string
  readonly schedule: string
  readonly service: string
  /** An instant on the Schedule's grid. */
  readonly start: string
  readonly minutes: number
  readonly status: 'booked' | 'fulfilled' | 'noshow' | 'cancelled'
}

const visitsEachSide = 300
const drawsMax = 20_000
const pastDays = 42
const comingDays = 28
/** Between the drawing of a visit and its booking the clock runs on. */
const graceMs = 15 * minuteMs

type Window = { readonly from: number; readonly until: number; readonly coming: boolean }
type Chair = { readonly plan: SchedulePlan; readonly open: readonly Opening[] }
type Wish = {
  readonly chair: Chair
  readonly patient: string
  readonly service: string
  readonly policy: BookingPolicy
  readonly at: Interval
}

/** Who is taken when, and who has been here before. */
type Diary = {
  readonly taken: Map<string, Interval[]>
  readonly perDay: Map<string, number>
  readonly known: Set<string>
}

export function demoVisits(resources: readonly Resource[], defaults: { timeZone: string }, dice: Dice, now: Date): DemoVisit[] {
  const plans = resources.filter((r) => r.resourceType === 'Schedule').map((schedule) => planOf(partsOf(schedule, resources), defaults))
  const patients = resources.filter((r) => r.resourceType === 'Patient').map((r) => r.id ?? '')
  const diary: Diary = { taken: new Map(), perDay: new Map(), known: new Set() }
  const today = now.getTime()
  const past: Window = { from: today - pastDays * dayMs, until: today, coming: false }
  const coming: Window = { from: today + graceMs, until: today + comingDays * dayMs, coming: true }
  const visits = [past, coming].flatMap((window) => drawVisits(window, plans, patients, diary, dice))
  return visits.toSorted((a, b) => a.start.localeCompare(b.start) || a.schedule.localeCompare(b.schedule))
}

function drawVisits(window: Window, plans: readonly SchedulePlan[], patients: readonly string[], diary: Diary, dice: Dice): DemoVisit[] {
  const chairs = plans.map((plan) => ({ plan, open: openings(plan, window.from, window.until) }))
  const visits: DemoVisit[] = []
  for (let draws = 0; draws < drawsMax && visits.length < visitsEachSide; draws++) {
    const wish = drawWish(chairs, patients, dice)
    if (wish && isPossible(wish, window, diary)) visits.push(write(wish, window, diary, dice))
  }
  return visits
}

function drawWish(chairs: readonly Chair[], patients: readonly string[], dice: Dice): Wish | undefined {
  const chair = chairs[dice.below(chairs.length)]
  const opening = chair?.open[dice.below(chair.open.length)]
  const offer = chair?.plan.services[dice.below(chair.plan.services.length)]
  const patient = patients[dice.below(patients.length)]
  if (!chair || !opening || !offer?.reference || !patient) return undefined
  const step = opening.slotMinutes * minuteMs
  const places = Math.floor((opening.end - opening.gridStart) / step)
  const start = opening.gridStart + dice.below(places) * step
  const end = start + (offer.policy.durationMinutes ?? opening.slotMinutes) * minuteMs
  if (start < opening.start || end > opening.end) return undefined
  return { chair, patient, service: offer.reference.replace('HealthcareService/', ''), policy: offer.policy, at: { start, end } }
}

function isPossible(wish: Wish, window: Window, diary: Diary): boolean {
  const { policy, at } = wish
  const alignment = policy.alignmentMinutes ?? 1
  if (at.start < window.from || at.end > window.until || at.start % (alignment * minuteMs) !== 0) return false
  if (window.coming && at.start < window.from + policy.minNoticeMinutes * minuteMs) return false
  if (window.coming && !policy.newPatients && !diary.known.has(wish.patient)) return false
  if ((diary.perDay.get(dayOf(wish)) ?? 0) >= (policy.maxPerDay ?? Number.POSITIVE_INFINITY)) return false
  return claimsOf(wish).every(([who, when]) => !diary.taken.get(who)?.some((other) => overlaps(other, when)))
}

/** Everyone and everything the visit takes up; a patient has a day to themselves on either side. */
function claimsOf({ chair, patient, policy, at }: Wish): [string, Interval][] {
  const buffered = withBuffers(at, policy)
  return [
    ...chair.plan.claims.map((claim): [string, Interval] => [claim, buffered]),
    [`Patient/${patient}`, { start: at.start - dayMs / 2, end: at.end + dayMs / 2 }],
  ]
}

const dayOf = ({ chair, at }: Wish): string =>
  `${chair.plan.schedule} ${new Date(at.start).toLocaleDateString('sv', { timeZone: chair.plan.zone })}`

function write(wish: Wish, window: Window, diary: Diary, dice: Dice): DemoVisit {
  for (const [who, when] of claimsOf(wish)) diary.taken.set(who, [...(diary.taken.get(who) ?? []), when])
  diary.perDay.set(dayOf(wish), (diary.perDay.get(dayOf(wish)) ?? 0) + 1)
  const status = window.coming ? 'booked' : pastStatus(dice)
  if (status === 'fulfilled') diary.known.add(wish.patient)
  const { start, end } = wish.at
  const { patient, service, chair } = wish
  return { patient, schedule: chair.plan.schedule, service, start: instantOf(start), minutes: (end - start) / minuteMs, status }
}

function pastStatus(dice: Dice): 'fulfilled' | 'noshow' | 'cancelled' {
  const percent = dice.below(100)
  if (percent < 80) return 'fulfilled'
  return percent < 90 ? 'noshow' : 'cancelled'
}

/** What a Schedule hangs on, found among the clinic's own resources. */
function partsOf(schedule: Resource, resources: readonly Resource[]): PlanParts {
  const actors = references(schedule.actor)
  const named = (type: string, wanted: ReadonlySet<string>): Resource[] =>
    resources.filter((r) => r.resourceType === type && wanted.has(`${type}/${r.id}`))
  const roles = resources.filter(
    (r) => r.resourceType === 'PractitionerRole' && [...references([r.practitioner])].some((p) => actors.has(p)),
  )
  return {
    schedule,
    practitioners: named('Practitioner', actors),
    roles,
    locations: named('Location', actors),
    services: named('HealthcareService', new Set(roles.flatMap((role) => [...references(role.healthcareService)]))),
    organizations: resources.filter((r) => r.resourceType === 'Organization'),
    devices: named('Device', actors),
  }
}

const references = (list: unknown): Set<string> => new Set(((list ?? []) as { reference: string }[]).map(({ reference }) => reference))
