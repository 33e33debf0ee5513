/** Which other times are named first to whoever cannot have the one that they want. */
import { nearTimes } from '../../src/booking/near-times.ts'
import { nextTimes } from '../../src/booking/next-times.ts'
import { type Clinic, clinic, dateIn, instantIn, weekdayIn } from '../support/clinic.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let monday: number

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { start: '04:00:00', end: '23:59:00', minutes: 285, slotMinutes: 300 })
  monday = [9, 10, 11, 12, 13, 14, 15].find((day) => weekdayIn(day) === 1) ?? 0
})
afterAll(() => house.close())

const wishAt = (day: number, time: string) => ({
  schedule: place.schedules[0] ?? '',
  service: {},
  from: Date.parse(instantIn(day, time)),
  online: true,
})

/** `1 09:00` is the day after that Monday. */
const said = (times: readonly { readonly start: string }[]): string[] =>
  times.map(({ start }) => `${(Date.parse(start.slice(0, 10)) - Date.parse(dateIn(monday))) / 86_400_000} ${start.slice(11, 16)}`)

describe('times near to one that cannot be had', () => {
  it('are of its day, then of its week, then of others; the nearest day first, and of a day the nearest time', async () => {
    const found = said(await nearTimes(house.house, { wish: wishAt(monday, '19:00'), busy: [] }, 'Etc/UTC'))
    expect(found.slice(0, 7)).toEqual(['0 14:00', '0 09:00', '0 04:00', '1 04:00', '1 09:00', '1 14:00', '2 04:00'])
    expect(found.indexOf('6 14:00')).toBeGreaterThan(0)
    expect(found.indexOf('6 14:00')).toBeLessThan(found.indexOf('-1 14:00'))
  })

  it('are none at which whoever asks is somewhere else', async () => {
    const busy = [{ start: Date.parse(instantIn(monday, '08:00')), end: Date.parse(instantIn(monday, '15:00')) }]
    const found = said(await nearTimes(house.house, { wish: wishAt(monday, '19:00'), busy }, 'Etc/UTC'))
    expect(found.slice(0, 2)).toEqual(['1 04:00', '1 09:00'])
  })
})

it('who asks for next times at the same moment is told those of their own wish', async () => {
  const wishes = [wishAt(monday, '04:00'), wishAt(monday + 1, '04:00'), { ...wishAt(monday, '04:00'), minutes: 30 }]
  const [one = [], other = [], short = []] = await Promise.all(wishes.map((wish) => nextTimes(house.house, wish)))
  expect([said(one)[0], said(other)[0]]).toEqual(['0 04:00', '1 04:00'])
  expect(short[0]?.end).toContain('04:30')
})
