/** Nobody hoards times: so many holds at once for a patient and for a client, counted by the database whatever the path. */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, type Call, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse({ holdQuotas: { perPatient: 3, perPerson: 5, perClient: 6 } })
  place = await clinic(house.call, { n: 6 })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house?.close())

const slots: Body[] = []
/** Each test has free times of its own, at practitioners who do not share any. */
async function freeSlots(count: number): Promise<Body[]> {
  if (slots.length < count)
    slots.push(...(await Promise.all([0, 1, 2, 3, 4, 5].map((n) => place.slotsOn(5, n)))).flat().filter(({ status }) => status === 'free'))
  return slots.splice(0, count)
}

const patientCall = async (patient: string, client = 'portal', user?: string): Promise<Call> =>
  house.as(await house.token('patient/*.cruds', { patient, client, user }))
const staffCall = async (client: string): Promise<Call> =>
  house.as(await house.token('user/*.cruds', { user: 'Practitioner/desk', client }))

const hold = (call: Call, slot: Body | undefined, patient: string): Promise<Answer> =>
  call('POST', `Slot/${slot?.id}/$hold`, parameters({ patient: `Patient/${patient}` }))

const held = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 201).length
const refused = (answers: readonly Answer[]): Answer[] => answers.filter(({ status }) => status === 429)

describe('a patient’s live holds', () => {
  it('are so many and no more, however many are asked for at once; the others are told when to come again', async () => {
    const patient = await place.patient()
    const call = await patientCall(patient, 'own-1')
    const answers = await Promise.all((await freeSlots(12)).map((slot) => hold(call, slot, patient)))
    expect([held(answers), refused(answers).length]).toEqual([3, 9])
    for (const { json, headers } of refused(answers)) {
      expect(json.issue[0]?.code).toBe('throttled')
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(600)
    }
  })

  it('count no more when they are booked, released or over; a booking is no hold', async () => {
    const patient = await place.patient()
    const call = await patientCall(patient, 'own-2')
    const [a, b, c, d, e, f, g, h] = await freeSlots(8)
    const first = made(await hold(call, a, patient))
    const second = made(await hold(call, b, patient))
    const third = made(await hold(call, c, patient))
    expect((await hold(call, d, patient)).status).toBe(429)
    made(await call('POST', `Appointment/${first.id}/$book`), 200)
    made(await hold(call, d, patient))
    expect((await hold(call, e, patient)).status).toBe(429)
    made(await call('POST', `Appointment/${second.id}/$release`), 200)
    made(await hold(call, e, patient))
    // As if its time were over: nobody has swept it away yet.
    await house.house.pool.query({
      text: `update hold_place set expires = now() - interval '1 s' where holder = $1`,
      values: [`Appointment/${third.id}`],
    })
    made(await hold(call, f, patient))
    expect((await hold(call, g, patient)).status).toBe(429)
    made(await call('POST', `Slot/${h?.id}/$book`, parameters({ patient: `Patient/${patient}` })))
  })

  it('are counted over all of the clients that the patient uses, and apart from other patients’', async () => {
    const [patient, other] = await place.patients(2)
    const [here, there] = [await patientCall(patient ?? '', 'app-1'), await patientCall(patient ?? '', 'app-2')]
    const [a, b, c, d, e] = await freeSlots(5)
    for (const [call, slot] of [
      [here, a],
      [there, b],
      [here, c],
    ] as const)
      made(await hold(call, slot, patient ?? ''))
    expect((await hold(there, d, patient ?? '')).status).toBe(429)
    made(await hold(await patientCall(other ?? '', 'app-1'), e, other ?? ''))
  })

  it('bind a hold that is written over REST as well', async () => {
    const patient = await place.patient()
    const call = await patientCall(patient, 'own-3')
    const [a, b, c, d] = await freeSlots(4)
    const first = made(await hold(call, a, patient))
    for (const slot of [b, c]) made(await hold(call, slot, patient))
    made(await call('POST', `Appointment/${first.id}/$release`), 200)
    const { id, ...written } = { ...first, slot: [{ reference: `Slot/${d?.id}` }], start: d?.start, end: d?.end }
    expect(id).toBe(first.id)
    made(await call('POST', 'Appointment', written))
    expect(
      refused([await call('POST', 'Appointment', { ...written, slot: [{ reference: `Slot/${a?.id}` }], start: a?.start, end: a?.end })]),
    ).toHaveLength(1)
  })

  it('do not bind the front desk', async () => {
    const patient = await place.patient()
    const call = await staffCall('desk-1')
    const answers = await Promise.all((await freeSlots(5)).map((slot) => hold(call, slot, patient)))
    expect(held(answers)).toBe(5)
  })
})

describe('who acts for patients', () => {
  it('holds for each no more than the patient themself, whose holds count with theirs', async () => {
    const patient = await place.patient()
    const [me, mother, father] = await Promise.all(
      [`Patient/${patient}`, 'RelatedPerson/mother', 'RelatedPerson/father'].map((user) => patientCall(patient, user.slice(-6), user)),
    )
    const some = await freeSlots(4)
    const asked = [me, mother, father].flatMap((one) => one ?? [])
    const held = await Promise.all(asked.map((one, at) => hold(one, some[at], patient)))
    expect(held.map(({ status }) => status)).toEqual([201, 201, 201])
    for (const one of asked) {
      const answer = await hold(one, some[3], patient)
      expect([answer.status, answer.json.issue?.[0]?.diagnostics]).toEqual([429, expect.stringContaining('for one patient')])
    }
  })

  it('holds so many and no more for all of them together, through whatever programs, and others hold for the same patients', async () => {
    const children = await place.patients(4)
    const calls = await Promise.all(children.map((child, at) => patientCall(child, `family-${at % 2}`, 'RelatedPerson/parent')))
    const some = await freeSlots(9)
    const answers = await Promise.all(some.slice(0, 8).map((slot, at) => hold(calls[at % 4] as Call, slot, children[at % 4] ?? '')))
    expect([held(answers), refused(answers).length]).toEqual([5, 3])
    for (const { json, headers } of refused(answers)) {
      expect(json.issue[0]?.diagnostics).toContain('by one person')
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
    const [mine] = answers.flatMap((answer) => (answer.status === 201 ? (appointmentIn(answer) ?? []) : []))
    // One that is given back may be had again, for any of them.
    const whose = mine?.participant.find(({ actor }) => actor?.reference?.startsWith('Patient/'))?.actor?.reference?.slice(8) ?? ''
    made(await (calls[children.indexOf(whose)] as Call)('POST', `Appointment/${mine?.id}/$release`), 200)
    made(await hold(calls[children.indexOf(whose)] as Call, some[8], whose))
    const [slot] = await freeSlots(1)
    made(await hold(await patientCall(children[3] ?? '', 'family-1', 'RelatedPerson/aunt'), slot, children[3] ?? ''))
  })
})

describe('a client’s live holds', () => {
  it('are so many and no more, whomever they are for, and Slots set busy-tentative by hand count too', async () => {
    const call = await staffCall('desk-2')
    const patients = await place.patients(12)
    const some = await freeSlots(13)
    const byHand = some.pop()
    made(await call('PUT', `Slot/${byHand?.id}`, { ...byHand, status: 'busy-tentative' }), 200)
    const answers = await Promise.all(some.map((slot, at) => hold(call, slot, patients[at] ?? '')))
    expect([held(answers), refused(answers).length]).toEqual([5, 7])
    const [mine] = answers.flatMap((answer) => (answer.status === 201 ? (appointmentIn(answer) ?? []) : []))
    made(await call('POST', `Appointment/${mine?.id}/$cancel`), 200)
    expect(held([await hold(call, (await freeSlots(1))[0], patients[0] ?? '')])).toBe(1)
    const open = some[answers.findIndex(({ status }) => status === 429)]
    expect((await call('PUT', `Slot/${open?.id}`, { ...open, status: 'busy-tentative' })).status).toBe(429)
  })
})
