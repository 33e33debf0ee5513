/**
 * What a visit says of its minutes: R4 lets them be fewer than from its start to its end, where there is a break, and never
 * more. https://hl7.org/fhir/R4/appointment-definitions.html#Appointment.minutesDuration
 */
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

type Visit = Body & { minutesDuration?: number }

let house: TestHouse
let place: Clinic
let slots: Body[]
let patient: string
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  slots = await place.slotsOn(2)
  patient = await place.patient()
})
afterAll(() => house.close())

const next = (): Body => slots.shift() as Body
const wish = (slot: Body, minutesDuration: number, more: object = {}) => ({
  ...place.appointment(slot, patient, { status: 'proposed', minutesDuration, ...more }),
})
const refusal = ({ status, json }: Answer) => {
  const [issue] = (json.entry?.[0]?.resource ?? json).issue ?? []
  return [status, issue?.code, issue?.expression?.[0]]
}
const tooMany = [422, 'invariant', 'Appointment.minutesDuration']
const along = (resource: object) => parameters({ 'appt-resource': { resource } })
const post = (path: string, body: object): Promise<Answer> => house.call('POST', path, body)

it('more than lie between its start and its end are refused on every path', async () => {
  const visit = made(await place.book(next().id, patient)) as Visit
  const free = next()
  const held = made(await place.hold(next().id, patient))
  const entry = { resource: wish(free, 16), request: { method: 'POST', url: 'Appointment' } }
  const sent: [path: string, answer: Answer][] = [
    ['POST', await post('Appointment', wish(free, 16))],
    ['PUT', await house.call('PUT', `Appointment/${visit.id}`, { ...visit, minutesDuration: 16 })],
    [
      'PATCH',
      await house.call('PATCH', `Appointment/${visit.id}`, [{ op: 'replace', path: '/minutesDuration', value: 16 }], {
        'content-type': 'application/json-patch+json',
      }),
    ],
    ['transaction', await post('', { resourceType: 'Bundle', type: 'transaction', entry: [entry] })],
    ['$book', await post('Appointment/$book', wish(free, 16))],
    ['$hold', await post('Appointment/$hold', wish(free, 16))],
    ['a hold', await post(`Appointment/${held.id}/$book`, along({ ...held, minutesDuration: 16 }))],
    ['modify', await post(`Appointment/${visit.id}/$book`, along({ ...visit, minutesDuration: 16 }))],
  ]
  const [head] = sent.map(([path, answer]) => [path, refusal(answer).slice(0, 2)]).filter(([, told]) => String(told) !== '422,invariant')
  expect(head).toBeUndefined()
  expect(refusal(await post('Appointment/$book', wish(free, 16)))).toEqual(tooMany)
  expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).meta.versionId).toBe('1')
})

it('fewer are kept: of a new visit, beside a hold, of one that is modified, and of one that is moved with its length', async () => {
  const minutes = (answer: Answer): number | undefined => (appointmentIn(answer) as Visit | undefined)?.minutesDuration
  expect(minutes(await post('Appointment/$book', wish(next(), 10)))).toBe(10)
  const held = made(await place.hold(next().id, patient))
  expect(minutes(await post(`Appointment/${held.id}/$book`, along({ ...held, minutesDuration: 10 })))).toBe(10)
  const visit = made(await place.book(next().id, patient)) as Visit
  expect(visit.minutesDuration).toBe(15)
  expect(minutes(await post(`Appointment/${visit.id}/$book`, along({ ...visit, minutesDuration: 12 })))).toBe(12)
  const moved = await post(`Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${next().id}` }))
  expect(minutes(moved)).toBe(12)
})

it('a part of a minute counts as one, and a visit of another length says its own', async () => {
  const [one, two] = [next(), next()]
  const end = new Date(Date.parse(one.start) + 90_000).toISOString()
  expect(refusal(await post('Appointment', { ...wish(one, 3), end }))).toEqual(tooMany)
  expect(made(await post('Appointment', { ...wish(one, 2), end })).status).toBe('proposed')
  const short = made(await post('Appointment/$book', wish(one, 10))) as Visit
  const { minutesDuration: _minutes, ...silent } = short
  const longer = { ...silent, status: 'proposed', end: two.end, slot: [...short.slot, { reference: `Slot/${two.id}` }] }
  expect(appointmentIn(await post(`Appointment/${short.id}/$book`, along(longer)))).toMatchObject({ minutesDuration: 30 })
})
