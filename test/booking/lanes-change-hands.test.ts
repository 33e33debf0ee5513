/** A Schedule of nobody on which visits lie over others comes to be somebody's: who takes it over is taken up by all of them. */
import { closeInAgreement, disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Answer, type Body, made, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic
let patients: string[]
let next = 0
const patient = (): string => patients[next++ % patients.length] as string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  patients = await place.patients(40)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => closeInAgreement(house))

const sql = (text: string, ...values: unknown[]) => ({ text, values })
const at = (time: string): string => instantIn(2, time)
const between = (from: string, until: string) => ({ start: at(from), end: at(until) })
const person = () =>
  create(house.call, { resourceType: 'Practitioner', name: [{ family: 'Taken-Over' }] }).then((id) => `Practitioner/${id}`)
const bare = (whose: string, from: string, until: string): Promise<Answer> =>
  house.call('POST', 'Appointment', {
    ...{ resourceType: 'Appointment', status: 'booked', ...between(from, until) },
    participant: [whose, `Patient/${patient()}`].map((reference) => ({ actor: { reference }, status: 'accepted' })),
  })
const book = (slot: Body, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  house.call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${patient()}`, ...more }))
const over = (slot: Body, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  book(slot, { overbook: { valueBoolean: true }, 'overbook-reason': 'Acute pain', ...more })
const cancel = async (visit: Body) => made(await house.call('POST', `Appointment/${visit.id}/$cancel`, parameters({})), 200)
const slotNow = async ({ id }: Body): Promise<Body> => made(await house.call('GET', `Slot/${id}`), 200)
const claimsOf = async (visit: Body, whose: string): Promise<string[]> =>
  (
    await house.house.pool.query<{ resource: string }>(
      sql(
        'select resource from claim where appointment = $1 and starts_with(resource, $2) order by resource',
        `Appointment/${visit.id}`,
        whose,
      ),
    )
  ).map(({ resource }) => resource.slice(whose.length))

type Own = { readonly slots: readonly Body[]; readonly schedule: string; readonly become: (whom: string) => Promise<Answer> }

const slotsOf = async (schedule: string, more: object = {}): Promise<Body[]> => {
  const made_: Body[] = []
  for (const time of [between('09:00', '09:30'), between('09:30', '10:00')])
    made_.push(
      made(
        await house.call('POST', 'Slot', {
          ...{ resourceType: 'Slot', status: 'free', schedule: { reference: `Schedule/${schedule}` } },
          ...{ ...time, ...more },
        }),
      ),
    )
  return made_
}

/** Of a hall, whose Schedule comes to name somebody. */
async function ofHall(): Promise<Own> {
  const hall = await create(house.call, { resourceType: 'Location' })
  const body = { resourceType: 'Schedule', active: true, actor: [{ reference: `Location/${hall}` }] }
  const schedule = await create(house.call, body)
  const become = (reference: string) => house.call('PUT', `Schedule/${schedule}`, { ...body, id: schedule, actor: [{ reference }] })
  return { slots: await slotsOf(schedule), schedule, become }
}

/** Of a role, which comes to name somebody. */
async function ofRole(): Promise<Own> {
  const role = await create(house.call, { resourceType: 'PractitionerRole' })
  const schedule = await create(house.call, { resourceType: 'Schedule', active: true, actor: [{ reference: `PractitionerRole/${role}` }] })
  const become = (reference: string) =>
    house.call('PUT', `PractitionerRole/${role}`, { resourceType: 'PractitionerRole', id: role, practitioner: { reference } })
  return { slots: await slotsOf(schedule), schedule, become }
}

describe.each([
  ['a Schedule that comes to name somebody', ofHall],
  ['a role that comes to be somebody’s', ofRole],
])('%s', (_, of) => {
  it('takes them up for a visit over another, in a lane of theirs', async () => {
    const [a, own] = [await person(), await of()]
    const [slot] = own.slots as [Body]
    const [first, second, third] = [made(await book(slot)), made(await over(slot)), made(await over(slot))]
    made(await own.become(a), 200)
    expect(await Promise.all([first, second, third].map((visit) => claimsOf(visit, a)))).toEqual([[''], ['#2'], ['#3']])
    await cancel(first)
    expect((await bare(a, '09:00', '09:30')).status).toBe(409)
    expect(await slotNow(slot)).toMatchObject({ status: 'busy', overbooked: true })
    expect(await claimsOf(second, a)).toEqual(['', '#2'])
    await cancel(second)
    expect([await claimsOf(third, a), (await bare(a, '09:00', '09:30')).status]).toEqual([['', '#3'], 409])
    await cancel(third)
    expect((await slotNow(slot)).status).toBe('free')
    made(await bare(a, '09:00', '09:30'))
  })

  it('also where the first visit is gone by then', async () => {
    const [a, own] = [await person(), await of()]
    const [slot] = own.slots as [Body]
    const [first, second] = [made(await book(slot)), made(await over(slot))]
    await cancel(first)
    made(await own.become(a), 200)
    expect([await claimsOf(second, a), (await bare(a, '09:00', '09:30')).status]).toEqual([['', '#2'], 409])
  })

  it('leaves it as it is when it is written again', async () => {
    const [a, own] = [await person(), await of()]
    const [slot] = own.slots as [Body]
    const [, second] = [made(await book(slot)), made(await over(slot))]
    made(await own.become(a), 200)
    made(await house.call('PUT', `Appointment/${second.id}`, { ...second, comment: 'Called ahead' }), 200)
    expect(await claimsOf(second, a)).toEqual(['#2'])
  })

  it('is refused where somebody else of theirs has time that nobody on it had', async () => {
    const [a, own] = [await person(), await of()]
    const [slot] = own.slots as [Body]
    made(await book(slot))
    const second = made(await over(slot, { duration: 60 }))
    const theirs = made(await bare(a, '09:30', '10:00'))
    const refused = await own.become(a)
    expect([refused.status, refused.json.issue?.[0]?.diagnostics]).toEqual([409, expect.stringContaining(`Appointment/${second.id}`)])
    expect(await claimsOf(second, a)).toEqual([])
    await cancel(theirs)
    made(await own.become(a), 200)
    expect([await claimsOf(second, a), (await bare(a, '09:30', '10:00')).status]).toEqual([['', '#2'], 409])
  })

  it('takes the lane that is free, and is refused where none is', async () => {
    const [a, own, other] = [await person(), await of(), await of()]
    const [slot] = own.slots as [Body]
    const first = made(await house.call('POST', 'Appointment', { ...visitOf(a, slot) }))
    made(await other.become(a), 200)
    const [beside] = other.slots as [Body]
    const theirs = [made(await over(beside)), made(await over(beside))]
    const [second, third] = [made(await over(slot)), made(await over(slot))]
    const refused = await own.become(a)
    expect([refused.status, refused.json.issue?.[0]?.diagnostics]).toEqual([409, expect.stringContaining(`Appointment/${third.id}`)])
    await cancel(theirs[0] as Body)
    made(await own.become(a), 200)
    expect([await claimsOf(first, a), await claimsOf(second, a), await claimsOf(third, a)]).toEqual([[''], ['#2'], ['#4']])
  })
})

/** In the Slot, with somebody whom its Schedule does not name. */
const visitOf = (whose: string, { id, start, end }: Body): object => ({
  ...{ resourceType: 'Appointment', status: 'booked', start, end, slot: [{ reference: `Slot/${id}` }] },
  participant: [whose, `Patient/${patient()}`].map((reference) => ({ actor: { reference }, status: 'accepted' })),
})

it('a visit that is cancelled, and a Slot that is set free, while their Schedule becomes somebody’s leave no claim', async () => {
  const [a, own] = [await person(), await ofHall()]
  const [slot, later] = own.slots as [Body, Body]
  const visit = made(await book(slot))
  const busy = made(await house.call('PUT', `Slot/${later.id}`, { ...later, status: 'busy' }), 200)
  const answers = await house.house.pool.connect(async (db) => {
    await db.query(sql('begin'))
    // Both have their claims and Slots to give back, and wait for a Slot.
    await db.query(sql('select 1 from slot where id = any($1::text[]) for update', [slot.id, later.id]))
    const leaving = [
      house.call('POST', `Appointment/${visit.id}/$cancel`, parameters({})),
      house.call('PUT', `Slot/${later.id}`, { ...busy, status: 'free' }),
    ]
    await untilWaiting(house.house.pool, 2)
    const given = own.become(a)
    await untilWaiting(house.house.pool, 3)
    await db.query(sql('commit'))
    return Promise.all([...leaving, given])
  })
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  made(await bare(a, '09:00', '09:30'))
  made(await bare(a, '09:30', '10:00'))
})
