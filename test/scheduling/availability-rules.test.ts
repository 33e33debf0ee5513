/**
 * `StructureDefinition/availability` read and refused.
 */
import { readAvailability } from '../../src/scheduling/availability-rules.ts'
import { availability, rule, scheduleWith, weekdays } from './plans.ts'

const times = [
  { url: 'startTime', valueTime: '09:00:00' },
  { url: 'endTime', valueTime: '10:00:00' },
]

describe('readAvailability', () => {
  it('reads every part, whichever kind of integer a number comes as', () => {
    const whole = availability(
      { url: 'daysOfWeek', valueCode: 'mon' },
      { url: 'daysOfWeek', valueCode: 'thu' },
      { url: 'startTime', valueTime: '08:30:00' },
      { url: 'endTime', valueTime: '00:00:00' },
      { url: 'period', valuePeriod: { start: '2026-11', end: '2026-12-24' } },
      { url: 'weekInterval', valueInteger: 2 },
      { url: 'slotMinutes', valueUnsignedInt: 20 },
      { url: 'serviceType', valueCodeableConcept: { text: 'Vaccination' } },
      { url: 'https://example.org/colour', valueString: 'green' },
    )
    expect(readAvailability(scheduleWith({ extension: [whole] }))).toEqual([
      {
        days: ['mon', 'thu'],
        startMinutes: 510,
        endMinutes: 0,
        allDay: false,
        period: { start: '2026-11-01', end: '2026-12-24' },
        weekInterval: 2,
        slotMinutes: 20,
        serviceType: [{ text: 'Vaccination' }],
      },
    ])
  })

  it('means every day, every week, in quarters of an hour, where nothing is said', () => {
    expect(readAvailability(scheduleWith({ extension: [availability(...times)] }))).toEqual([rule()])
  })

  it('keeps several rules in their order and leaves other extensions alone', () => {
    const extension = [
      { url: 'https://example.org/x' },
      weekdays(['mon'], '09:00:00', '12:00:00'),
      weekdays(['tue'], '13:00:00', '14:00:00'),
    ]
    expect(readAvailability(scheduleWith({ extension })).map((one) => one.days)).toEqual([['mon'], ['tue']])
  })

  it('needs no times for a whole day', () => {
    const [whole] = readAvailability(scheduleWith({ extension: [availability({ url: 'allDay', valueBoolean: true })] }))
    expect(whole?.allDay).toBe(true)
  })

  const refused: [why: string, part: Record<string, unknown>, at: string, message: string][] = [
    ['a day that is none', { url: 'daysOfWeek', valueCode: 'monday' }, '.extension[2]', 'daysOfWeek is one of mon, tue'],
    ['a slot of no length', { url: 'slotMinutes', valueUnsignedInt: 0 }, '.extension[2]', 'slotMinutes must be a whole number, 1 or more'],
    ['a text for a number', { url: 'slotMinutes', valueString: '15' }, '.extension[2]', 'slotMinutes needs a valuePositiveInt'],
    ['a part that is misspelt', { url: 'slotMinute', valueInteger: 15 }, '.extension[2]', 'availability has no part "slotMinute"'],
    ['a part given twice', { url: 'startTime', valueTime: '11:00:00' }, '.extension[2]', 'startTime may be given once'],
    ['weeks counted from nowhere', { url: 'weekInterval', valuePositiveInt: 2 }, '', 'weekInterval counts from period.start'],
    ['a period of no dates', { url: 'period', valuePeriod: {} }, '.extension[2]', 'period must be a Period'],
    ['a date that does not exist', { url: 'period', valuePeriod: { start: '2026-02-30' } }, '.extension[2]', 'A period is given in dates'],
  ]

  it.each(refused)('refuses %s, naming the element', (_why, part, at, message) => {
    const read = () => readAvailability(scheduleWith({ extension: [availability(...times, part)] }))
    expect(read).toThrow(message)
    expect(read).toThrow(
      expect.objectContaining({ kind: 'value', issues: [expect.objectContaining({ expression: `Schedule.extension[0]${at}` })] }),
    )
  })

  it.each(['25:00:00', '9:00', 'noon'])('refuses %s as a time', (valueTime) => {
    const whole = availability({ url: 'startTime', valueTime }, { url: 'endTime', valueTime: '12:00:00' })
    expect(() => readAvailability(scheduleWith({ extension: [whole] }))).toThrow('startTime must be a time such as 09:30:00.')
  })

  it('refuses a rule with only one end', () => {
    expect(() => readAvailability(scheduleWith({ extension: [availability({ url: 'startTime', valueTime: '09:00:00' })] }))).toThrow(
      'availability needs a startTime and an endTime, or allDay true.',
    )
  })
})
