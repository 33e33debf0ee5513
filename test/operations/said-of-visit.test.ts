/** What a caller says of a visit becomes part of a resource, so it is judged before: nothing is stored that FHIR does not know. */
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let slots: Body[]
beforeAll(async () => {
  house = await testHouse()
  // A cancellation is late for a week, which is where the codes of its reason are looked at.
  place = await clinic(house.call, { policy: { cancelNoticeMinutes: 7 * 24 * 60 } })
  slots = await place.slotsOn(2)
})
afterAll(() => house.close())

const call = (path: string, ...said: readonly object[]): Promise<Answer> =>
  house.call('POST', path, { resourceType: 'Parameters', parameter: said })
const slotNext = (): Body => slots.shift() as Body
const reasonOf = (value: unknown): object => ({ name: 'reason', valueCodeableConcept: value })
const comment = { name: 'comment', valueString: 'a\u0001b' }
const refusalOf = ({ status, json }: Answer): unknown => [status, json.issue?.[0]?.expression?.[0]]

/** What is no CodeableConcept, and which of its elements says so. */
const wrong: [said: string, value: unknown, at: string][] = [
  ['a coding that is text', { coding: 'x' }, 'reason.coding'],
  ['a coding that is no list', { coding: { code: 'x' } }, 'reason.coding'],
  ['a code that is a number', { coding: [{ code: 5 }] }, 'reason.coding[0].code'],
  ['an element that there is not', { foo: 'bar' }, 'reason.foo'],
  ['a control character', { text: 'a\u0001b' }, 'reason.text'],
  ['a list', [], 'reason'],
  ['nothing', {}, 'reason'],
]

describe('a reason', () => {
  it.each(wrong)('with %s is refused by $book', async (_said, value, at) => {
    const patient = { name: 'patient', valueReference: { reference: `Patient/${await place.patient()}` } }
    const slot = slots[0] as Body
    expect(refusalOf(await call(`Slot/${slot.id}/$book`, patient, reasonOf(value)))).toEqual([400, at])
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('free')
  })

  it('of a visit that stands is judged as well, and the visit stays as it was', async () => {
    const visit = appointmentIn(await place.book(slotNext().id, await place.patient())) as Body
    for (const [, value, at] of wrong)
      for (const operation of ['$cancel', '$no-show', '$reschedule'])
        expect([operation, refusalOf(await call(`Appointment/${visit.id}/${operation}`, reasonOf(value)))]).toEqual([operation, [400, at]])
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200)).toEqual(visit)
  })

  it('for breaking the rules or booking over others is judged too', async () => {
    const patient = { name: 'patient', valueReference: { reference: `Patient/${await place.patient()}` } }
    const said = { valueCodeableConcept: { coding: 'x' } }
    const path = `Slot/${(slots[0] as Body).id}/$book`
    expect(refusalOf(await call(path, patient, { name: 'override-reason', ...said }))).toEqual([400, 'override-reason.coding'])
    const overbook = { name: 'overbook', valueBoolean: true }
    expect(refusalOf(await call(path, patient, overbook, { name: 'overbook-reason', ...said }))).toEqual([400, 'overbook-reason.coding'])
  })

  it('as text, a code, a Coding or a CodeableConcept makes an Appointment that is valid', async () => {
    const visit = appointmentIn(await place.book(slotNext().id, await place.patient(), { reason: 'Cough' })) as Body
    const moved = await call(
      `Appointment/${visit.id}/$reschedule`,
      { name: 'slot', valueReference: { reference: `Slot/${slotNext().id}` } },
      {
        name: 'reason',
        valueCoding: { system: 'urn:why', code: 'snow' },
      },
    )
    expect(moved.status).toBe(200)
    const cancelled = made(await call(`Appointment/${visit.id}/$cancel`, reasonOf({ coding: [{ code: 'pat' }], text: 'Better' })), 200)
    expect(cancelled.cancelationReason).toEqual({ coding: [{ code: 'pat' }], text: 'Better' })
    const judged = await house.call('POST', 'Appointment/$validate', cancelled)
    expect(judged.json.issue.filter(({ severity }) => severity === 'error')).toEqual([])
  })
})

describe('a comment', () => {
  it('with a control character is refused by every operation that keeps it', async () => {
    const patient = { name: 'patient', valueReference: { reference: `Patient/${await place.patient()}` } }
    expect(refusalOf(await call(`Slot/${(slots[0] as Body).id}/$book`, patient, comment))).toEqual([400, 'comment'])
    const visit = appointmentIn(await place.book(slotNext().id, await place.patient())) as Body
    for (const operation of ['$cancel', '$no-show', '$check-in', '$reschedule'])
      expect([operation, refusalOf(await call(`Appointment/${visit.id}/${operation}`, comment))]).toEqual([operation, [400, 'comment']])
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200)).toEqual(visit)
  })
})
