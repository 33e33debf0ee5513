/** Each reason that a time is not to be had, of plans small enough to say by hand what stands against it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import { type BookingPolicy, mergePolicies } from '../../src/scheduling/booking-policy.ts'
import { type ExplainedTime, explainTimes, type TimeStand, type TimesAsked } from '../../src/scheduling/explain/explain-times.ts'
import { reasonCodes } from '../../src/scheduling/explain/reason.ts'
import { ruleInWords } from '../../src/scheduling/rule-in-words.ts'
import { at, planWith, rule } from './plans.ts'

const now = at('2026-11-23T08:00Z')
const quarter = 15 * 60_000

/** 24 November, 09:00 to 10:00 by quarters, all free. */
const slots = ['09:00', '09:15', '09:30', '09:45'].map((time) => {
  const start = at(`2026-11-24T${time}Z`)
  return { id: time, schedule: 's', start, end: start + quarter, free: true, made: true }
})

function ask(time: string, stand: Partial<TimeStand> = {}, asked: Partial<TimesAsked> = {}): ExplainedTime {
  const plan = stand.plan ?? planWith()
  const whole = { plan, now, slotsUntil: at('2027-02-01T00:00Z'), slots, claims: [], blocks: [], places: new Map(), ...stand }
  const [first] = explainTimes(whole, { from: at(time), offers: [{ policy: plan.policy }], online: false, ...asked })
  if (!first) throw new Error('nothing is explained')
  return first
}
const codes = (explained: ExplainedTime): string[] => explained.reasons.map(({ code }) => code)
const without = (time: string) => slots.filter(({ id }) => id !== time)
const taken = (time: string) => slots.map((slot) => (slot.id === time ? { ...slot, free: false } : slot))
const claim = (from: string, until: string) => ({
  resource: 'Practitioner/p',
  holder: 'Appointment/1',
  start: at(`2026-11-24T${from}Z`),
  end: at(`2026-11-24T${until}Z`),
})

it('a free time has no reason, and says where it would be booked and which rule opens it', () => {
  expect(ask('2026-11-24T09:15Z')).toEqual({
    start: at('2026-11-24T09:15Z'),
    end: at('2026-11-24T09:30Z'),
    offered: true,
    bookable: true,
    slot: '09:15',
    openedBy: rule(),
    reasons: [],
  })
})

describe('a time that is not open', () => {
  it('has no rule for it', () => {
    const found = ask('2026-11-24T10:30Z', { plan: planWith({ rules: [rule({ source: 'Schedule/s' })] }) })
    expect(found.reasons).toEqual([
      {
        code: 'no-opening',
        text: 'The Schedule is not open at tue 2026-11-24 10:30. It is open every day, 09:00 to 10:00, every 15 minutes.',
        source: 'Schedule/s',
      },
    ])
    expect(found).toMatchObject({ offered: false, bookable: false })
  })

  it('has a place that is shut', () => {
    const hours = [[rule({ startMinutes: 9 * 60 + 30, source: 'Location/l' })]]
    const found = ask('2026-11-24T09:15Z', { plan: planWith({ hours }), slots: without('09:15') })
    expect(found.reasons).toMatchObject([{ code: 'outside-hours', source: 'Location/l' }])
  })

  it('has somebody who is away, until when, and why', () => {
    const closures = [
      { start: '2026-11-24T09:10:00.000Z', end: '2026-11-25T00:00:00.000Z', description: 'Training', source: 'Practitioner/p' },
    ]
    const found = ask('2026-11-24T09:00Z', { plan: planWith({ closures }), slots: without('09:00') })
    expect(found.reasons).toEqual([
      {
        code: 'not-available',
        text: 'Not available from tue 2026-11-24 09:10 until wed 2026-11-25 00:00: Training',
        source: 'Practitioner/p',
        start: at('2026-11-24T09:10Z'),
        end: at('2026-11-25T00:00Z'),
      },
    ])
  })

  it('lies beyond the horizon that is planned, or beyond the Slots that are made', () => {
    const plan = planWith({ horizonEnd: '2026-11-24T00:00:00.000Z' })
    expect(codes(ask('2026-11-24T09:00Z', { plan, slots: [] }))).toEqual(['planning-horizon'])
    expect(codes(ask('2026-11-24T09:00Z', { slots: [], slotsUntil: at('2026-11-24T00:00Z') }))).toEqual(['beyond-slots'])
  })

  it('lies off the grid, whose nearest times are said', () => {
    const [reason] = ask('2026-11-24T09:20Z').reasons
    expect(reason?.code).toBe('off-grid')
    expect(reason?.text).toContain('The nearest are tue 2026-11-24 09:15 and tue 2026-11-24 09:30.')
  })

  it('of a Schedule that is not active is closed for that reason alone', () => {
    expect(codes(ask('2026-11-24T09:00Z', { plan: planWith({ active: false }) }))).toContain('schedule-active')
  })

  it('has several reasons where several stand against it', () => {
    const closures = [{ start: '2026-11-24T00:00:00.000Z', end: '2026-11-25T00:00:00.000Z' }]
    expect(codes(ask('2026-11-24T11:00Z', { plan: planWith({ closures }) }))).toEqual(['no-opening', 'not-available'])
  })
})

describe('a time that somebody has', () => {
  it('is busy until the visit ends', () => {
    const found = ask('2026-11-24T09:15Z', { slots: taken('09:15'), claims: [claim('09:15', '09:30')] })
    expect(found.reasons).toMatchObject([{ code: 'busy', source: 'Practitioner/p', end: at('2026-11-24T09:30Z'), holder: 'Appointment/1' }])
  })

  it('is held, and until when', () => {
    const held = { ...claim('09:15', '09:30'), until: now + 600_000 }
    const found = ask('2026-11-24T09:15Z', { slots: taken('09:15'), claims: [held] })
    expect(found.reasons).toMatchObject([{ code: 'held', until: at('2026-11-23T08:10Z') }])
  })

  it('lies in the buffer of a visit beside it, whosever buffer it is', () => {
    const beside = { ...claim('09:30', '10:00'), visit: { start: at('2026-11-24T09:30Z'), end: at('2026-11-24T09:45Z') } }
    expect(codes(ask('2026-11-24T09:45Z', { slots: taken('09:45'), claims: [beside] }))).toEqual(['buffer'])
    const policy = mergePolicies({ bufferAfterMinutes: 5 })
    const plan = planWith({ policy })
    expect(codes(ask('2026-11-24T09:15Z', { plan, slots: taken('09:30'), claims: [claim('09:30', '09:45')] }))).toEqual(['buffer'])
  })

  it('is blocked by the clinic', () => {
    const blocks = [{ slot: 'b', start: at('2026-11-24T09:00Z'), end: at('2026-11-24T09:30Z') }]
    expect(ask('2026-11-24T09:15Z', { slots: taken('09:15'), blocks }).reasons).toMatchObject([{ code: 'blocked', holder: 'Slot/b' }])
    // The clinic keeps the half hour before free, which stands in nobody's way here.
    expect(codes(ask('2026-11-24T09:30Z', { slots: taken('09:30'), blocks, claims: [claim('09:30', '09:45')] }))).toEqual(['busy'])
  })

  it('is too short where what follows is not there', () => {
    const plan = planWith({ policy: mergePolicies({ durationMinutes: 30 }) })
    expect(codes(ask('2026-11-24T09:45Z', { plan }))).toEqual(['too-short'])
    expect(codes(ask('2026-11-24T09:15Z', { plan }))).toEqual([])
  })
})

describe('the rules of booking', () => {
  const online = { online: true }

  it('that $find-slots knows keep it from being offered', () => {
    const of = (policy: Partial<BookingPolicy>, asked: Partial<TimesAsked> = {}) =>
      ask('2026-11-24T09:15Z', { plan: planWith({ policy: mergePolicies(policy) }) }, asked)
    expect(of({ minNoticeMinutes: 3 * 1440 })).toMatchObject({ offered: false, reasons: [{ code: 'min-notice' }] })
    expect(of({ maxAdvanceDays: 0 })).toMatchObject({ offered: false, reasons: [{ code: 'horizon' }] })
    expect(of({ alignmentMinutes: 30 })).toMatchObject({ offered: false, reasons: [{ code: 'alignment' }] })
    expect(of({ onlineBooking: false }, online)).toMatchObject({ offered: false, reasons: [{ code: 'online-booking' }] })
    expect(of({ onlineBooking: false })).toMatchObject({ offered: true, bookable: true })
    const ownTime = [{ start: at('2026-11-24T09:20Z'), end: at('2026-11-24T09:25Z') }]
    expect(of({}, { ownTime })).toMatchObject({ offered: false, reasons: [{ code: 'own-overlap' }] })
    expect(ask('2026-11-22T09:15Z').reasons[0]?.code).toBe('in-the-past')
  })

  it('that it does not know leave it offered, and not bookable', () => {
    const places = new Map([
      ['day 2026-11-24', [1, 2]],
      ['online 2026-11-24', [1]],
    ])
    const of = (policy: Partial<BookingPolicy>, asked: Partial<TimesAsked> = {}) =>
      ask('2026-11-24T09:15Z', { places, plan: planWith({ policy: mergePolicies(policy) }) }, asked)
    expect(of({ maxPerDay: 2 })).toMatchObject({ offered: true, bookable: false, reasons: [{ code: 'day-full' }] })
    // A place from when more were taken a day fills none of those that there are now.
    const [beyond, asked] = [new Map([['day 2026-11-24', [1, 3]]]), planWith({ policy: mergePolicies({ maxPerDay: 2 }) })]
    expect(ask('2026-11-24T09:15Z', { places: beyond, plan: asked }).reasons).toEqual([])
    expect(of({ maxPerDay: 3 })).toMatchObject({ offered: true, bookable: true, reasons: [] })
    expect(of({ maxOnlinePerDay: 1 }, online)).toMatchObject({ offered: true, bookable: false, reasons: [{ code: 'online-day-full' }] })
    expect(of({ maxOnlinePerDay: 1 })).toMatchObject({ bookable: true })
    expect(of({ newPatients: false }, { patientIsNew: true })).toMatchObject({ offered: true, reasons: [{ code: 'new-patients' }] })
  })

  it('of several services: one that fits is enough, and what stands against one alone names it', () => {
    const service = (reference: string) => ({ reference, types: [], policy: mergePolicies() })
    const services = [service('HealthcareService/a'), service('HealthcareService/b')]
    const [a, b] = services
    const late = mergePolicies({ minNoticeMinutes: 3 * 1440 })
    const plan = planWith({ services })
    const offers = [
      { service: a, policy: late },
      { service: b, policy: mergePolicies() },
    ]
    expect(ask('2026-11-24T09:15Z', { plan }, { offers })).toMatchObject({ offered: true, service: 'HealthcareService/b', reasons: [] })
    const none = ask('2026-11-24T09:15Z', { plan, slots: taken('09:15'), claims: [claim('09:15', '09:30')] }, { offers })
    expect(none.reasons.map(({ code, service }) => [code, service])).toEqual([
      ['min-notice', 'HealthcareService/a'],
      ['busy', undefined],
    ])
    expect(codes(ask('2026-11-24T09:15Z', { plan }, { offers: [] }))).toEqual(['service-offered'])
  })
})

it('a span is explained at each time where a Slot stands, or the week alone would put one', () => {
  const stray = { id: 'x', schedule: 's', start: at('2026-11-24T12:00Z'), end: at('2026-11-24T13:00Z'), free: true, made: false }
  const plan = planWith({ closures: [{ start: '2026-11-24T09:30:00.000Z', end: '2026-11-24T09:45:00.000Z' }] })
  const stand = { plan, now, slotsUntil: at('2027-02-01T00:00Z'), slots: [...without('09:30'), stray], claims: [], blocks: [] }
  const asked = { from: at('2026-11-24T00:00Z'), until: at('2026-11-25T00:00Z'), offers: [{ policy: plan.policy }], online: false }
  const found = explainTimes({ ...stand, places: new Map() }, asked)
  expect(found.map(({ start, offered }) => [new Date(start).toISOString().slice(11, 16), offered])).toEqual([
    ['09:00', true],
    ['09:15', true],
    ['09:30', false],
    ['09:45', true],
    ['12:00', true],
  ])
})

it.each([
  [rule({ days: ['mon', 'tue', 'wed', 'thu', 'fri'] }), 'mon to fri, 09:00 to 10:00, every 15 minutes'],
  [
    rule({ days: ['fri', 'mon'], weekInterval: 2, period: { start: '2026-11-23' } }),
    'mon, fri, 09:00 to 10:00, every 15 minutes, every 2 weeks, from 2026-11-23',
  ],
  [rule({ startMinutes: 22 * 60, endMinutes: 6 * 60, slotMinutes: 30 }), 'every day, 22:00 to 06:00 the next day, every 30 minutes'],
  [rule({ allDay: true, period: { end: '2026-12-01' } }), 'every day, all day, every 15 minutes, until 2026-12-01'],
])('a rule in words', (one, words) => expect(ruleInWords(one)).toBe(words))

it('the CodeSystem has every code that can be given, and no other', () => {
  const dir = join(import.meta.dirname, '../..')
  const system = loadProfiles(join(dir, 'fhir-profiles')).find(({ id }) => id === 'availability-reason')
  const rules = readdirSync(join(dir, 'src/scheduling/rules')).map((name) => name.replace('.ts', ''))
  const told = ((system?.concept ?? []) as { code: string }[]).map(({ code }) => code)
  expect(told.toSorted()).toEqual([...reasonCodes, ...rules.filter((name) => name !== 'within-slots')].toSorted())
})
