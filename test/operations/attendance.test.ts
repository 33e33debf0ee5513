/** `$check-in`, `$no-show` and what every other path makes of the same life of an Appointment (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, weekdayIn } from '../support/clinic.ts'
import { type Answer, type Body, type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const fromNow = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()

/** A visit of somebody who nobody else is busy with, written by the front desk. */
async function visit(
  from: number,
  until: number,
  more: object = {},
): Promise<{ appointment: Body; patient: string; practitioner: string }> {
  const patient = await place.patient()
  const practitioner = await create(house.call, { resourceType: 'Practitioner', active: true })
  const appointment = made(
    await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start: fromNow(from),
      end: fromNow(until),
      serviceType: place.type,
      reasonCode: [{ text: 'Cough' }],
      participant: [`Patient/${patient}`, `Practitioner/${practitioner}`, `Location/${place.location}`].map((reference) => ({
        actor: { reference },
        status: 'accepted',
      })),
      ...more,
    }),
  )
  return { appointment, patient, practitioner }
}

const operate = (name: string, { id }: Body, values: Readonly<Record<string, unknown>> = {}, call: Call = house.call): Promise<Answer> =>
  call('POST', `Appointment/${id}/$${name}`, parameters(values))
const put = (appointment: Body, more: object, call: Call = house.call): Promise<Answer> =>
  call('PUT', `Appointment/${appointment.id}`, { ...appointment, ...more })
const refusalOf = ({ status, json }: Answer): unknown => [status, json.issue?.[0]?.code, json.issue?.[0]?.diagnostics]
type Encounter = Body & { period: { start?: string; end?: string }; class: { code: string }; [element: string]: unknown }
const encountersOf = async ({ id }: Body): Promise<Encounter[]> =>
  matches(await house.call('GET', `Encounter?appointment=Appointment/${id}`)) as Encounter[]

describe('Appointment/{id}/$check-in', () => {
  it('makes it checked-in, and opens an Encounter with who, what for, where and since when', async () => {
    const { appointment, patient, practitioner } = await visit(10, 30)
    const before = Date.now()
    const answer = await operate('check-in', appointment, { comment: 'In the garden' })
    expect(made(answer, 200)).toMatchObject({ id: appointment.id, status: 'checked-in', comment: 'In the garden' })
    const [encounter, ...more] = await encountersOf(appointment)
    expect(more).toEqual([])
    expect(encounter).toMatchObject({
      status: 'arrived',
      class: { code: 'AMB' },
      subject: { reference: `Patient/${patient}` },
      appointment: [{ reference: `Appointment/${appointment.id}` }],
      participant: [{ individual: { reference: `Practitioner/${practitioner}` } }],
      location: [{ location: { reference: `Location/${place.location}` } }],
      serviceType: place.type[0],
      reasonCode: [{ text: 'Cough' }],
    })
    expect(Date.parse(String(encounter?.period.start))).toBeGreaterThanOrEqual(before)
    const valid = await house.call('POST', 'Encounter/$validate', encounter)
    expect(valid.json.issue.filter(({ severity }) => severity === 'error' || severity === 'fatal')).toEqual([])
    // Both are told to whoever looks after this patient's data.
    const audited = matches(await house.call('GET', `AuditEvent?patient=${patient}&entity=Encounter/${encounter?.id}`))
    expect(audited.map((event) => (event as Body & { action: string }).action)).toContain('C')
  })

  it('twice changes nothing; the Encounter that there is stays the one', async () => {
    const { appointment } = await visit(10, 30)
    const [first, second] = [await operate('check-in', appointment), await operate('check-in', appointment)]
    expect([first.status, second.status, second.headers.get('etag')]).toEqual([200, 200, first.headers.get('etag')])
    expect(await encountersOf(appointment)).toHaveLength(1)
  })

  it('takes up an Encounter that was planned for the visit', async () => {
    const { appointment, patient } = await visit(10, 30)
    const planned = await create(house.call, {
      resourceType: 'Encounter',
      status: 'planned',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
      subject: { reference: `Patient/${patient}` },
      appointment: [{ reference: `Appointment/${appointment.id}` }],
    })
    made(await operate('check-in', appointment), 200)
    expect((await encountersOf(appointment)).map(({ id, status }) => [id, status])).toEqual([[planned, 'arrived']])
  })

  it('is one of many at once', async () => {
    const { appointment } = await visit(10, 30)
    const answers = await Promise.all(Array.from({ length: 8 }, () => operate('check-in', appointment)))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(await encountersOf(appointment)).toHaveLength(1)
  })

  it('is for who comes late too, who is not missed any more then, and not for who has been told that the visit is off', async () => {
    const { appointment } = await visit(-25, 5)
    made(await operate('check-in', appointment), 200)
    expect((await operate('no-show', appointment)).status).toBe(422)
    expect(await encountersOf(appointment)).toHaveLength(1)
    const over = await visit(-60, -30)
    expect(made(await operate('check-in', over.appointment), 200).status).toBe('checked-in')
    const off = await visit(-25, 5)
    made(await operate('cancel', off.appointment), 200)
    expect((await operate('check-in', off.appointment)).status).toBe(422)
  })

  it('is refused more than twelve hours ahead, and for what is not a booked visit', async () => {
    const early = await visit(12 * 60 + 5, 12 * 60 + 20)
    expect(refusalOf(await operate('check-in', early.appointment))).toEqual([
      422,
      'business-rule',
      'Check in at most 12 hours before the visit starts.',
    ])
    const { appointment } = await visit(10, 30, { status: 'cancelled' })
    expect(refusalOf(await operate('check-in', appointment))).toEqual([
      422,
      'business-rule',
      'Nobody can be checked in for an Appointment that is cancelled.',
    ])
    expect((await house.call('POST', 'Appointment/nobody/$check-in')).status).toBe(404)
  })

  it('is open to the patient, for their own visit alone', async () => {
    const { appointment, patient } = await visit(10, 30)
    const token = (who: string) => house.token('patient/Appointment.ru', { patient: who })
    expect((await operate('check-in', appointment, {}, house.as(await token(await place.patient())))).status).toBe(404)
    expect((await operate('check-in', appointment, {}, house.as(await token(patient)))).status).toBe(200)
  })
})

describe('Appointment/{id}/$no-show', () => {
  it('waits a quarter of an hour after the start', async () => {
    const soon = await visit(-14, 30)
    const late = await visit(-16, 30)
    expect(refusalOf(await operate('no-show', soon.appointment))).toEqual([
      422,
      'business-rule',
      'A patient is missed 15 minutes after the start at the earliest.',
    ])
    const missed = made(await operate('no-show', late.appointment, { reason: { valueCodeableConcept: { text: 'No answer' } } }), 200)
    expect(missed).toMatchObject({ status: 'noshow', cancelationReason: { text: 'No answer' } })
    expect(refusalOf(await put(soon.appointment, { status: 'noshow' }))).toMatchObject({ 0: 422, 1: 'business-rule' })
    const patch = [{ op: 'replace', path: '/status', value: 'noshow' }]
    const patched = await house.call('PATCH', `Appointment/${soon.appointment.id}`, patch, {
      'content-type': 'application/json-patch+json',
    })
    expect(refusalOf(patched)).toMatchObject({ 0: 422, 1: 'business-rule' })
  })

  it('waits as long as the policy of the visit says, on every path', async () => {
    const patient = await place.patient()
    const startedBefore = async (minutes: number, policy: Readonly<Record<string, number>>): Promise<Body> => {
      // Open on another day of the week alone, so that the Slot that has begun is in nobody's way.
      const day = weekdayIn(3)
      const there = await clinic(house.call, { days: [['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][day] ?? ''], policy })
      const [start, end, schedule] = [fromNow(-minutes), fromNow(60), { reference: `Schedule/${there.schedules[0]}` }]
      const slot = made(await house.call('POST', 'Slot', { resourceType: 'Slot', status: 'free', schedule, start, end }))
      return made(await house.call('POST', 'Appointment', there.appointment(slot, patient)))
    }
    const slow = await startedBefore(20, { noShowGraceMinutes: 30 })
    const late = [422, 'business-rule', 'A patient is missed 30 minutes after the start at the earliest.']
    expect(refusalOf(await operate('no-show', slow))).toEqual(late)
    expect(refusalOf(await put(slow, { status: 'noshow' }))).toEqual(late)
    const atOnce = await startedBefore(1, { noShowGraceMinutes: 0 })
    expect(made(await operate('no-show', atOnce), 200).status).toBe('noshow')
  })

  it('gives no time back, and lets the patient come after all', async () => {
    const { appointment, practitioner } = await visit(-20, 30)
    made(await operate('no-show', appointment), 200)
    const over = await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'booked',
      start: fromNow(5),
      end: fromNow(15),
      participant: [{ actor: { reference: `Practitioner/${practitioner}` }, status: 'accepted' }],
    })
    expect(over.status).toBe(409)
    const came = made(await operate('check-in', appointment), 200)
    expect([came.status, came.cancelationReason]).toEqual(['checked-in', undefined])
    expect(await encountersOf(appointment)).toHaveLength(1)
  })

  it("is the clinic's to say, on every path", async () => {
    const { appointment, patient } = await visit(-20, 30)
    const mine = house.as(await house.token('patient/Appointment.cruds', { patient }))
    expect((await operate('no-show', appointment, {}, mine)).status).toBe(403)
    for (const status of ['noshow', 'fulfilled', 'entered-in-error'])
      expect(refusalOf(await put(appointment, { status }, mine))).toEqual([
        422,
        'business-rule',
        `Only the clinic can say that a visit is ${status}.`,
      ])
  })
})

describe('every path', () => {
  it('obeys the table, also under a system scope', async () => {
    const { appointment } = await visit(10, 30)
    const cancelled = made(await operate('cancel', appointment), 200)
    expect(refusalOf(await put(cancelled, { status: 'booked', cancelationReason: undefined }))).toEqual([
      422,
      'business-rule',
      'An Appointment that is cancelled cannot become booked.',
    ])
    const entry = { resource: { ...cancelled, status: 'arrived' }, request: { method: 'PUT', url: `Appointment/${cancelled.id}` } }
    const transaction = await house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [entry] })
    expect(refusalOf(transaction)).toMatchObject({ 0: 422, 1: 'business-rule' })
    expect(made(await house.call('GET', `Appointment/${cancelled.id}`), 200).status).toBe('cancelled')
  })

  it('lets staff put right what is over', async () => {
    const { appointment } = await visit(-60, -30, { status: 'cancelled' })
    expect(made(await put(appointment, { status: 'fulfilled' }), 200).status).toBe('fulfilled')
    expect(made(await put(appointment, { status: 'booked' }), 200).status).toBe('booked')
  })

  it('finishes the Encounter of a visit that is fulfilled, and gives its time back where it was a mistake', async () => {
    const { appointment, practitioner } = await visit(-5, 30)
    made(await operate('check-in', appointment), 200)
    const current = made(await house.call('GET', `Appointment/${appointment.id}`), 200)
    made(await put(current, { status: 'fulfilled' }), 200)
    const [encounter] = await encountersOf(appointment)
    expect([encounter?.status, Date.parse(String(encounter?.period.end)) > 0]).toEqual(['finished', true])
    made(await put(current, { status: 'entered-in-error' }), 200)
    const next = { resourceType: 'Appointment', status: 'booked', start: fromNow(1), end: fromNow(20) }
    const participant = [{ actor: { reference: `Practitioner/${practitioner}` }, status: 'accepted' }]
    made(await house.call('POST', 'Appointment', { ...next, participant }))
  })

  it('cancels the Encounter of somebody who leaves again', async () => {
    const { appointment } = await visit(-5, 30)
    made(await operate('check-in', appointment), 200)
    made(await operate('cancel', appointment), 200)
    expect((await encountersOf(appointment)).map(({ status }) => status)).toEqual(['cancelled'])
  })
})
