/**
 * The visit that a booking or a hold makes: whom it takes up, and the Appointment with the time that it takes.
 * docs/booking.md. Left out: whether it may be made, and the writing itself (`book.ts`).
 */
import type { Resource } from '../fhir/resource.ts'
import { visitAppointment } from '../scheduling/appointment.ts'
import { type Approval, answerDue, untilAnswered } from '../scheduling/approval.ts'
import { numbered } from '../scheduling/confirmation-number.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import type { IdempotencyKey } from '../store/idempotency.ts'
import type { ResourceWrite } from '../store/resources.ts'
import type { TimeTaken } from '../store/take-time.ts'
import type { CancelInput } from './cancel.ts'
import { addOverbooked, type Overbooking } from './overbook.ts'
import { type Override, withOverride } from './override.ts'
import { drawNumber } from './own-number.ts'
import { addReplaces, withPrevious } from './record-extensions.ts'
import { resourceWrite } from './resource-write.ts'
import type { Offered, ServiceChoice } from './service-choice.ts'
import { beyondTheSchedule, claimsOfVisit, timeOfVisit, type VisitTime, visitColumns } from './time-of-visit.ts'

/** A Patient who is created with the visit, or not at all. */
export type NewPatient = { readonly id: string; readonly resource: Resource; readonly write: (tx: Tx) => Promise<void> }

export type BookInput = {
  /** The id of the Slot it starts in. */
  readonly slot: string
  /** The id of the Patient. */
  readonly patient: string
  /** The ids of the other Patients of a visit of several. */
  readonly others?: readonly string[]
  /** Those of them who are not there yet. */
  readonly newPatients?: readonly NewPatient[]
  /** The Schedule that the client named beside the Slot. */
  readonly schedule?: string
  /** Further Slots that the client says it takes: they must be among those that it will take. */
  readonly slots?: readonly string[]
  /** One of each takes part, the first with the Slot that it starts in. */
  readonly groups?: readonly JointGroup[]
  readonly service: ServiceChoice
  readonly minutes?: number
  /** An instant that the client named itself; must agree with the Slot. */
  readonly start?: number
  /** A hold instead of a booking. */
  readonly hold: boolean
  /** Until when, Unix milliseconds; undefined: as long as the policy says. */
  readonly holdUntil?: number
  readonly comment?: string
  /** The client's own Appointment; what it says beside time and people is kept. */
  readonly proposal?: Resource
  /** An Appointment that is moved: it is cancelled in the same transaction, or stays. */
  readonly replaces?: CancelInput
  /** Staff let it in against the rules. */
  readonly override?: Override
  readonly client: string
  /** Patients who are not there for whoever asks, by Consent. */
  readonly keptFrom?: readonly string[]
  /** What is done where the time is taken, instead of a refusal. */
  readonly overbook?: Overbooking
  /** A patient asks, not staff. */
  readonly online: boolean
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
}

export type NewVisit = {
  readonly resource: Resource
  readonly write: ResourceWrite
  readonly time: TimeTaken
  readonly heldUntil?: number
  readonly start: number
  /** It lies over others. */
  readonly overbooks?: Overbooking
}

/** The Schedule's claims, and those of whomever else the client's own Appointment names. */
export async function claimsFor(house: House, { proposal, online }: BookInput, plan: SchedulePlan): Promise<readonly string[]> {
  const { claims, beside } = await claimsOfVisit(house, plan, proposal)
  if (beside.length > 0 && online) throw beyondTheSchedule()
  return claims
}

export function newVisit(
  house: House,
  input: BookInput,
  { plan, offered, visit }: Pick<Making, 'plan' | 'offered' | 'visit'>,
  claims: readonly string[],
  overbooks?: Overbooking,
): NewVisit {
  const at = house.clock.now()
  const approval = approvalFor(input, offered, overbooks)
  const heldUntil = heldFor(input, offered, approval, at.getTime())
  const made = appointmentOf(house, input, { plan, offered, visit, heldUntil, approval, overbooks, at: at.toISOString() })
  const resource = numbered(made, input.hold ? undefined : drawNumber(house))
  const ends = heldUntil ?? (approval === 'requested' ? untilAnswered : undefined)
  const time = timeOfVisit(house, { plan, offered, visit, claims, resource, ends })
  return {
    resource,
    start: visit.start,
    heldUntil,
    overbooks,
    write: resourceWrite(house, resource, {
      id: resource.id,
      at: at.toISOString(),
      columns: visitColumns(resource, time),
      audit: overbooks?.audit ?? input.audit,
    }),
    time: { ...time, holder: `Appointment/${resource.id}`, alone: aloneIn(input), client: input.client, at: at.toISOString() },
  }
}

/** Staff who book against the rules may lay it over the patient's own. */
const aloneIn = ({ patient, others, override }: BookInput): string[] | undefined =>
  override ? undefined : [patient, ...(others ?? [])].map((id) => `Patient/${id}`)

/** The same visit in place of one that was cancelled for it. */
export function inPlaceOf(house: House, visit: NewVisit, replaced: Resource): NewVisit {
  const resource = withPrevious(visit.resource, replaced)
  if (resource === visit.resource) return visit
  return { ...visit, resource, write: resourceWrite(house, resource, visit.write) }
}

/** Staff who let it in themselves, against the rules or over others, ask nobody. */
const approvalFor = ({ hold, override }: BookInput, { policy }: Offered, overbooks: Overbooking | undefined): Approval | undefined => {
  if (!policy.approvalRequired || override || overbooks) return undefined
  return hold ? 'required' : 'requested'
}

function heldFor({ hold, holdUntil }: BookInput, { policy }: Offered, approval: Approval | undefined, now: number): number | undefined {
  if (hold) return holdUntil ?? now + policy.holdSeconds * 1000
  return approval === undefined ? undefined : answerDue(policy, now)
}

type Making = {
  readonly plan: SchedulePlan
  readonly offered: Offered
  readonly visit: VisitTime
  readonly heldUntil?: number
  readonly approval?: Approval
  readonly overbooks?: Overbooking
  readonly at: string
}

export function appointmentOf(
  house: House,
  input: BookInput,
  { plan, offered, visit, heldUntil, overbooks, approval = approvalFor(input, offered, overbooks), at }: Making,
): Resource & { id: string } {
  const resource = visitAppointment({
    plan,
    service: offered.service,
    patients: [input.patient, ...(input.others ?? [])].map((id) => ({ reference: `Patient/${id}` })),
    start: visit.start,
    end: visit.end,
    slots: visit.slots.map((slot) => slot.id),
    status: approval === undefined && !input.hold ? 'booked' : 'pending',
    heldUntil,
    approval,
    created: at,
    comment: input.comment,
    proposal: input.proposal,
  })
  if (input.replaces) addReplaces(resource, input.replaces.id)
  if (overbooks) addOverbooked(resource, overbooks)
  return { ...withOverride(resource, input.override), id: house.ids.next(), meta: { ...resource.meta, versionId: '1', lastUpdated: at } }
}
