/** A series of visits through `$book`: all or nothing, or those that can be had (docs/booking.md). */
import { DateTime } from 'luxon'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { inSeries, numbersOf, type Part, recurrence, times, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type More = Readonly<Record<string, unknown>>
const wanted = (patient: string, template: object, more: object = {}): object => ({
  resourceType: 'Appointment',
  status: 'proposed',
  extension: [template],
  participant: [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }],
  ...more,
})

/** From the Slot on, by the one call that a front desk makes. */
const bookSeries = (slot: string, patient: string, template: object, more: More = {}): Promise<Answer> =>
  house.call('POST', `Slot/${slot}/$book`, parameters({ 'appt-resource': { resource: wanted(patient, template) }, ...more }))

const clockOf = (visits: readonly Body[], zone = 'UTC'): string[] =>
  visits.map(({ start }) => DateTime.fromISO(start, { zone }).toFormat('yyyy-MM-dd HH:mm'))
const dateAfter = (day: number, weeks: number): string => dateIn(day + 7 * weeks)

const isoDay = (day: number): string => dateIn(day)
const statusOf = async (reference: string): Promise<string> => made(await house.call('GET', reference), 200).status
const visitsOf = async (patient: string): Promise<Body[]> =>
  matches(await house.call('GET', `Appointment?patient=Patient/${patient}&status=booked&_sort=date&_count=100`))
const said = ({ json }: Answer): string[] => json.issue.map(({ diagnostics }) => diagnostics ?? '')

type Offer = {
  readonly extension?: readonly { readonly extension?: { url: string; valueInstant?: string; valueReference?: { reference?: string } }[] }[]
}
/** The other times that an issue of a refusal offers: starts, and the Slots. */
const offered = (issue: unknown): { start: string; slot: string }[] =>
  ((issue as Offer).extension ?? []).map(({ extension = [] }) => ({
    start: extension.find(({ url }) => url === 'start')?.valueInstant ?? '',
    slot: extension.find(({ url }) => url === 'slot')?.valueReference?.reference ?? '',
  }))

describe('a series', () => {
  it('is booked in one request: twelve weekly visits, each an Appointment of its own', async () => {
    const patient = await place.patient()
    const answer = await bookSeries((await place.slotAt(2, '09:00')).id, patient, weekly(12))
    expect(answer.status).toBe(200)
    const visits = matches(answer)
    expect(clockOf(visits)).toEqual(Array.from({ length: 12 }, (_, week) => `${dateAfter(2, week)} 09:00`))
    expect(visits.map(({ status }) => status)).toEqual(visits.map(() => 'booked'))
    expect(numbersOf(visits)).toEqual(visits.map((_, at) => at + 1))
    for (const visit of visits) expect(made(await house.call('GET', `Appointment/${visit.id}`), 200)).toEqual(visit)
  })

  it('is found by its first visit, which alone carries the template and the zone that it is read in', async () => {
    const patient = await place.patient()
    const visits = matches(await bookSeries((await place.slotAt(3, '09:00')).id, patient, weekly(4)))
    const [first, ...others] = visits
    const template = inSeries(first as Body, 'recurrenceTemplate')?.extension ?? []
    expect(template.map(({ url }) => url)).toEqual(['timezone', 'recurrenceType', 'occurrenceCount'])
    expect(inSeries(first as Body, 'originatingAppointment')).toBeUndefined()
    expect(others.map((one) => inSeries(one, 'recurrenceTemplate'))).toEqual(others.map(() => undefined))
    const found = matches(await house.call('GET', `Appointment?originating-appointment=Appointment/${first?.id}&_sort=date`))
    expect(found.map(({ id }) => id)).toEqual(others.map(({ id }) => id))
  })

  it('keeps the clinic’s local time over the clock change of March', async () => {
    const zone = 'America/New_York'
    const away = await clinic(house.call, { zone, horizon: new Date(Date.now() + 390 * 86_400_000) })
    const patient = await away.patient()
    const tomorrow = DateTime.now().setZone(zone).plus({ days: 1 }).set({ hour: 9, minute: 0, second: 0, millisecond: 0 })
    const sent = parameters({
      'appt-resource': { resource: wanted(patient, weekly(50), { start: tomorrow.toISO(), end: tomorrow.plus({ minutes: 15 }).toISO() }) },
      schedule: { valueReference: { reference: `Schedule/${away.schedules[0]}` } },
    })
    const visits = matches(await house.call('POST', 'Appointment/$book', sent))
    expect(clockOf(visits, zone)).toEqual(
      Array.from({ length: 50 }, (_, week) => tomorrow.plus({ weeks: week }).toFormat('yyyy-MM-dd HH:mm')),
    )
    expect(new Set(visits.map(({ start }) => start.slice(11, 16))).size).toBe(2)
  })

  it('takes what each visit takes by itself: several Slots, a room beside the doctor', async () => {
    const long = await clinic(house.call, { minutes: 45, n: 2 })
    const patient = await long.patient()
    const groups = long.practitioners.map((one) => ({
      name: 'resource-group',
      part: [{ name: 'actor', valueReference: { reference: `Practitioner/${one}` } }],
    }))
    const sent = parameters({ 'appt-resource': { resource: wanted(patient, weekly(3)) } }) as { parameter: object[] }
    const answer = await house.call('POST', `Slot/${(await long.slotAt(2, '09:00')).id}/$book`, {
      ...sent,
      parameter: [...sent.parameter, ...groups],
    })
    const visits = matches(answer)
    expect(visits.map(({ slot }) => slot.length)).toEqual([6, 6, 6])
    for (const [index] of long.schedules.entries())
      expect((await long.slotsOn(9, index)).filter(({ status }) => status === 'busy').map(({ start }) => start.slice(11, 16))).toEqual([
        '09:00',
        '09:15',
        '09:30',
      ])
  })

  it('seats a patient in every session of a class', async () => {
    const group = await clinic(house.call, { policy: { capacity: 2 } })
    const [a = '', b = '', c = ''] = await group.patients(3)
    const slot = (await group.slotAt(2, '10:00')).id
    for (const patient of [a, b]) expect(matches(await bookSeries(slot, patient, weekly(3)))).toHaveLength(3)
    expect((await bookSeries(slot, c, weekly(3))).status).toBe(409)
    expect(await statusOf(`Slot/${slot}`)).toBe('busy')
  })
})

describe('a series that the clinic must approve', () => {
  it('waits whole, keeps every time, and is one held time of those that a patient may have', async () => {
    const asking = await clinic(house.call, { policy: { approvalRequired: true } })
    const [me = '', other = ''] = await asking.patients(2)
    const mine = house.as(await house.token('patient/*.cruds', { patient: me }))
    const slot = (await asking.slotAt(2, '09:00')).id
    const answer = await mine('POST', `Slot/${slot}/$book`, parameters({ 'appt-resource': { resource: wanted(me, weekly(12)) } }))
    const visits = matches(answer)
    expect(visits.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 'pending'))
    expect((await asking.book(slot, other)).status).toBe(409)
  })
})

describe('a series that clashes', () => {
  it('is refused whole, says which visits and the nearest other times of each, and leaves nothing behind', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    made(await place.book((await place.slotAt(18, '10:00')).id, theirs))
    const answer = await bookSeries((await place.slotAt(4, '10:00')).id, mine, weekly(5))
    expect(answer.status).toBe(409)
    expect(said(answer)).toEqual([`Visit 3 of the series, ${isoDay(18)} 10:00: This time has just been taken.`])
    expect(offered(answer.json.issue[0]).map(({ start }) => start)).toEqual(
      ['09:45', '10:15', '09:30'].map((time) => `${isoDay(18)}T${time}:00.000Z`),
    )
    expect(await visitsOf(mine)).toEqual([])
    expect((await place.slotAt(4, '10:00')).status).toBe('free')
  })

  it('is booked with the visit at one of those other times, which is marked as changed', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    made(await place.book((await place.slotAt(19, '10:00')).id, theirs))
    const slot = (await place.slotAt(5, '10:00')).id
    const [instead] = offered((await bookSeries(slot, mine, weekly(3))).json.issue[0])
    const sent = parameters({ 'appt-resource': { resource: wanted(mine, weekly(3)) } }) as { parameter: object[] }
    const occurrence = {
      name: 'occurrence',
      part: [
        { name: 'recurrence-id', valuePositiveInt: 3 },
        { name: 'slot', valueReference: { reference: instead?.slot } },
      ],
    }
    const visits = matches(await house.call('POST', `Slot/${slot}/$book`, { ...sent, parameter: [...sent.parameter, occurrence] }))
    expect(clockOf(visits)).toEqual([`${isoDay(5)} 10:00`, `${isoDay(12)} 10:00`, `${isoDay(19)} 09:45`])
    expect(visits.map((visit) => inSeries(visit, 'occurrenceChanged')?.valueBoolean)).toEqual([undefined, undefined, true])
  })

  it('leaves the clashing visits out with on-clash skip, says why, and keeps the numbers of the others', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    made(await place.book((await place.slotAt(20, '10:00')).id, theirs))
    const answer = await bookSeries((await place.slotAt(6, '10:00')).id, mine, weekly(4), { 'on-clash': { valueCode: 'skip' } })
    const visits = matches(answer)
    expect(numbersOf(visits)).toEqual([1, 2, 4])
    expect(inSeries(visits[0] as Body, 'recurrenceTemplate')?.extension?.filter(({ url }) => url === 'excludingRecurrenceId')).toEqual([
      { url: 'excludingRecurrenceId', valuePositiveInt: 3 },
    ])
    const outcome = answer.json.entry?.at(-1)?.resource as Body
    expect(outcome.issue.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['information informational', 'warning conflict'])
    expect(await visitsOf(mine)).toHaveLength(3)
  })

  it('begins with the first visit that can be had, and is refused where none can', async () => {
    const [mine = '', theirs = ''] = await place.patients(2)
    const slot = (await place.slotAt(7, '10:00')).id
    made(await place.book(slot, theirs))
    const visits = matches(await bookSeries(slot, mine, weekly(2), { 'on-clash': { valueCode: 'skip' } }))
    expect(numbersOf(visits)).toEqual([2])
    expect(inSeries(visits[0] as Body, 'recurrenceTemplate')).toBeDefined()
    const again = await bookSeries(slot, theirs, weekly(2), { 'on-clash': { valueCode: 'skip' } })
    expect([again.status, again.json.issue.length]).toEqual([409, 2])
  })

  it('is held against every rule at each visit: the patient’s own time, a full day, a day beyond the horizon', async () => {
    const strict = await clinic(house.call, { policy: { maxPerDay: 1 }, horizon: new Date(Date.now() + 40 * 86_400_000) })
    const [mine = '', theirs = ''] = await strict.patients(2)
    made(await place.book((await place.slotAt(10, '11:00')).id, mine))
    made(await strict.book((await strict.slotAt(17, '12:00')).id, theirs))
    const slot = (await strict.slotAt(3, '11:00')).id
    const own = await bookSeries(slot, mine, weekly(2))
    expect([own.status, said(own)[0]]).toEqual([422, expect.stringContaining('Visit 2 of the series')])
    const full = await bookSeries(slot, theirs, weekly(3))
    expect([full.status, said(full)]).toEqual([422, [expect.stringMatching(/^Visit 3 .* that day is full\.$/)]])
    const late = await bookSeries(slot, theirs, weekly(7), { 'on-clash': { valueCode: 'skip' } })
    expect(numbersOf(matches(late))).toEqual([1, 2, 4, 5, 6])
    expect(await visitsOf(theirs)).toHaveLength(6)
  })

  it('names the visit whose buffer runs into another, though its Slot is free', async () => {
    const buffered = await clinic(house.call, { policy: { bufferAfterMinutes: 15 } })
    const [mine = '', theirs = ''] = await buffered.patients(2)
    made(await buffered.book((await buffered.slotAt(16, '09:15')).id, theirs))
    const answer = await bookSeries((await buffered.slotAt(2, '09:00')).id, mine, weekly(3))
    expect([answer.status, said(answer)]).toEqual([409, [expect.stringContaining('Visit 3 of the series')]])
    const skipped = await bookSeries((await buffered.slotAt(2, '09:00')).id, mine, weekly(3), { 'on-clash': { valueCode: 'skip' } })
    expect(numbersOf(matches(skipped))).toEqual([1, 2])
  })

  it('stays off a block that lies over one of its visits', async () => {
    const blocked = await clinic(house.call)
    const patient = await blocked.patient()
    const slot = await blocked.slotAt(16, '09:00')
    made(
      await house.call('POST', 'Slot', {
        resourceType: 'Slot',
        schedule: slot.schedule,
        status: 'busy-unavailable',
        start: slot.start,
        end: slot.end,
      }),
    )
    const answer = await bookSeries((await blocked.slotAt(2, '09:00')).id, patient, weekly(3), { 'on-clash': { valueCode: 'skip' } })
    expect(numbersOf(matches(answer))).toEqual([1, 2])
  })
})

describe('a series that many want', () => {
  it('goes whole to one of ten who want the same times at once', async () => {
    const crowded = await clinic(house.call)
    const patients = await crowded.patients(10)
    const slot = (await crowded.slotAt(2, '09:00')).id
    const answers = await Promise.all(patients.map((patient) => bookSeries(slot, patient, weekly(6))))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)])
    const each = await Promise.all(patients.map(async (patient) => (await visitsOf(patient)).length))
    expect(each.sort((a, b) => b - a)).toEqual([6, ...Array.from({ length: 9 }, () => 0)])
  })

  it('never waits in a circle: series that interleave over two doctors’ times each stand whole or not at all', async () => {
    const crowded = await clinic(house.call, { n: 2 })
    const patients = await crowded.patients(12)
    // Half of them begin with the one doctor and have every other visit with the other one; the others the other way round.
    const answers = await Promise.all(
      patients.map(async (patient, at) => {
        const [own, other] = at % 2 === 0 ? [0, 1] : [1, 0]
        const elsewhere = await Promise.all(
          [2, 4].map(async (id) => ({ id, slot: (await crowded.slotAt(2 + 7 * (id - 1), '09:00', other)).id })),
        )
        const sent = parameters({ 'appt-resource': { resource: wanted(patient, weekly(4)) } }) as { parameter: object[] }
        const occurrence = elsewhere.map(({ id, slot }) => ({
          name: 'occurrence',
          part: [
            { name: 'recurrence-id', valuePositiveInt: id },
            { name: 'slot', valueReference: { reference: `Slot/${slot}` } },
          ],
        }))
        const first = (await crowded.slotAt(2, '09:00', own)).id
        return house.call('POST', `Slot/${first}/$book`, { ...sent, parameter: [...sent.parameter, ...occurrence] })
      }),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, ...Array.from({ length: 10 }, () => 409)])
    for (const patient of patients) expect([0, 4]).toContain((await visitsOf(patient)).length)
  })

  it('loses no time and gives none twice when all skip what others have', async () => {
    const crowded = await clinic(house.call)
    const patients = await crowded.patients(8)
    const starts = await Promise.all(patients.map(async (_, at) => (await crowded.slotAt(2 + 7 * (at % 4), '09:00')).id))
    const answers = await Promise.all(
      patients.map((patient, at) => bookSeries(starts[at] ?? '', patient, weekly(4), { 'on-clash': { valueCode: 'skip' } })),
    )
    for (const { status } of answers) expect([200, 409]).toContain(status)
    const booked = answers.filter(({ status }) => status === 200).flatMap(matches)
    expect(new Set(booked.map(({ start }) => start)).size).toBe(booked.length)
    // Seven weeks are wanted by somebody, and each goes to somebody.
    expect(booked).toHaveLength(7)
  })
})

describe('what else is sent with a series', () => {
  it('an Idempotency-Key gives the same visits again and books none twice', async () => {
    const patient = await place.patient()
    const slot = (await place.slotAt(2, '13:00')).id
    const body = parameters({ 'appt-resource': { resource: wanted(patient, weekly(3)) } })
    const once = (more: object = body) => house.call('POST', `Slot/${slot}/$book`, more, { 'idempotency-key': `series-${slot}` })
    const [first, again] = [await once(), await once()]
    expect([first.status, again.status]).toEqual([200, 200])
    expect(again.json).toEqual(first.json)
    expect(await visitsOf(patient)).toHaveLength(3)
    expect((await once(parameters({ 'appt-resource': { resource: wanted(patient, weekly(2)) } }))).status).toBe(422)
  })

  const refusals: readonly [string, object, More, number, string][] = [
    ['more than 52 visits', recurrence('d', times(53)), {}, 400, 'too-costly'],
    ['no end', recurrence('wk'), {}, 400, 'required'],
    [
      'a pattern of another type',
      weekly(3, { url: 'monthlyTemplate', extension: [{ url: 'dayOfMonth', valuePositiveInt: 1 }] }),
      {},
      400,
      'value',
    ],
    ['a part that R5 does not have', weekly(3, { url: 'weekday', valueCode: 'mon' } as Part), {}, 400, 'value'],
    ['a zone that there is not', weekly(3, { url: 'timezone', valueCode: 'Mars/Olympus' } as Part), {}, 400, 'value'],
    ['a first visit that it leaves out', weekly(3, { url: 'excludingRecurrenceId', valuePositiveInt: 1 }), {}, 400, 'value'],
    ['an unknown word for clashes', weekly(3), { 'on-clash': { valueCode: 'wait' } }, 400, 'value'],
    ['a visit to replace', weekly(3), { 'cancelled-appt-id': { valueUri: 'Appointment/x' } }, 422, 'business-rule'],
  ]
  it.each(refusals)('refuses %s', async (_, template, more, status, code) => {
    const answer = await bookSeries((await place.slotAt(2, '15:00')).id, await place.patient(), template, more)
    expect([answer.status, answer.json.issue[0]?.code]).toEqual([status, code])
  })

  it('is never booked as its first visit alone, through a stored proposal', async () => {
    const patient = await place.patient()
    const slot = await place.slotAt(2, '15:00')
    const proposed = wanted(patient, weekly(3), { start: slot.start, end: slot.end, slot: [{ reference: `Slot/${slot.id}` }] })
    const { id } = made(await house.call('POST', 'Appointment', proposed))
    expect((await house.call('POST', `Appointment/${id}/$book`)).status).toBe(422)
    const alone = await place.book(slot.id, patient, { 'on-clash': { valueCode: 'skip' } })
    expect([alone.status, alone.json.issue[0]?.code]).toEqual([400, 'required'])
    expect(await visitsOf(patient)).toEqual([])
  })

  it('is booked by a patient for themselves alone, who cannot write themselves into a series', async () => {
    const [me = '', other = ''] = await place.patients(2)
    const mine = house.as(await house.token('patient/*.cruds', { patient: me }))
    const slot = (await place.slotAt(2, '16:00')).id
    const sent = (patient: string) => parameters({ 'appt-resource': { resource: wanted(patient, weekly(2)) } })
    expect((await mine('POST', `Slot/${slot}/$book`, sent(other))).status).toBe(403)
    const visits = matches(await mine('POST', `Slot/${slot}/$book`, sent(me)))
    const [first, second] = visits as [Body, Body]
    const { extension: _without, ...bare } = second
    expect((await mine('PUT', `Appointment/${second.id}`, bare)).status).toBe(422)
    expect((await mine('PUT', `Appointment/${first.id}`, { ...first, comment: 'By the back door.' })).status).toBe(200)
  })
})
