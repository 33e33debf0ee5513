/**
 * The time that a visit takes when it starts in a Slot, and whether the booking rules let it: what a new booking, one that is
 * moved and an offer of the waitlist ask alike. docs/operations.md and docs/booking.md. Left out: taking it (`book.ts`, `move/`).
 */
import { fault } from '../base/fault.ts'
import { contains, type Interval, normalize } from '../base/interval.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { type BookingRequest, brokenRule, type Refusal } from '../scheduling/booking-rules.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import { sessionOf } from '../scheduling/session.ts'
import { joined } from '../scheduling/visits.ts'
import { freeTimeOfOne } from '../store/free-time.ts'
import type { House } from '../store/house.ts'
import { patientIsKnown } from '../store/known-patients.ts'
import { slotsUnder } from '../store/overflow.ts'
import { currentBodies } from '../store/resources.ts'
import { slotsTakenBy } from '../store/slot-rows.ts'
import { patientTime, type SlotContext } from '../store/visit-context.ts'
import { idsNamed } from './participants.ts'
import { practiceOf, ruleFacts } from './rule-facts.ts'
import type { Offered, ServiceChoice } from './service-choice.ts'
import type { VisitTime } from './time-of-visit.ts'

export type TimeAsked = {
  /** The ids of the Patients: the first, and whoever else comes to a visit of several. */
  readonly patient: string
  readonly others?: readonly string[]
  readonly service: ServiceChoice
  readonly minutes?: number
  /** An instant that the client named itself; must agree with the Slot. */
  readonly start?: number
  /** A patient asks, not staff. */
  readonly online: boolean
  /** The Appointment that gives its own time back in the same transaction, by its id. */
  readonly own?: string
  /** The Slots that it has, where the caller knows them. */
  readonly has?: readonly Leaving[]
  /** One of each takes part, the first with the Slot that it starts in; undefined: that Slot's Schedule alone. */
  readonly groups?: readonly JointGroup[]
  /** Other Appointments that give their time back in the same transaction, and their Slots. */
  readonly leaving?: { readonly ids: readonly string[]; readonly slots: readonly Leaving[] }
  /** Whoever keeps this time for the one who asks. */
  readonly heldFor?: string
  /** Staff let it in against the rules. */
  readonly overridden?: boolean
  /** Patients who are created with the visit. */
  readonly newPatients?: readonly { readonly id: string; readonly resource: Resource }[]
}

export type Leaving = { readonly id: string; readonly schedule: string; readonly start: number; readonly end: number }

/** The Slots that the visit takes: the one it starts in, and where that is too short those that follow it without a gap. */
export async function visitIn(
  house: House,
  asked: TimeAsked,
  context: SlotContext,
  plan: SchedulePlan,
  offered: Offered,
): Promise<VisitTime> {
  const first = { id: context.id, start: context.starts.getTime(), end: context.ends.getTime() }
  const start = asked.start ?? first.start
  const minutes = asked.minutes ?? offered.policy.durationMinutes
  const end = minutes === undefined ? first.end : start + minutes * 60_000
  // A visit that is moved may be moved into its own time, which is given back in the same transaction.
  const own = [
    ...(asked.has?.filter(({ schedule }) => schedule === plan.schedule) ??
      (asked.own ? await slotsTakenBy(house.pool, `Appointment/${asked.own}`, plan.schedule) : [])),
    ...(asked.heldFor ? await slotsTakenBy(house.pool, asked.heldFor, plan.schedule) : []),
    ...(asked.leaving?.slots.filter(({ schedule }) => schedule === plan.schedule) ?? []),
  ].sort((a, b) => a.start - b.start)
  const session = sessionOf(plan, offered, start, end)
  const isOpen = context.free && (context.session === null || context.session === session)
  const free = isOpen || context.takenBy === `Slot/${context.id}` || own.some((slot) => slot.id === context.id)
  if (end <= first.end || !free) return { start, end, slots: [first], free }
  const time = await freeTimeOfOne(house.pool, {
    schedule: plan.schedule,
    from: instantOf(first.start),
    until: instantOf(end),
    limit: joinedSlotsMax,
  })
  const open = time.free.filter((slot) => slot.session === null || slot.session === session)
  const following = open.map(({ id, starts, ends }) => ({ id, schedule: plan.schedule, start: starts * 1000, end: ends * 1000 }))
  const slots = joined({ ...first, schedule: plan.schedule }, end, [
    ...following,
    ...own.map((slot) => ({ ...slot, schedule: plan.schedule })),
  ])
  if (slots) return { start, end, slots, free: true }
  // Where no Slot stands to its end, whoever has it, nobody took it: that it lies outside them is the rule's to say.
  return { start, end, slots: [first], free: !(await isWithinSlots(house, plan, { start, end })) }
}

async function isWithinSlots(house: House, { schedule }: SchedulePlan, visit: Interval): Promise<boolean> {
  const slots = await slotsUnder(house.pool, { schedule, start: instantOf(visit.start), end: instantOf(visit.end) })
  return normalize(slots).some((span) => contains(span, visit))
}

/** A Schedule that is named beside a Slot is the Slot's. Throws `value`. */
export function assertOfSchedule(named: { readonly slot: string; readonly schedule?: string }, { schedule }: SlotContext): void {
  if (named.schedule !== undefined && named.schedule !== schedule)
    throw fault('value', `Slot/${named.slot} is of another Schedule.`, 'schedule')
}

/** Whoever names several Slots of one Schedule means a visit that takes each. */
export function assertTakes(named: readonly string[] | undefined, { slots, free }: VisitTime): void {
  const beside = free ? named?.find((id) => !slots.some((slot) => slot.id === id)) : undefined
  if (beside === undefined) return
  throw fault('business-rule', `The visit that starts there does not take Slot/${beside}: name the Slot it starts in alone.`, 'slot')
}

const joinedSlotsMax = 500

/** Throws `business-rule` in the rule's own words. */
export async function assertRules(
  house: House,
  asked: TimeAsked,
  context: SlotContext,
  plan: SchedulePlan,
  offered: Offered,
  visit: VisitTime,
  /** The Appointment as it would be, where a rule looks into it (`asksForMore`). */
  draft: Resource | undefined,
): Promise<void> {
  const { policy, service } = offered
  const others = asked.others?.length ? await othersIn(house, asked, visit) : undefined
  const request: BookingRequest = {
    now: house.clock.now().getTime(),
    start: visit.start,
    end: visit.end,
    // A time that is gone is a conflict with next times, not a visit outside its Slots.
    slots: visit.free ? visit.slots : [{ start: visit.start, end: visit.end }],
    plan,
    service,
    policy,
    online: asked.online,
    patientIsNew: !policy.newPatients && (await someoneIsNew(house, asked, plan)),
    ownOverlap:
      visit.free &&
      (others?.overlap === true ||
        context.patientVisits.some(
          (own) => own.id !== asked.own && !asked.leaving?.ids.includes(own.id) && own.start < visit.end && visit.start < own.end,
        )),
    requestedDurationMinutes: asked.minutes,
    overridden: asked.overridden,
  }
  const broken = draft ? await brokenForAnyone(house, asked, request, draft) : brokenRule(request)
  if (broken) throw fault('business-rule', broken.message, broken.expression)
}

/** Referrals and the clinic's own rules are asked for each patient of the visit. */
async function brokenForAnyone(
  house: House,
  asked: TimeAsked,
  request: BookingRequest,
  appointment: Resource,
): Promise<Refusal | undefined> {
  const { plan, service, policy } = request
  const [slot = ''] = idsNamed(appointment.slot, 'Slot', house.base)
  const sent = new Map((asked.newPatients ?? []).map(({ id, resource }) => [id, resource]))
  for (const patient of new Set([asked.patient, ...(asked.others ?? []), ...sent.keys()])) {
    const facts = await ruleFacts(house.pool, house, {
      plan,
      offered: { service, policy },
      patient,
      sent: sent.get(patient),
      slot,
      appointment,
    })
    const broken = brokenRule({ ...request, ...facts })
    if (broken) return broken
  }
  return undefined
}

async function someoneIsNew(house: House, { patient, others = [] }: TimeAsked, plan: SchedulePlan): Promise<boolean> {
  for (const one of [patient, ...others]) if (!(await patientIsKnown(house.pool, one, practiceOf(plan)))) return true
  return false
}

/** Whoever else comes is there, and free at that time. Asked only of visits of several. */
async function othersIn(house: House, { others = [], own }: TimeAsked, visit: VisitTime): Promise<{ readonly overlap: boolean }> {
  const known = (await currentBodies(house.pool, 'Patient', others)).map((body) => (JSON.parse(body) as { id: string }).id)
  const missing = others.find((id) => !known.includes(id))
  if (missing !== undefined) throw fault('not-found', `There is no Patient/${missing}.`, 'patient')
  for (const id of others) {
    const busy = await patientTime(house.pool, id, instantOf(visit.start), instantOf(visit.end), own)
    if (busy.length > 0) return { overlap: true }
  }
  return { overlap: false }
}
