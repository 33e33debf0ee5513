/** `$reschedule`: the same Appointment at another time, or as it was (docs/operations.md). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, dateIn, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, nextTimesIn, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const statusOf = async (reference: string): Promise<string> => made(await house.call('GET', reference), 200).status
const move = (visit: Body, values: Readonly<Record<string, unknown>>, headers?: Record<string, string>): Promise<Answer> =>
  house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters(values), headers)
const movedUrl = 'https://slotwise.org/fhir/StructureDefinition/moved'
const movesOf = ({ extension = [] }: Body) => extension.filter(({ url }) => url === movedUrl)
const people = ({ participant }: Body): string[] => participant.map(({ actor }) => String(actor?.reference)).sort()

describe('Appointment/{id}/$reschedule', () => {
  it('moves to a Slot: 200, the same Appointment, the old time free, when and why told', async () => {
    const patient = await place.patient()
    const [nine, ten] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00')]
    const visit = made(await place.book(nine.id, patient))
    const answer = await move(visit, { slot: `Slot/${ten.id}`, reason: { valueCodeableConcept: { text: 'Rain' } }, comment: 'Back door' })
    const moved = made(answer, 200)
    expect(moved).toMatchObject({ id: visit.id, status: 'booked', start: new Date(ten.start).toISOString(), comment: 'Back door' })
    expect([answer.headers.get('etag'), moved.slot]).toEqual(['W/"2"', [{ reference: `Slot/${ten.id}` }]])
    expect(movesOf(moved)).toEqual([
      {
        url: movedUrl,
        extension: [
          { url: 'from', valueInstant: new Date(nine.start).toISOString() },
          { url: 'reason', valueCodeableConcept: { text: 'Rain' } },
        ],
      },
    ])
    expect([await statusOf(`Slot/${nine.id}`), await statusOf(`Slot/${ten.id}`)]).toEqual(['free', 'busy'])
    expect(made(await house.call('GET', `Appointment/${visit.id}/_history/1`), 200).start).toBe(new Date(nine.start).toISOString())
    const found = matches(await house.call('GET', `Appointment?date=${dateIn(2)}&patient=${patient}`))
    expect(found.map(({ id }) => id)).toEqual([visit.id])
    const again = made(await move(visit, { slot: `Slot/${nine.id}` }), 200)
    expect(movesOf(again)).toHaveLength(2)
  })

  it('moves by a start alone on its own Schedule, and onto another Schedule, whose people then come', async () => {
    const visit = made(await place.book((await place.slotAt(3, '09:00')).id, await place.patient()))
    const later = made(await move(visit, { start: { valueInstant: instantIn(3, '11:00') } }), 200)
    expect([later.start, people(later)]).toEqual([new Date(instantIn(3, '11:00')).toISOString(), people(visit)])
    const other = made(await move(visit, { start: instantIn(3, '11:00'), schedule: `Schedule/${place.schedules[1]}` }), 200)
    const renamed = people(visit).map((one) =>
      one === `Practitioner/${place.practitioners[0]}` ? `Practitioner/${place.practitioners[1]}` : one,
    )
    expect(people(other)).toEqual(renamed.sort())
    expect((await place.slotAt(3, '11:00', 0)).status).toBe('free')
    expect((await place.slotAt(3, '11:00', 1)).status).toBe('busy')
  })

  it('keeps whom the front desk has added, and takes them up at the new time', async () => {
    const helper = await create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Helper' }] })
    const slot = await place.slotAt(4, '09:00')
    const appointment = place.appointment(slot, await place.patient()) as { participant: object[] }
    const withHelper = {
      ...appointment,
      participant: [...appointment.participant, { actor: { reference: `Practitioner/${helper}` }, status: 'accepted' }],
    }
    const visit = made(await house.call('POST', 'Appointment', withHelper))
    const moved = made(await move(visit, { start: instantIn(4, '10:00'), schedule: `Schedule/${place.schedules[1]}` }), 200)
    expect(people(moved)).toContain(`Practitioner/${helper}`)
    const clash = { ...withHelper, slot: undefined, start: instantIn(4, '10:00'), end: instantIn(4, '10:15') }
    const onlyHelper = { ...clash, participant: clash.participant.slice(2) }
    expect((await house.call('POST', 'Appointment', onlyHelper)).status).toBe(409)
  })

  it('leaves the old time standing where the new one is taken, and offers others', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const [nine, ten] = [await place.slotAt(5, '09:00'), await place.slotAt(5, '10:00')]
    const visit = made(await place.book(nine.id, a))
    made(await place.book(ten.id, b))
    const refused = await move(visit, { slot: `Slot/${ten.id}` })
    expect([refused.status, refused.json.issue[0]?.code, nextTimesIn(refused).length]).toEqual([409, 'conflict', 3])
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).meta.versionId).toBe('1')
    expect(await statusOf(`Slot/${nine.id}`)).toBe('busy')
  })

  it('gives one time to one of many who move there at once; every other keeps theirs', async () => {
    const patients = await place.patients(12)
    const slots = (await place.slotsOn(6)).slice(0, 13)
    const visits = await Promise.all(patients.map(async (patient, i) => made(await place.book(slots[i]?.id ?? '', patient))))
    const answers = await Promise.all(visits.map((visit) => move(visit, { slot: `Slot/${slots[12]?.id}` })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)])
    const after = await Promise.all(visits.map(async ({ id }) => made(await house.call('GET', `Appointment/${id}`), 200)))
    for (const [i, one] of after.entries()) {
      expect(one.status).toBe('booked')
      expect(one.slot[0]?.reference).toBe(`Slot/${answers[i]?.status === 200 ? slots[12]?.id : slots[i]?.id}`)
    }
  })

  it('moves one visit twice at once to one place or the other, never to both', async () => {
    const visit = made(await place.book((await place.slotAt(7, '09:00')).id, await place.patient()))
    const [ten, eleven] = [await place.slotAt(7, '10:00'), await place.slotAt(7, '11:00')]
    const answers = await Promise.all([move(visit, { slot: `Slot/${ten.id}` }), move(visit, { slot: `Slot/${eleven.id}` })])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const busy = (await place.slotsOn(7)).filter(({ status }) => status === 'busy')
    const now = made(await house.call('GET', `Appointment/${visit.id}`), 200)
    expect(busy.map(({ id }) => ({ reference: `Slot/${id}` }))).toEqual(now.slot)
  })

  it('may overlap its own time, and keeps the length it has', async () => {
    const long = await clinic(house.call, { minutes: 30 })
    const visit = made(await long.book((await long.slotAt(3, '09:00')).id, await long.patient()))
    const [first, second] = [await long.slotAt(3, '09:15'), await long.slotAt(3, '09:30')]
    const moved = made(await move(visit, { slot: [`Slot/${second.id}`, `Slot/${first.id}`] }), 200)
    expect(moved.slot.map(({ reference }) => reference)).toEqual([`Slot/${first.id}`, `Slot/${second.id}`])
    expect(moved.end).toBe(new Date(instantIn(3, '09:45')).toISOString())
    const beside = await long.slotAt(3, '12:00')
    expect((await move(visit, { slot: [`Slot/${first.id}`, `Slot/${beside.id}`] })).status).toBe(422)
  })

  it('answers the same Idempotency-Key with what it answered first', async () => {
    const visit = made(await place.book((await place.slotAt(8, '09:00')).id, await place.patient()))
    const key = { 'idempotency-key': `move-${visit.id}` }
    const first = await move(visit, { start: instantIn(8, '10:00') }, key)
    expect(made(first, 200).meta.versionId).toBe('2')
    made(await move(visit, { start: instantIn(8, '11:00') }), 200)
    expect((await move(visit, { start: instantIn(8, '10:00') }, key)).text).toBe(first.text)
    expect((await move(visit, { start: instantIn(8, '12:00') }, key)).status).toBe(422)
  })

  it('refuses what is not booked, not there, outside the rules or says no time, and changes nothing', async () => {
    const slot = await place.slotAt(9, '09:00')
    const visit = made(await place.book(slot.id, await place.patient()))
    expect((await move(visit, {})).status).toBe(400)
    expect((await move(visit, { slot: 'Slot/none' })).status).toBe(404)
    expect((await move(visit, { start: instantIn(9, '09:07') })).status).toBe(422)
    expect((await move({ ...visit, id: 'none' }, { slot: `Slot/${slot.id}` })).status).toBe(404)
    expect((await move(visit, { slots: 'x' }, { prefer: 'handling=strict' })).status).toBe(400)
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await move(visit, { start: instantIn(9, '10:00') })).status).toBe(422)
    expect((await place.slotsOn(9)).filter(({ status }) => status !== 'free')).toEqual([])
  })

  it('under a patient scope moves that patient’s own visits alone', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const visit = made(await place.book((await place.slotAt(10, '09:00')).id, a))
    const as = async (patient: string) => house.as(await house.token('patient/Appointment.cu patient/Slot.rs', { patient }))
    const sent = parameters({ start: instantIn(10, '10:00') })
    expect((await (await as(b))('POST', `Appointment/${visit.id}/$reschedule`, sent)).status).toBe(404)
    expect(made(await (await as(a))('POST', `Appointment/${visit.id}/$reschedule`, sent), 200).start).toBe(
      new Date(instantIn(10, '10:00')).toISOString(),
    )
    const audit = matches(await house.call('GET', `AuditEvent?entity=Appointment/${visit.id}&subtype=reschedule`))
    expect(audit).toHaveLength(1)
  })
})
