/**
 * Whether one entry of the waitlist can have one free time: what the patient said, what the Schedule offers, and every rule
 * that accepting it will be held to. Nothing is written here.
 */
import { Fault } from '../../base/fault.ts'
import { waitlistOfferSecondsMin } from '../../base/limits.ts'
import { instantOf, type Resource } from '../../fhir/resource.ts'
import type { JointGroup } from '../../scheduling/joint-visits.ts'
import { type WaitlistWish, wishAllows } from '../../scheduling/waitlist-wish.ts'
import type { House } from '../../store/house.ts'
import { currentResource } from '../../store/resources.ts'
import { slotContext } from '../../store/visit-context.ts'
import type { Waiting } from '../../store/waitlist-entries.ts'
import { visitsToCome, wasOffered } from '../../store/waitlist-offers.ts'
import { type VisitTaken, withOthers } from '../joint-visit.ts'
import { asksForMore } from '../rule-facts.ts'
import { isForSame, waitlistWishOf } from '../same-service.ts'
import { choiceOf, type Offered, offersOf, type ServiceChoice } from '../service-choice.ts'
import type { VisitTime } from '../time-of-visit.ts'
import { assertRules, visitIn } from '../visit-in-slot.ts'
import type { FreedTime } from './freed-time.ts'
import { hasAll, jointStarts } from './joint-wish.ts'

export type Candidate = VisitTaken & {
  readonly waiting: Waiting
  readonly choice: ServiceChoice
  readonly minutes?: number
  /** Unix milliseconds. */
  readonly expires: number
  /** The later visit for the same that accepting moves here. */
  readonly moves?: string
}

/** Undefined: it cannot. */
export async function candidate(house: House, time: FreedTime, waiting: Waiting): Promise<Candidate | undefined> {
  const row = await currentResource(house.pool, 'Appointment', waiting.entry)
  const entry = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  if (entry?.status !== 'waitlist') return undefined
  const wish = waitlistWishOf(house, entry)
  const starts = hasAll(time.plan, wish) ? [{ lead: time }] : await jointStarts(house, time, wish)
  for (const start of starts) {
    const found = wishAllows(wish, start.lead.plan.zone, start.lead.start)
      ? await startingAt(house, start, waiting, entry, wish)
      : undefined
    if (found) return found
  }
  return undefined
}

/** Alone, or with one of each group. */
type Starting = { readonly lead: FreedTime; readonly groups?: readonly JointGroup[] }

async function startingAt(
  house: House,
  starting: Starting,
  waiting: Waiting,
  entry: Resource,
  wish: WaitlistWish,
): Promise<Candidate | undefined> {
  const { lead, groups } = starting
  // A visit with several may come free by the time of any of them.
  if (groups && (await wasOffered(house.pool, waiting.entry, lead.plan.schedule, instantOf(lead.start)))) return undefined
  const asked = choiceOf(entry, house.base)
  const offers = offersOf(lead.plan, asked)
  // Nobody said which of several services it is for: the clinic has to ask.
  if (wish.services.length === 0 && offers.length > 1) return undefined
  for (const offered of offers) {
    const choice = offered.service ? { reference: offered.service.reference } : asked
    const found = await judged(house, starting, { waiting, offered, choice, minutes: wish.minutes }, entry)
    if (found) return found
  }
  return undefined
}

type Judging = Pick<Candidate, 'waiting' | 'offered' | 'choice' | 'minutes'>

async function judged(house: House, { lead, groups }: Starting, judging: Judging, entry: Resource): Promise<Candidate | undefined> {
  const { waiting, offered, choice, minutes } = judging
  const now = house.clock.now().getTime()
  const expires = Math.min(now + house.waitlist.offerMinutes * 60_000, lead.start - offered.policy.minNoticeMinutes * 60_000)
  if (expires < now + waitlistOfferSecondsMin * 1000) return undefined
  const had = await sameVisitToCome(house, waiting.patient, entry, offered)
  if (had && had.start <= lead.start) return undefined
  const context = await slotContext(house.pool, { slot: lead.slot, patient: waiting.patient, knownPlan: '' })
  if (!context?.patientExists) return undefined
  const asked = { patient: waiting.patient, service: choice, minutes, online: false, own: had?.id, heldFor: lead.holder }
  const visit = await visitIn(house, asked, context, lead.plan, offered)
  if (!visit.free) return undefined
  const draft = asksForMore(offered.policy) ? wantedAt(entry, visit) : undefined
  const alone: VisitTaken = { visit, plan: lead.plan, offered, beside: [] }
  const taking = await unlessRefused(async () => {
    await assertRules(house, asked, context, lead.plan, offered, visit, draft)
    return groups ? withOthers(house, asked, groups, alone) : alone
  })
  return taking?.visit.free ? { ...judging, ...taking, expires, moves: had?.id } : undefined
}

/** The Appointment that waits, at the time that would be offered. */
const wantedAt = (entry: Resource, { start, end, slots }: VisitTime): Resource => ({
  ...entry,
  start: instantOf(start),
  end: instantOf(end),
  slot: slots.map(({ id }) => ({ reference: `Slot/${id}` })),
})

async function unlessRefused<T>(judge: () => Promise<T>): Promise<T | undefined> {
  try {
    return await judge()
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

/** The patient's next visit for the same service: a time that is no sooner is of no use to them. */
export async function sameVisitToCome(
  house: House,
  patient: string,
  entry: Resource,
  offered: Offered,
): Promise<{ readonly id: string; readonly start: number } | undefined> {
  const bodies = await visitsToCome(house.pool, patient, house.clock.now().toISOString())
  const visits = bodies.map((body) => JSON.parse(body) as Resource)
  const same = visits.find((visit) => visit.id !== entry.id && isForSame(house, visit, entry, offered.service))
  return same && { id: String(same.id), start: Date.parse(String(same.start)) }
}
