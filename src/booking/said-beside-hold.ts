/**
 * What is said beside a hold when it is booked. What it tells of the visit is written into it; what it is for, and who takes
 * part, was settled when the time was taken, and may only be said again. The clinic's own rules and the referral, which look
 * into what is told, are asked again where it changes. docs/operations.md
 * Left out: its time (`operations/assert-its-time.ts`) and its patients (`operations/book-stored.ts`).
 */
import { isDeepStrictEqual } from 'node:util'
import { fault } from '../base/fault.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { approvalOf } from '../scheduling/approval.ts'
import { brokenByWords, type Refusal } from '../scheduling/booking-rules.ts'
import { heldUntilUrl } from '../scheduling/extension-parts.ts'
import { recurrenceTemplateUrl } from '../scheduling/recurrence-template.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { assertItsService } from './its-service.ts'
import { planOfVisit } from './leave-visit.ts'
import { auditOverride, type Override, withOverride } from './override.ts'
import { idsNamed, participantsOf, patientIds } from './participants.ts'
import { chainSaid, extensionsIn, isChained, isRecord, overrideReasonUrl } from './record-extensions.ts'
import { asksForMore, ruleFacts } from './rule-facts.ts'
import { choiceOf, offersOf, type ServiceChoice } from './service-choice.ts'

export type SaidBeside = {
  /** The Appointment that was sent along. */
  readonly resource?: Resource
  /** Elements of the Appointment that parameters said. */
  readonly said?: Readonly<Record<string, unknown>>
  readonly comment?: string
  readonly service?: ServiceChoice
  readonly override?: Override
  /** It takes the place of a visit, whose own rules may be overridden. */
  readonly replaces: boolean
}

export type Told = {
  /** The hold, with what was told of the visit. */
  readonly visit: Resource
  /** Staff let it in against the rules. */
  readonly overridden: boolean
}

/** Throws `value`, `business-rule`. */
export async function takeSaid(tx: Tx, house: House, held: Resource, beside: SaidBeside): Promise<Told> {
  if (beside.resource) assertSameVisit(held, beside.resource, house.base)
  if (beside.service) await assertItsService(tx, house, { name: 'hold', visit: held }, beside.service)
  const visit = withWords(held, beside)
  const broken = isDeepStrictEqual(visit, held) ? undefined : await brokenIn(tx, house, visit, held)
  const { override } = beside
  if (broken && !override) throw fault('business-rule', broken.message, broken.expression)
  if (!override) return { visit, overridden: false }
  if (broken || beside.replaces || approvalOf(held) === 'required') {
    await auditOverride(tx, house, { ...override, audit: { ...override.audit, id: house.ids.next() } }, held)
    return { visit: withOverride(visit, override), overridden: true }
  }
  const had = extensionsIn(held).find(({ url }) => url === overrideReasonUrl)?.valueCodeableConcept
  if (isDeepStrictEqual(had, override.reason)) return { visit, overridden: false }
  throw fault(
    'business-rule',
    'Nothing stands against booking this hold that could be overridden: leave the reason out.',
    'override-reason',
  )
}

/** What the server decides, and what was settled when the time was taken. */
const settled: ReadonlySet<string> = new Set(
  'resourceType id meta status start end slot created participant extension cancelationReason'.split(' '),
)

function withWords(held: Resource, { resource, said, comment }: SaidBeside): Resource {
  const told = Object.entries(resource ?? {}).filter(([name]) => !settled.has(name))
  const { versionId: _version, lastUpdated: _updated, ...meta } = (resource?.meta ?? {}) as Record<string, unknown>
  const words = extensionsIn(resource).filter((one) => !isRecord(one) && !isChained(one) && one.url !== heldUntilUrl)
  const own = [...words, ...chainSaid(held, resource)]
  const others = extensionsIn(held).filter(({ url }) => !own.some((one) => one.url === url))
  const isRepeated = own.every((one) => extensionsIn(held).some((had) => isDeepStrictEqual(had, one)))
  return {
    ...held,
    ...Object.fromEntries(told),
    ...(Object.keys(meta).length > 0 && { meta: { ...held.meta, ...meta } }),
    ...(!isRepeated && { extension: [...others, ...own] }),
    ...said,
    ...(comment && { comment }),
  }
}

function assertSameVisit(held: Resource, sent: Resource, base: string): void {
  const actorsIn = (resource: Resource) =>
    participantsOf(resource).flatMap(({ actor }) =>
      actor ? [actor.reference === undefined ? JSON.stringify(actor) : relativeReference(actor.reference, base)] : [],
    )
  const own = new Set(actorsIn(held))
  if (actorsIn(sent).some((actor) => !own.has(actor)))
    throw fault(
      'business-rule',
      'Somebody takes part for whom the time is not held: hold or book one with them.',
      'Appointment.participant',
    )
  const template = (resource: Resource) => extensionsIn(resource).some(({ url }) => url === recurrenceTemplateUrl)
  if (template(sent) && !template(held))
    throw fault('business-rule', 'The hold is of one visit: hold or book the series without its id.', 'Appointment.extension')
}

/** A rule that the hold keeps as it is, and no longer with what is told. */
async function brokenIn(tx: Tx, house: House, visit: Resource, held: Resource): Promise<Refusal | undefined> {
  const plan = await planOfVisit(tx, house, held)
  const offered = plan && (offersOf(plan, choiceOf(held, house.base))[0] ?? { policy: plan.policy })
  if (!plan || !offered || !asksForMore(offered.policy)) return undefined
  const [slot = ''] = idsNamed(held.slot, 'Slot', house.base)
  const now = house.clock.now().getTime()
  for (const patient of patientIds(held, house.base)) {
    const asked = async (appointment: Resource) => ({
      ...(await ruleFacts(tx, house, { plan, offered, patient, slot, appointment })),
      now,
      start: Date.parse(String(held.start)),
      end: Date.parse(String(held.end)),
      plan,
      ...offered,
    })
    const broken = brokenByWords(await asked(visit), await asked(held))
    if (broken) return broken
  }
  return undefined
}
