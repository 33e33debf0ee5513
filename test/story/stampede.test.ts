/** Five hundred people want one time at once, by every way there is to book it. One of them has it. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import {
  type Answer,
  appointmentIn,
  type Body,
  made,
  matches,
  nextTimesIn,
  parameters,
  type TestHouse,
  testHouse,
} from '../support/house.ts'

const people = 500
let house: TestHouse
let place: Clinic
let slot: Body
let patients: string[]

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  slot = await place.slotAt(3, '10:00')
  patients = await place.patients(people)
})
afterAll(() => house.close())

async function holdThenBook(patient: string): Promise<Answer> {
  const held = await place.hold(slot.id, patient)
  return held.status < 300 ? house.call('POST', `Appointment/${held.json.id}/$book`) : held
}

const ways: readonly ((patient: string) => Promise<Answer>)[] = [
  (patient) => place.book(slot.id, patient),
  holdThenBook,
  (patient) => house.call('POST', 'Appointment', place.appointment(slot, patient)),
  (patient) => house.call('PUT', `Appointment/of-${patient}`, { ...place.appointment(slot, patient), id: `of-${patient}` }),
  (patient) =>
    house.call('POST', 'Appointment/$book', parameters({ 'appt-resource': place.appointment(slot, patient, { status: 'proposed' }) })),
]

describe('500 simultaneous bookings of one time', () => {
  it('gives it to exactly one, refuses the rest with other times, and leaves claims and Slots that agree', async () => {
    const began = performance.now()
    const latest = { lost: 0 }
    const answers = await Promise.all(
      patients.map(async (patient, i) => {
        const answer = await (ways[i % ways.length] as (patient: string) => Promise<Answer>)(patient)
        if (answer.status >= 300) latest.lost = Math.max(latest.lost, performance.now() - began)
        return answer
      }),
    )
    process.stdout.write(`500 for one time: the last refusal after ${Math.round(latest.lost)} ms\n`)
    const won = answers.filter(({ status }) => status < 300)
    expect(won.map((answer) => appointmentIn(answer)?.status)).toEqual(['booked'])
    const others = answers.filter(({ status }) => status >= 300)
    expect(new Set(others.map(({ status }) => (status === 410 ? 409 : status)))).toEqual(new Set([409]))
    const conflicts = others.filter(({ status }) => status === 409)
    expect(new Set(conflicts.map(({ json }) => json.issue[0]?.code))).toEqual(new Set(['conflict']))
    expect(new Set(conflicts.map((answer) => nextTimesIn(answer).length))).toEqual(new Set([3]))
    for (const { slot: other } of nextTimesIn(conflicts[0] as Answer)) expect(other).not.toBe(`Slot/${slot.id}`)

    const standing = matches(await house.call('GET', `Appointment?actor=Practitioner/${place.practitioners[0]}&status=booked,pending`))
    expect(standing.map(({ id }) => id)).toEqual([appointmentIn(won[0] as Answer)?.id])
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('busy')
    expect(await house.house.pool.query({ text: 'select appointment from claim', values: [] })).toHaveLength(1)
    expect(await disagreements(house.house.pool)).toEqual([])
    expect(house.warnings).toEqual([])
  })
})
