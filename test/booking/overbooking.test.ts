/** Staff books over a time that somebody has: in an overflow lane, with a reason, and never for patients. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn, ours } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let patients: string[]
let next = 0
const patient = (): string => patients[next++ % patients.length] as string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { minutes: 30, slotMinutes: 30 })
  patients = await place.patients(30)
})
afterAll(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(house.warnings).toEqual([])
  await house.close()
})

type Shown = Body & { overbooked?: boolean }
const slot = async (id: string): Promise<Shown> => made(await house.call('GET', `Slot/${id}`), 200)
const stateOf = async (id: string) => {
  const { status, overbooked } = await slot(id)
  return { status, overbooked }
}
const over = (id: string, more: Readonly<Record<string, unknown>> = {}, call = house.call): Promise<Answer> =>
  call(
    'POST',
    `Slot/${id}/$book`,
    parameters({ patient: `Patient/${patient()}`, overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain', ...more }),
  )
const cancel = async (id: string) => made(await house.call('POST', `Appointment/${id}/$cancel`, parameters({})), 200)
const lanes = async (visits: readonly Body[]) =>
  (
    await house.house.pool.query<{ resource: string }>({
      text: 'select resource from claim where appointment = any($1::text[]) order by resource',
      values: [visits.map(({ id }) => `Appointment/${id}`)],
    })
  ).map(({ resource }) => resource.replace(`Practitioner/${place.practitioners[0]}`, ''))
const offered = async (day: number): Promise<string[]> => {
  const window = `start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}&_count=500`
  return matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).map(({ id }) => id)
}

describe('$book with overbook', () => {
  it('takes a free time as it is, and one that is taken in the lowest free lane, up to three', async () => {
    const { id } = await place.slotAt(1, '09:00')
    const first = made(await over(id))
    expect(first.extension).toBeUndefined()
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: undefined })
    const visits = [made(await over(id)), made(await over(id)), made(await over(id))]
    expect(visits[0]?.extension).toEqual([{ url: ours('overbooked'), valueCodeableConcept: { text: 'Acute pain' } }])
    expect(await lanes([first, ...visits])).toEqual(['', '#2', '#3', '#4'])
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    expect((await over(id)).status).toBe(422)
    await cancel(String(visits[1]?.id))
    expect(await lanes([made(await over(id))])).toEqual(['#3'])
  })

  it('gives the Slot to the visit of the lane when the first one goes, and to nobody when that goes too', async () => {
    const { id } = await place.slotAt(1, '10:00')
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    await cancel(first.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    expect(await offered(1)).not.toContain(id)
    expect((await place.book(id, patient())).status).toBe(409)
    await cancel(second.id)
    expect(await stateOf(id)).toEqual({ status: 'free', overbooked: undefined })
    expect(await offered(1)).toContain(id)
  })

  it('leaves the Slot with the first visit when the one over it goes', async () => {
    const { id } = await place.slotAt(1, '11:00')
    const [first, second] = [made(await place.book(id, patient())), made(await over(id))]
    await cancel(second.id)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: undefined })
    await cancel(first.id)
    expect(await stateOf(id)).toEqual({ status: 'free', overbooked: undefined })
  })

  it('is written again, moved and found out like any other visit', async () => {
    const [{ id }, other] = [await place.slotAt(1, '12:00'), await place.slotAt(1, '13:00')]
    made(await place.book(id, patient()))
    const visit = made(await over(id))
    made(await house.call('PUT', `Appointment/${visit.id}`, { ...visit, comment: 'Called ahead' }), 200)
    expect(await lanes([visit])).toEqual(['#2'])
    made(await house.call('PUT', `Slot/${id}`, { ...(await slot(id)), overbooked: undefined, comment: 'Tight' }), 200)
    expect(await stateOf(id)).toEqual({ status: 'busy', overbooked: true })
    const moved = made(await house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${other.id}` })), 200)
    expect((moved.extension ?? []).map(({ url }) => url)).toEqual([ours('moved')])
    expect(await lanes([visit])).toEqual([''])
    expect([await stateOf(id), await stateOf(other.id)]).toEqual([
      { status: 'busy', overbooked: undefined },
      { status: 'busy', overbooked: undefined },
    ])
  })

  it('is not for patients, wants a reason, holds nothing, and gives way to blocks and to the rules', async () => {
    const { id } = await place.slotAt(2, '09:00')
    const who = patient()
    made(await place.book(id, patient()))
    const theirs = house.as(await house.token('patient/*.cruds', { patient: who }))
    const asked = (more: object) => parameters({ patient: `Patient/${who}`, overbook: { valueBoolean: true }, ...more })
    expect((await theirs('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(403)
    expect((await house.call('POST', `Slot/${id}/$book`, asked({}))).status).toBe(400)
    expect((await house.call('POST', `Slot/${id}/$hold`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(422)
    expect((await house.call('POST', `Slot/${id}/$book`, asked({ overbook: { valueBoolean: false } }))).status).toBe(409)
    made(await house.call('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' })))
    // The same patient cannot be there twice.
    expect((await house.call('POST', `Slot/${id}/$book`, asked({ 'overbook-reason': 'Pain' }))).status).toBe(422)
    const block = { resourceType: 'Slot', schedule: { reference: `Schedule/${place.schedules[0]}` }, status: 'busy-unavailable' }
    made(await house.call('POST', 'Slot', { ...block, start: instantIn(2, '15:00'), end: instantIn(2, '16:00') }))
    expect((await over((await place.slotAt(2, '15:00')).id)).status).toBe(409)
  })

  it('leaves an AuditEvent that says so', async () => {
    const { id } = await place.slotAt(2, '10:00')
    made(await place.book(id, patient()))
    const visit = made(await over(id))
    const events = matches(await house.call('GET', `AuditEvent?entity=Appointment/${visit.id}&subtype=overbook`))
    expect(events).toHaveLength(1)
  })

  it('is raced for by many: three lanes and no more', async () => {
    const { id } = await place.slotAt(2, '11:00')
    made(await place.book(id, patient()))
    const answers = await Promise.all(Array.from({ length: 12 }, () => over(id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 422]))
  })
})
