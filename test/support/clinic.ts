/**
 * A clinic for a test, made over REST as a front desk would: a Location, one service, practitioners whose Schedules share
 * one weekly rule, and patients. UTC unless told otherwise, so that a test can say its times outright.
 */
import { systemIds } from '../../src/base/ids.ts'
import { type Answer, type Body, type Call, made, matches, parameters } from './house.ts'

export const ours = (name: string): string => `https://slotwise.org/fhir/StructureDefinition/${name}`
const timezoneUrl = 'http://hl7.org/fhir/StructureDefinition/timezone'
const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

export type ClinicOptions = {
  readonly n?: number
  /** Of a visit. */
  readonly minutes?: number
  readonly slotMinutes?: number
  readonly zone?: string
  readonly start?: string
  readonly end?: string
  readonly days?: readonly string[]
  readonly horizon?: Date
  /** With a `horizon`: when its Slots begin, if not now. */
  readonly begin?: string
  readonly policy?: Readonly<Record<string, number | boolean>>
}

export type Clinic = {
  readonly type: { coding: { system: string; code: string }[] }[]
  readonly location: string
  readonly service: string
  readonly practitioners: readonly string[]
  readonly schedules: readonly string[]
  /** The resource behind each of `schedules`, for tests that change one. */
  readonly schedule: (index?: number) => Promise<Body>
  readonly patient: () => Promise<string>
  readonly patients: (n: number) => Promise<string[]>
  /** The free Slot of a Schedule at a time of a day from now: `slotAt(1, '09:00')`. */
  readonly slotAt: (day: number, time: string, index?: number) => Promise<Body>
  /** Every Slot of that day, in order, whatever its status. */
  readonly slotsOn: (day: number, index?: number) => Promise<Body[]>
  readonly book: (slot: string, patient: string, more?: Readonly<Record<string, unknown>>) => Promise<Answer>
  readonly hold: (slot: string, patient: string, more?: Readonly<Record<string, unknown>>) => Promise<Answer>
  /** The Appointment of a client that writes it by itself. */
  readonly appointment: (slot: Body, patient: string, more?: object) => object
}

/** One day for all of a test file, though midnight comes while it runs. */
const today = Date.now()

const inDays = (days: number): Date => new Date(today + days * 86_400_000)

/** `2026-11-24` for 1 on the 23rd, in UTC. */
export const dateIn = (days: number): string => inDays(days).toISOString().slice(0, 10)
/** 0 is a Sunday. */
export const weekdayIn = (days: number): number => inDays(days).getUTCDay()
export const instantIn = (days: number, time: string): string => `${dateIn(days)}T${time}:00Z`

export const policyExtension = (policy: Readonly<Record<string, number | boolean>>): object => ({
  url: ours('booking-policy'),
  extension: Object.entries(policy).map(([url, value]) =>
    typeof value === 'boolean' ? { url, valueBoolean: value } : { url, valueUnsignedInt: value },
  ),
})

export const availability = ({ days = everyDay, start = '09:00:00', end = '17:00:00', slotMinutes = 15 }: ClinicOptions): object => ({
  url: ours('availability'),
  extension: [
    ...days.map((day) => ({ url: 'daysOfWeek', valueCode: day })),
    { url: 'startTime', valueTime: start },
    { url: 'endTime', valueTime: end },
    { url: 'slotMinutes', valuePositiveInt: slotMinutes },
  ],
})

export const timezone = (zone: string): object => ({ url: timezoneUrl, valueCode: zone })

export async function create(call: Call, resource: { resourceType: string; [element: string]: unknown }): Promise<string> {
  return made(await call('POST', resource.resourceType, resource)).id
}

export async function clinic(call: Call, options: ClinicOptions = {}): Promise<Clinic> {
  const { n = 1, minutes = 15, zone = 'Etc/UTC', horizon, begin = new Date().toISOString(), policy = {} } = options
  const tag = systemIds.next()
  const type = [{ coding: [{ system: 'urn:test:service', code: tag }] }]
  const location = await create(call, { resourceType: 'Location', name: `House ${tag}`, status: 'active', extension: [timezone(zone)] })
  const service = await create(call, {
    resourceType: 'HealthcareService',
    active: true,
    name: 'Visit',
    type,
    extension: [policyExtension({ durationMinutes: minutes, ...policy })],
  })
  const practitioners: string[] = []
  const schedules: string[] = []
  for (let i = 0; i < n; i++) {
    const practitioner = await create(call, { resourceType: 'Practitioner', active: true, name: [{ family: `Doctor${i}` }] })
    practitioners.push(practitioner)
    schedules.push(
      await create(call, {
        resourceType: 'Schedule',
        active: true,
        serviceType: type,
        actor: [`Practitioner/${practitioner}`, `Location/${location}`, `HealthcareService/${service}`].map((reference) => ({ reference })),
        ...(horizon ? { planningHorizon: { start: begin, end: horizon.toISOString() } } : {}),
        extension: [timezone(zone), availability(options)],
      }),
    )
  }
  return { type, location, service, practitioners, schedules, ...deeds(call, { type, practitioners, schedules }) }
}

function deeds(call: Call, { type, practitioners, schedules }: Pick<Clinic, 'type' | 'practitioners' | 'schedules'>) {
  const patient = () => create(call, { resourceType: 'Patient', active: true, name: [{ family: 'Patient' }] })
  const slotsOn = async (day: number, index = 0) => {
    const window = `start=ge${dateIn(day)}T00:00:00Z&start=lt${dateIn(day + 1)}T00:00:00Z`
    return matches(await call('GET', `Slot?schedule=Schedule/${schedules[index]}&${window}&_sort=start&_count=500`))
  }
  const take =
    (operation: string) =>
    (slot: string, patient: string, more: Readonly<Record<string, unknown>> = {}) =>
      call('POST', `Slot/${slot}/$${operation}`, parameters({ patient: `Patient/${patient}`, ...more }))
  return {
    patient,
    patients: (count: number) => Promise.all(Array.from({ length: count }, patient)),
    schedule: async (index = 0) => made(await call('GET', `Schedule/${schedules[index]}`), 200),
    slotsOn,
    slotAt: async (day: number, time: string, index = 0) => {
      const slot = (await slotsOn(day, index)).find(({ start }) => Date.parse(start) === Date.parse(instantIn(day, time)))
      if (!slot) throw new Error(`no Slot at ${instantIn(day, time)}`)
      return slot
    },
    book: take('book'),
    hold: take('hold'),
    appointment: (slot: Body, who: string, more: object = {}) => ({
      resourceType: 'Appointment',
      status: 'booked',
      start: slot.start,
      end: slot.end,
      slot: [{ reference: `Slot/${slot.id}` }],
      serviceType: type,
      participant: [`Patient/${who}`, `Practitioner/${practitioners[0]}`].map((reference) => ({
        actor: { reference },
        status: 'accepted',
      })),
      ...more,
    }),
  }
}
