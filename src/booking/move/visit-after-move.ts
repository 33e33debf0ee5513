/**
 * What a visit will be after a move: its Appointment, whom it takes up and when. People of the Schedule that it leaves go,
 * those of the new one come, everybody else stays. Left out: taking the time and giving the old one back.
 */
import { instantOf, type Resource } from '../../fhir/resource.ts'
import { visitAppointment } from '../../scheduling/appointment.ts'
import { answerDue, untilAnswered } from '../../scheduling/approval.ts'
import { numbered, numberOf } from '../../scheduling/confirmation-number.ts'
import { proposedTimeUrl } from '../../scheduling/extension-parts.ts'
import type { JointGroup } from '../../scheduling/joint-visits.ts'
import { occurrenceChangedUrl, recurrenceIdUrl } from '../../scheduling/recurrence-template.ts'
import type { SchedulePlan } from '../../scheduling/schedule-plan.ts'
import { claimRows } from '../../store/claim-rows.ts'
import type { House } from '../../store/house.ts'
import { plansOf } from '../../store/plans.ts'
import type { SlotContext } from '../../store/visit-context.ts'
import { heldUntil } from '../cancel.ts'
import { groupsOf, jointOfSlots } from '../joint-of-slots.ts'
import { type VisitTaken, withOthers } from '../joint-visit.ts'
import { withoutService } from '../other-service.ts'
import { overbookedUrl } from '../overbook.ts'
import { withOverride } from '../override.ts'
import { drawNumber } from '../own-number.ts'
import { idsNamed, participantsOf, withLocalActors } from '../participants.ts'
import { planFrom } from '../plans.ts'
import { chainSaid, type Extension, extensionsIn, isChained, isRecord, movedUrl, withoutRecord } from '../record-extensions.ts'
import { asksForMore } from '../rule-facts.ts'
import { choiceOf, chooseService, type Offered, offersOf, type ServiceChoice } from '../service-choice.ts'
import { beyondTheSchedule, claimsOfVisit, type TimeOfVisit, timeOfVisit, type VisitTime } from '../time-of-visit.ts'
import { assertRules, assertTakes, type TimeAsked, visitIn } from '../visit-in-slot.ts'
import type { MoveInput } from './move-input.ts'

export type VisitAfterMove = {
  /** The version of the Appointment that all this was judged by. */
  readonly version: string
  readonly plan: SchedulePlan
  readonly offered: Offered
  readonly choice: ServiceChoice
  readonly visit: VisitTime
  readonly beside: VisitTaken['beside']
  readonly groups?: readonly JointGroup[]
  readonly resource: Resource
  readonly time: TimeOfVisit
  readonly takenByHand: boolean
}

type Judged = {
  readonly before: Resource
  readonly version: string
  readonly asked: TimeAsked
  readonly context: SlotContext
  readonly plan: SchedulePlan
  /** The Schedules of the Slots that it names. */
  readonly stood: readonly string[]
  /** It is for another service from now on. */
  readonly isOther: boolean
}

/** Throws: required, business-rule. */
export async function visitAfterMove(house: House, input: MoveInput, judged: Judged): Promise<VisitAfterMove> {
  const { version, context } = judged
  const choice = choiceAt(judged.plan, input, judged.before, house.base)
  const groups = input.groups ?? (await groupsBefore(house, input, judged))
  const { visit, plan, offered, beside } = await takenBy(house, input, judged, choice, groups)
  assertTakes(input.slots, visit)
  const leaving = await actorsLeft(house, judged.stood, [plan, ...beside.map((one) => one.plan)])
  const resource = appointmentMoved(house, input, { ...judged, plan }, { offered, visit, leaving })
  const claims = await claimsOf(house, input, plan, resource)
  const ends = resource.status === 'pending' ? (heldUntil(resource) ?? untilAnswered) : undefined
  return {
    version,
    plan,
    offered,
    choice,
    visit,
    beside,
    groups,
    resource,
    takenByHand: context.takenBy === `Slot/${context.id}`,
    time: timeOfVisit(house, { plan, offered, visit, claims, resource, ends }),
  }
}

/** Alone, or with those who take part besides. */
async function takenBy(
  house: House,
  input: MoveInput,
  judged: Judged,
  service: ServiceChoice,
  groups: readonly JointGroup[] | undefined,
): Promise<VisitTaken> {
  const { asked, context, plan, stood } = judged
  const offered = chooseService(plan, service)
  const visit = await visitIn(house, asked, context, plan, offered)
  const leaving = asksForMore(offered.policy) ? await actorsLeft(house, stood, [plan]) : undefined
  const draft = leaving && appointmentMoved(house, input, judged, { offered, visit, leaving })
  await assertRules(house, asked, context, plan, offered, visit, draft)
  const alone: VisitTaken = { visit, plan, offered, beside: [] }
  return groups && visit.free ? withOthers(house, { ...asked, service, slots: input.slots }, groups, alone) : alone
}

/** A visit over several Schedules stays with them; a Slot of another one takes the place of the first. */
async function groupsBefore(house: House, { proposal }: MoveInput, { before, plan }: Judged): Promise<readonly JointGroup[] | undefined> {
  const slots = idsNamed(proposal?.slot ?? before.slot, 'Slot', house.base)
  const joint = await jointOfSlots(house, slots, { start: Date.parse(String(before.start)), forgotten: proposal?.slot === undefined })
  const [first, ...further] = (joint?.groups ?? []).flatMap((group) => group.map(({ schedule }) => schedule))
  if (first === undefined) return undefined
  const stay = further.includes(plan.schedule) ? [first, ...further] : further
  return groupsOf([plan.schedule, ...stay])
}

/** The visit's own service where the Schedule has it, else what it offers of the same type. */
function choiceAt(plan: SchedulePlan, { service, proposal }: MoveInput, before: Resource, base: string): ServiceChoice {
  if (service) return service
  const { reference, types } = choiceOf(proposal ?? before, base)
  return reference !== undefined && offersOf(plan, { reference }).length > 0 ? { reference } : { types }
}

/** Whom the Schedule that is left named, and the new one does not. */
async function actorsLeft(house: House, stood: readonly string[], plans: readonly SchedulePlan[]): Promise<ReadonlySet<string>> {
  const schedules = stood.filter((schedule) => plans.every((plan) => schedule !== plan.schedule))
  const rows = schedules.length > 0 ? await plansOf(house.pool, schedules) : []
  const staying = new Set(plans.flatMap((plan) => plan.actors.map((actor) => actor.reference)))
  const left = rows.flatMap((row) => planFrom(house, row.schedule, row.version, row.plan).actors.map((actor) => actor.reference))
  return new Set(left.filter((actor) => !staying.has(actor)))
}

function appointmentMoved(
  house: House,
  input: MoveInput,
  { before, plan, isOther }: Judged,
  { offered, visit, leaving }: { offered: Offered; visit: VisitTime; leaving: ReadonlySet<string> },
): Resource {
  const asItWas = withoutRecord(withLocalActors(input.proposal ?? before, house.base))
  const base = isOther ? withoutService(asItWas, house.base) : asItWas
  const participant = participantsOf(base).filter(({ actor }) => !leaving.has(actor?.reference ?? ''))
  const extension = extensionsAfter(base, input, before)
  const asks = asksClinic(input, offered, before)
  const moved = visitAppointment({
    id: input.id,
    plan,
    service: offered.service,
    start: visit.start,
    end: visit.end,
    slots: visit.slots.map((slot) => slot.id),
    status: asks ? 'pending' : 'booked',
    ...(asks && { approval: 'requested', heldUntil: answerDue(offered.policy, house.clock.now().getTime()) }),
    created: typeof before.created === 'string' ? before.created : house.clock.now().toISOString(),
    comment: input.comment,
    proposal: { ...base, participant, ...(extension.length > 0 && { extension }) },
  })
  return withOverride(numbered(moved, numberOf(before) ?? drawNumber(house)), input.override)
}

/** A visit that staff move stays what it was; one that its patient moves is a new request. */
const asksClinic = ({ override, online, agreed }: MoveInput, { policy }: Offered, before: Resource): boolean =>
  policy.approvalRequired && !override && !agreed && (online || before.status !== 'booked')

const movesKeptMax = 50

/** Each move is told: from when, and why. */
function extensionsAfter(resource: Resource, { reason }: MoveInput, before: Resource): unknown[] {
  const chain = extensionsIn(before).filter(isChained)
  const said = extensionsIn(resource).filter((one) => one.url !== overbookedUrl && !isChained(one))
  const kept = [...said, ...chainSaid(before, resource), ...chain]
  // What was proposed instead of the old time is of the past.
  const record = extensionsIn(before).filter((one) => isRecord(one) && one.url !== proposedTimeUrl)
  if (before.status !== 'booked') return [...kept, ...record]
  const parts = [
    { url: 'from', valueInstant: instantOf(Date.parse(String(before.start))) },
    ...(reason ? [{ url: 'reason', valueCodeableConcept: reason }] : []),
  ]
  const moves = record.filter(({ url }) => url === movedUrl)
  const others = outOfPattern(record.filter(({ url }) => url !== movedUrl))
  return [...kept, ...others, ...moves.slice(1 - movesKeptMax), { url: movedUrl, extension: parts }]
}

/** A visit of a series stands elsewhere than its pattern says from now on. */
const outOfPattern = (record: readonly Extension[]): readonly Extension[] =>
  record.some(({ url }) => url === recurrenceIdUrl)
    ? [...record.filter(({ url }) => url !== occurrenceChangedUrl), { url: occurrenceChangedUrl, valueBoolean: true }]
    : record

/** The Schedule's claims, and those of whomever else the visit names; what the front desk has added stays. */
async function claimsOf(house: House, input: MoveInput, plan: SchedulePlan, resource: Resource): Promise<readonly string[]> {
  const { claims, beside } = await claimsOfVisit(house, plan, resource)
  if (beside.length > 0 && input.online) {
    const had = new Set((await claimRows(house.pool, `Appointment/${input.id}`)).map((row) => row.resource))
    if (beside.some((one) => !had.has(one))) throw beyondTheSchedule()
  }
  return claims
}
