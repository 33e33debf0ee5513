/**
 * Rules into openings. Expected instants are worked out by hand; the local reading stands beside them.
 */

import { gridSlots, openings } from '../../src/scheduling/availability.ts'
import { dayCodes } from '../../src/scheduling/availability-rules.ts'
import type { SchedulePlan } from '../../src/scheduling/schedule-plan.ts'
import { fc } from '../support/chance.ts'
import { at, planWith, rule, text } from './plans.ts'

const hours = (from: number, to: number) => ({ startMinutes: from * 60, endMinutes: to * 60 })

function spans(plan: SchedulePlan, from: string, until: string): string[] {
  return openings(plan, at(from), at(until)).map(({ start, end }) => `${text(start)} ${text(end)}`)
}

const slots = (plan: SchedulePlan, from: string, until: string): string[] =>
  openings(plan, at(from), at(until))
    .flatMap(gridSlots)
    .map((slot) => text(slot.start))

describe('openings through a clock change', () => {
  /** A clinic open 00:00 to 06:00: zone, local date, its opening, its quarter hours. */
  const nights: [zone: string, date: string, start: string, end: string, quarters: number][] = [
    // Spring: the hour 02–03 is skipped
    ['America/New_York', '2027-03-13', '2027-03-13T05:00Z', '2027-03-13T11:00Z', 24],
    ['America/New_York', '2027-03-14', '2027-03-14T05:00Z', '2027-03-14T10:00Z', 20],
    ['America/New_York', '2027-03-15', '2027-03-15T04:00Z', '2027-03-15T10:00Z', 24],
    // Autumn: the hour 01–02 comes twice
    ['America/New_York', '2026-11-01', '2026-11-01T04:00Z', '2026-11-01T11:00Z', 28],
    ['Europe/London', '2027-03-28', '2027-03-28T00:00Z', '2027-03-28T05:00Z', 20],
    ['Europe/London', '2026-10-25', '2026-10-24T23:00Z', '2026-10-25T06:00Z', 28],
    // Lord Howe moves by half an hour
    ['Australia/Lord_Howe', '2026-10-04', '2026-10-03T13:30Z', '2026-10-03T19:00Z', 22],
    ['Australia/Lord_Howe', '2027-04-04', '2027-04-03T13:00Z', '2027-04-03T19:30Z', 26],
    // Santiago has no midnight that day: read with the offset before, it is 01:00
    ['America/Santiago', '2027-09-05', '2027-09-05T04:00Z', '2027-09-05T09:00Z', 20],
    // and in autumn the hour before midnight comes twice, which the night after does not see
    ['America/Santiago', '2027-04-04', '2027-04-04T04:00Z', '2027-04-04T10:00Z', 24],
    // In the Azores midnight comes twice: the first
    ['Atlantic/Azores', '2026-10-25', '2026-10-25T00:00Z', '2026-10-25T07:00Z', 28],
    ['Atlantic/Azores', '2027-03-28', '2027-03-28T01:00Z', '2027-03-28T06:00Z', 20],
    ['Asia/Kolkata', '2026-10-25', '2026-10-24T18:30Z', '2026-10-25T00:30Z', 24],
    ['America/Phoenix', '2027-03-14', '2027-03-14T07:00Z', '2027-03-14T13:00Z', 24],
  ]

  it.each(nights)('%s %s: 00:00–06:00 is %s to %s', (zone, date, start, end, quarters) => {
    const plan = planWith({ zone, rules: [rule({ ...hours(0, 6), period: { start: date, end: date } })] })
    const found = openings(plan, at(start) - 86_400_000, at(end) + 86_400_000)
    expect(found.map((o) => [text(o.start), text(o.end)])).toEqual([[start, end]])
    expect(found.flatMap(gridSlots)).toHaveLength(quarters)
  })

  it('opens at 09:00 on the clock on both sides of the change', () => {
    const plan = planWith({ zone: 'America/New_York' })
    expect(spans(plan, '2027-03-13T00:00Z', '2027-03-16T00:00Z')).toEqual([
      '2027-03-13T14:00Z 2027-03-13T15:00Z', // Sat 09:00 EST
      '2027-03-14T13:00Z 2027-03-14T14:00Z', // Sun 09:00 EDT
      '2027-03-15T13:00Z 2027-03-15T14:00Z', // Mon 09:00 EDT
    ])
  })

  it('offers the repeated hour twice as two times, cut in real time', () => {
    const plan = planWith({ zone: 'America/New_York', rules: [rule({ ...hours(1, 2), slotMinutes: 30 })] })
    // 01:00 EDT, 01:30 EDT, 01:00 EST, 01:30 EST; 02:00 comes once, at 07:00Z
    expect(slots(plan, '2026-11-01T00:00Z', '2026-11-02T00:00Z')).toEqual([
      '2026-11-01T05:00Z',
      '2026-11-01T05:30Z',
      '2026-11-01T06:00Z',
      '2026-11-01T06:30Z',
    ])
  })

  it('reads ends inside the gap with the offset before it, and offers nothing where they then meet', () => {
    const inGap = (startMinutes: number, endMinutes: number) =>
      spans(planWith({ zone: 'America/New_York', rules: [rule({ startMinutes, endMinutes })] }), '2027-03-14T00:00Z', '2027-03-15T00:00Z')
    expect(inGap(60, 150)).toEqual(['2027-03-14T06:00Z 2027-03-14T07:30Z']) // 01:00 EST to 02:30 → 03:30 EDT
    expect(inGap(150, 240)).toEqual(['2027-03-14T07:30Z 2027-03-14T08:00Z']) // 02:30 → 03:30 to 04:00 EDT
    expect(inGap(150, 180)).toEqual([]) // 02:30 → 03:30 is after 03:00
  })

  it('never offers an instant twice when the gap lays one rule over another', () => {
    const rules = [rule({ ...hours(2, 3), slotMinutes: 60 }), rule({ ...hours(3, 4), slotMinutes: 30 })]
    const plan = planWith({ zone: 'America/New_York', rules })
    // 02:00–03:00 does not exist: both its ends are 07:00Z, so the second rule's hour is all there is
    expect(slots(plan, '2027-03-14T00:00Z', '2027-03-15T00:00Z')).toEqual(['2027-03-14T07:00Z', '2027-03-14T07:30Z'])
    const half = [rule({ startMinutes: 150, endMinutes: 210, slotMinutes: 30 }), rule({ ...hours(3, 4), slotMinutes: 15 })]
    // 02:30 → 03:30 EDT (07:30Z), 03:30 EDT (07:30Z): empty
    expect(slots(planWith({ zone: 'America/New_York', rules: half }), '2027-03-14T00:00Z', '2027-03-15T00:00Z')).toHaveLength(4)
  })
})

describe('openings', () => {
  it('cross midnight when the end is at or before the start', () => {
    const night = planWith({ zone: 'America/New_York', rules: [rule({ startMinutes: 22 * 60, endMinutes: 150, days: ['sat'] })] })
    expect(spans(night, '2026-10-26T00:00Z', '2026-11-08T12:00Z')).toEqual([
      '2026-11-01T02:00Z 2026-11-01T07:30Z', // Sat 31 Oct 22:00 EDT to Sun 02:30 EST: 5.5 hours
      '2026-11-08T03:00Z 2026-11-08T07:30Z', // Sat 7 Nov 22:00 EST: 4.5 hours
    ])
    // Sat 13 March 22:00 EST to Sun 02:30, which does not exist: 03:30 EDT
    expect(spans(night, '2027-03-13T12:00Z', '2027-03-15T00:00Z')).toEqual(['2027-03-14T03:00Z 2027-03-14T07:30Z'])
  })

  it('begun the evening before are there when the window starts after midnight', () => {
    const night = planWith({ rules: [rule({ ...hours(22, 6) })] })
    const [first] = openings(night, at('2026-11-24T01:00Z'), at('2026-11-24T12:00Z'))
    expect([text(first?.start ?? 0), text(first?.gridStart ?? 0)]).toEqual(['2026-11-24T01:00Z', '2026-11-23T22:00Z'])
  })

  it('that end when they begin last until the next day at that time', () => {
    expect(spans(planWith({ rules: [rule({ ...hours(9, 9), days: ['mon'] })] }), '2026-11-22T00:00Z', '2026-11-28T00:00Z')).toEqual([
      '2026-11-23T09:00Z 2026-11-24T09:00Z',
    ])
  })

  it('reach over a day that a zone leaves out', () => {
    // Apia went from 29 December 2011, 24:00, to the 31st: what opens on the 29th at 22:00 ends at 06:00 of the 31st.
    const night = planWith({ zone: 'Pacific/Apia', rules: [rule({ ...hours(22, 6), period: { start: '2011-12-29', end: '2011-12-29' } })] })
    const whole = spans(night, '2011-12-29T00:00Z', '2012-01-02T00:00Z')
    expect(whole).toEqual(['2011-12-30T08:00Z 2011-12-30T16:00Z'])
    expect(spans(night, '2011-12-30T12:00Z', '2012-01-02T00:00Z')).toEqual(['2011-12-30T12:00Z 2011-12-30T16:00Z'])
  })

  it('last a whole local day, whatever its length', () => {
    const plan = planWith({ zone: 'America/New_York', rules: [rule({ allDay: true, days: ['sun'], slotMinutes: 60 })] })
    expect(spans(plan, '2027-03-14T00:00Z', '2027-03-16T00:00Z')).toEqual(['2027-03-14T05:00Z 2027-03-15T04:00Z']) // 23 hours
    expect(spans(plan, '2026-11-01T00:00Z', '2026-11-03T00:00Z')).toEqual(['2026-11-01T04:00Z 2026-11-02T05:00Z']) // 25 hours
  })

  it('come every second week, counted in weeks from Monday of the one of period.start', () => {
    // 2026-11-25 is a Wednesday, so the Monday of that week is before the period
    const plan = planWith({ rules: [rule({ weekInterval: 2, period: { start: '2026-11-25' }, days: ['mon', 'sun'] })] })
    expect(spans(plan, '2026-11-01T00:00Z', '2027-01-01T00:00Z').map((span) => span.slice(0, 10))).toEqual([
      '2026-11-29', // Sunday of the first week
      '2026-12-07',
      '2026-12-13',
      '2026-12-21',
      '2026-12-27',
    ])
  })

  it('start on the days of their period, both included', () => {
    const plan = planWith({ rules: [rule({ period: { start: '2026-11-24', end: '2026-11-25' } })] })
    expect(slots(plan, '2026-11-01T00:00Z', '2026-12-01T00:00Z')).toHaveLength(8)
  })

  it('are none where a slot is longer than they are, where there is no rule, or where the Schedule is not active', () => {
    expect(slots(planWith({ rules: [rule({ slotMinutes: 61 })] }), '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([])
    expect(spans(planWith({ rules: [] }), '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([])
    expect(spans(planWith({ active: false }), '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([])
  })

  it('keep their grid when a closure cuts them', () => {
    const closures = [{ start: '2026-11-23T09:10:00Z', end: '2026-11-23T09:35:00Z' }]
    const plan = planWith({ rules: [rule({ ...hours(9, 11), slotMinutes: 20 })], closures })
    // 09:00 would end at 09:20, 09:20 begins within the closure; 09:40 is the next on the grid
    expect(slots(plan, '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([
      '2026-11-23T09:40Z',
      '2026-11-23T10:00Z',
      '2026-11-23T10:20Z',
      '2026-11-23T10:40Z',
    ])
  })

  it('give an instant to the first rule that has it; the later one keeps its grid around it', () => {
    const rules = [rule({ startMinutes: 570, endMinutes: 610, slotMinutes: 20 }), rule({ ...hours(9, 11), slotMinutes: 30 })]
    // First 09:30–10:10 by 20; second 09:00–11:00 by 30 loses 09:30 and 10:00
    expect(slots(planWith({ rules }), '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([
      '2026-11-23T09:00Z',
      '2026-11-23T09:30Z',
      '2026-11-23T09:50Z',
      '2026-11-23T10:30Z',
    ])
  })

  it('do not let a rule have the time that is closed for the one before it', () => {
    const closures = [{ start: '2026-11-23T09:00:00Z', end: '2026-11-23T10:00:00Z' }]
    expect(spans(planWith({ rules: [rule(), rule()], closures }), '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual([])
  })

  it('stay within the planning horizon', () => {
    const plan = planWith({ horizonStart: '2026-11-24T09:30:00Z', horizonEnd: '2026-11-26T00:00:00Z' })
    expect(spans(plan, '2026-11-01T00:00Z', '2027-01-01T00:00Z')).toEqual([
      '2026-11-24T09:30Z 2026-11-24T10:00Z',
      '2026-11-25T09:00Z 2026-11-25T10:00Z',
    ])
  })

  it('are cut to the hours that all places share, and keep their grid', () => {
    const plan = planWith({
      rules: [rule({ ...hours(8, 12), slotMinutes: 30 })],
      hours: [[rule({ startMinutes: 550, endMinutes: 720 })], [rule({ ...hours(8, 9) }), rule({ ...hours(10, 11) })]],
    })
    expect(slots(plan, '2026-11-23T00:00Z', '2026-11-24T00:00Z')).toEqual(['2026-11-23T10:00Z', '2026-11-23T10:30Z'])
  })

  it('carry the services that their rule is kept for', () => {
    const serviceType = [{ text: 'Vaccination' }]
    const [opening] = openings(planWith({ rules: [rule({ serviceType })] }), at('2026-11-23T00:00Z'), at('2026-11-24T00:00Z'))
    expect(opening?.serviceType).toEqual(serviceType)
  })
})

const zones = ['America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Atlantic/Azores', 'America/Santiago', 'UTC']

const someRule = fc
  .record({
    days: fc.subarray([...dayCodes]),
    startMinutes: fc.integer({ min: 0, max: 1439 }),
    endMinutes: fc.integer({ min: 0, max: 1439 }),
    allDay: fc.boolean(),
    weekInterval: fc.integer({ min: 1, max: 3 }),
    slotMinutes: fc.integer({ min: 5, max: 200 }),
  })
  .map((changes) => rule({ ...changes, period: { start: '2026-01-01' } }))

const somePlan = fc
  .record({
    zone: fc.constantFrom(...zones),
    rules: fc.array(someRule, { minLength: 1, maxLength: 4 }),
    closures: fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 14 * 1440 }), fc.integer({ min: 1, max: 3000 }))
        .map(([from, length]) => ({ from, to: from + length })),
      { maxLength: 3 },
    ),
    from: fc.constantFrom(...['2026-10-20', '2026-10-28', '2026-09-30', '2027-03-10', '2027-03-25', '2027-03-31', '2027-08-31']),
  })
  .map(({ closures, from, ...rest }) => {
    const start = at(`${from}T00:00:00Z`)
    const closed = closures.map((c) => ({
      start: new Date(start + c.from * 60_000).toISOString(),
      end: new Date(start + c.to * 60_000).toISOString(),
    }))
    return { plan: planWith({ ...rest, closures: closed }), start, end: start + 14 * 86_400_000 }
  })

describe('openings, for any rules, in any zone, through any change', () => {
  it('never overlap, lie in the window, and are ordered', () => {
    fc.assert(
      fc.property(somePlan, ({ plan, start, end }) => {
        let reached = start
        for (const opening of openings(plan, start, end)) {
          if (opening.start < reached || opening.end <= opening.start) throw new Error(`${text(opening.start)} is before ${text(reached)}`)
          reached = opening.end
        }
        expect(reached).toBeLessThanOrEqual(end)
      }),
      { numRuns: 300 },
    )
  })

  it('hold every slot of theirs wholly, on their grid, and outside every closure', () => {
    fc.assert(
      fc.property(somePlan, ({ plan, start, end }) => {
        for (const opening of openings(plan, start, end)) {
          for (const slot of gridSlots(opening)) {
            const within = slot.start >= opening.start && slot.end <= opening.end
            const onGrid = (slot.start - opening.gridStart) % (opening.slotMinutes * 60_000) === 0
            const closed = plan.closures.some((c) => at(c.start) < slot.end && slot.start < at(c.end))
            if (!within || !onGrid || closed) throw new Error(`${text(slot.start)}: ${JSON.stringify({ within, onGrid, closed })}`)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are the same whether asked for at once or in two parts', () => {
    const minutes = (plan: SchedulePlan, from: number, until: number) =>
      openings(plan, from, until).reduce((sum, o) => sum + o.end - o.start, 0)
    fc.assert(
      fc.property(somePlan, fc.integer({ min: 1, max: 14 * 1440 - 1 }), ({ plan, start, end }, cut) => {
        const middle = start + cut * 60_000
        expect(minutes(plan, start, middle) + minutes(plan, middle, end)).toBe(minutes(plan, start, end))
      }),
      { numRuns: 200 },
    )
  })
})
