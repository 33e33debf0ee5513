/**
 * The booking rules, one by one and in their order.
 */
import type { Resource } from '../../src/fhir/resource.ts'
import { mergePolicies } from '../../src/scheduling/booking-policy.ts'
import type { RuleFacts } from '../../src/scheduling/booking-request.ts'
import { type BookingRequest, brokenByFurther, brokenRule } from '../../src/scheduling/booking-rules.ts'
import { isReferral } from '../../src/scheduling/rules/referral.ts'
import type { ServiceOffer } from '../../src/scheduling/service-offers.ts'
import { at, planWith, rule } from './plans.ts'

const minute = 60_000
const nine = at('2026-11-23T09:00Z')
const m = (minutes: number): number => nine + minutes * minute
const span = (from: number, to: number) => ({ start: m(from), end: m(to) })

const policy = mergePolicies()
const offer = (code: string): ServiceOffer => ({ reference: `HealthcareService/${code}`, types: [{ coding: [{ code }] }], policy })

/** A quarter of an hour at 09:00, asked for an hour before, that no rule objects to. */
const request = (changes: Partial<BookingRequest> = {}): BookingRequest => ({
  now: m(-60),
  ...span(0, 15),
  slots: [span(0, 15)],
  plan: planWith(),
  policy,
  online: true,
  patientIsNew: false,
  ownOverlap: false,
  ...changes,
})

const needsReferral =
  'referral: A referral is needed: name an active ServiceRequest of the patient for this service in basedOn, or by referral-identifier.'
const [yes, no] = [
  { expression: 'true', message: 'Yes.' },
  { expression: 'false', message: 'No.' },
]
const ownRule = (expression: string) => mergePolicies({ rules: [{ expression, message: 'No.' }] })
const adultsOnly = mergePolicies({
  rules: [{ expression: '%patient.birthDate <= %now - 18 years', message: 'This service is for adults.' }],
})
const untold: string[] = []
const factsOf = (birthDate: string | undefined): RuleFacts => ({
  resources: {
    appointment: { resourceType: 'Appointment', start: new Date(nine).toISOString() },
    patient: { resourceType: 'Patient', ...(birthDate && { birthDate }) },
  },
  cannotTell: (expression) => untold.push(expression),
})

const newYork = planWith({ zone: 'America/New_York' })
const kolkata = planWith({ zone: 'Asia/Kolkata' })
const hourly = mergePolicies({ alignmentMinutes: 60 })
/** The Slot at 21:00 to 22:00 UTC is made by hand: the plan's rules know nothing of it. */
const byHand = [span(720, 780)]
const vaccinationOnly = planWith({
  rules: [rule({ serviceType: [{ coding: [{ code: 'shot' }] }] })],
  services: [offer('shot'), offer('talk')],
})

const table: [what: string, changes: Partial<BookingRequest>, broken: string | undefined][] = [
  ['nothing', {}, undefined],
  ['a Schedule that is not active', { plan: planWith({ active: false }) }, 'schedule-active: This schedule no longer takes bookings.'],

  ['a time before now', { now: m(1) }, 'in-the-past: That time is in the past.'],
  ['a time that is now', { now: m(0) }, undefined],

  ['a service it offers', { plan: vaccinationOnly, service: offer('shot') }, undefined],
  [
    'a service it does not offer',
    { plan: vaccinationOnly, service: offer('x') },
    'service-offered: This schedule does not offer that service.',
  ],
  [
    'a time kept for another service',
    { plan: vaccinationOnly, service: offer('talk') },
    'service-offered: That time is kept for other services.',
  ],
  ['a Slot made by hand among kept times', { plan: vaccinationOnly, service: offer('talk'), ...span(720, 735), slots: byHand }, undefined],

  [
    'a patient, where staff book',
    { policy: mergePolicies({ onlineBooking: false }) },
    'online-booking: This visit cannot be booked online. Please call the clinic.',
  ],
  ['staff, where staff book', { policy: mergePolicies({ onlineBooking: false }), online: false }, undefined],
  [
    'a new patient, where none is taken',
    { policy: mergePolicies({ newPatients: false }), patientIsNew: true },
    'new-patients: No new patients are being taken here.',
  ],
  ['a known patient there', { policy: mergePolicies({ newPatients: false }) }, undefined],

  ['no referral, where one is needed', { policy: mergePolicies({ referralRequired: true }) }, needsReferral],
  ['a referral of somebody else', { policy: mergePolicies({ referralRequired: true }), referred: false }, needsReferral],
  ['a referral', { policy: mergePolicies({ referralRequired: true }), referred: true }, undefined],

  ['an adult, where a rule asks for one', { policy: adultsOnly, facts: factsOf('1990-01-01') }, undefined],
  ['a child there', { policy: adultsOnly, facts: factsOf('2020-01-01') }, 'own-rules: This service is for adults.'],
  ['somebody of unknown age there', { policy: adultsOnly, facts: factsOf(undefined) }, 'own-rules: This service is for adults.'],
  ['a child whom staff let in', { policy: adultsOnly, facts: factsOf('2020-01-01'), overridden: true }, undefined],
  ['a rule on the time, kept', { policy: ownRule('%appointment.start <= %now + 1 hour'), facts: factsOf('1990-01-01') }, undefined],
  ['a rule on the time, broken', { policy: ownRule('%appointment.start < %now + 1 hour'), facts: factsOf('1990-01-01') }, 'own-rules: No.'],
  ['a rule that cannot be told', { policy: ownRule('(1 | 2) and true'), facts: factsOf('1990-01-01') }, undefined],
  ['the second of two rules', { policy: mergePolicies({ rules: [yes, no] }), facts: factsOf('1990-01-01') }, 'own-rules: No.'],

  ['too little notice, overridden', { policy: mergePolicies({ minNoticeMinutes: 61 }), overridden: true }, undefined],
  [
    'a service that is not offered, overridden',
    { plan: vaccinationOnly, service: offer('x'), overridden: true },
    'service-offered: This schedule does not offer that service.',
  ],
  [
    'a Schedule that is not active, overridden',
    { plan: planWith({ active: false }), overridden: true },
    'schedule-active: This schedule no longer takes bookings.',
  ],
  ['another length, overridden', { policy: mergePolicies({ durationMinutes: 30 }), overridden: true }, undefined],
  ['a time in the past, overridden', { now: m(1), overridden: true }, 'in-the-past: That time is in the past.'],
  ['an end before the start, overridden', { ...span(0, -5), overridden: true }, 'duration: A visit ends after it starts.'],
  ['no Slot, overridden', { slots: [], overridden: true }, 'within-slots: That time does not lie within its free slots.'],

  ['the length of the service', { policy: mergePolicies({ durationMinutes: 15 }) }, undefined],
  ['another length', { policy: mergePolicies({ durationMinutes: 30 }) }, 'duration: This visit takes 30 minutes.'],
  ['a length that was asked for', { policy: mergePolicies({ durationMinutes: 30 }), requestedDurationMinutes: 15 }, undefined],
  ['another than was asked for', { requestedDurationMinutes: 20 }, 'duration: This visit takes 20 minutes.'],
  ['an end before the start', { ...span(0, -5) }, 'duration: A visit ends after it starts.'],
  ['more than a day', { ...span(0, 1441), slots: [span(0, 1441)] }, 'duration: A visit takes at most 24 hours.'],

  ['a time outside its Slots', { slots: [span(0, 10)] }, 'within-slots: That time does not lie within its free slots.'],
  ['no Slot at all', { slots: [] }, 'within-slots: That time does not lie within its free slots.'],
  [
    'Slots that leave a gap',
    { ...span(0, 45), slots: [span(0, 15), span(30, 45)] },
    'within-slots: That time does not lie within its free slots.',
  ],
  ['Slots that join, in any order', { ...span(0, 30), slots: [span(15, 30), span(0, 15)] }, undefined],
  ['a Slot it does not use', { slots: [span(0, 15), span(15, 30)] }, 'within-slots: A slot is named that the visit does not use.'],
  ['a start off the grid', { ...span(5, 15) }, 'within-slots: A visit starts where a slot starts.'],
  // Made by hand, it begins where one of the grid does and is longer
  ['a start inside a long Slot on the hour', { ...span(5, 20), slots: [span(0, 60)] }, undefined],
  [
    'a start off the grid across Slots',
    { ...span(5, 20), slots: [span(0, 15), span(15, 30)] },
    'within-slots: A visit starts where a slot starts.',
  ],
  ['a shorter visit inside a longer Slot made by hand', { ...span(730, 750), slots: byHand }, undefined],
  ['a shorter visit at the start of a Slot', { ...span(0, 10) }, undefined],

  // Kolkata is at half past: 09:00Z is 14:30 there
  ['a start on the clinic’s hour', { plan: kolkata, policy: hourly, ...span(30, 45), slots: [span(30, 45)] }, undefined],
  ['a start on the hour of UTC', { plan: kolkata, policy: hourly }, "alignment: This visit starts every 60 minutes of the clinic's day."],
  ['a start on the alignment', { policy: mergePolicies({ alignmentMinutes: 20 }), ...span(20, 30), slots: [span(20, 40)] }, undefined],
  [
    'a start off the alignment',
    { policy: mergePolicies({ alignmentMinutes: 20 }), ...span(15, 30), slots: [span(15, 30)] },
    "alignment: This visit starts every 20 minutes of the clinic's day.",
  ],

  ['just enough notice', { policy: mergePolicies({ minNoticeMinutes: 60 }) }, undefined],
  [
    'a minute too little',
    { policy: mergePolicies({ minNoticeMinutes: 61 }) },
    'min-notice: This visit must be booked at least 61 minutes ahead.',
  ],
  [
    'hours too little',
    { policy: mergePolicies({ minNoticeMinutes: 120 }) },
    'min-notice: This visit must be booked at least 2 hours ahead.',
  ],
  [
    'a day too little',
    { policy: mergePolicies({ minNoticeMinutes: 1440 }) },
    'min-notice: This visit must be booked at least 1 day ahead.',
  ],

  // 09:00Z on the 23rd is 04:00 in New York; 05:00Z on the 25th is its midnight
  [
    'the last moment of the last day',
    { plan: newYork, policy: mergePolicies({ maxAdvanceDays: 1 }), ...span(2625, 2640), slots: [span(2625, 2640)] },
    undefined,
  ],
  [
    'the day after',
    { plan: newYork, policy: mergePolicies({ maxAdvanceDays: 1 }), ...span(2640, 2655), slots: [span(2640, 2655)] },
    'horizon: This visit cannot be booked more than 1 day ahead.',
  ],

  ['a time at which the patient is elsewhere', { ownOverlap: true }, 'own-overlap: The patient has another visit at that time.'],
  [
    'two things: what no other time would mend is said first',
    { ownOverlap: true, policy: mergePolicies({ onlineBooking: false }) },
    'online-booking: This visit cannot be booked online. Please call the clinic.',
  ],
]

describe('brokenRule', () => {
  it.each(table)('with %s', (_what, changes, broken) => {
    const refusal = brokenRule(request(changes))
    expect(refusal && `${refusal.rule}: ${refusal.message}`).toBe(broken)
  })

  it('names an element of the Appointment', () => {
    for (const [, changes, broken] of table) if (broken) expect(brokenRule(request(changes))?.expression).toMatch(/^Appointment\.\w+$/)
  })
})

describe('a further Schedule of a joint visit', () => {
  const broken = (changes: Partial<BookingRequest>): string | undefined => brokenByFurther(request(changes))?.rule

  it.each([
    ['schedule-active', { plan: planWith({ active: false }) }],
    ['online-booking', { policy: mergePolicies({ onlineBooking: false }) }],
    ['in-the-past', { now: m(1) }],
    ['min-notice', { policy: mergePolicies({ minNoticeMinutes: 61 }) }],
    ['horizon', { policy: mergePolicies({ maxAdvanceDays: 0 }), ...span(1440, 1455) }],
  ] as [string, Partial<BookingRequest>][])('asks its own %s', (rule, changes) => {
    expect(broken(changes)).toBe(rule)
  })

  it('leaves length, grid and patient to the first', () => {
    expect(broken({ policy: mergePolicies({ durationMinutes: 30, alignmentMinutes: 7, newPatients: false }), patientIsNew: true })).toBe(
      undefined,
    )
  })
})

describe('a referral', () => {
  const asks = (more: object): Resource => ({
    resourceType: 'ServiceRequest',
    status: 'active',
    subject: { reference: 'Patient/p' },
    ...more,
  })
  const to = (reference: string) => asks({ performer: [{ reference }] })
  const both = { ...vaccinationOnly, terms: ['healthcare-service=HealthcareService/shot', 'healthcare-service=HealthcareService/talk'] }

  it('to a service is for that one, though the Schedule has others', () => {
    expect(isReferral(to('HealthcareService/shot'), 'p', both, offer('shot'))).toBe(true)
    expect(isReferral(to('HealthcareService/talk'), 'p', both, offer('shot'))).toBe(false)
    expect(isReferral(to('HealthcareService/talk'), 'p', both, undefined)).toBe(true)
  })

  it('is active, and the patient’s own', () => {
    expect(isReferral(asks({}), 'p', both, offer('shot'))).toBe(true)
    expect(isReferral(asks({ status: 'completed' }), 'p', both, offer('shot'))).toBe(false)
    expect(isReferral(asks({}), 'q', both, offer('shot'))).toBe(false)
  })
})

it('tells of the rules that cannot be told', () => {
  untold.length = 0
  const facts = factsOf('1990-01-01')
  for (const expression of ['(1 | 2) and true', '%patient.birthDate.nonsense() = 1', '%patient.gender'])
    brokenRule(request({ policy: ownRule(expression), facts }))
  expect(untold).toEqual(['(1 | 2) and true', '%patient.birthDate.nonsense() = 1'])
})
