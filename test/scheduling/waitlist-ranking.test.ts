/** The order of the waitlist: what counts, that no word of it ever turns an order round by waiting, and that everyone's turn comes. */

import { dayMs } from '../../src/base/durations.ts'
import { type RankingWeights, rankingWeightsDefault } from '../../src/base/waitlist-settings.ts'
import { type Ranked, ranking, scoreOf, standingOf } from '../../src/scheduling/waitlist-ranking.ts'
import { fc } from '../support/chance.ts'

const now = Date.UTC(2027, 0, 4)
const entry = (name: string, more: Partial<Ranked> = {}): Ranked => ({
  entry: name,
  joined: now,
  urgency: 0.5,
  fit: 0,
  passed: 0,
  offered: 0,
  ...more,
})
const first = (...entries: Ranked[]): string | undefined => ranking(entries, rankingWeightsDefault)[0]?.entry

const weights = fc.record({
  urgency: fc.integer({ min: 0, max: 100 }),
  waited: fc.integer({ min: 1, max: 20 }),
  fit: fc.integer({ min: 0, max: 100 }),
  passed: fc.integer({ min: 0, max: 50 }),
  offered: fc.integer({ min: 0, max: 50 }),
})
const anyone = fc.record({
  entry: fc.uuid(),
  joined: fc.integer({ min: now - 400 * dayMs, max: now }),
  urgency: fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
  fit: fc.double({ min: 0, max: 1, noNaN: true }),
  passed: fc.nat(20),
  offered: fc.nat(20),
})

it('is led by the points that docs/waitlist.md gives', () => {
  // 8 days of waiting, 30 points for the most urgent against 15 for who says nothing, 10 for fit, 5 and 10 for what was.
  expect(scoreOf(entry('a', { joined: now - 8 * dayMs, urgency: 1, fit: 0.5, passed: 2, offered: 1 }), rankingWeightsDefault, now)).toEqual(
    {
      urgency: 30,
      waited: 8,
      fit: 5,
      passed: 10,
      offered: -10,
      total: 43,
    },
  )
})

it.each([
  ['who waits longer', { joined: now - dayMs }],
  ['who is more urgent', { urgency: 0.6 }],
  ['who asks more narrowly', { fit: 0.1 }],
  ['whom others were preferred to', { passed: 1 }],
])('puts %s first', (_, more) => {
  expect(first(entry('a'), entry('b', more))).toBe('b')
})

it('puts who let an offer go by behind', () => {
  expect(first(entry('a', { offered: 1 }), entry('b'))).toBe('b')
})

it('has the same order by standing as by score at any instant', () => {
  fc.assert(
    fc.property(anyone, anyone, weights, fc.nat(1_000), (a, b, given, days) => {
      const at = now + days * dayMs
      const [byScore, byStanding] = [scoreOf(a, given, at).total - scoreOf(b, given, at).total, standingOf(a, given) - standingOf(b, given)]
      expect(byScore).toBeCloseTo(byStanding, 5)
    }),
  )
})

/** A list that never ends: each day one time comes free, and one more joins who is as urgent and asks as narrowly as can be. */
function daysUntilOffered(late: Ranked, given: RankingWeights, most: number): number {
  let list: Ranked[] = [late]
  for (let day = 1; day <= most; day++) {
    list.push(entry(`new-${String(day).padStart(5, '0')}`, { joined: now + day * dayMs, urgency: 1, fit: 1 }))
    const [best, ...behind] = ranking(list, given)
    if (best?.entry === late.entry) return day
    // Whoever was offered the time takes it. Of those behind the first twenty had to stand back.
    list = behind.map((one, i) => (i < 20 ? { ...one, passed: one.passed + 1 } : one))
  }
  return Number.POSITIVE_INFINITY
}

it('starves nobody: the least urgent, who asks for anything, has a turn although more urgent ones join each day', () => {
  fc.assert(
    fc.property(weights, (given) => {
      // The others' lead is used up by the wait alone after so many days.
      const most = Math.ceil((given.urgency + given.fit) / given.waited) + 2
      expect(daysUntilOffered(entry('late', { urgency: 0 }), given, most)).toBeLessThanOrEqual(most)
    }),
  )
})

it('lets nobody who declines again and again stand in the way of the others', () => {
  const given = { ...rankingWeightsDefault }
  let list: Ranked[] = [entry('decliner', { joined: now - 100 * dayMs, urgency: 1 }), entry('patient')]
  for (let turn = 1; turn <= 20; turn++) {
    const [best, ...behind] = ranking(list, given)
    if (best?.entry === 'patient') return
    list = [...(best ? [{ ...best, offered: best.offered + 1 }] : []), ...behind.map((one) => ({ ...one, passed: one.passed + 1 }))]
  }
  throw new Error('the other has not had a turn')
})
