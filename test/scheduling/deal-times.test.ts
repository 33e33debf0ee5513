/** Times shared out: nobody's choice is in the way of another's, and everybody has a first before anybody has a second. */

import { dealTimes } from '../../src/scheduling/deal-times.ts'
import { fc } from '../support/chance.ts'

const at = (start: number, minutes = 10) => ({ time: { start, end: start + minutes } })

describe('times that are dealt', () => {
  it('give the one who has but one choice that one, before the other has a second', () => {
    const [first, second] = dealTimes([[at(0), at(10), at(20)], [at(10)]], 3, 0)
    expect([first, second]).toEqual([[at(0), at(20)], [at(10)]])
  })

  it('may be taken in any combination, and each is one that was asked for', () => {
    const list = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 6 })), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(list, { maxLength: 5 }), fc.integer({ min: 0, max: 3 }), (asked, apart) => {
        const lists = asked.map((times) => times.map(([start, minutes]) => at(start, minutes)))
        const dealt = dealTimes(lists, 3, apart)
        for (const [one, times] of dealt.entries()) {
          expect(times.length).toBeLessThanOrEqual(3)
          expect(times.every((time) => lists[one]?.includes(time))).toBe(true)
          for (const other of dealt.slice(one + 1).flat())
            for (const { time } of times) expect(time.end + apart <= other.time.start || other.time.end + apart <= time.start).toBe(true)
        }
        // Nobody goes without where one of their choices is in nobody's way.
        for (const [one, times] of dealt.entries())
          if (times.length === 0)
            for (const { time } of lists[one] ?? [])
              expect(dealt.flat().some((other) => other.time.start < time.end + apart && time.start < other.time.end + apart)).toBe(true)
      }),
    )
  })
})
