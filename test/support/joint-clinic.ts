/**
 * A clinic for joint visits: practitioners with quarter hours, rooms with half hours, devices with quarter hours, each on a
 * Schedule of its own. The practitioners offer the service; rooms and devices name none.
 */
import { systemIds } from '../../src/base/ids.ts'
import { availability, create, dateIn, instantIn, policyExtension, timezone } from './clinic.ts'
import { type Answer, type Body, type Call, made, matches } from './house.ts'

export type JointActor = { readonly actor: string; readonly schedule: string }
export type JointClinic = {
  readonly service: string
  readonly practitioners: readonly JointActor[]
  readonly rooms: readonly JointActor[]
  readonly devices: readonly JointActor[]
}

export type JointOptions = {
  readonly practitioners?: number
  readonly rooms?: number
  readonly devices?: number
  readonly minutes?: number
  readonly policy?: Readonly<Record<string, number | boolean>>
  readonly roomPolicy?: Readonly<Record<string, number | boolean>>
  readonly roomSlotMinutes?: number
  readonly end?: string
}

const room = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] }

export async function jointClinic(call: Call, options: JointOptions = {}): Promise<JointClinic> {
  const { minutes = 30, policy = {}, roomPolicy = {}, roomSlotMinutes = 30, end = '17:00:00' } = options
  const type = [{ coding: [{ system: 'urn:test:joint', code: systemIds.next() }] }]
  const service = await create(call, {
    resourceType: 'HealthcareService',
    active: true,
    type,
    extension: [policyExtension({ durationMinutes: minutes, ...policy })],
  })
  const schedule = (actors: readonly string[], more: readonly object[], slotMinutes: number, serviceType?: object): Promise<string> =>
    create(call, {
      resourceType: 'Schedule',
      active: true,
      ...(serviceType ? { serviceType } : {}),
      actor: actors.map((reference) => ({ reference })),
      extension: [timezone('Etc/UTC'), availability({ slotMinutes, end }), ...more],
    })
  const some = async (count: number, make: (i: number) => Promise<JointActor>): Promise<JointActor[]> => {
    const found: JointActor[] = []
    for (let i = 0; i < count; i++) found.push(await make(i))
    return found
  }
  return {
    service,
    practitioners: await some(options.practitioners ?? 2, async (i) => {
      const actor = `Practitioner/${await create(call, { resourceType: 'Practitioner', active: true, name: [{ family: `Joint${i}` }] })}`
      return { actor, schedule: await schedule([actor, `HealthcareService/${service}`], [], 15, type) }
    }),
    rooms: await some(options.rooms ?? 2, async (i) => {
      const actor = `Location/${await create(call, { resourceType: 'Location', name: `Room ${i}`, status: 'active', physicalType: room })}`
      return {
        actor,
        schedule: await schedule([actor], Object.keys(roomPolicy).length > 0 ? [policyExtension(roomPolicy)] : [], roomSlotMinutes),
      }
    }),
    devices: await some(options.devices ?? 1, async () => {
      const actor = `Device/${await create(call, { resourceType: 'Device', status: 'active' })}`
      return { actor, schedule: await schedule([actor], [], 15) }
    }),
  }
}

/** `groupsOf([...practitioners], [...rooms])` as parameters of an operation. */
export const groupsOf = (...groups: readonly (readonly JointActor[])[]): object[] =>
  groups.map((group) => ({
    name: 'resource-group',
    part: group.map(({ actor }) => ({ name: 'actor', valueReference: { reference: actor } })),
  }))

export const sent = (groups: readonly object[], values: Readonly<Record<string, unknown>> = {}): object => ({
  resourceType: 'Parameters',
  parameter: [
    ...Object.entries(values).map(([name, value]) =>
      typeof value === 'number' ? { name, valueInteger: value } : { name, valueString: value },
    ),
    ...groups,
  ],
})

/** The Slots that an entry says a visit takes, itself first; ids. */
export const takes = (slot: Body): string[] => [
  slot.id,
  ...(slot.extension ?? []).flatMap((one) =>
    (one.extension ?? []).flatMap(({ url, valueReference }) => (url === 'slot' ? [(valueReference?.reference ?? '').slice(5)] : [])),
  ),
]

export async function slotsOf(call: Call, schedule: string, day: number): Promise<Body[]> {
  const window = `start=ge${dateIn(day)}T00:00:00Z&start=lt${dateIn(day + 1)}T00:00:00Z`
  return matches(await call('GET', `Slot?schedule=Schedule/${schedule}&${window}&_sort=start&_count=500`))
}

type Taken = { readonly day: number; readonly from: string; readonly until: string; readonly actors: readonly JointActor[] }

/** The Slots of several Schedules that lie in a time of a day. */
export async function slotsWithin(call: Call, { day, from, until, actors }: Taken): Promise<Body[]> {
  const [earliest, latest] = [Date.parse(instantIn(day, from)), Date.parse(instantIn(day, until))]
  const all = (await Promise.all(actors.map(({ schedule }) => slotsOf(call, schedule, day)))).flat()
  return all.filter(({ start, end }) => Date.parse(start) >= earliest && Date.parse(end) <= latest)
}

/** A visit that the front desk writes for these actors; `others` are who else takes part, the patient among them. */
export async function jointVisit(call: Call, { others, ...taken }: Taken & { readonly others: readonly string[] }): Promise<Body> {
  const { day, from, until, actors } = taken
  const slots = await slotsWithin(call, taken)
  return made(
    await call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start: instantIn(day, from),
      end: instantIn(day, until),
      slot: slots.map(({ id }) => ({ reference: `Slot/${id}` })),
      participant: [...others, ...actors.map(({ actor }) => actor)].map((reference) => ({ actor: { reference }, status: 'accepted' })),
    }),
  )
}

export const busyOf = async (call: Call, schedule: string, day: number): Promise<string[]> =>
  (await slotsOf(call, schedule, day)).filter(({ status }) => status !== 'free').map(({ start }) => start.slice(11, 16))

export const scheduleIn = async (call: Call, slot: string): Promise<string> =>
  (made((await call('GET', `Slot/${slot}`)) as Answer, 200).schedule.reference ?? '').slice('Schedule/'.length)
