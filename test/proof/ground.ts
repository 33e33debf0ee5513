/**
 * The clinic that is fought over, made over REST: few times and few people, so that everybody meets. A practitioner with two
 * Schedules (one with a buffer), a room that two practitioners share, joint visits of either of two practitioners with either
 * of two rooms, a practitioner whose times go to the waitlist, one with a group of three, one whose clinic answers each
 * request, and one over whose visits the clinic books others.
 */
import { type Ask, allPages, type Json } from './ask.ts'
import type { Ground, Place } from './history.ts'

export type Kind = 'short' | 'long' | 'joint' | 'room' | 'waiting' | 'group' | 'asked' | 'crowded'
export type Town = Ground & {
  readonly kinds: Readonly<Record<Kind, readonly Place[]>>
  /** `HealthcareService/1` of each kind. */
  readonly services: Readonly<Record<Kind, string>>
  readonly types: Readonly<Record<Kind, object[]>>
  /** For whom anybody books. */
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

const policy = (values: Readonly<Record<string, number | boolean | undefined>>): object => ({
  url: `${base}/booking-policy`,
  extension: Object.entries(values).flatMap(([url, value]) => {
    if (value === undefined) return []
    return typeof value === 'boolean' ? { url, valueBoolean: value } : { url, valueUnsignedInt: value }
  }),
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

type Length = {
  readonly minutes: number
  readonly slot: number
  readonly buffer: number
  readonly seats?: number
  readonly approves?: boolean
}
const lengths: Readonly<Record<Kind, Length>> = {
  short: { minutes: 15, slot: 15, buffer: 0 },
  long: { minutes: 30, slot: 30, buffer: 15 },
  joint: { minutes: 30, slot: 30, buffer: 0 },
  room: { minutes: 30, slot: 30, buffer: 0 },
  waiting: { minutes: 15, slot: 15, buffer: 0 },
  group: { minutes: 30, slot: 30, buffer: 0, seats: 3 },
  asked: { minutes: 30, slot: 30, buffer: 0, approves: true },
  crowded: { minutes: 30, slot: 30, buffer: 0 },
}
const kinds = Object.keys(lengths) as Kind[]

/** `selves` patients book for themselves, and nobody else for them. */
export async function makeTown(ask: Ask, selves: number): Promise<Town> {
  const types = Object.fromEntries(kinds.map((kind) => [kind, [{ coding: [{ system: 'urn:proof', code: kind }] }]])) as Town['types']
  const services: Record<string, string> = {}
  for (const kind of kinds) {
    const { minutes, buffer, seats, approves } = lengths[kind]
    services[kind] = await create(ask, {
      ...{ resourceType: 'HealthcareService', active: true, name: kind, type: types[kind] },
      extension: [
        policy({ durationMinutes: minutes, bufferAfterMinutes: buffer, holdSeconds, capacity: seats, approvalRequired: approves }),
      ],
    })
  }
  const practitioners: string[] = []
  for (let n = 0; n < 8; n++)
    practitioners.push(await create(ask, { resourceType: 'Practitioner', active: true, name: [{ family: `Proof${n}` }] }))
  const rooms: string[] = []
  for (let n = 0; n < 3; n++)
    rooms.push(await create(ask, { resourceType: 'Location', name: `Room ${n}`, status: 'active', physicalType: room }))
  const [one = '', two = '', three = '', four = '', five = '', six = '', seven = '', eight = ''] = practitioners
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
    ['group', [six]],
    ['asked', [seven]],
    ['crowded', [eight]],
  ]
  const places: (Place & { kind: Kind })[] = []
  for (const [kind, claims] of wanted) places.push({ kind, ...(await makePlace(ask, kind, claims, services, types)) })
  const patients: string[] = []
  for (let n = 0; n < patientCount + selves; n++)
    patients.push((await create(ask, { resourceType: 'Patient', active: true, ...secretsOf(n) })).slice('Patient/'.length))
  return {
    schedules: places.map(({ kind: _, ...place }) => place),
    claimed: [...practitioners, ...rooms],
    kinds: Object.fromEntries(kinds.map((kind) => [kind, places.filter((place) => place.kind === kind)])) as unknown as Town['kinds'],
    services: services as Town['services'],
    types,
    patients: patients.slice(selves),
    selves: patients.slice(0, selves),
    secrets: patients.flatMap((_, n) => [secretsOf(n).name[0]?.family ?? '', secretsOf(n).telecom[0]?.value ?? '']),
    days: [...new Set(places.flatMap(({ slots }) => slots.map(({ start }) => Math.floor(start / dayMs))))],
  }
}

/** What nothing else is called, and nobody else's number is. */
const secretsOf = (n: number) => ({
  name: [{ family: `Quibbleworth-${n}-Zx` }],
  telecom: [{ system: 'phone', value: `+1-555-01${String(n).padStart(2, '0')}-7731` }],
})

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
  const { buffer, seats, approves } = lengths[kind]
  return { id: schedule.slice('Schedule/'.length), claims, bufferAfter: buffer * 60_000, seats, approves, slots }
}

async function slotsOf(ask: Ask, schedule: string, count: number): Promise<Place['slots']> {
  for (const began = Date.now(); Date.now() - began < generationMs; ) {
    const found = (await allPages(ask, `Slot?schedule=${schedule}&_sort=start&_count=500`)).map(({ resource }: Json) => resource)
    if (found.length >= count) return found.map(({ id, start, end }: Json) => ({ id, start: Date.parse(start), end: Date.parse(end) }))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${schedule} has no Slots`)
}
