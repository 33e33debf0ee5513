/**
 * Whether a visit may be moved, and what it will be then: the rules of the time that it leaves and of the one that it is to
 * take. One round trip where all is plain. Left out: doing it.
 */
import { deleted, fault } from '../../base/fault.ts'
import type { Resource } from '../../fhir/resource.ts'
import type { House } from '../../store/house.ts'
import { type MoveContext, moveContext, type SlotOfVisit } from '../../store/move-context.ts'
import { slotContext } from '../../store/visit-context.ts'
import { type Wish, wishInSlot } from '../find-times.ts'
import { assertMayLeave, type Stands } from '../leave-visit.ts'
import { becomesOther } from '../other-service.ts'
import { idsNamed, patientIds } from '../participants.ts'
import { planAt, planVersionAtHand } from '../plans.ts'
import { scheduleOfSlotId } from '../regenerate-slots.ts'
import { assertOfSchedule, type TimeAsked } from '../visit-in-slot.ts'
import { visitLength } from '../visit-length.ts'
import type { MoveInput } from './move-input.ts'
import { type VisitAfterMove, visitAfterMove } from './visit-after-move.ts'

/** A move that the rules let through; whether the time is free, `move.visit` says. */
export type Judgement = { readonly input: MoveInput; readonly move: VisitAfterMove; readonly asked: TimeAsked; readonly wish: Wish }

/** Throws: not-found, gone, required, business-rule. */
export async function judgeMove(house: House, asItIs: MoveInput): Promise<Judgement> {
  const knownPlan = planVersionAtHand(house, scheduleOfSlotId(asItIs.slot))
  const known = await moveContext(house.pool, { visit: asItIs.id, slot: asItIs.slot, knownPlan })
  const { version, before } = visitOf(known, asItIs)
  assertMovable(before, asItIs, house.clock.now().getTime())
  const input = { ...asItIs, proposal: asItIs.proposal ?? asItIs.proposalFrom?.(before) }
  const overridden = input.override !== undefined
  const named = namedOf(known, before, house.base)
  await assertMayLeave(house.pool, house, before, { online: input.online, moving: true, overridden, stands: standsIn(named) })
  const asked = timeAsked(house, input, before, known)
  const { patient } = asked
  const context = patient === known.patient ? known.slot : await slotContext(house.pool, { slot: input.slot, patient, knownPlan })
  if (!context) throw fault('not-found', `There is no Slot/${input.slot}.`, 'slot')
  if (context.deleted) throw deleted(`Slot/${input.slot}`, 'slot')
  if (!context.planVersion) throw fault('business-rule', 'The Slot belongs to no Schedule that can be booked.', 'slot')
  assertOfSchedule(input, context)
  const plan = await planAt(house, context.schedule, context.planVersion, context.plan)
  const isOther = becomesOther(before, plan, input.service, house.base)
  const stood = [...new Set(named.flatMap((slot) => (slot.deleted ? [] : slot.schedule)))]
  // Another service takes as long as it does.
  const lasting = isOther ? { ...asked, minutes: input.minutes } : asked
  const move = await visitAfterMove(house, input, { before, version, asked: lasting, context, plan, stood, isOther })
  return { input: asItIs, move, asked: lasting, wish: wishInSlot({ ...lasting, service: move.choice, groups: move.groups }, context) }
}

function visitOf({ version, body }: MoveContext, { id, assertMay }: MoveInput): { readonly version: string; readonly before: Resource } {
  if (version === null) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  if (body === null) assertMay({ resourceType: 'Appointment', id })
  if (body === null) throw deleted(`Appointment/${id}`, 'Appointment')
  const before = JSON.parse(body) as Resource
  assertMay(before)
  return { version, before }
}

/** The Slots that it names, in its order, as far as there ever were such. */
const namedOf = ({ slots }: MoveContext, before: Resource, base: string): readonly SlotOfVisit[] =>
  idsNamed(before.slot, 'Slot', base).flatMap((id) => slots.find((slot) => slot.id === id) ?? [])

/** The Schedule whose policy binds it. */
function standsIn(named: readonly SlotOfVisit[]): Stands | undefined {
  const first = named.find(({ plan }) => plan !== null)
  return first?.plan ? { schedule: first.schedule, version: first.plan } : undefined
}

function assertMovable(before: Resource, { statuses }: MoveInput, now: number): void {
  const status = String(before.status)
  if (!statuses.includes(status))
    throw fault('business-rule', `An Appointment that is ${status} cannot be moved to another time.`, 'Appointment.status')
  if (status === 'booked' && Date.parse(String(before.start)) <= now)
    throw fault('business-rule', 'The visit has begun: book a new one.', 'Appointment.start')
}

/** What it asks for; its length stays what it was. */
function timeAsked(house: House, input: MoveInput, before: Resource, known: MoveContext): TimeAsked {
  const [patient = '', ...others] = patientIds(input.proposal ?? before, house.base)
  const own = before.status === 'booked' ? visitLength(before) : undefined
  return {
    patient,
    others,
    service: input.service ?? {},
    minutes: input.minutes ?? own,
    start: input.start,
    online: input.online,
    own: input.id,
    has: known.slots.filter(({ has }) => has),
    heldFor: input.heldFor,
    leaving: input.leaving,
    overridden: input.override !== undefined,
  }
}
