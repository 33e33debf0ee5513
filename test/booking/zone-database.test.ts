/**
 * A zone database that says something else of a zone than it did (docs/time.md): as if Arizona kept its clocks an hour ahead from
 * now on. Rules keep their local times, free Slots move to the new instants, and what was promised keeps its own.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IANAZone } from 'luxon'
import { regenerateSlots } from '../../src/booking/regenerate-slots.ts'
import { instantOnDay } from '../../src/scheduling/local-time.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'

const zone = 'America/Phoenix'
const days = [2, 3, 4]
const offset = IANAZone.prototype.offset
let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  const horizon = new Date(Date.now() + 7 * 86_400_000)
  // 09:00 to 17:00 in Arizona are 16:00 to 24:00 UTC, the whole year.
  place = await clinic(house.call, { zone, minutes: 30, slotMinutes: 30, horizon })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(async () => {
  IANAZone.prototype.offset = offset
  await house.close()
})

/** What a new Node would bring. Offsets are remembered by zone, of few zones: asked for all others, a process has forgotten ours. */
function zoneDatabaseSays(hoursAhead: number): void {
  IANAZone.prototype.offset = function (this: IANAZone, at: number): number {
    return offset.call(this, at) + (this.name === zone ? hoursAhead * 60 : 0)
  }
  for (const other of Intl.supportedValuesOf('timeZone')) if (other !== zone) instantOnDay(other, 0, 0)
}

const slots = async (): Promise<Body[]> => (await Promise.all(days.map((day) => place.slotsOn(day)))).flat()
const standing = (list: readonly Body[]) => list.map(({ id, status, start }) => [id, status, Date.parse(start)]).sort()
const halfHours = (from: string, until: string): number[] =>
  days.flatMap((day) => {
    const [first, last] = [Date.parse(instantIn(day, from)), Date.parse(instantIn(day, until))]
    return Array.from({ length: (last - first) / 1_800_000 + 1 }, (_, n) => first + n * 1_800_000)
  })
const at = (day: number, time: string): number => Date.parse(instantIn(day, time))

type Part = {
  readonly name: string
  readonly part?: Part[]
  readonly valueUnsignedInt?: number
  readonly valueReference?: { reference: string }
}
const preview = async () => {
  const schedule = await place.schedule()
  const asked = { resourceType: 'Parameters', parameter: [{ name: 'schedule', resource: schedule }] }
  const answer = made(await house.call('POST', `Schedule/${schedule.id}/$preview-change`, asked), 200) as unknown as { parameter: Part[] }
  const visits = answer.parameter.filter(({ name }) => name === 'visit')
  return {
    orphans: visits.map(({ part = [] }) => part.find(({ name }) => name === 'appointment')?.valueReference?.reference),
    removed: answer.parameter.find(({ name }) => name === 'slots-removed')?.valueUnsignedInt ?? 0,
  }
}

it('moves free Slots that are still to come, and neither rules nor what was promised', async () => {
  const [a = '', b = '', c = ''] = await place.patients(3)
  const visit = made(await place.book((await place.slotAt(3, '16:00')).id, a))
  const late = made(await place.book((await place.slotAt(3, '23:30')).id, b))
  const held = made(await place.hold((await place.slotAt(2, '18:00')).id, c))
  const block = await create(house.call, {
    ...{ resourceType: 'Slot', status: 'busy-unavailable', schedule: { reference: `Schedule/${place.schedules[0]}` } },
    ...{ start: instantIn(4, '20:00'), end: instantIn(4, '20:30') },
  })
  const [before, schedule] = [await slots(), await place.schedule()]
  expect(before.filter(({ status }) => status === 'free').map(({ start }) => Date.parse(start))).toEqual(
    halfHours('16:00', '23:30').filter((start) => ![at(3, '16:00'), at(3, '23:30'), at(2, '18:00'), at(4, '20:00')].includes(start)),
  )
  expect((await preview()).orphans).toEqual([])

  zoneDatabaseSays(1)
  // 23:30 UTC was 16:30 there, and is 17:30 now: after hours.
  const { orphans, removed } = await preview()
  expect(orphans).toEqual([`Appointment/${late.id}`])
  expect(removed).toBeGreaterThanOrEqual(5)
  expect(await slots()).toEqual(before)

  await regenerateSlots(house.house, schedule.id)
  const after = await slots()
  expect(after.filter(({ status }) => status === 'free').map(({ start }) => Date.parse(start))).toEqual(
    halfHours('15:00', '22:30').filter((start) => ![at(3, '16:00'), at(2, '18:00'), at(4, '20:00')].includes(start)),
  )
  const taken = (list: readonly Body[]) => list.filter(({ status }) => status !== 'free')
  expect(taken(after)).toEqual(taken(before))
  for (const one of [visit, late, held]) expect(made(await house.call('GET', `Appointment/${one.id}`), 200)).toEqual(one)
  expect(made(await house.call('GET', `Slot/${block}`), 200).status).toBe('busy-unavailable')
  expect(await place.schedule()).toEqual(schedule)
  const window = `start=${instantIn(3, '00:00')}&end=${instantIn(4, '00:00')}&healthcare-service=HealthcareService/${place.service}`
  const [first] = matches(await house.call('GET', `Schedule/${schedule.id}/$find-slots?${window}`))
  expect(Date.parse(String(first?.start))).toBe(at(3, '15:00'))
})

it('a Slot that the rules no longer make goes with its visit, and an old database again brings the old Slots', async () => {
  const [late] = (await slots()).filter(({ start }) => Date.parse(start) === at(3, '23:30'))
  const [visit] = matches(await house.call('GET', `Appointment?slot=Slot/${late?.id}&status=booked`))
  made(await house.call('POST', `Appointment/${visit?.id}/$cancel`), 200)
  expect((await house.call('GET', `Slot/${late?.id}`)).status).toBe(410)
  zoneDatabaseSays(0)
  await regenerateSlots(house.house, String(place.schedules[0]))
  expect(standing(await slots()).map(([, , start]) => start)).toEqual(expect.arrayContaining(halfHours('16:00', '23:30')))
  expect((await slots()).map(({ start }) => Date.parse(start)).filter((start) => !halfHours('16:00', '23:30').includes(start))).toEqual([])
})

it('is Node’s alone: no SQL reads a clock but that of UTC', async () => {
  const root = join(import.meta.dirname, '../..')
  const folders = ['src/store', 'src/store/search', 'migrations']
  const files = (
    await Promise.all(folders.map(async (folder) => (await readdir(join(root, folder))).map((file) => join(root, folder, file))))
  ).flat()
  const texts = await Promise.all(files.filter((file) => /\.(ts|sql)$/.test(file)).map((file) => readFile(file, 'utf8')))
  const zones = texts.flatMap((text) => [...text.matchAll(/at time zone ('[^']*'|\S+)/gi)].map(([, name]) => name))
  expect(zones.length).toBeGreaterThan(3)
  expect(new Set(zones)).toEqual(new Set(["'UTC'"]))
})
