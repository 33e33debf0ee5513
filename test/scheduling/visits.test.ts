/**
 * Free Slots into visits: named cases, and a brute-force search that tries every set of Slots.
 */

import { type BookingPolicy, mergePolicies } from '../../src/scheduling/booking-policy.ts'
import type { ServiceOffer } from '../../src/scheduling/service-offers.ts'
import { type FreeSlot, type Taken, type VisitQuery, visits } from '../../src/scheduling/visits.ts'
import { fc } from '../support/chance.ts'
import { at, planWith, rule } from './plans.ts'

const minute = 60_000
/** Monday; `m(0)` is 09:00Z. */
const nine = at('2026-11-23T09:00Z')
const m = (minutes: number): number => nine + minutes * minute

const slot = (id: string, from: number, to: number): FreeSlot => ({ id, schedule: 's', start: m(from), end: m(to) })
const quarters = (...from: number[]): FreeSlot[] => from.map((minutes) => slot(`q${minutes}`, minutes, minutes + 15))
const busy = (from: number, to: number): Taken => ({ resource: 'Practitioner/p', start: m(from), end: m(to) })

type Case = {
  free: FreeSlot[]
  taken?: Taken[]
  policy?: Partial<BookingPolicy>
  query?: Partial<VisitQuery>
  plan?: Parameters<typeof planWith>[0]
}

function found({ free, taken = [], policy = {}, query = {}, plan = {} }: Case): string[] {
  const asked = { from: m(-600), until: m(600), now: m(-600), online: false, ...query }
  return visits(planWith(plan), mergePolicies(policy), free, taken, asked).map(
    (visit) => `${visit.slots.map((one) => one.id).join('+')} ${(visit.start - nine) / minute}–${(visit.end - nine) / minute}`,
  )
}

describe('visits', () => {
  it('take as long as the Slot, unless the policy or the question says otherwise', () => {
    const free = [slot('long', 0, 60)]
    expect(found({ free })).toEqual(['long 0–60'])
    expect(found({ free, policy: { durationMinutes: 20 } })).toEqual(['long 0–20'])
    expect(found({ free, policy: { durationMinutes: 20 }, query: { durationMinutes: 40 } })).toEqual(['long 0–40'])
  })

  it('join Slots that follow without a gap', () => {
    expect(found({ free: quarters(0, 15, 45, 60), policy: { durationMinutes: 30 } })).toEqual(['q0+q15 0–30', 'q45+q60 45–75'])
    expect(found({ free: quarters(0, 15, 30), policy: { durationMinutes: 40 } })).toEqual(['q0+q15+q30 0–40'])
    expect(found({ free: quarters(0, 15), policy: { durationMinutes: 40 } })).toEqual([])
    // One without any length leads nowhere, and round in no circle
    expect(found({ free: [slot('a', 0, 15), slot('none', 15, 15), slot('b', 15, 30)], policy: { durationMinutes: 30 } })).toEqual([
      'a+b 0–30',
    ])
  })

  it('may start in either of two Slots that start together, and join through whichever reaches', () => {
    const free = [slot('hand', 0, 60), ...quarters(0, 15, 30)]
    expect(found({ free, policy: { durationMinutes: 30 } })).toEqual(['hand 0–30', 'q0+q15 0–30', 'q15+q30 15–45'])
    // After q0 the short one leads nowhere, the long one reaches
    expect(found({ free: [slot('q0', 0, 15), slot('short', 15, 20), slot('long', 15, 60)], policy: { durationMinutes: 45 } })).toEqual([
      'q0+long 0–45',
      'long 15–60',
    ])
  })

  it('run over as little as they can, then take as few Slots as they can', () => {
    const overrun = [slot('a', 0, 15), slot('far', 15, 60), slot('near', 15, 30)]
    expect(found({ free: overrun, policy: { durationMinutes: 30 } })[0]).toBe('a+near 0–30')
    const many = [slot('a', 0, 15), slot('b1', 15, 30), slot('b', 15, 45), slot('b2', 30, 45)]
    expect(found({ free: many, policy: { durationMinutes: 45 } })[0]).toBe('a+b 0–45')
  })

  it('keep their buffers clear of what is taken, which may end where they begin', () => {
    const free = quarters(0, 15, 30, 45)
    expect(found({ free, taken: [busy(15, 30)] })).toEqual(['q0 0–15', 'q30 30–45', 'q45 45–60'])
    expect(found({ free, taken: [busy(15, 30)], policy: { bufferBeforeMinutes: 5 } })).toEqual(['q0 0–15', 'q45 45–60'])
    expect(found({ free, taken: [busy(15, 30)], policy: { bufferAfterMinutes: 5 } })).toEqual(['q30 30–45', 'q45 45–60'])
    // A shorter visit in a long Slot needs only its own time
    expect(found({ free: [slot('long', 0, 60)], taken: [busy(20, 60)], policy: { durationMinutes: 20 } })).toEqual(['long 0–20'])
  })

  it('start in the window, never in the past, and no sooner than the notice', () => {
    const free = quarters(0, 15, 30)
    expect(found({ free, query: { from: m(15), until: m(30) } })).toEqual(['q15 15–30'])
    expect(found({ free, query: { now: m(15) } })).toEqual(['q15 15–30', 'q30 30–45'])
    expect(found({ free, query: { now: m(1) } })).toEqual(['q15 15–30', 'q30 30–45'])
    expect(found({ free, query: { now: m(-15) }, policy: { minNoticeMinutes: 30 } })).toEqual(['q15 15–30', 'q30 30–45'])
  })

  it('reach to the last local day that may be booked', () => {
    // 23:45 in New York on the 23rd, 00:00 on the 24th
    const free = [slot('a', 19 * 60 + 45, 20 * 60), slot('b', 20 * 60, 20 * 60 + 15)]
    const query = { now: m(0), until: m(9_999) }
    expect(found({ free, query, plan: { zone: 'America/New_York' }, policy: { maxAdvanceDays: 0 } })).toEqual(['a 1185–1200'])
    expect(found({ free, query, plan: { zone: 'America/New_York' }, policy: { maxAdvanceDays: 1 } })).toHaveLength(2)
  })

  it('start on the alignment of the clinic’s clock', () => {
    expect(found({ free: quarters(0, 15, 30, 45, 60), policy: { alignmentMinutes: 20 } })).toEqual(['q0 0–15', 'q60 60–75'])
    // Kolkata is at half past: 09:00Z is 14:30
    expect(found({ free: quarters(0, 15, 30), policy: { alignmentMinutes: 60 }, plan: { zone: 'Asia/Kolkata' } })).toEqual(['q30 30–45'])
  })

  it('start on the days and in the hours asked for, in clinic time', () => {
    const free = quarters(0, 60, 120)
    expect(found({ free, query: { days: ['mon'] } })).toHaveLength(3)
    expect(found({ free, query: { days: ['tue', 'sun'] } })).toEqual([])
    expect(found({ free, query: { timeFrom: 10 * 60, timeTo: 11 * 60 } })).toEqual(['q60 60–75'])
    expect(found({ free, query: { timeFrom: 11 * 60 } })).toEqual(['q120 120–135'])
    expect(found({ free, query: { timeTo: 10 * 60 } })).toEqual(['q0 0–15'])
    expect(found({ free, query: { timeFrom: 11 * 60, timeTo: 10 * 60 } })).toEqual(['q0 0–15', 'q120 120–135'])
    // From ten to ten is round the clock, as hours that end when they begin are everywhere
    expect(found({ free, query: { timeFrom: 10 * 60, timeTo: 10 * 60 } })).toHaveLength(3)
    expect(found({ free, query: { days: ['mon'], timeFrom: 4 * 60, timeTo: 5 * 60 }, plan: { zone: 'America/New_York' } })).toEqual([
      'q0 0–15',
    ])
  })

  it('are none for patients where only the front desk books, and none on a Schedule that is not active', () => {
    expect(found({ free: quarters(0), policy: { onlineBooking: false }, query: { online: true } })).toEqual([])
    expect(found({ free: quarters(0), policy: { onlineBooking: false } })).toHaveLength(1)
    expect(found({ free: quarters(0), plan: { active: false } })).toEqual([])
  })

  it('leave the times that a rule keeps for other services', () => {
    const policy = mergePolicies()
    const offer = (code: string): ServiceOffer => ({ reference: `HealthcareService/${code}`, types: [{ coding: [{ code }] }], policy })
    const rules = [rule({ endMinutes: 570, serviceType: [{ coding: [{ code: 'shot' }] }] }), rule({ startMinutes: 570 })]
    const free = quarters(0, 15, 30, 45)
    expect(found({ free, plan: { rules }, query: { service: offer('shot') } })).toHaveLength(4)
    expect(found({ free, plan: { rules }, query: { service: offer('talk') } })).toEqual(['q30 30–45', 'q45 45–60'])
    expect(found({ free, plan: { rules } })).toHaveLength(4)
    // Nor does a longer visit run on into one of them
    const after = [rule({ endMinutes: 570 }), rule({ startMinutes: 570, serviceType: [{ coding: [{ code: 'shot' }] }] })]
    const long = { query: { service: offer('talk') }, policy: { durationMinutes: 30 } }
    expect(found({ free, plan: { rules: after }, ...long })).toEqual(['q0+q15 0–30'])
  })

  it('may begin when a session ends, and end when one begins, but lie over none but their own', () => {
    const seats: Taken = { ...busy(15, 30), session: 'Schedule/s HealthcareService/yoga' }
    expect(found({ free: quarters(0, 15, 30), taken: [seats] })).toEqual(['q0 0–15', 'q30 30–45'])
    expect(found({ free: quarters(0, 15, 30), taken: [seats], policy: { bufferAfterMinutes: 5 } })).toEqual(['q30 30–45'])
  })
})

/** Every chain of Slots is tried; nothing is clever. */
function bruteForce(free: readonly FreeSlot[], taken: readonly Taken[], minutes: number, before: number, after: number): Set<string> {
  const starts = new Set<string>()
  const reaches = (from: FreeSlot, end: number): boolean =>
    from.end >= end || free.some((next) => next.start === from.end && next.end > next.start && reaches(next, end))
  for (const one of free) {
    const end = one.start + minutes * minute
    const clear = taken.every((t) => t.end <= one.start - before * minute || t.start >= end + after * minute)
    if (clear && reaches(one, end)) starts.add(one.id)
  }
  return starts
}

describe('visits, for any Slots', () => {
  const step = 5
  const someSlots = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.constantFrom(1, 2, 3, 4, 6)), { maxLength: 18 })
    .map((spans) => spans.map(([from, length], i) => slot(`x${i}`, from * step, (from + length) * step)).sort((a, b) => a.start - b.start))
  const someTaken = fc
    .array(fc.tuple(fc.integer({ min: -5, max: 40 }), fc.integer({ min: 1, max: 8 })), { maxLength: 4 })
    .map((spans) => spans.map(([from, length]) => busy(from * step, (from + length) * step)))
  const someBuffer = fc.constantFrom(0, 5, 10)

  it('start where a search of every chain says, and hold what they take', () => {
    fc.assert(
      fc.property(
        someSlots,
        someTaken,
        fc.integer({ min: 1, max: 12 }),
        someBuffer,
        someBuffer,
        (free, taken, length, bufferBeforeMinutes, bufferAfterMinutes) => {
          const policy = mergePolicies({ durationMinutes: length * step, bufferBeforeMinutes, bufferAfterMinutes })
          const query = { from: m(-600), until: m(600), now: m(-600), online: false }
          const answer = visits(planWith(), policy, free, taken, query)
          expect(new Set(answer.map((visit) => visit.slot.id))).toEqual(
            bruteForce(free, taken, length * step, bufferBeforeMinutes, bufferAfterMinutes),
          )
          for (const { slot: first, slots, start, end } of answer) {
            const joined = slots.every((one, i) => i === 0 || one.start === slots[i - 1]?.end)
            const needed = slots.slice(0, -1).every((one) => one.end < end) && (slots.at(-1)?.end ?? 0) >= end
            expect([slots[0], start, joined, needed]).toEqual([first, first.start, true, true])
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
