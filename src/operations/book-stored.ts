/**
 * `$book` of an Appointment that is stored: IHE ITI-117 cancels and modifies it by the status of the one it sends, a hold is
 * confirmed, and one that takes no time yet (proposed, waitlist) is booked under its own id (ISiK).
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { amendVisit } from '../booking/amend.ts'
import { confirmHold } from '../booking/confirm-hold.ts'
import { assertItsService } from '../booking/its-service.ts'
import type { MoveInput } from '../booking/move/move-input.ts'
import { moveVisit } from '../booking/move/move-visit.ts'
import { idsNamed } from '../booking/participants.ts'
import { extensionsIn } from '../booking/record-extensions.ts'
import { scheduleOfVisit } from '../booking/schedule-of-visit.ts'
import { confirmSeries, isHeldInSeries } from '../booking/series/confirm-series.ts'
import { choiceOf } from '../booking/service-choice.ts'
import { slotsTogether } from '../booking/slots-together.ts'
import { visitLength } from '../booking/visit-length.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { recurrenceTemplateUrl } from '../scheduling/recurrence-template.ts'
import { assertItsTime, hasItsGroups, hasItsLength } from './assert-its-time.ts'
import { assertSamePatients, cancelStored } from './cancel-stored.ts'
import { assertMayChange } from './may-change.ts'
import { slotAt } from './named-time.ts'
import type { Done } from './once.ts'
import { assertOneVisit } from './series-request.ts'
import { severalOf } from './series-scope.ts'
import { assertSlotsThere, slotsIn } from './slots-asked.ts'
import { assertIsWish, replacement, replacesNoVisit, type Taking } from './take-visit.ts'
import type { VisitRequest } from './visit-request.ts'

export async function bookStored(taking: Taking, id: string, stored: Resource): Promise<Done> {
  const { house, actor, asked, once } = taking
  const assertMay = assertMayChange(house, actor)
  assertMay(stored)
  assertOneVisit(asked.clashes)
  const status = asked.resource?.status
  if (status === 'cancelled') return cancelStored(taking, id)
  if (stored.status === 'booked' && (status === 'booked' || status === 'proposed')) return modify(taking, id, stored)
  if (stored.status === 'proposed' || stored.status === 'waitlist') return bookAsItIs(taking, id, stored)
  assertIsWish(asked, false)
  const { resource, said, comment, service, override } = asked
  const input = {
    id,
    beside: { resource, said, comment, service, override },
    audit: auditOf(house, actor, 'book'),
    once,
    assertMay: (held: Resource) => {
      assertMay(held)
      assertSamePatients(held, asked, house.base, 'The time')
    },
  }
  if (stored.status === 'pending' && asked.overbook) throw overNobody('The hold has its time already: nobody is booked over.')
  if (stored.status === 'pending') await assertItsTime(house, asked, { name: 'hold', visit: stored })
  const replaces = asked.replaces === undefined ? undefined : replacement(taking, asked.replaces)
  if (!isHeldInSeries(stored)) return confirmHold(house, { ...input, replaces })
  if (replaces) throw replacesNoVisit()
  return severalOf(await confirmSeries(house, input))
}

/** ITI-117: the Appointment as it is to be. Where its time is the one that is booked, only what it says changes. */
async function modify(taking: Taking, id: string, stored: Resource): Promise<Done> {
  const { house, actor, asked, once } = taking
  assertStaysAlone(taking)
  const sent = asked.resource as Resource
  if (!asked.online) assertSamePatients(sent, asked, house.base, 'The Appointment')
  assertSeriesStands(sent, stored)
  // It says what it is for from now on; where it says nothing, the visit stays for what it was.
  const { reference, types = [] } = choiceOf(sent, house.base)
  const visit = reference === undefined && types.length === 0 ? stored : { ...sent, slot: sent.slot ?? stored.slot }
  await assertItsService(house.pool, house, { name: 'Appointment', visit }, asked.service)
  const resource: Resource = { ...sent, ...asked.said }
  const assertMay = assertMayChange(house, actor)
  const common = { id, comment: asked.comment, client: actor.client, audit: auditOf(house, actor, 'book'), once, assertMay }
  if (await keepsTime(taking, resource, stored)) {
    if (asked.override) throw nothingOverridden()
    return amendVisit(house, { ...common, resource, patient: patientOf(actor) })
  }
  assertSlotsThere(asked)
  return moveVisit(house, {
    ...common,
    ...(await timeWanted(taking, stored)),
    start: asked.start,
    minutes: asked.minutes,
    proposal: resource,
    override: asked.override,
    statuses: ['booked'],
    online: asked.online,
  })
}

/** An Appointment that was written as a wish. */
async function bookAsItIs(taking: Taking, id: string, stored: Resource): Promise<Done> {
  const { house, actor, asked, once } = taking
  assertStaysAlone(taking)
  assertIsWish(asked, false)
  const wanted = asked.resource ?? stored
  if (extensionsIn(wanted).some(({ url }) => url === recurrenceTemplateUrl))
    throw fault(
      'business-rule',
      'This Appointment says a series: send it without its id, and the series is booked.',
      'Appointment.extension',
    )
  const assertMay = assertMayChange(house, actor)
  assertSlotsThere(asked)
  return moveVisit(house, {
    id,
    ...(await timeWanted(taking, stored)),
    start: asked.start ?? (typeof wanted.start === 'string' ? Date.parse(wanted.start) : undefined),
    minutes: asked.minutes ?? visitLength(wanted),
    service: asked.service.reference || asked.service.types?.length ? asked.service : undefined,
    ...wordsOver(asked),
    override: asked.override,
    comment: asked.comment,
    statuses: ['proposed', 'waitlist'],
    client: actor.client,
    online: asked.online,
    audit: auditOf(house, actor, 'book'),
    once,
    assertMay: (before) => {
      assertMay(before)
      if (!asked.resource || !asked.online) assertSamePatients(asked.resource ?? before, asked, house.base, 'The Appointment')
    },
  })
}

/** The Appointment that was sent, or that is stored, with what parameters say of it. */
function wordsOver({ resource, said }: VisitRequest): Pick<MoveInput, 'proposal' | 'proposalFrom'> {
  if (Object.keys(said).length === 0) return { proposal: resource }
  return resource ? { proposal: { ...resource, ...said } } : { proposalFrom: (before) => ({ ...before, ...said }) }
}

function assertStaysAlone({ asked }: Taking): void {
  if (asked.overbook) throw overNobody('An Appointment that is stored is not laid over others: book a new one.')
  if (asked.replaces !== undefined)
    throw fault('business-rule', 'To replace a visit, book a new time: this Appointment is stored already.', 'cancelled-appt-id')
}

const patientOf = (actor: Actor): string | undefined => {
  const permission = may(actor, 'u', 'Appointment')
  return permission.allowed ? permission.patient : undefined
}

const sameInstant = (a: unknown, b: unknown): boolean => a === undefined || Date.parse(String(a)) === Date.parse(String(b))

const sameSlots = (sent: Resource, stored: Resource, base: string): boolean =>
  sent.slot === undefined || idsNamed(sent.slot, 'Slot', base).sort().join() === idsNamed(stored.slot, 'Slot', base).sort().join()

const startAsked = ({ asked }: Taking): string | undefined => (asked.start === undefined ? undefined : instantOf(asked.start))

/** Neither the Appointment that is sent nor what is said beside it names another time, Slot or Schedule, or other actors. */
async function keepsTime(taking: Taking, sent: Resource, stored: Resource): Promise<boolean> {
  const { house, asked } = taking
  const own = idsNamed(stored.slot, 'Slot', house.base)
  if (!sameInstant(startAsked(taking), stored.start) || !sameInstant(sent.end, stored.end)) return false
  if (!sameSlots(sent, stored, house.base) || slotsIn(asked).some((slot) => !own.includes(slot))) return false
  if (!hasItsLength(asked, stored) || !(await hasItsGroups(house, asked, stored))) return false
  return asked.schedule === undefined || asked.schedule === (await scheduleOfVisit(house, stored))
}

type TimeWanted = Pick<MoveInput, 'slot' | 'slots' | 'groups' | 'schedule'>

/** The Slots that were named; where only the start is another, the Slot of the visit's own Schedule at that time. */
async function timeWanted(taking: Taking, stored: Resource): Promise<TimeWanted> {
  const { house, actor, asked } = taking
  const { slot, slots, groups, grouped, schedule } = asked
  const others = grouped ? groups : undefined
  const repeats = asked.resource?.slot !== undefined && sameSlots(asked.resource, stored, house.base)
  if (slot !== undefined && !repeats) return { slot, slots, groups, schedule }
  const start = startAsked(taking) ?? stored.start
  const [own] = idsNamed(stored.slot, 'Slot', house.base)
  if (own !== undefined && (stored.start === undefined || sameInstant(start, stored.start))) {
    if (stored.status !== 'booked') return slot === undefined ? ownSlots(taking, stored) : { slot, slots, groups, schedule }
    // A visit that is to end sooner leaves some of the Slots that it repeats.
    return { slot: own, groups: own === slot ? groups : others, schedule }
  }
  const stays = schedule ?? (await scheduleOfVisit(house, stored))
  if (stays === undefined || typeof start !== 'string')
    throw fault('required', 'Say which time: a slot, or a schedule and a start.', 'slot')
  return { slot: await slotAt(house, actor, stays, start), groups: others }
}

/** All that an Appointment names which takes none of them yet. */
async function ownSlots({ house, asked }: Taking, stored: Resource): Promise<TimeWanted> {
  const own = idsNamed(stored.slot, 'Slot', house.base)
  const together = await slotsTogether(house, own, Date.parse(String(stored.start)))
  assertSlotsThere(together)
  const { slot = own[0] ?? '', slots, groups } = together
  return { slot, slots, groups: asked.groups ?? groups, schedule: asked.schedule }
}

/** What is one visit does not become several by being sent. */
function assertSeriesStands(sent: Resource, stored: Resource): void {
  const isSeries = (resource: Resource) => extensionsIn(resource).some(({ url }) => url === recurrenceTemplateUrl)
  if (isSeries(sent) && !isSeries(stored))
    throw fault('business-rule', 'The Appointment is one visit: book the series without its id.', 'Appointment.extension')
}

const overNobody = (why: string): Error => fault('business-rule', why, 'overbook')

const nothingOverridden = (): Error => fault('business-rule', 'The visit keeps its time: there is no rule to override.', 'override-reason')
