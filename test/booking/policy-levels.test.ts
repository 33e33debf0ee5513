/** Each field of a booking-policy at each of its levels: the service's, the practitioner's, the role's and the Schedule's. docs/booking.md */
import { planFrom } from '../../src/booking/plans.ts'
import { offersOf } from '../../src/booking/service-choice.ts'
import type { BookingPolicy } from '../../src/scheduling/booking-policy.ts'
import { plansOf } from '../../src/store/plans.ts'
import { type Clinic, clinic, create, ours } from '../support/clinic.ts'
import { type Body, made, type TestHouse, testHouse } from '../support/house.ts'

const levels = ['service', 'practitioner', 'role', 'schedule'] as const
type Level = (typeof levels)[number]
type Said = number | boolean | string

// biome-ignore format: a table is read by its columns
const fields: readonly [field: keyof BookingPolicy, service: Said, practitioner: Said, role: Said, schedule: Said][] = [
  ['durationMinutes',      15, 30, 45, 60],
  ['bufferBeforeMinutes',  5, 10, 15, 20],
  ['bufferAfterMinutes',   20, 15, 10, 5],
  ['alignmentMinutes',     10, 20, 30, 60],
  ['minNoticeMinutes',     60, 120, 180, 0],
  ['maxAdvanceDays',       10, 20, 30, 40],
  ['maxPerDay',            8, 7, 6, 5],
  ['maxOnlinePerDay',      4, 3, 2, 1],
  ['capacity',             2, 3, 4, 1],
  ['holdSeconds',          60, 120, 180, 240],
  ['cancelNoticeMinutes',  240, 120, 60, 0],
  ['maxReschedules',       1, 2, 3, 0],
  ['approvalHours',        1, 2, 3, 4],
  ['noShowGraceMinutes',   5, 10, 20, 0],
  ['onlineBooking',        false, true, false, true],
  ['newPatients',          false, true, false, true],
  ['referralRequired',     true, false, true, false],
  ['approvalRequired',     true, false, true, false],
  ['rules',                "1 = 1", "2 = 2", "3 = 3", "4 = 4"],
]

const partOf = (field: string, said: Said): object => {
  if (typeof said === 'boolean') return { url: field, valueBoolean: said }
  if (typeof said === 'number') return { url: field, valueUnsignedInt: said }
  return {
    url: 'rule',
    extension: [
      { url: 'expression', valueString: said },
      { url: 'message', valueString: 'It is so.' },
    ],
  }
}
const policyUrl = ours('booking-policy')
const policyAt = (level: Level): object => ({
  url: policyUrl,
  extension: fields.map(([field, ...said]) => partOf(field, said[levels.indexOf(level)] ?? 0)),
})
const expected = (field: string, said: Said): unknown => (field === 'rules' ? [{ expression: said, message: 'It is so.' }] : said)

let house: TestHouse
let place: Clinic
const inForce = new Map<string, BookingPolicy>()

/** Writes or takes away the policy of one resource, and looks what is in force then. */
async function policyAfter(name: string, reference: string, policy: object | undefined): Promise<void> {
  const before = made(await house.call('GET', reference), 200) as Body & { extension?: { url?: string }[] }
  const extension = [...(before.extension ?? []).filter(({ url }) => url !== policyUrl), ...(policy ? [policy] : [])]
  const { extension: _extension, ...bare } = before
  made(await house.call('PUT', reference, { ...bare, ...(extension.length > 0 && { extension }) }), 200)
  const [schedule = ''] = place.schedules
  const [row] = await plansOf(house.house.pool, [schedule])
  const plan = row && planFrom(house.house, row.schedule, row.version, row.plan)
  const [offer] = plan ? offersOf(plan, { reference: `HealthcareService/${place.service}` }) : []
  if (offer) inForce.set(name, offer.policy)
}

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { horizon: new Date(Date.now() + 3 * 86_400_000) })
  const practitioner = `Practitioner/${place.practitioners[0]}`
  const service = `HealthcareService/${place.service}`
  const role = await create(house.call, {
    resourceType: 'PractitionerRole',
    active: true,
    practitioner: { reference: practitioner },
    healthcareService: [{ reference: service }],
    location: [{ reference: `Location/${place.location}` }],
  })
  const schedule = `Schedule/${place.schedules[0]}`
  const named = made(await house.call('GET', schedule), 200) as Body & { actor: object[] }
  made(await house.call('PUT', schedule, { ...named, actor: [...named.actor, { reference: `PractitionerRole/${role}` }] }), 200)
  await policyAfter('service', service, policyAt('service'))
  await policyAfter('practitioner', practitioner, policyAt('practitioner'))
  await policyAfter('role', `PractitionerRole/${role}`, policyAt('role'))
  await policyAfter('schedule', schedule, policyAt('schedule'))
  await policyAfter('without the schedule’s', schedule, undefined)
  await policyAfter('without the role’s', `PractitionerRole/${role}`, undefined)
})
afterAll(() => house.close())

it('is every field that there is', () => {
  expect(Object.keys(inForce.get('schedule') ?? {}).sort()).toEqual(fields.map(([field]) => field).sort())
})

it.each(fields)('%s is the service’s, then the practitioner’s, then the role’s, then the Schedule’s', (field, ...said) => {
  for (const [at, level] of levels.entries()) expect([level, inForce.get(level)?.[field]]).toEqual([level, expected(field, said[at] ?? 0)])
})

it.each(fields)('%s falls back to the level before where the later one says nothing any more', (field, _service, practitioner, role) => {
  expect(inForce.get('without the schedule’s')?.[field]).toEqual(expected(field, role))
  expect(inForce.get('without the role’s')?.[field]).toEqual(expected(field, practitioner))
})
