/** Pages of `$find-slots`: every time once, in order, however large the pages and whatever is booked meanwhile. */
import { fc } from '../support/chance.ts'
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Body, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'

const runs = Number(process.env.PROPERTY_RUNS ?? 6)

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 3, end: '12:00:00' })
})
afterAll(() => house.close())

const window = `start=${instantIn(1, '00:00')}&end=${instantIn(6, '00:00')}`
const perSchedule = 5 * 12

/** Every page's Slots, following `next` until there is none. */
async function pagesOf(first: string, between: () => Promise<unknown> = async () => {}): Promise<Body[][]> {
  const pages: Body[][] = []
  for (let url: string | undefined = first; url !== undefined && pages.length < 100; ) {
    const answer = await house.call('GET', url)
    made(answer, 200)
    pages.push(matches(answer))
    url = answer.json.link?.find(({ relation }) => relation === 'next')?.url
    await between()
  }
  return pages
}

const inOrder = (slots: readonly Body[]): boolean =>
  slots.every((slot, i) => {
    const before = slots[i - 1]
    return (
      !before ||
      before.start < slot.start ||
      (before.start === slot.start && (before.schedule.reference ?? '') < (slot.schedule.reference ?? ''))
    )
  })

describe('next links', () => {
  it.each([1, 7, 50, 180, 1000])('walk one practitioner’s week in pages of %i', async (count) => {
    if (count === 1)
      return expect(
        (
          await pagesOf(`Schedule/${place.schedules[0]}/$find-slots?start=${instantIn(1, '00:00')}&end=${instantIn(2, '00:00')}&_count=1`)
        ).flat(),
      ).toHaveLength(12)
    const pages = await pagesOf(`Schedule/${place.schedules[0]}/$find-slots?${window}&_count=${count}`)
    const all = pages.flat()
    expect(new Set(all.map(({ id }) => id)).size).toBe(perSchedule)
    expect(all).toHaveLength(perSchedule)
    expect(inOrder(all)).toBe(true)
    expect(pages).toHaveLength(Math.ceil(perSchedule / count))
  })

  it.each([2, 7, 50, 1000])('walk all practitioners of a service in pages of %i, by start and then Schedule', async (count) => {
    const pages = await pagesOf(`Slot/$find-slots?healthcare-service=HealthcareService/${place.service}&${window}&_count=${count}`)
    const all = pages.flat()
    expect(all).toHaveLength(3 * perSchedule)
    expect(new Set(all.map(({ id }) => id)).size).toBe(3 * perSchedule)
    expect(inOrder(all)).toBe(true)
    expect(pages).toHaveLength(Math.ceil((3 * perSchedule) / count))
  })

  it('walk longer visits the same way', async () => {
    const all = (await pagesOf(`Schedule/${place.schedules[1]}/$find-slots?${window}&duration=60&_count=4`)).flat()
    expect(all).toHaveLength(5 * 9)
    expect(inOrder(all)).toBe(true)
  })

  it('keep their place when a time that was shown is booked meanwhile', async () => {
    const other = await clinic(house.call, { end: '12:00:00' })
    const patients = await other.patients(20)
    const booked: string[] = []
    const seen = await pagesOf(
      `Schedule/${other.schedules[0]}/$find-slots?start=${instantIn(1, '00:00')}&end=${instantIn(3, '00:00')}&_count=6`,
      async () => {
        const slot = (await other.slotsOn(1)).find(({ status }) => status === 'free')
        if (slot) booked.push(made(await other.book(slot.id, patients.pop() ?? '')).slot[0]?.reference ?? '')
      },
    )
    const all = seen.flat()
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all).toHaveLength(24)
    expect(booked.length).toBeGreaterThan(2)
  })

  it('are refused when they were changed', async () => {
    expect((await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}&_cursor=nonsense`)).status).toBe(400)
  })
})

type Block = { readonly whose: number; readonly day: number; readonly from: number; readonly hours: number }

describe('some of many Schedules', () => {
  const many = 6
  let shared: Clinic
  let lapsed: Body[]

  beforeAll(async () => {
    shared = await clinic(house.call, {
      n: many,
      end: '12:00:00',
      policy: { holdSeconds: 1 },
      horizon: new Date(Date.now() + 8 * 86_400_000),
    })
    const patients = await shared.patients(4)
    lapsed = await Promise.all([0, 2, 3, 5].map((whose, n) => shared.slotAt(2 + (n % 2), '10:00', whose)))
    const held = await Promise.all(lapsed.map((slot, n) => shared.hold(slot.id, patients[n] ?? '')))
    for (const answer of held) made(answer)
    const lasts = `select 1 from slot where id = any($1::text[]) and not (held_until <= now()) limit 1`
    await eventually(60_000, async () => (await house.house.pool.query({ text: lasts, values: [lapsed.map(({ id }) => id)] })).length === 0)
  })

  /** Nobody sweeps here: a Slot whose hold is over says so only in what is found. */
  async function freeOf(asked: readonly string[], blocks: readonly Block[], earliest: string): Promise<string[]> {
    const names = asked.map((id) => `Schedule/${id}`)
    const days = `start=ge${instantIn(1, '00:00')}&start=lt${instantIn(4, '00:00')}`
    const free = matches(await house.call('GET', `Slot?schedule=${names.join(',')}&status=free&${days}&_count=1000`))
    const isOpen = ({ start, schedule }: Body) =>
      !blocks.some(
        ({ whose, day, from, hours }) =>
          schedule.reference === `Schedule/${shared.schedules[whose]}` &&
          Date.parse(start) >= Date.parse(instantIn(day, clock(from))) &&
          Date.parse(start) < Date.parse(instantIn(day, clock(from + hours))),
      )
    const over = lapsed.filter((slot) => names.includes(slot.schedule.reference ?? '') && isOpen(slot))
    const all = new Map([...free, ...over].map((slot) => [slot.id, slot]))
    const order = ({ start, schedule }: Body) => `${new Date(start).toISOString()} ${schedule.reference}`
    const late = [...all.values()].filter(({ start }) => start.slice(11, 16) >= earliest)
    return late.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map(({ id }) => id)
  }

  const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00`

  // Notices: a look in the order of time that takes its end for the end of the window, or passes by what starts where it ended.
  it('are found whole and in order, however many are asked for and whatever is closed', async () => {
    const one = fc.record({
      whose: fc.nat(many - 1),
      day: fc.integer({ min: 1, max: 3 }),
      from: fc.integer({ min: 9, max: 11 }),
      hours: fc.constantFrom(1, 2, 3),
    })
    const drawn = fc.record({
      asked: fc.uniqueArray(fc.nat(many - 1), { minLength: 2, maxLength: many }),
      count: fc.integer({ min: 3, max: 40 }),
      blocks: fc.array(one, { maxLength: 6 }),
      closed: fc.constantFrom([], [1], [1, 2], [2]),
      late: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ asked, count, blocks, closed, late }) => {
        const holidays = closed.flatMap((day) => Array.from({ length: many }, (_, whose): Block => ({ whose, day, from: 9, hours: 3 })))
        const all = [...holidays, ...blocks]
        const written = await Promise.all(
          all.map(async ({ whose, day, from, hours }) => {
            const times = { start: instantIn(day, clock(from)), end: instantIn(day, clock(from + hours)) }
            const schedule = { reference: `Schedule/${shared.schedules[whose]}` }
            return made(await house.call('POST', 'Slot', { resourceType: 'Slot', status: 'busy-unavailable', schedule, ...times })).id
          }),
        )
        const schedules = asked.map((n) => shared.schedules[n] ?? '')
        const query = `schedule=${schedules.map((id) => `Schedule/${id}`).join(',')}&start=${instantIn(1, '00:00')}&end=${instantIn(4, '00:00')}`
        const pages = await pagesOf(`Slot/$find-slots?${query}&_count=${count}${late ? '&time-from=11:30' : ''}`)
        expect(pages.flat().map(({ id }) => id)).toEqual(await freeOf(schedules, all, late ? '11:30' : '00:00'))
        for (const page of pages.slice(0, -1)) expect(page).toHaveLength(count)
        for (const id of written) made(await house.call('DELETE', `Slot/${id}`), 204)
      }),
      { numRuns: runs, endOnFailure: true },
    )
  })

  it('with buffers are what each of the Schedules finds by itself, in one order', async () => {
    const padded = await clinic(house.call, { n: 3, end: '12:00:00', policy: { bufferBeforeMinutes: 5, bufferAfterMinutes: 10 } })
    for (const [index, time] of ['09:00', '10:15', '11:45'].entries())
      made(await padded.book((await padded.slotAt(1, time, index)).id, await padded.patient()))
    const days = `start=${instantIn(1, '00:00')}&end=${instantIn(3, '00:00')}`
    const each = await Promise.all(padded.schedules.map((id) => pagesOf(`Schedule/${id}/$find-slots?${days}&_count=100`)))
    const order = ({ start, schedule }: Body) => `${start} ${schedule.reference}`
    const all = each.flat(2).sort((a, b) => (order(a) < order(b) ? -1 : 1))
    expect(all.length).toBeLessThan(3 * 2 * 12 - 3)
    for (const count of [5, 100])
      expect(
        (await pagesOf(`Slot/$find-slots?healthcare-service=HealthcareService/${padded.service}&${days}&_count=${count}`)).flat(),
      ).toEqual(all)
  })
})
