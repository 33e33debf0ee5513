/**
 * Joint visits against a brute-force search that tries every combination minute by minute, and the rule of least harm in
 * named cases.
 */

import { type BookingPolicy, mergePolicies } from '../../src/scheduling/booking-policy.ts'
import { type Calendar, calendarOf } from '../../src/scheduling/calendar.ts'
import { type JointGroup, jointVisits } from '../../src/scheduling/joint-visits.ts'
import type { SchedulePlan } from '../../src/scheduling/schedule-plan.ts'
import type { ServiceOffer } from '../../src/scheduling/service-offers.ts'
import { type FreeSlot, visits } from '../../src/scheduling/visits.ts'
import { fc } from '../support/chance.ts'
import { at, planWith } from './plans.ts'

const minute = 60_000
const nine = at('2026-11-23T09:00Z')
const now = nine - 600 * minute

/** Everything in minutes from 09:00; Slots never overlap each other on one Schedule. */
type World = {
  readonly id: string
  readonly claims: readonly string[]
  readonly slots: readonly (readonly [number, number])[]
  readonly taken: readonly (readonly [number, number])[]
  readonly policy: Partial<BookingPolicy>
}

const planOf = (one: World): SchedulePlan => planWith({ schedule: one.id, claims: [...one.claims], zone: 'Etc/UTC' })
const policyOf = (one: World, length: number): BookingPolicy => mergePolicies({ durationMinutes: length, ...one.policy })
const freeOf = (one: World): FreeSlot[] =>
  one.slots.map(([start, end]) => ({ id: `${one.id}@${start}`, schedule: one.id, start: nine + start * minute, end: nine + end * minute }))
const takenOf = (one: World) =>
  one.taken.map(([start, end]) => ({ resource: one.id, start: nine + start * minute, end: nine + end * minute }))

type Found = { readonly start: number; readonly slots: readonly string[] }

function search(worlds: readonly World[], groups: readonly JointGroup[], length: number, each?: number): Found[] {
  const calendars = new Map<string, Calendar>(
    worlds.map((one) => [
      one.id,
      calendarOf({ plan: planOf(one), policy: policyOf(one, length), free: freeOf(one), taken: takenOf(one), now, online: false }),
    ]),
  )
  const [firsts = [], ...further] = groups
  const starts = firsts
    .flatMap((option) => {
      const one = worlds.find(({ id }) => id === option.schedule)
      const calendar = calendars.get(option.schedule)
      if (!one || !calendar) return []
      const asked = { from: now, until: nine + 1000 * minute, now, online: false }
      return visits(planOf(one), policyOf(one, length), freeOf(one), takenOf(one), asked).map((visit) => ({ visit, option, calendar }))
    })
    .sort((a, b) => a.visit.start - b.visit.start)
  return jointVisits(starts, further, (schedule) => calendars.get(schedule), 1000, each).map(({ visit }) => ({
    start: (visit.start - nine) / minute,
    slots: visit.slots.map(({ id }) => id),
  }))
}

/** The least harm of any combination at each start at which there is one. */
const bruteForce = (worlds: readonly World[], groups: readonly JointGroup[], length: number): Map<number, number> =>
  new Map([...everyCombination(worlds, groups, length)].map(([start, bySet]) => [start, Math.min(...bySet.values())]))

/** At each start the harm of each set of Schedules that could be it, by whoever leads it best. */
function everyCombination(worlds: readonly World[], groups: readonly JointGroup[], length: number): Map<number, Map<string, number>> {
  const byId = new Map(worlds.map((one) => [one.id, one]))
  const best = new Map<number, Map<string, number>>()
  const product = groups.reduce<JointGroup[]>((all, group) => all.flatMap((chosen) => group.map((option) => [...chosen, option])), [[]])
  for (const combination of product) {
    const [first] = combination
    const lead = byId.get(first?.schedule ?? '')
    const persons = combination.map(({ actor }) => actor)
    if (!lead || new Set(persons).size < persons.length) continue
    const schedules = [...new Set(combination.map(({ schedule }) => schedule))].flatMap((id) => byId.get(id) ?? [])
    const claims = schedules.flatMap((one) => one.claims)
    if (new Set(claims).size < claims.length) continue
    for (const [start] of lead.slots) {
      const end = start + length
      const before = Math.max(...schedules.map(({ policy }) => policy.bufferBeforeMinutes ?? 0))
      const after = Math.max(...schedules.map(({ policy }) => policy.bufferAfterMinutes ?? 0))
      const clear = (one: World): boolean => one.taken.every(([from, until]) => until <= start - before || from >= end + after)
      const holds = (one: World): boolean => minutes(start, end).every((m) => one.slots.some(([from, until]) => m >= from && m < until))
      if (!schedules.every((one) => clear(one) && holds(one))) continue
      const harm = schedules.reduce((sum, one) => sum + harmOf(one, lead, start, end), 0)
      const bySet = best.get(start) ?? new Map<string, number>()
      const set = schedules
        .map(({ id }) => id)
        .sort()
        .join()
      best.set(start, bySet.set(set, Math.min(bySet.get(set) ?? Number.POSITIVE_INFINITY, harm)))
    }
  }
  return best
}

const minutes = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, i) => from + i)

/** Free minutes that go with the visit, of all that are free that day. */
function harmOf(one: World, lead: World, start: number, end: number): number {
  const from = start - Math.max(one.policy.bufferBeforeMinutes ?? 0, lead.policy.bufferBeforeMinutes ?? 0)
  const until = end + Math.max(one.policy.bufferAfterMinutes ?? 0, lead.policy.bufferAfterMinutes ?? 0)
  const lengths = (slots: World['slots']): number => slots.reduce((sum, [a, b]) => sum + b - a, 0)
  return lengths(one.slots.filter(([a, b]) => a < until && b > from)) / lengths(one.slots)
}

/** What the found Slots cost, by the same measure. */
function harmFound(worlds: readonly World[], found: Found, length: number): number {
  const ids = [...new Set(found.slots.map((slot) => slot.split('@')[0] ?? ''))]
  const schedules = ids.flatMap((id) => worlds.find((one) => one.id === id) ?? [])
  const [lead] = schedules
  return lead ? schedules.reduce((sum, one) => sum + harmOf(one, lead, found.start, found.start + length), 0) : Number.NaN
}

const worldOf = (id: string): fc.Arbitrary<World> =>
  fc
    .record({
      grid: fc.constantFrom(15, 20, 30),
      offset: fc.constantFrom(0, 5, 15),
      keep: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
      taken: fc.array(fc.tuple(fc.integer({ min: -4, max: 16 }), fc.integer({ min: 1, max: 3 })), { maxLength: 2 }),
      before: fc.constantFrom(0, 0, 10),
      after: fc.constantFrom(0, 0, 15),
      claims: fc.subarray(['a', 'b', 'c', 'd', id], { minLength: 1, maxLength: 2 }),
    })
    .map(({ grid, offset, keep, taken, before, after, claims }) => ({
      id,
      claims: claims.map((claim) => `Practitioner/${claim}`),
      slots: keep.flatMap((kept, i) => (kept ? [[offset + i * grid, offset + (i + 1) * grid] as const] : [])),
      taken: taken.map(([from, quarters]) => [from * 15, (from + quarters) * 15] as const),
      policy: { bufferBeforeMinutes: before, bufferAfterMinutes: after },
    }))

const worlds = fc.tuple(...['s1', 's2', 's3', 's4'].map(worldOf))
const groups = fc.array(fc.subarray([0, 1, 2, 3], { minLength: 1 }), { minLength: 1, maxLength: 3 })

describe('alternatives', () => {
  it('are the few sets of Schedules of least harm at each start, in that order, each once', () => {
    let several = 0
    fc.assert(
      fc.property(worlds, groups, fc.constantFrom(15, 30), fc.integer({ min: 1, max: 4 }), (all, named, length, each) => {
        const options = named.map((group) =>
          group.flatMap((at) => all[at]?.claims.map((actor) => ({ actor, schedule: all[at]?.id ?? '' })) ?? []),
        )
        const expected = everyCombination(all, options, length)
        const found = Map.groupBy(search(all, options, length, each), ({ start }) => start)
        expect([...found.keys()]).toEqual([...expected.keys()].sort((a, b) => a - b))
        for (const [start, shown] of found) {
          const harms = [...(expected.get(start)?.values() ?? [])].sort((a, b) => a - b).slice(0, each)
          if (harms.length > 1) several += 1
          expect(shown).toHaveLength(harms.length)
          for (const [n, harm] of harms.entries()) expect(harmFound(all, shown[n] as Found, length)).toBeCloseTo(harm, 9)
          expect(new Set(shown.map(({ slots }) => [...new Set(slots.map((slot) => slot.split('@')[0]))].sort().join())).size).toBe(
            shown.length,
          )
        }
      }),
      { numRuns: 400, seed: 20261124 },
    )
    expect(several).toBeGreaterThan(100)
  })
})

describe('the free time of a further Schedule', () => {
  const slot = (id: string, from: number, until: number, session?: string): FreeSlot => ({
    ...{ id, schedule: 's', start: nine + from * minute, end: nine + until * minute },
    ...(session !== undefined && { session }),
  })
  const calendar = (free: readonly FreeSlot[], at = now) =>
    calendarOf({ plan: planWith({ zone: 'Etc/UTC' }), policy: mergePolicies(), free, taken: [], now: at, online: false })
  const visit = { start: nine, end: nine + 15 * minute }

  it('is covered by the Slot with the least around the visit', () => {
    const free = [slot('wide', -30, 60), slot('tight', -5, 15), slot('loose', 0, 30)]
    expect(
      calendar(free)
        .cover(visit)
        ?.map(({ id }) => id),
    ).toEqual(['tight'])
  })

  it('is harmed by the share of what is still to come of the day, and of nobody’s session', () => {
    const free = [slot('past', -60, -30), slot('now', 0, 15), slot('later', 15, 60), slot('class', 60, 120, 'a session')]
    expect(calendar(free).harm(visit, visit)).toBeCloseTo(15 / 90)
    expect(calendar(free, nine - minute).harm(visit, visit)).toBeCloseTo(15 / 60)
  })
})

describe('joint visits', () => {
  it('are at each start where any combination is free, and the one with the least harm', () => {
    let met = 0
    fc.assert(
      fc.property(worlds, groups, fc.constantFrom(15, 30, 40), (all, named, length) => {
        const options = named.map((group) =>
          group.flatMap((at) => all[at]?.claims.map((actor) => ({ actor, schedule: all[at]?.id ?? '' })) ?? []),
        )
        const expected = bruteForce(all, options, length)
        const found = search(all, options, length)
        met += found.length
        expect(found.map(({ start }) => start)).toEqual([...expected.keys()].sort((a, b) => a - b))
        for (const one of found) expect(harmFound(all, one, length)).toBeCloseTo(expected.get(one.start) ?? Number.NaN, 9)
      }),
      { numRuns: 500, seed: 20261123 },
    )
    expect(met).toBeGreaterThan(500)
  })

  const world = (id: string, slots: World['slots'], policy: Partial<BookingPolicy> = {}): World => ({
    id,
    claims: [`Practitioner/${id}`],
    slots,
    taken: [],
    policy,
  })
  const option = (id: string) => ({ actor: `Practitioner/${id}`, schedule: id })

  it('prefer a tight fit, then whoever has more free time that day', () => {
    const doctor = world('doctor', [[0, 15]])
    const wide = world('wide', [
      [0, 60],
      [60, 120],
    ])
    const tight = world('tight', [
      [0, 15],
      [15, 120],
    ])
    expect(search([doctor, wide, tight], [[option('doctor')], [option('wide'), option('tight')]], 15)).toEqual([
      { start: 0, slots: ['doctor@0', 'tight@0'] },
    ])
    const few = world('few', [
      [0, 15],
      [15, 30],
    ])
    expect(search([doctor, few, tight], [[option('doctor')], [option('few'), option('tight')]], 15)[0]?.slots).toEqual([
      'doctor@0',
      'tight@0',
    ])
  })

  it('count one Schedule that is doctor and room at once by itself, whoever else was looked at first', () => {
    const [lone, both] = [
      world('lone', [
        [0, 15],
        [15, 60],
      ]),
      world('both', [
        [0, 15],
        [15, 30],
      ]),
    ]
    const room = { actor: 'Location/room', schedule: 'both' }
    expect(search([lone, both], [[option('lone'), option('both')], [room]], 15)[0]).toEqual({ start: 0, slots: ['both@0'] })
  })

  it('ask of the others what they offer beside the service of the first', () => {
    const [busy, idle, room] = [
      world('busy', [[0, 15]]),
      world('idle', [
        [0, 15],
        [15, 120],
      ]),
      world('room', [[0, 15]]),
    ]
    const calendar = (one: World): Calendar =>
      calendarOf({ plan: planOf(one), policy: policyOf(one, 15), free: freeOf(one), taken: [], now, online: false })
    const starts = [busy, idle].map((one) => ({
      visit: { slot: freeOf(one)[0] as FreeSlot, start: nine, end: nine + 15 * minute, slots: freeOf(one).slice(0, 1) },
      option: option(one.id),
      calendar: calendar(one),
      service: { reference: `HealthcareService/${one.id}`, types: [], policy: mergePolicies() },
    }))
    const roomOfBusy = (_schedule: string, service: ServiceOffer | undefined) =>
      service?.reference === 'HealthcareService/busy' ? calendar(room) : undefined
    const found = jointVisits(starts, [[option('room')]], roomOfBusy, 1)
    expect(found.map(({ visit }) => visit.slots.map(({ id }) => id))).toEqual([['busy@0', 'room@0']])
  })

  it('stop at a number of combinations that nobody waits for', () => {
    const crowd = Array.from({ length: 40 }, (_, i) => world(`n${i}`, [[0, 15]]))
    // Eight groups, of whom all but the first mean the same six people: no combination, and very many ways to see that.
    const six = crowd.slice(0, 6).map(({ id }) => option(id))
    const ask = () => search(crowd, [[option('n39')], ...Array.from({ length: 8 }, () => six)], 15)
    expect(ask).not.toThrow()
    const shared = crowd.map((one) => ({ ...one, claims: [...one.claims, `Practitioner/${Number(one.id.slice(1)) % 7}`] }))
    const all = shared.slice(0, 39).map(({ id }) => option(id))
    expect(() => search(shared, [[option('n39')], ...Array.from({ length: 8 }, () => all)], 15)).toThrow(/combinations/)
  })
})
