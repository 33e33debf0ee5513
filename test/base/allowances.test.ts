/** So much a minute: against a plain count of what was let through in every minute. */

import { allowances } from '../../src/base/allowances.ts'
import { fc } from '../support/chance.ts'

describe('an allowance', () => {
  it('lets a minute’s worth through at once, and then one for each part of a minute', () => {
    const sixty = allowances(60)
    expect(Array.from({ length: 61 }, () => sixty.take('a', 0))).toEqual([...Array.from({ length: 60 }, () => 0), 1_000])
    expect(sixty.take('a', 999)).toBe(1)
    expect(sixty.take('a', 1_000)).toBe(0)
    expect(sixty.take('a', 1_000)).toBe(1_000)
    expect(sixty.take('b', 1_000)).toBe(0)
  })

  it('what is refused costs nothing', () => {
    const two = allowances(2)
    for (let at = 0; at < 100; at++) two.take('a', 0)
    expect([two.take('a', 30_000), two.take('a', 30_000)]).toEqual([0, 30_000])
  })

  it('is not used up by being looked at', () => {
    const one = allowances(1)
    expect([one.wait('a', 0), one.wait('a', 0), one.take('a', 0), one.wait('a', 15_000)]).toEqual([0, 0, 0, 45_000])
  })

  it('a cost above a minute’s worth uses all of it up, and can be paid', () => {
    const ten = allowances(10)
    expect([ten.take('a', 0, 1_000), ten.take('a', 0), ten.take('a', 60_000, 1_000)]).toEqual([0, 6_000, 0])
  })

  it('forgets who asked longest ago, and nobody else', () => {
    const few = allowances(1, 2)
    for (const name of ['a', 'b', 'c']) few.take(name, 0)
    expect(['b', 'c', 'a'].map((name) => few.wait(name, 0))).toEqual([60_000, 60_000, 0])
  })

  it('never lets more through in any minute than twice its worth, nor less than its worth to who waits', () => {
    const asks = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), asks, (perMinute, gaps) => {
        const one = allowances(perMinute)
        const through: number[] = []
        let at = 0
        for (const gap of gaps) {
          at += gap
          const wait = one.take('a', at)
          if (wait === 0) through.push(at)
          else {
            // Who waits as long as they were told is let in.
            const later = at + Math.ceil(wait)
            expect(one.take('a', later)).toBe(0)
            through.push(later)
            at = later
          }
        }
        // A whole minute's worth may be saved up, and comes back once within the minute.
        for (const start of through)
          expect(through.filter((one) => one >= start && one < start + 60_000).length).toBeLessThanOrEqual(2 * perMinute)
      }),
    )
  })
})
