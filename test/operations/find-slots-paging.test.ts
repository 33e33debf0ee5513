/** Pages of `$find-slots`: every time once, in order, however large the pages and whatever is booked meanwhile. */
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Body, made, matches, type TestHouse, testHouse } from '../support/house.ts'

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
