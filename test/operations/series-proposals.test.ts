/** `$book` of a series with `on-clash` `propose`: what could be had instead of the visits that clash, and taking it (docs/booking.md). */
import { DateTime } from 'luxon'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { type Answer, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { inSeries, recurrence, times, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type Part = { readonly name: string; readonly part?: readonly Part[]; readonly [value: string]: unknown }
type Asking = { readonly slot: string; readonly patient: string; readonly template: object; readonly manner?: string }

function asked({ patient, template, manner = 'propose' }: Omit<Asking, 'slot'>, more: readonly Part[] = []): object {
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [template],
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
  }
  const sent = parameters({ 'appt-resource': { resource }, 'on-clash': { valueCode: manner } }) as { parameter: object[] }
  return { ...sent, parameter: [...sent.parameter, ...more] }
}

const book = (asking: Asking, more: readonly Part[] = [], headers = {}): Promise<Answer> =>
  house.call('POST', `Slot/${asking.slot}/$book`, asked(asking, more), headers)

const named = (parts: readonly Part[] = [], name: string): Part[] => parts.filter((part) => part.name === name)
const clashesIn = (answer: Answer): Part[] => {
  expect([answer.status, answer.json.resourceType]).toEqual([200, 'Parameters'])
  return named((answer.json as unknown as { parameter: Part[] }).parameter, 'clash')
}
const numberOf = ({ part }: Part): unknown => named(part, 'recurrence-id')[0]?.valuePositiveInt
const occurrencesOf = ({ part }: Part): Part[] => named(part, 'occurrence')
const startsOf = (clash: Part): string[] => occurrencesOf(clash).map(({ part }) => String(named(part, 'start')[0]?.valueInstant))
const instant = (day: number, time: string): string => `${dateIn(day)}T${time}:00.000Z`
const visitsOf = async (patient: string) =>
  matches(await house.call('GET', `Appointment?patient=Patient/${patient}&status=booked,pending&_sort=date&_count=100`))
const tentative = async (): Promise<number> => matches(await house.call('GET', 'Slot?status=busy-tentative&_count=10')).length

describe('a series that is asked what it could have instead', () => {
  it('books and holds nothing where visits clash, and proposes three times near each, its own day first', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    for (const day of [9, 23]) made(await place.book((await place.slotAt(day, '10:00')).id, theirs))
    const answer = await book({ slot: (await place.slotAt(2, '10:00')).id, patient: mine, template: weekly(4) })
    const clashes = clashesIn(answer)
    expect(clashes.map(numberOf)).toEqual([2, 4])
    expect(clashes.map(startsOf)).toEqual([9, 23].map((day) => ['09:45', '10:15', '09:30'].map((time) => instant(day, time))))
    const [outcome] = named((answer.json as unknown as { parameter: Part[] }).parameter, 'outcome')
    expect(
      (outcome as unknown as { resource: { issue: { severity: string; code: string }[] } }).resource.issue.map(({ severity, code }) => [
        severity,
        code,
      ]),
    ).toEqual([
      ['information', 'informational'],
      ['warning', 'conflict'],
      ['warning', 'conflict'],
    ])
    expect([(await visitsOf(mine)).length, await tentative()]).toEqual([0, 0])
  })

  it('is booked whole with one of the times of each clash, sent back as they came', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    for (const day of [10, 24]) made(await place.book((await place.slotAt(day, '11:00')).id, theirs))
    const asking = { slot: (await place.slotAt(3, '11:00')).id, patient: mine, template: weekly(4) }
    const chosen = clashesIn(await book(asking)).flatMap((clash) => occurrencesOf(clash).slice(-1))
    const visits = matches(await book(asking, chosen))
    expect(visits.map(({ start }) => start)).toEqual([
      instant(3, '11:00'),
      instant(10, '10:30'),
      instant(17, '11:00'),
      instant(24, '10:30'),
    ])
    expect(visits.map((visit) => inSeries(visit, 'occurrenceChanged')?.valueBoolean)).toEqual([undefined, true, undefined, true])
  })

  it('may have its first visit elsewhere too: the others stay where its Slot put them', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    const slot = (await place.slotAt(4, '12:00')).id
    made(await place.book(slot, theirs))
    const asking = { slot, patient: mine, template: weekly(3) }
    const [clash] = clashesIn(await book(asking))
    expect(numberOf(clash as Part)).toBe(1)
    const visits = matches(await book(asking, occurrencesOf(clash as Part).slice(0, 1)))
    expect(visits.map(({ start }) => start)).toEqual([instant(4, '11:45'), instant(11, '12:00'), instant(18, '12:00')])
    expect(inSeries(visits[0] as never, 'recurrenceTemplate')).toBeDefined()
  })

  it('is refused whole, with new proposals, where somebody was quicker', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    made(await place.book((await place.slotAt(12, '13:00')).id, theirs))
    const asking = { slot: (await place.slotAt(5, '13:00')).id, patient: mine, template: weekly(3) }
    const chosen = clashesIn(await book(asking)).flatMap((clash) => occurrencesOf(clash).slice(0, 1))
    const taken = named(chosen[0]?.part, 'slot')[0]?.valueReference as { reference: string }
    made(await place.book(taken.reference.replace('Slot/', ''), theirs))
    const again = clashesIn(await book(asking, chosen))
    expect(again.map(numberOf)).toEqual([2])
    expect(startsOf(again[0] as Part)).not.toContain(instant(12, '12:45'))
    expect((await book({ ...asking, manner: 'refuse' }, chosen)).status).toBe(409)
    expect(await visitsOf(mine)).toEqual([])
  })

  it('proposes of a daily series times that can all be had together, whichever is chosen of each', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    for (const day of [30, 31, 32]) made(await place.book((await place.slotAt(day, '09:00')).id, theirs))
    const asking = { slot: (await place.slotAt(29, '09:00')).id, patient: mine, template: recurrence('d', times(5)) }
    const clashes = clashesIn(await book(asking))
    expect(clashes.map(numberOf)).toEqual([2, 3, 4])
    expect(new Set(clashes.flatMap(startsOf)).size).toBe(9)
    const mixed = clashes.flatMap((clash, at) => occurrencesOf(clash).slice(at, at + 1))
    expect(matches(await book(asking, mixed))).toHaveLength(5)
  })

  it('looks at other days where the day is full, and never at the patient’s own time', async () => {
    const strict = await clinic(house.call, { policy: { maxPerDay: 1 } })
    const [mine = '', theirs = ''] = await strict.patients(2)
    made(await strict.book((await strict.slotAt(9, '15:00')).id, theirs))
    made(await place.book((await place.slotAt(8, '14:00')).id, mine))
    const asking = { slot: (await strict.slotAt(2, '14:00')).id, patient: mine, template: weekly(2) }
    const [clash] = clashesIn(await book(asking))
    const starts = startsOf(clash as Part)
    expect(starts).toHaveLength(3)
    for (const start of starts) {
      expect(start.slice(0, 10)).not.toBe(dateIn(9))
      expect(start).not.toBe(instant(8, '14:00'))
    }
    const week = (day: string): number => DateTime.fromISO(day, { zone: 'UTC' }).weekNumber
    expect(starts.map((start) => week(start))).toEqual(starts.map(() => week(dateIn(9))))
    expect(matches(await book(asking, occurrencesOf(clash as Part).slice(0, 1)))).toHaveLength(2)
  })

  it('is booked at once where nothing clashes, and its Idempotency-Key keeps bookings alone', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    const slot = await place.slotAt(6, '15:00')
    const visit = made(await place.book((await place.slotAt(13, '15:00')).id, theirs))
    const asking = { slot: slot.id, patient: mine, template: weekly(2) }
    const once = { 'idempotency-key': `proposals-${slot.id}` }
    expect(clashesIn(await book(asking, [], once))).toHaveLength(1)
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`, parameters({})), 200)
    const booked = await book(asking, [], once)
    expect(matches(booked)).toHaveLength(2)
    expect((await book(asking, [], once)).json).toEqual(booked.json)
  })

  it('is not what one visit, or $find, can be asked for', async () => {
    const patient = await place.patient()
    const slot = (await place.slotAt(6, '16:00')).id
    const single = { resourceType: 'Appointment', status: 'proposed', participant: [{ actor: { reference: `Patient/${patient}` } }] }
    const one = parameters({ 'appt-resource': { resource: single }, 'on-clash': { valueCode: 'propose' } })
    expect((await house.call('POST', `Slot/${slot}/$book`, one)).status).toBe(400)
    const found = await house.call('POST', 'Appointment/$find', asked({ patient, template: weekly(2) }))
    expect([found.status, found.json.issue[0]?.code]).toEqual([400, 'value'])
  })
})
