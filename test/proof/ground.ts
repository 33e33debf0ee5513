/**
 * The clinic that is fought over, made over REST: few times and few people, so that everybody meets. A practitioner with two
 * Schedules (one with a buffer), a room that two practitioners share, joint visits of either of two practitioners with either
 * of two rooms, and a practitioner whose times go to the waitlist.
 */
import { type Ask, allPages, type Json } from './ask.ts'
import type { Ground, Place } from './history.ts'

export type Kind = 'short' | 'long' | 'joint' | 'room' | 'waiting'
export type Town = Ground & {
  readonly kinds: Readonly<Record<Kind, readonly Place[]>>
  /** `HealthcareService/1` of each kind. */
  readonly services: Readonly<Record<Kind, string>>
  readonly types: Readonly<Record<Kind, object[]>>
  readonly patients: readonly string[]
  readonly days: readonly number[]
}

const base = 'https://slotwise.org/fhir/StructureDefinition'
const dayMs = 86_400_000
/** Far enough ahead that nothing begins while the run lasts. */
const firstDay = 3
const dayCount = 3
const patientCount = 48
const generationMs = 120_000
export const holdSeconds = 2
const room = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] }

async function create(ask: Ask, resource: { readonly resourceType: string; readonly [element: string]: unknown }): Promise<string> {
  const answer = await ask({ method: 'POST', path: resource.resourceType, body: resource })
  if (answer?.status !== 201) throw new Error(`${resource.resourceType} was answered ${answer?.status}: ${answer?.text}`)
  return `${resource.resourceType}/${answer.json.id}`
}

const policy = (values: Readonly<Record<string, number>>): object => ({
  url: `${base}/booking-policy`,
  extension: Object.entries(values).map(([url, value]) => ({ url, valueUnsignedInt: value })),
})

const week = (slotMinutes: number): object => ({
  url: `${base}/availability`,
  extension: [
    ...['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => ({ url: 'daysOfWeek', valueCode: day })),
    { url: 'startTime', valueTime: '09:00:00' },
    { url: 'endTime', valueTime: '11:30:00' },
    { url: 'slotMinutes', valuePositiveInt: slotMinutes },
  ],
})

const lengths: Readonly<Record<Kind, { minutes: number; slot: number; buffer: number }>> = {
  short: { minutes: 15, slot: 15, buffer: 0 },
  long: { minutes: 30, slot: 30, buffer: 15 },
  joint: { minutes: 30, slot: 30, buffer: 0 },
  room: { minutes: 30, slot: 30, buffer: 0 },
  waiting: { minutes: 15, slot: 15, buffer: 0 },
}
const kinds = Object.keys(lengths) as Kind[]

export async function makeTown(ask: Ask): Promise<Town> {
  const types = Object.fromEntries(kinds.map((kind) => [kind, [{ coding: [{ system: 'urn:proof', code: kind }] }]])) as Town['types']
  const services: Record<string, string> = {}
  for (const kind of kinds) {
    const { minutes, buffer } = lengths[kind]
    services[kind] = await create(ask, {
      ...{ resourceType: 'HealthcareService', active: true, name: kind, type: types[kind] },
      extension: [policy({ durationMinutes: minutes, bufferAfterMinutes: buffer, holdSeconds })],
    })
  }
  const practitioners: string[] = []
  for (let n = 0; n < 5; n++)
    practitioners.push(await create(ask, { resourceType: 'Practitioner', active: true, name: [{ family: `Proof${n}` }] }))
  const rooms: string[] = []
  for (let n = 0; n < 3; n++)
    rooms.push(await create(ask, { resourceType: 'Location', name: `Room ${n}`, status: 'active', physicalType: room }))
  const [one = '', two = '', three = '', four = '', five = ''] = practitioners
  const [shared = '', left = '', right = ''] = rooms
  const wanted: readonly [Kind, readonly string[]][] = [
    ['short', [one, shared]],
    ['long', [one]],
    ['short', [two, shared]],
    ['joint', [three]],
    ['joint', [four]],
    ['room', [left]],
    ['room', [right]],
    ['waiting', [five]],
  ]
  const places: (Place & { kind: Kind })[] = []
  for (const [kind, claims] of wanted) places.push({ kind, ...(await makePlace(ask, kind, claims, services, types)) })
  const patients: string[] = []
  for (let n = 0; n < patientCount; n++)
    patients.push((await create(ask, { resourceType: 'Patient', active: true, name: [{ family: `P${n}` }] })).slice('Patient/'.length))
  return {
    schedules: places.map(({ kind: _, ...place }) => place),
    claimed: [...practitioners, ...rooms],
    kinds: Object.fromEntries(kinds.map((kind) => [kind, places.filter((place) => place.kind === kind)])) as unknown as Town['kinds'],
    services: services as Town['services'],
    types,
    patients,
    days: [...new Set(places.flatMap(({ slots }) => slots.map(({ start }) => Math.floor(start / dayMs))))],
  }
}

async function makePlace(
  ask: Ask,
  kind: Kind,
  claims: readonly string[],
  services: Readonly<Record<string, string>>,
  types: Town['types'],
): Promise<Place> {
  const today = Math.floor(Date.now() / dayMs)
  // Rooms and devices name no service: they serve whatever is done in them.
  const offers = kind === 'room' ? [] : [String(services[kind])]
  const schedule = await create(ask, {
    ...{ resourceType: 'Schedule', active: true, ...(kind !== 'room' && { serviceType: types[kind] }) },
    actor: [...claims, ...offers].map((reference) => ({ reference })),
    planningHorizon: {
      start: new Date((today + firstDay) * dayMs).toISOString(),
      end: new Date((today + firstDay + dayCount) * dayMs).toISOString(),
    },
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: 'Etc/UTC' }, week(lengths[kind].slot)],
  })
  const perDay = 150 / lengths[kind].slot
  const slots = await slotsOf(ask, schedule, perDay * dayCount)
  return { id: schedule.slice('Schedule/'.length), claims, bufferAfter: lengths[kind].buffer * 60_000, slots }
}

async function slotsOf(ask: Ask, schedule: string, count: number): Promise<Place['slots']> {
  for (const began = Date.now(); Date.now() - began < generationMs; ) {
    const found = (await allPages(ask, `Slot?schedule=${schedule}&_sort=start&_count=500`)).map(({ resource }: Json) => resource)
    if (found.length >= count) return found.map(({ id, start, end }: Json) => ({ id, start: Date.parse(start), end: Date.parse(end) }))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${schedule} has no Slots`)
}
