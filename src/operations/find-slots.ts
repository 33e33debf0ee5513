/**
 * `$find-slots` (also `Slot/$find`, `Slot/$prefetch`): the free Slots in which a visit of the asked length can start.
 * OperationDefinition: fhir-profiles/OperationDefinition-find-slots.json
 */
import type { Actor } from '../access/actor.ts'
import type { Issue } from '../base/fault.ts'
import type { Found } from '../booking/find.ts'
import { textOf } from '../booking/find-query.ts'
import { findTimes } from '../booking/find-times.ts'
import { bundle, type Link, queryText, searchEntry } from '../fhir/bundle.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import { queryOfBody } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { slotBodies } from '../store/slot-lookups.ts'
import { type Criteria, criteriaOf, cursorOf } from './find-criteria.ts'
import { assertScheduleIsThere } from './named-time.ts'
import { assertMayFind, foundWithin, rowsWithin } from './within-scopes.ts'

const slotCapacityUrl = 'https://slotwise.org/fhir/StructureDefinition/slot-capacity'
const visitUrl = 'https://slotwise.org/fhir/StructureDefinition/visit'

export async function findSlots(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const criteria = await criteriaOf(house, actor, request, assertMayFind(actor))
  const { found: all, more } = await findTimes(house, { ...criteria.query, bodies: true }, criteria.groups)
  const found = await foundWithin(house, actor, all)
  const missing = found.flatMap(({ visit }) => (textOf(visit.slot) === undefined ? [visit.slot.id] : []))
  const bodies = missing.length > 0 ? await slotBodies(house.pool, missing) : undefined
  // Several combinations that start in one Slot are one entry: a Bundle has each resource once.
  const bySlot = criteria.query.alternatives ? [...Map.groupBy(found, ({ visit }) => visit.slot.id).values()] : found.map((one) => [one])
  const entries = bySlot.flatMap(([first, ...others]) =>
    first ? slotEntry(house, first, others, textOf(first.visit.slot) ?? bodies?.get(first.visit.slot.id)) : [],
  )
  const included = await includesOf(house, actor, criteria, found)
  if (entries.length === 0 && request.type === 'Schedule' && request.id) await assertScheduleIsThere(house, actor, request.id, 'Schedule')
  const remarks = remarksOn(criteria, entries.length)
  return {
    status: 200,
    body: bundle(
      'searchset',
      linksOf(house, request, criteria, all, more),
      [...entries, ...included, ...remarks],
      more ? undefined : entries.length,
    ),
  }
}

function slotEntry(house: House, { visit, plan, service }: Found, others: readonly Found[], body: string | undefined): string[] {
  if (body === undefined) return []
  const longer = (others.length > 0 ? [visit, ...others.map((one) => one.visit)] : [visit]).filter(({ slots }) => slots.length > 1)
  const { capacity } = (service ?? plan).policy
  const asItIs = longer.length === 0 && capacity === 1 && body.includes('"status": "free"')
  const text = asItIs ? body : JSON.stringify(withSeats(shown(JSON.parse(body) as Resource, longer), visit, capacity))
  return [searchEntry(house.base, 'Slot', visit.slot.id, text, 'match')]
}

/** A hold whose time is over reads as free already; a visit that needs more than this Slot says so, and each other that could be. */
function shown(slot: Resource, longer: readonly Found['visit'][]): Resource {
  const kept = (slot.extension ?? []) as unknown[]
  return { ...slot, status: 'free', ...(longer.length > 0 ? { extension: [...kept, ...longer.map(visitExtension)] } : {}) }
}

const visitExtension = ({ slot, slots, end }: Found['visit']): object => ({
  url: visitUrl,
  extension: [
    { url: 'end', valueInstant: instantOf(end) },
    ...slots.filter(({ id }) => id !== slot.id).map(({ id }) => ({ url: 'slot', valueReference: { reference: `Slot/${id}` } })),
  ],
})

/** A session of which no seat is taken yet, or none any more, says so too. */
function withSeats(slot: Resource, { slot: { session } }: Found['visit'], capacity: number): Resource {
  if (capacity === 1 || session !== undefined) return slot
  const kept = ((slot.extension ?? []) as { url?: string }[]).filter(({ url }) => url !== slotCapacityUrl)
  const parts = [
    { url: 'capacity', valuePositiveInt: capacity },
    { url: 'booked', valueUnsignedInt: 0 },
  ]
  return { ...slot, extension: [...kept, { url: slotCapacityUrl, extension: parts }] }
}

/** `Slot:schedule`, and the Schedules' actors by `Schedule:actor`. */
async function includesOf(house: House, actor: Actor, { includes }: Criteria, found: readonly Found[]): Promise<string[]> {
  if (includes.length === 0) return []
  const schedules = [...new Set(found.flatMap(({ visit }) => visit.slots.map(({ schedule }) => schedule)))]
  const actors = found.flatMap(({ plan }) => plan.actors.map(({ reference }) => reference))
  const wanted = (name: string): boolean =>
    includes.some((include) => include === name || include === '*' || include === `${name.split(':')[0]}:*`)
  const references = [
    ...(wanted('Slot:schedule') ? schedules.map((schedule) => `Schedule/${schedule}`) : []),
    ...(wanted('Schedule:actor') ? actors : []),
  ]
  const byType = Map.groupBy([...new Set(references)], (reference) => reference.split('/')[0] ?? '')
  const entries = await Promise.all(
    [...byType].map(async ([type, names]) => {
      const rows = await rowsWithin(
        house,
        actor,
        type,
        names.map((name) => name.slice(type.length + 1)),
      )
      return rows.map(({ id, body }) => searchEntry(house.base, type, id, body, 'include'))
    }),
  )
  return entries.flat()
}

/** What was ignored, and that nothing was found where that is so. */
export function remarksOn(criteria: { readonly unknown: readonly string[] }, count: number): string[] {
  const ignored = criteria.unknown.map(
    (name): Issue => ({
      severity: 'information',
      code: 'not-supported',
      diagnostics: `The parameter ${name.slice(0, 80)} is not known here and was ignored.`,
    }),
  )
  const none: Issue[] = count === 0 ? [{ severity: 'information', code: 'informational', diagnostics: 'No free time matches.' }] : []
  const issues = [...ignored, ...none]
  return issues.length > 0 ? [searchEntry('', '', undefined, JSON.stringify(operationOutcome(issues)), 'outcome')] : []
}

function linksOf(house: House, request: FhirRequest, criteria: Criteria, found: readonly Found[], more: boolean): Link[] {
  const path = request.url.split('?')[0] ?? ''
  const asked = [...request.query, ...queryOfBody(request)].filter(([name]) => name !== '_cursor')
  const self: Link = { relation: 'self', url: `${house.base}/${path}${asked.length > 0 ? `?${queryText(asked)}` : ''}` }
  const last = found.at(-1)
  if (!more || !last) return [self]
  const window = asked.some(([name]) => name === 'end' || name === 'endTime') ? [] : ([['end', instantOf(criteria.window.end)]] as const)
  const { slot } = last.visit
  const cursor = cursorOf({ start: slot.start, schedule: slot.schedule, slot: slot.id })
  return [self, { relation: 'next', url: `${house.base}/${path}?${queryText([...asked, ...window, ['_cursor', cursor]])}` }]
}
