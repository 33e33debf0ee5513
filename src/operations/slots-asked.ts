/**
 * Which time `$hold` and `$book` are asked for: a Slot or several, a Schedule with a start, or what an Appointment says.
 * docs/operations.md. Left out: an Appointment that is named by its id (`take-visit.ts`, `book-stored.ts`).
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { idsNamed } from '../booking/participants.ts'
import { slotsTogether } from '../booking/slots-together.ts'
import { allOf, firstOf, type Inputs, idIn, instantIn } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { idNamedBy } from './named-resources.ts'
import { slotAt } from './named-time.ts'
import { resourceGroupsIn } from './resource-groups.ts'

/** The Appointment's own, or what was said beside a Slot. Throws `value` where they are two. */
export function startOf(inputs: Inputs, resource: Resource | undefined): number | undefined {
  const own = typeof resource?.start === 'string' ? Date.parse(resource.start) : undefined
  const parameter = firstOf(inputs, 'start')
  const asked = parameter && instantIn(parameter)
  if (own !== undefined && asked !== undefined && own !== asked) throw fault('value', 'The Appointment says another start.', 'start')
  return own ?? asked
}

export type SlotsAsked = {
  /** The Slot that the visit starts in; found by Schedule and start where those were given. */
  readonly slot?: string
  /** All Slots that were named, where they are several. */
  readonly slots?: readonly string[]
  /** The Schedule that was named, unless the Slot was found by it: the Slot has to be of this one. */
  readonly schedule?: string
  /** Of a visit over several Schedules at once. */
  readonly groups?: readonly JointGroup[]
  /** The groups were sent as such; else they are the Schedules of the Slots that were named. */
  readonly grouped?: boolean
  /** A Slot that was named beside others and is not there. */
  readonly missing?: string
}

/** All that were named, or the one that was found. */
export const slotsIn = ({ slot, slots }: SlotsAsked): readonly string[] => slots ?? (slot === undefined ? [] : [slot])

/** Before time is taken; an Appointment that is cancelled or keeps its time may name a Slot that is deleted by now. */
export function assertSlotsThere({ missing }: SlotsAsked): void {
  if (missing !== undefined) throw fault('not-found', `There is no Slot/${missing}.`, 'slot')
}

/** Slots of several Schedules, or groups of actors, ask for a joint visit; else it starts in the earliest that is named. */
export async function slotsOf(
  house: House,
  actor: Actor,
  request: FhirRequest,
  inputs: Inputs,
  resource: Resource | undefined,
): Promise<SlotsAsked> {
  const named = await slotNamed(house, actor, request, inputs, resource)
  const slot = named ?? (await slotByStart(house, actor, inputs, resource))
  const slots = await slotsNamed(house, actor, request, inputs, resource)
  assertSameSlots(house, slots ?? (named === undefined ? [] : [named]), resource)
  const groups = await resourceGroupsIn(house, inputs)
  const schedule = named !== undefined || slot === undefined ? await scheduleNamed(house, actor, inputs) : undefined
  if (groups) return { slot, slots, groups, grouped: true, schedule }
  const start = typeof resource?.start === 'string' ? Date.parse(resource.start) : undefined
  const together = slots ? await slotsTogether(house, slots, start) : { slot }
  const isAmong = 'groups' in together && together.groups?.flat().some((one) => one.schedule === schedule)
  return { ...together, schedule: isAmong ? undefined : schedule }
}

/** What names a Slot beside an Appointment that says its own names one of those. */
function assertSameSlots({ base }: House, named: readonly string[], resource: Resource | undefined): void {
  if (resource?.slot === undefined) return
  const own = idsNamed(resource.slot, 'Slot', base)
  if (named.some((id) => !own.includes(id))) throw fault('value', 'The Appointment names another Slot.', 'slot')
}

async function scheduleNamed(house: House, actor: Actor, inputs: Inputs): Promise<string | undefined> {
  const schedule = firstOf(inputs, 'schedule')
  return schedule && idNamedBy(house, actor, schedule, 'Schedule')
}

/** Undefined: not more than one. */
async function slotsNamed(
  house: House,
  actor: Actor,
  request: FhirRequest,
  inputs: Inputs,
  resource: Resource | undefined,
): Promise<string[] | undefined> {
  const own = request.type === 'Slot' && request.id ? [request.id] : []
  const sent = allOf(inputs, 'slot').filter((one) => !one.resource)
  if (own.length + sent.length === 0) {
    const ids = [...new Set(idsNamed(resource?.slot, 'Slot', house.base))]
    return ids.length > 1 ? ids : undefined
  }
  if (own.length + sent.length === 1) return undefined
  return [...new Set([...own, ...(await Promise.all(sent.map((one) => idNamedBy(house, actor, one, 'Slot'))))])]
}

async function slotNamed(
  house: House,
  actor: Actor,
  request: FhirRequest,
  inputs: Inputs,
  resource: Resource | undefined,
): Promise<string | undefined> {
  if (request.type === 'Slot' && request.id) return request.id
  const asked = firstOf(inputs, 'slot')
  if (asked?.resource) return slotLike(house, actor, asked.resource)
  if (asked) return idNamedBy(house, actor, asked, 'Slot')
  const [first] = ((resource?.slot ?? []) as { reference?: string }[]).flatMap(({ reference }) => reference ?? [])
  return first === undefined ? undefined : idIn({ name: 'Appointment.slot', value: first }, 'Slot', house.base)
}

async function slotByStart(house: House, actor: Actor, inputs: Inputs, resource: Resource | undefined): Promise<string | undefined> {
  const schedule = firstOf(inputs, 'schedule')
  const start = firstOf(inputs, 'start')?.value ?? resource?.start
  if (!schedule || typeof start !== 'string') return undefined
  return slotAt(house, actor, await idNamedBy(house, actor, schedule, 'Schedule'), start)
}

/** Medplum sends the Slot itself: by its id, or where it has none by its Schedule and start. */
async function slotLike(house: House, actor: Actor, { id, schedule, start }: Resource): Promise<string> {
  if (id !== undefined) return idIn({ name: 'slot', value: id }, 'Slot', house.base)
  const { reference } = (schedule ?? {}) as { reference?: string }
  if (reference === undefined || typeof start !== 'string') throw fault('required', 'The slot says its schedule and start.', 'slot')
  return slotAt(house, actor, idIn({ name: 'slot.schedule', value: reference }, 'Schedule', house.base), start)
}
