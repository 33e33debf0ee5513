/** `$find` with a recurrenceTemplate: when could a series begin; `$book` takes what it answers whole. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { inSeries, numbersOf, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
})
// A clinic that is open for one hour: four times a day.
beforeEach(async () => {
  place = await clinic(house.call, { end: '10:00:00' })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type More = Readonly<Record<string, unknown>>
const find = (template: object, more: More = {}, day = 2): Promise<Answer> => {
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [template],
    participant: [{ actor: { reference: `Practitioner/${place.practitioners[0]}` }, status: 'needs-action' }],
  }
  const window = { start: { valueDateTime: instantIn(day, '00:00') }, end: { valueDateTime: instantIn(day + 1, '00:00') } }
  const schedule = { valueReference: { reference: `Schedule/${place.schedules[0]}` } }
  return house.call('POST', 'Appointment/$find', parameters({ 'appt-resource': { resource }, ...window, schedule, ...more }))
}
const clock = (visits: readonly Body[]): string[] => visits.map(({ start }) => start.slice(11, 16))
const take = async (day: number, time: string): Promise<Body> =>
  made(await place.book((await place.slotAt(day, time)).id, await place.patient()))
const book = (proposal: Body | undefined, patient: string): Promise<Answer> =>
  house.call('POST', `Appointment/${proposal?.id}/$book`, parameters({ patient: `Patient/${patient}` }))
const left = (proposal: Body): unknown[] =>
  (inSeries(proposal, 'recurrenceTemplate')?.extension ?? [])
    .filter(({ url }) => url === 'excludingRecurrenceId')
    .map((part) => (part as { valuePositiveInt?: number }).valuePositiveInt)

describe('$find of a series', () => {
  it('offers the times from which every visit can be had', async () => {
    await take(16, '09:15')
    await take(23, '09:30')
    expect(clock(matches(await find(weekly(4))))).toEqual(['09:00', '09:45'])
    expect(clock(matches(await find(weekly(3))))).toEqual(['09:00', '09:30', '09:45'])
  })

  it('makes proposals that $book takes whole', async () => {
    await take(9, '09:00')
    const [proposal] = matches(await find(weekly(4)))
    const patient = await place.patient()
    const answer = await book(proposal, patient)
    const visits = matches(answer)
    expect(visits.map(({ start }) => start.slice(0, 16))).toEqual([2, 9, 16, 23].map((day) => `${dateIn(day)}T09:15`))
    expect(numbersOf(visits)).toEqual([1, 2, 3, 4])
  })

  it('with on-clash skip offers those with fewest gaps first, and books what they say', async () => {
    await take(9, '09:00')
    await take(16, '09:00')
    await take(9, '09:15')
    const proposals = matches(await find(weekly(3), { 'on-clash': { valueCode: 'skip' } }))
    expect(clock(proposals)).toEqual(['09:30', '09:45', '09:15', '09:00'])
    expect(proposals.map(left)).toEqual([[], [], [2], [2, 3]])
    expect(numbersOf(matches(await book(proposals[2], await place.patient())))).toEqual([1, 3])
  })

  it('leaves out what the patient has on a later day, and days that the pattern does not have', async () => {
    const other = await clinic(house.call, { end: '10:00:00' })
    const patient = await place.patient()
    made(await other.book((await other.slotAt(9, '09:00')).id, patient))
    expect(clock(matches(await find(weekly(2), { patient: `Patient/${patient}` })))).toEqual(['09:15', '09:30', '09:45'])
    const weekday = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'][
      new Date(instantIn(3, '09:00')).getUTCDay()
    ]
    const never = weekly(2, { url: 'weeklyTemplate', extension: [{ url: weekday, valueBoolean: true }] })
    expect(matches(await find(never))).toEqual([])
  })

  it('a proposal whose time was taken meanwhile is a conflict that names the visit', async () => {
    const [proposal] = matches(await find(weekly(3)))
    await take(9, '09:00')
    const answer = await book(proposal, await place.patient())
    expect([answer.status, answer.json.issue[0]?.diagnostics]).toEqual([409, expect.stringContaining('Visit 2 of the series')])
  })

  it.each([
    ['several actors at once', { 'resource-group': { valueString: 'Practitioner/1' } }, weekly(2), 422],
    ['on-clash without a template', { 'on-clash': { valueCode: 'skip' } }, { url: 'urn:other', valueString: 'x' }, 400],
    ['a series of 53', {}, weekly(53), 400],
  ])('refuses %s', async (_, more, template, status) => {
    expect((await find(template, more)).status).toBe(status)
  })
})
