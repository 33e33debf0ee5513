/** Another time is proposed with an AppointmentResponse, and agreed on with another one (docs/booking.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, type ClinicOptions, clinic, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(house.warnings).toEqual([])
})
afterAll(() => house.close())

type Scene = {
  readonly place: Clinic
  readonly visit: Body
  readonly patient: string
  readonly doctor: string
  readonly mine: Call
}

/** A visit at 09:00 of the day after tomorrow, and its patient's own call. */
async function scene(options: ClinicOptions = {}): Promise<Scene> {
  const place = await clinic(house.call, options)
  const patient = await place.patient()
  const visit = made(await place.book((await place.slotAt(2, '09:00')).id, patient))
  const mine = house.as(await house.token('patient/*.cruds', { patient }))
  return { place, visit, patient: `Patient/${patient}`, doctor: `Practitioner/${place.practitioners[0]}`, mine }
}

const at = (time: string, day = 2, minutes = 15) => {
  const start = Date.parse(instantIn(day, time))
  return { start: new Date(start).toISOString(), end: new Date(start + minutes * 60_000).toISOString() }
}
const answer = (visit: Body, reference: string, participantStatus: string, more: object = {}, call: Call = house.call): Promise<Answer> =>
  call('POST', 'AppointmentResponse', {
    resourceType: 'AppointmentResponse',
    appointment: { reference: `Appointment/${visit.id}` },
    actor: { reference },
    participantStatus,
    ...more,
  })
const get = async ({ id }: Body): Promise<Body> => made(await house.call('GET', `Appointment/${id}`), 200)
const said = ({ participant }: Body): Record<string, string | undefined> =>
  Object.fromEntries(participant.map(({ actor, status }) => [actor?.reference?.split('/')[0] ?? '', status]))
const extension = ({ extension: all = [] }: Body, name: string): unknown[] => all.filter(({ url = '' }) => url.endsWith(`/${name}`))
const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue?.[0]?.code]
const slotStatus = async (place: Clinic, time: string): Promise<string> => (await place.slotAt(2, time)).status

describe('another time that is proposed', () => {
  it('by the clinic moves nothing until the patient accepts it, and then the visit, in place', async () => {
    const { place, visit, patient, doctor, mine } = await scene()
    made(await answer(visit, doctor, 'declined', at('10:00')))
    const asked = await get(visit)
    expect([asked.status, Date.parse(asked.start), said(asked).Practitioner]).toEqual(['booked', Date.parse(visit.start), 'tentative'])
    expect(extension(asked, 'proposed-time')).toHaveLength(1)
    expect([await slotStatus(place, '09:00'), await slotStatus(place, '10:00')]).toEqual(['busy', 'free'])
    made(await answer(visit, patient, 'accepted', at('10:00'), mine))
    const moved = await get(visit)
    expect([moved.status, Date.parse(moved.start)]).toEqual(['booked', Date.parse(instantIn(2, '10:00'))])
    expect(said(moved)).toMatchObject({ Patient: 'accepted', Practitioner: 'accepted' })
    expect([extension(moved, 'proposed-time').length, extension(moved, 'moved').length]).toEqual([0, 1])
    expect([await slotStatus(place, '09:00'), await slotStatus(place, '10:00')]).toEqual(['free', 'busy'])
    const events = matches(await house.call('GET', `AuditEvent?entity=Appointment/${visit.id}&subtype=reschedule`))
    expect(events).toHaveLength(1)
  })

  it('by the patient moves the visit once the clinic accepts it, longer where that was asked', async () => {
    const { visit, patient, doctor, mine } = await scene()
    made(await answer(visit, patient, 'tentative', at('11:00', 2, 15), mine))
    expect(Date.parse((await get(visit)).start)).toBe(Date.parse(visit.start))
    made(await answer(visit, doctor, 'accepted', { start: at('11:00').start }))
    expect(Date.parse((await get(visit)).start)).toBe(Date.parse(instantIn(2, '11:00')))
  })

  it('is accepted by nobody of the side that proposed it, nor at a time that was not proposed', async () => {
    const { visit, patient, doctor, mine } = await scene()
    made(await answer(visit, patient, 'tentative', at('10:00'), mine))
    expect(refusal(await answer(visit, patient, 'accepted', at('10:00'), mine))).toEqual([422, 'business-rule'])
    expect(refusal(await answer(visit, doctor, 'accepted', at('10:15')))).toEqual([422, 'business-rule'])
    expect(Date.parse((await get(visit)).start)).toBe(Date.parse(visit.start))
    const { extension: _proposals, ...forged } = await get(visit)
    expect(refusal(await mine('PUT', `Appointment/${visit.id}`, forged))).toEqual([422, 'business-rule'])
  })

  it('that somebody has taken meanwhile is a conflict with other times, and the old time stands', async () => {
    const { place, visit, patient, doctor, mine } = await scene()
    made(await answer(visit, doctor, 'tentative', at('10:00')))
    made(await place.book((await place.slotAt(2, '10:00')).id, await place.patient()))
    const late = await answer(visit, patient, 'accepted', at('10:00'), mine)
    expect(refusal(late)).toEqual([409, 'conflict'])
    expect(late.text).toContain('next-time')
    const after = await get(visit)
    expect([after.status, Date.parse(after.start), extension(after, 'proposed-time').length]).toEqual([
      'booked',
      Date.parse(visit.start),
      1,
    ])
    expect(matches(await house.call('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`))).toHaveLength(1)
    expect(refusal(await answer(visit, patient, 'accepted', at('03:00'), mine))).toEqual([422, 'business-rule'])
  })

  it('is of the past once the visit was moved otherwise, or the patient keeps it as it is', async () => {
    const first = await scene()
    made(await answer(first.visit, first.doctor, 'tentative', at('10:00')))
    const slot = await first.place.slotAt(2, '12:00')
    made(await house.call('POST', `Appointment/${first.visit.id}/$reschedule`, parameters({ slot: `Slot/${slot.id}` })), 200)
    expect(refusal(await answer(first.visit, first.patient, 'accepted', at('10:00'), first.mine))).toEqual([422, 'business-rule'])
    const second = await scene()
    made(await answer(second.visit, second.doctor, 'tentative', at('10:00')))
    made(await answer(second.visit, second.patient, 'accepted', {}, second.mine))
    expect(extension(await get(second.visit), 'proposed-time')).toEqual([])
    expect(refusal(await answer(second.visit, second.patient, 'accepted', at('10:00'), second.mine))).toEqual([422, 'business-rule'])
  })

  it('for a request that waits for the clinic books it there when the patient accepts', async () => {
    const { place, visit, patient, doctor, mine } = await scene({ policy: { approvalRequired: true } })
    expect(visit.status).toBe('pending')
    made(await answer(visit, doctor, 'declined', at('10:00')))
    expect((await get(visit)).status).toBe('pending')
    made(await answer(visit, patient, 'accepted', at('10:00'), mine))
    const booked = await get(visit)
    expect([booked.status, Date.parse(booked.start)]).toEqual(['booked', Date.parse(instantIn(2, '10:00'))])
    expect(extension(booked, 'approval')).toEqual([])
    expect([await slotStatus(place, '09:00'), await slotStatus(place, '10:00')]).toEqual(['free', 'busy'])
  })

  it('accepted by both of two answers at once, or while it is cancelled, leaves one visit or none', async () => {
    const { place, visit, patient, doctor, mine } = await scene()
    made(await answer(visit, doctor, 'tentative', at('10:00')))
    const [one, other, cancelled] = await Promise.all([
      answer(visit, patient, 'accepted', at('10:00'), mine),
      answer(visit, patient, 'accepted', at('10:00'), mine),
      house.call('POST', `Appointment/${visit.id}/$cancel`, parameters({})),
    ])
    for (const { status } of [one, other]) expect([201, 422]).toContain(status)
    expect(cancelled.status).toBe(200)
    expect([await slotStatus(place, '09:00'), await slotStatus(place, '10:00')]).toEqual(['free', 'free'])
  })
})
