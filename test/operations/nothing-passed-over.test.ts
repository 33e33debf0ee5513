/**
 * What is asked of a visit is done, or refused with its name: parameter by parameter, in each form in which an operation is
 * called (docs/operations.md). Left out: what is told of a hold (`said-beside-hold.test.ts`).
 */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { r5Url, weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic
let elsewhere: Clinic
let slots: Body[]
let patient: string
let other: string
let referral: string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  elsewhere = await clinic(house.call)
  slots = await place.slotsOn(2)
  ;[patient = '', other = ''] = await place.patients(2)
  const identifier = [{ system: 'urn:test:referrals', value: `R-${place.service}` }]
  const subject = { reference: `Patient/${patient}` }
  await create(house.call, { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject, identifier })
  referral = `urn:test:referrals|R-${place.service}`
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const next = (): Body => slots.shift() as Body
const post = (path: string, more: object): Promise<Answer> => house.call('POST', path, parameters({ ...more }))
const along = (resource: object): Readonly<Record<string, unknown>> => ({ 'appt-resource': { resource } })
const refusal = ({ status, json }: Answer) => {
  const [issue] = (json.entry?.[0]?.resource ?? json).issue ?? []
  return [status, issue?.code, issue?.expression?.[0]]
}
const unchanged = async ({ id, meta }: Body): Promise<void> =>
  expect(made(await house.call('GET', `Appointment/${id}`), 200).meta.versionId).toBe(meta.versionId)
type Refused = readonly [more: object, told: readonly unknown[]]
async function allRefused(ask: (more: object) => Promise<Answer>, refused: readonly Refused[]): Promise<void> {
  for (const [more, told] of refused) expect([more, refusal(await ask(more))]).toEqual([more, told])
}
const booked = async (more: object = {}): Promise<Body> => made(await place.book(next().id, patient, { ...more }))
const link = (element: string, id: string) => ({ url: r5Url(element), valueReference: { reference: `Appointment/${id}` } })
const typeOf = ({ type }: Clinic): string => type[0]?.coding[0]?.code ?? ''
const otherType = () => typeOf(elsewhere)
const otherService = () => `HealthcareService/${elsewhere.service}`

it('beside an Appointment that is sent to be cancelled only why is read, all else is refused', async () => {
  const visit = await booked()
  const cancelled = { ...visit, status: 'cancelled' }
  const value = (name: string) => [422, 'business-rule', name]
  await allRefused(
    (more) => post(`Appointment/${visit.id}/$book`, { ...along(cancelled), ...more }),
    [
      [{ patient: `Patient/${other}` }, value('patient')],
      [{ start: visit.start }, value('start')],
      [{ slot: visit.slot[0]?.reference }, value('slot')],
      [{ schedule: `Schedule/${place.schedules[0]}` }, value('schedule')],
      [{ duration: 15 }, value('duration')],
      [{ 'service-type': otherType() }, value('service-type')],
      [{ 'healthcare-service': otherService() }, value('healthcare-service')],
      [{ reason: 'Cough' }, value('reason')],
      [{ 'appointment-type': 'FOLLOWUP' }, value('appointment-type')],
      [{ 'referral-identifier': referral }, value('referral-identifier')],
      [{ 'cancelled-appt-id': 'Appointment/2' }, value('cancelled-appt-id')],
      [{ 'override-reason': 'agreed' }, value('override-reason')],
      [{ overbook: { valueBoolean: true }, 'overbook-reason': 'Pain' }, value('overbook')],
      [
        { 'resource-group': { part: [{ name: 'actor', valueReference: { reference: `Practitioner/${place.practitioners[0]}` } }] } },
        value('resource-group'),
      ],
      [{ 'on-clash': 'skip' }, [400, 'required', 'Appointment.extension']],
    ],
  )
  await unchanged(visit)
  const asked = { ...along({ ...cancelled, cancelationReason: { text: 'Ill' } }), patient: `Patient/${patient}`, comment: 'By phone' }
  expect(appointmentIn(await post(`Appointment/${visit.id}/$book`, asked))).toMatchObject({
    status: 'cancelled',
    cancelationReason: { text: 'Ill' },
    comment: 'By phone',
  })
})

it('a booked visit that is modified is for no other type of service than it says, and becomes no series', async () => {
  const visit = await booked()
  const { serviceType: _type, participant, ...bare } = visit
  const people = participant.filter(({ actor }) => !actor?.reference?.startsWith('HealthcareService/'))
  const silent = { ...bare, participant: people }
  const modify = (resource: object) => (more: object) => post(`Appointment/${visit.id}/$book`, { ...along(resource), ...more })
  for (const resource of [visit, silent])
    await allRefused(modify(resource), [
      [{ 'service-type': otherType() }, [400, 'value', 'service-type']],
      [{ 'healthcare-service': otherService() }, [400, 'value', 'healthcare-service']],
    ])
  expect(refusal(await modify({ ...visit, extension: [weekly(3)] })({}))).toEqual([422, 'business-rule', 'Appointment.extension'])
  await unchanged(visit)
  const answer = await modify(visit)({ 'service-type': typeOf(place), reason: 'Cough' })
  expect(appointmentIn(answer)).toMatchObject({ status: 'booked', reasonCode: [{ text: 'Cough' }] })
})

it('an extension of a visit that keeps its time is written; what the server wrote beside it stays', async () => {
  const visit = await booked({ 'override-reason': 'agreed' })
  const own = { url: 'urn:test:extension', valueString: 'c' }
  const answer = await post(`Appointment/${visit.id}/$book`, along({ ...visit, extension: [own] }))
  expect(appointmentIn(answer)?.extension).toEqual([own, ...(visit.extension ?? [])])
})

it('a proposal is for no other service, or type of it, than it says', async () => {
  const asked = `Appointment/$find?schedule=${place.schedules[0]}&_count=1&patient=${patient}`
  const [proposal] = matches(await house.call('GET', asked))
  for (const operation of ['$hold', '$book'])
    await allRefused(
      (more) => post(`Appointment/${proposal?.id}/${operation}`, more),
      [
        [{ 'service-type': otherType() }, [400, 'value', 'service-type']],
        [{ 'healthcare-service': otherService() }, [400, 'value', 'healthcare-service']],
        [{ 'appt-id': 'another' }, [400, 'value', 'appt-id']],
      ],
    )
  expect(appointmentIn(await post(`Appointment/${proposal?.id}/$book`, { 'service-type': typeOf(place) }))?.status).toBe('booked')
  slots = slots.filter(({ id }) => !proposal?.slot.some(({ reference }) => reference === `Slot/${id}`))
})

it('an Appointment that is only wished for is not booked by one that says it is over', async () => {
  const wish = made(await house.call('POST', 'Appointment', place.appointment(next(), patient, { status: 'proposed' })))
  const answer = await post(`Appointment/${wish.id}/$book`, along({ ...wish, status: 'fulfilled' }))
  expect(refusal(answer)).toEqual([422, 'business-rule', 'Appointment.status'])
  await unchanged(wish)
})

it('two ids, two values of what has one, and a reason for no overbooking are refused', async () => {
  const [visit, slot] = [await booked(), next()]
  const two = { ...along(visit), 'appt-id': 'another' }
  expect(refusal(await post('Appointment/$book', two))).toEqual([400, 'value', 'appt-id'])
  const asked = { patient: `Patient/${patient}` }
  await allRefused(
    (more) => post(`Slot/${slot.id}/$book`, { ...asked, ...more }),
    [
      [{ 'overbook-reason': 'Pain' }, [400, 'required', 'overbook']],
      [{ comment: ['One', 'Two'] }, [400, 'value', 'comment']],
      [{ start: [slot.start, '2031-01-01T09:00:00Z'] }, [400, 'value', 'start']],
    ],
  )
  const service = `HealthcareService/${place.service}`
  const same = await post(`Slot/${slot.id}/$book`, { ...asked, 'healthcare-service': [service, place.service] })
  expect(made(same).status).toBe('booked')
})

describe('which visit this one replaces or follows', () => {
  it('is written beside a hold that says nothing of it, and stands from then on', async () => {
    const [before, follows, hold] = [await booked(), await booked(), made(await place.hold(next().id, patient))]
    const links = [link('replaces', before.id), link('previousAppointment', follows.id)]
    const sent = { ...hold, extension: [...(hold.extension ?? []), ...links] }
    const visit = appointmentIn(await post(`Appointment/${hold.id}/$book`, along(sent))) as Body
    expect(visit.extension).toEqual(links)
    const otherwise = { ...visit, extension: [link('replaces', follows.id)] }
    expect(refusal(await post(`Appointment/${visit.id}/$book`, along(otherwise)))).toEqual([422, 'business-rule', 'Appointment.extension'])
    await unchanged(visit)
  })

  it('is not another than the hold says', async () => {
    const [before, another] = [await booked(), await booked()]
    const wanted = { ...place.appointment(next(), patient), status: 'proposed', extension: [link('previousAppointment', before.id)] }
    const hold = made(await house.call('POST', 'Appointment/$hold', wanted))
    const sent = { ...hold, extension: [link('previousAppointment', another.id)] }
    expect(refusal(await post(`Appointment/${hold.id}/$book`, along(sent)))).toEqual([422, 'business-rule', 'Appointment.extension'])
    await unchanged(hold)
    expect(appointmentIn(await post(`Appointment/${hold.id}/$book`, along(hold)))?.extension).toEqual(wanted.extension)
  })
})

describe('$reschedule', () => {
  it('beside a Slot another Schedule or start is refused, and its own may be said', async () => {
    const long = await clinic(house.call, { slotMinutes: 60, minutes: 30 })
    const [nine, ten] = [await long.slotAt(3, '09:00'), await long.slotAt(3, '10:00')]
    const visit = made(await long.book(nine.id, await long.patient()))
    const move = (more: object) => post(`Appointment/${visit.id}/$reschedule`, { slot: `Slot/${ten.id}`, ...more })
    await allRefused(move, [
      [{ schedule: `Schedule/${elsewhere.schedules[0]}` }, [400, 'value', 'schedule']],
      [{ start: new Date(Date.parse(ten.start) + 30 * 60_000).toISOString() }, [422, 'business-rule', 'Appointment.start']],
      [{ slot: [`Slot/${ten.id}`], comment: ['One', 'Two'] }, [400, 'value', 'comment']],
    ])
    await unchanged(visit)
    const moved = made(await move({ start: ten.start, schedule: `Schedule/${long.schedules[0]}` }), 200)
    expect([Date.parse(moved.start), moved.slot]).toEqual([Date.parse(ten.start), [{ reference: `Slot/${ten.id}` }]])
  })
})

it('$release names one hold: a Slot of another, or two of them, are refused', async () => {
  const [one, two] = [made(await place.hold(next().id, patient)), made(await place.hold(next().id, other))]
  const [own, another] = [one, two].map(({ slot }) => slot[0]?.reference ?? '')
  expect(refusal(await post(`Appointment/${one.id}/$release`, { slot: another }))).toEqual([400, 'value', 'slot'])
  expect(refusal(await post(`${another}/$release`, { 'appt-id': `Appointment/${one.id}` }))).toEqual([400, 'value', 'slot'])
  expect(refusal(await post(`${another}/$release`, { slot: own }))).toEqual([400, 'value', 'slot'])
  expect(refusal(await post(`Appointment/${one.id}/$release`, { 'appt-id': two.id }))).toEqual([400, 'value', 'appt-id'])
  await unchanged(one)
  await unchanged(two)
  expect(made(await post(`Appointment/${one.id}/$release`, { slot: own, 'appt-id': one.id }), 200).status).toBe('cancelled')
})
