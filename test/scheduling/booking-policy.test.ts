/**
 * `StructureDefinition/booking-policy` read, laid over one another, and refused.
 */
import { bufferMinutesMax, holdSecondsMax, seatsMax, visitMinutesMax } from '../../src/base/limits.ts'
import { checkPolicy, mergePolicies, readPolicy } from '../../src/scheduling/booking-policy.ts'
import { bookingPolicy, scheduleWith } from './plans.ts'

const read = (...parts: Record<string, unknown>[]) => readPolicy(scheduleWith({ extension: [bookingPolicy(...parts)] }))

const numbers = [
  ['durationMinutes', 1],
  ['bufferBeforeMinutes', 0],
  ['bufferAfterMinutes', 0],
  ['alignmentMinutes', 1],
  ['minNoticeMinutes', 0],
  ['maxAdvanceDays', 0],
  ['maxPerDay', 0],
  ['maxOnlinePerDay', 0],
  ['capacity', 1],
  ['holdSeconds', 1],
  ['cancelNoticeMinutes', 0],
  ['maxReschedules', 0],
  ['approvalHours', 1],
  ['noShowGraceMinutes', 0],
] as const

describe('readPolicy', () => {
  it.each(numbers)('reads %s as any kind of integer, from %i on', (url, least) => {
    expect(read({ url, valuePositiveInt: 7 })).toEqual({ [url]: 7 })
    expect(read({ url, valueUnsignedInt: 7 })).toEqual({ [url]: 7 })
    expect(read({ url, valueInteger: least })).toEqual({ [url]: least })
    expect(() => read({ url, valueInteger: least - 1 })).toThrow(`${url} must be a whole number, ${least} or more.`)
    expect(() => read({ url, valueDecimal: 1.5 })).toThrow(`${url} needs a valuePositiveInt or valueUnsignedInt or valueInteger.`)
  })

  it.each([
    ['durationMinutes', visitMinutesMax],
    ['bufferBeforeMinutes', bufferMinutesMax],
    ['capacity', seatsMax],
    ['holdSeconds', holdSecondsMax],
  ])('takes a %s beyond what it may be for the most that it may be', (url, most) => {
    expect(read({ url, valueInteger: most + 1 })).toEqual({ [url]: most })
    expect(() => checkPolicy(scheduleWith({ extension: [bookingPolicy({ url, valueInteger: most + 1 })] }))).toThrow(
      `${url} is at most ${most}.`,
    )
  })

  it.each(['onlineBooking', 'newPatients', 'referralRequired', 'approvalRequired'])('reads %s as a switch', (url) => {
    expect(read({ url, valueBoolean: false })).toEqual({ [url]: false })
    expect(() => read({ url, valueCode: 'false' })).toThrow(`${url} needs a valueBoolean.`)
  })

  it('reads rules of the clinic, in their order', () => {
    const rule = (expression: string) => ({
      url: 'rule',
      extension: [
        { url: 'expression', valueString: expression },
        { url: 'message', valueString: 'Not so.' },
      ],
    })
    expect(read(rule('a'), rule('b')).rules).toEqual([
      { expression: 'a', message: 'Not so.' },
      { expression: 'b', message: 'Not so.' },
    ])
    expect(() => read({ url: 'rule', extension: [{ url: 'expression', valueString: 'a' }] })).toThrow(
      'A rule needs an expression and a message.',
    )
  })

  it('says nothing where there is no policy', () => {
    expect(readPolicy(scheduleWith({}))).toEqual({})
  })

  it('refuses a second policy, and a part it does not know, by their elements', () => {
    const twice = () => readPolicy(scheduleWith({ extension: [bookingPolicy(), bookingPolicy()] }))
    expect(twice).toThrow(expect.objectContaining({ issues: [expect.objectContaining({ expression: 'Schedule.extension[1]' })] }))
    expect(() => read({ url: 'minNotice', valueInteger: 1 })).toThrow('booking-policy has no part "minNotice"')
  })
})

describe('mergePolicies', () => {
  it('gives the defaults of the contract where nobody says anything', () => {
    expect(mergePolicies({}, {})).toEqual({
      bufferBeforeMinutes: 0,
      bufferAfterMinutes: 0,
      minNoticeMinutes: 0,
      capacity: 1,
      holdSeconds: 600,
      onlineBooking: true,
      newPatients: true,
      referralRequired: false,
      cancelNoticeMinutes: 0,
      noShowGraceMinutes: 15,
      approvalRequired: false,
      rules: [],
    })
  })

  it('lets the later override the earlier, field by field', () => {
    const service = { durationMinutes: 30, bufferAfterMinutes: 10, onlineBooking: false }
    const role = { bufferAfterMinutes: 0 }
    const schedule = { onlineBooking: true, maxPerDay: 8 }
    expect(mergePolicies(service, role, schedule)).toMatchObject({
      durationMinutes: 30,
      bufferAfterMinutes: 0,
      onlineBooking: true,
      maxPerDay: 8,
    })
  })
})
