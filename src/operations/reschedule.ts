/**
 * `Appointment/{id}/$reschedule`: the visit is moved to another time and keeps its id; if that time cannot be had, the old
 * one stands. OperationDefinition: fhir-profiles/OperationDefinition-reschedule.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { deleted, fault } from '../base/fault.ts'
import type { MoveInput } from '../booking/move/move-input.ts'
import { moveSeries } from '../booking/move/move-series.ts'
import { moveVisit } from '../booking/move/move-visit.ts'
import { scheduleOfVisit } from '../booking/schedule-of-visit.ts'
import type { ServiceChoice } from '../booking/service-choice.ts'
import { type SlotsTogether, slotsTogether } from '../booking/slots-together.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, instantIn, textIn, tokensIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { assertMayChange, isPatient } from './may-change.ts'
import { slotAt } from './named-time.ts'
import { once } from './once.ts'
import { overrideOf } from './override-reason.ts'
import { resourceGroupsIn } from './resource-groups.ts'
import { commentIn, reasonIn } from './said-of-visit.ts'
import { assertSaidOnce } from './said-once.ts'
import { scopeIn, severalOf } from './series-scope.ts'
import { assertSlotsThere } from './slots-asked.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply, seriesOr } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set([
  'slot',
  'start',
  'schedule',
  'reason',
  'comment',
  'healthcare-service',
  'service-type',
  'resource-group',
  'override-reason',
  'scope',
])

/** Of these several values are meant. */
const repeatable: ReadonlySet<string> = new Set(['slot', 'service-type', 'resource-group'])
const single = [...known].filter((name) => !repeatable.has(name))

export async function reschedule(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  assertSaidOnce(inputs, single)
  const assertMay = assertMayChange(house, actor)
  const scope = scopeIn(inputs)
  const override = overrideOf(house, actor, inputs, isPatient(actor))
  const [reason, comment] = [reasonIn(house, inputs), commentIn(house, inputs)]
  const run = async (key: Parameters<Parameters<typeof once>[3]>[0]) => {
    const together = await slotsWanted(house, actor, inputs, id, assertMay)
    const [slot = '', ...slots] = together.slots
    const groups = (await resourceGroupsIn(house, inputs)) ?? together.groups
    const input: MoveInput = {
      id,
      slot,
      slots,
      groups,
      ...besideSlots(house, inputs, together),
      service: serviceOf(house, inputs),
      reason,
      comment,
      override,
      statuses: ['booked'],
      client: actor.client,
      online: isPatient(actor),
      audit: auditOf(house, actor, 'reschedule'),
      once: key,
      assertMay,
    }
    return scope === 'this' ? moveVisit(house, input) : severalOf(await moveSeries(house, input, scope))
  }
  return once(house, actor, request, run, seriesOr(house, 'The visits are moved.', changedReply))
}

/** In the order of their times: the visit starts in the first. */
async function slotsWanted(
  house: House,
  actor: Actor,
  inputs: Inputs,
  id: string,
  assertMay: (appointment: Resource) => void,
): Promise<SlotsTogether> {
  const named = allOf(inputs, 'slot').map((slot) => idIn(slot, 'Slot', house.base))
  if (named.length > 0) return slotsThere(house, named)
  const [start, asked] = [firstOf(inputs, 'start'), firstOf(inputs, 'schedule')]
  if (!start && !namesOthers(inputs))
    throw fault('required', 'Say the new time: a slot, or a start; or who or what for, where only that changes.', 'slot')
  const schedule = asked ? idIn(asked, 'Schedule', house.base) : await ownSchedule(house, id, assertMay)
  const at = start ? textIn(start) : String((await standing(house, id, assertMay)).start)
  return { slots: [await slotAt(house, actor, schedule, at)] }
}

/** What is said beside a Slot: where in it the visit starts, and the Schedule that it is of, or one of those of several. */
function besideSlots({ base }: House, inputs: Inputs, { groups }: SlotsTogether): Pick<MoveInput, 'start' | 'schedule'> {
  if (allOf(inputs, 'slot').length === 0) return {}
  const [start, asked] = [firstOf(inputs, 'start'), firstOf(inputs, 'schedule')]
  const schedule = asked && idIn(asked, 'Schedule', base)
  const isAmong = groups?.flat().some((one) => one.schedule === schedule)
  return { start: start && instantIn(start), schedule: isAmong ? undefined : schedule }
}

async function slotsThere(house: House, ids: readonly string[]): Promise<SlotsTogether> {
  const together = await slotsTogether(house, ids)
  assertSlotsThere(together)
  return together
}

/** Whom the visit is with, or what for, changes; without a new time it keeps its own. */
const namesOthers = (inputs: Inputs): boolean =>
  ['schedule', 'healthcare-service', 'service-type', 'resource-group'].some((name) => firstOf(inputs, name) !== undefined)

/** A start alone: the visit stays on its Schedule. */
async function ownSchedule(house: House, id: string, assertMay: (appointment: Resource) => void): Promise<string> {
  const schedule = await scheduleOfVisit(house, await standing(house, id, assertMay))
  if (schedule !== undefined) return schedule
  throw fault('required', 'The visit stands in no Slot: say the schedule beside the start.', 'schedule')
}

async function standing(house: House, id: string, assertMay: (appointment: Resource) => void): Promise<Resource> {
  const row = await currentResource(house.pool, 'Appointment', id)
  if (!row) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  if (row.body === null) assertMay({ resourceType: 'Appointment', id })
  if (row.body === null) throw deleted(`Appointment/${id}`, 'Appointment')
  const appointment = JSON.parse(row.body) as Resource
  assertMay(appointment)
  return appointment
}

function serviceOf(house: House, inputs: Inputs): ServiceChoice | undefined {
  const reference = firstOf(inputs, 'healthcare-service')
  const types = allOf(inputs, 'service-type').flatMap(tokensIn)
  if (!reference && types.length === 0) return undefined
  return { reference: reference && `HealthcareService/${idIn(reference, 'HealthcareService', house.base)}`, types }
}
