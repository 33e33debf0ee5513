/** `patient-resource` in `$hold` and `$book`: whom the visit is for when a client sends a Patient whole. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const phone = (value: string) => ({ telecom: [{ system: 'phone', value }] })
const person = (family: string, birthDate: string, more: object = {}) => ({
  resourceType: 'Patient',
  name: [{ family, given: ['Robin'] }],
  birthDate,
  ...more,
})
const book = (slot: Body, resource: object, call = house.call): Promise<Answer> =>
  call('POST', 'Appointment/$book', parameters({ slot: `Slot/${slot.id}`, 'patient-resource': resource }))
const patientIn = (answer: Answer): string | undefined =>
  appointmentIn(answer)
    ?.participant.map(({ actor }) => actor?.reference)
    .find((reference) => reference?.startsWith('Patient/'))
const named = async (family: string): Promise<string[]> =>
  matches(await house.call('GET', `Patient?family:exact=${family}`)).map(({ id }) => `Patient/${id}`)

it('uses a certain match, and creates nobody', async () => {
  const known = await create(house.call, person('Certain', '1970-01-01', phone('020 7946 0001')))
  const answer = await book(await place.slotAt(2, '09:00'), person('Certain', '1970-01-01', phone('+44 20 7946 0001')))
  expect([answer.status, patientIn(answer)]).toEqual([200, `Patient/${known}`])
  expect(await named('Certain')).toEqual([`Patient/${known}`])
})

it('creates a Patient whom nobody here can be, with the visit', async () => {
  const answer = await book(await place.slotAt(2, '10:00'), person('Newcomer', '1971-02-02'))
  expect(answer.status).toBe(200)
  expect([patientIn(answer)]).toEqual(await named('Newcomer'))
})

it('creates nobody where the time is taken', async () => {
  const slot = await place.slotAt(2, '11:00')
  await place.book(slot.id, await place.patient())
  expect((await book(slot, person('Unlucky', '1972-03-03'))).status).toBe(409)
  expect(await named('Unlucky')).toEqual([])
})

it('is a conflict where it may be somebody known: staff are told who, others are not', async () => {
  const known = await create(house.call, person('Perhaps', '1973-04-04'))
  const slot = await place.slotAt(2, '12:00')
  const told = await book(slot, person('Perhaps', '1973-04-04'))
  const issues = (answer: Answer) =>
    (answer.json.entry?.[0]?.resource ?? answer.json).issue.map(({ code, diagnostics = '' }) => `${code} ${diagnostics.split(':')[0]}`)
  expect([told.status, issues(told)[1]]).toEqual([409, `multiple-matches Patient/${known}`])
  const blind = await book(
    slot,
    person('Perhaps', '1973-04-04'),
    house.as(await house.token('system/Appointment.cud system/Slot.rs system/Patient.c')),
  )
  expect([blind.status, issues(blind).length, blind.text.includes(known)]).toEqual([409, 1, false])
  expect(matches(await house.call('GET', `AuditEvent?patient=Patient/${known}&subtype=match`))).toHaveLength(1)
  expect((await place.slotAt(2, '12:00')).status).toBe('free')
})

it('under a patient scope is the token’s own patient or a conflict that says nothing', async () => {
  const [own, other] = [await create(house.call, person('Own', '1974-05-05')), await create(house.call, person('Else', '1975-06-06'))]
  const call = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs patient/Patient.rs', { patient: own }))
  const slot = await place.slotAt(2, '13:00')
  const refused = await book(slot, person('Else', '1975-06-06'), call)
  expect([refused.status, refused.text.includes(other)]).toEqual([409, false])
  expect((await book(slot, person('Nobody', '1976-07-07'), call)).status).toBe(409)
  const answer = await book(slot, person('Own', '1974-05-05'), call)
  expect([answer.status, patientIn(answer)]).toEqual([200, `Patient/${own}`])
})

it('of many who send the same new patient at once makes one', async () => {
  const slots = (await place.slotsOn(3)).slice(0, 8)
  const answers = await Promise.all(slots.map((slot) => book(slot, person('Racer', '1977-08-08'))))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]))
  expect(await named('Racer')).toHaveLength(1)
})

it('refuses what is no Patient, and a token that may not create one', async () => {
  const slot = await place.slotAt(2, '14:00')
  expect((await book(slot, { resourceType: 'Person' })).status).toBe(400)
  expect((await book(slot, person('Wrong', '1978-99'))).status).toBe(400)
  const call = house.as(await house.token('system/Appointment.cud system/Slot.rs system/Patient.rs'))
  expect((await book(slot, person('Stranger', '1979-09-09'), call)).status).toBe(403)
})
