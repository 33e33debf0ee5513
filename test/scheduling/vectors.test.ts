/**
 * The vectors of docs/time.md, which were made without our code, run against it: readings in gaps and in hours that come
 * twice, mornings after, nights through the change. Intl is asked that the page leaves no change out.
 */
import { dayMs } from '../../src/base/durations.ts'
import { openings } from '../../src/scheduling/availability.ts'
import { localInstant } from '../../src/scheduling/local-time.ts'
import { page, rows, section } from '../docs/markdown.ts'
import { at, planWith, rule, text } from './plans.ts'

const vectors = section(page('docs/time.md'), '## Vectors')
const changes = rows(vectors) as [zone: string, change: string, clocks: string, reading: string, is: string, nine: string, night: string][]
const still = rows(vectors.slice(vectors.indexOf('These four'))) as [zone: string, summer: string, winter: string][]
const zones = [...new Set([...changes, ...still].map(([zone]) => zone))]

const minute = 60_000

function instantOf(zone: string, reading: string): string {
  const [year = 0, month = 0, day = 0, hour = 0, past = 0] = reading.split(/[- :]/).map(Number)
  return text(localInstant(zone, year, month, day, hour * 60 + past))
}

/** What Intl's clock is ahead of UTC; it knows nothing of our code. */
function offsets(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return (instant) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) - instant
}

it('are of 20 zones', () => {
  expect(zones).toHaveLength(20)
  expect(changes.length).toBeGreaterThan(90)
})

it.each(changes)('%s at %s: %s', (zone, change, clocks, reading, is, nine, night) => {
  const before = /([+-])(\d\d):(\d\d) →/.exec(clocks) ?? []
  const after = /([+-])(\d\d):(\d\d)$/.exec(clocks) ?? []
  const [from, to] = [before, after].map(([, sign, hours, past]) => Number(`${sign}1`) * (Number(hours) * 60 + Number(past)) * minute)
  expect([offsets(zone)(at(change) - minute), offsets(zone)(at(change))]).toEqual([from, to])
  expect(instantOf(zone, reading)).toBe(is)
  const [start = '', end = ''] = night.split(' to ')
  const local = (instant: string) => new Date(at(instant) + offsets(zone)(at(instant))).toISOString().slice(0, 10)
  expect(instantOf(zone, `${local(nine)} 09:00`)).toBe(nine)
  const evening = new Date(Date.parse(local(nine)) - dayMs).toISOString().slice(0, 10)
  const hours = { startMinutes: 22 * 60, endMinutes: 6 * 60, period: { start: evening, end: evening } }
  const found = openings(planWith({ zone, rules: [rule(hours)] }), at(start) - dayMs, at(end) + dayMs)
  expect(found.map((opening) => [text(opening.start), text(opening.end)])).toEqual([[start, end]])
})

it.each(still)('%s keeps its offset', (zone, summer, winter) => {
  expect([instantOf(zone, '2026-06-21 09:00'), instantOf(zone, '2027-12-21 09:00')]).toEqual([summer, winter])
})

it.each(zones)('no change of %s from 2026 to 2028 is left out', (zone) => {
  const offset = offsets(zone)
  const found: string[] = []
  for (let day = at('2026-01-01T00:00Z'); day < at('2029-01-01T00:00Z'); day += dayMs) {
    if (offset(day) === offset(day + dayMs)) continue
    let [low, high] = [day, day + dayMs]
    while (high - low > minute) {
      const middle = low + Math.floor((high - low) / 2 / minute) * minute
      if (offset(middle) === offset(low)) low = middle
      else high = middle
    }
    found.push(text(high))
  }
  expect(found).toEqual(changes.filter(([name]) => name === zone).map(([, change]) => change))
})
