/** When a visit may be given up or moved: the notice of patients, and how often. */
import { mergePolicies } from '../../src/scheduling/booking-policy.ts'
import { brokenLeavingRule, isLate, type Leaving } from '../../src/scheduling/leaving-rules.ts'

const hour = 3_600_000
const noticed = mergePolicies({ cancelNoticeMinutes: 24 * 60 })
const leaving = (changes: Partial<Leaving>): Leaving => ({ now: 0, start: 48 * hour, policy: noticed, online: true, ...changes })
const late = 'cancel-notice: This visit can be cancelled or moved online until 1 day before it starts. Please call the clinic.'

it.each<[string, Partial<Leaving>, string | undefined]>([
  ['two days before', {}, undefined],
  ['just in time', { start: 24 * hour }, undefined],
  ['a millisecond late', { start: 24 * hour - 1 }, late],
  ['after it has begun', { start: -hour }, late],
  ['by the front desk', { start: hour, online: false }, undefined],
  ['where no notice is asked for', { start: hour, policy: mergePolicies() }, undefined],
  ['moved late', { start: hour, moves: 0 }, late],
  ['moved once of two times', { moves: 1, policy: mergePolicies({ maxReschedules: 2 }) }, undefined],
  [
    'moved as often as it may be',
    { moves: 2, online: false, policy: mergePolicies({ maxReschedules: 2 }) },
    'max-reschedules: This visit has been moved 2 times already, as often as it may be.',
  ],
  [
    'moved where it may not be',
    { moves: 0, policy: mergePolicies({ maxReschedules: 0 }) },
    'max-reschedules: This visit cannot be moved to another time.',
  ],
  ['given up, however often moved', { policy: mergePolicies({ maxReschedules: 0 }) }, undefined],
])('%s', (_, changes, expected) => {
  const broken = brokenLeavingRule(leaving(changes))
  expect(broken && `${broken.rule}: ${broken.message}`).toBe(expected)
})

it('is late where notice is asked for and not given, whoever leaves', () => {
  expect([
    isLate({ now: 0, start: 23 * hour, policy: noticed }),
    isLate({ now: 0, start: 24 * hour, policy: noticed }),
    isLate({ now: hour, start: 0, policy: mergePolicies() }),
  ]).toEqual([true, false, false])
})
