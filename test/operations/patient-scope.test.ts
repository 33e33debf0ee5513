/** Under a patient scope the operations reach that patient's visits alone, and booking rules bind every write (J16). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, instantIn, ours } from '../support/clinic.ts'
import { type Body, type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let me: string
let other: string
let mine: Call

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { minutes: 15 })
  me = await place.patient()
  other = await place.patient()
  mine = house.as(await house.token('patient/Appointment.cruds patient/Slot.rs patient/Schedule.rs', { patient: me }))
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

describe('a patient', () => {
  it('is who a visit is for without saying so, and can neither name another nor write one down for them', async () => {
    const slot = await place.slotAt(1, '09:00')
    const named = await mine('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${other}` }))
    expect(named.status).toBe(403)
    expect((await mine('POST', 'Appointment', place.appointment(slot, other))).status).toBe(403)
    expect((await mine('PUT', 'Appointment/for-other', { ...place.appointment(slot, other), id: 'for-other' })).status).toBe(404)
    expect((await mine('POST', 'Appointment/$book', place.appointment(slot, other, { status: 'proposed' }))).status).toBe(403)
    const booked = made(await mine('POST', `Slot/${slot.id}/$book`))
    expect(booked.participant.some(({ actor }) => actor?.reference === `Patient/${me}`)).toBe(true)
  })

  it("cannot cancel, release, book, move or see another's visit; it is as if it were not there", async () => {
    const [ten, eleven] = [await place.slotAt(1, '10:00'), await place.slotAt(1, '11:00')]
    const visit = made(await place.book(ten.id, other))
    const held = made(await place.hold(eleven.id, other))
    expect((await mine('POST', `Appointment/${visit.id}/$cancel`)).status).toBe(404)
    expect((await mine('POST', `Appointment/${held.id}/$release`)).status).toBe(404)
    const bySlot = await mine('POST', `Slot/${eleven.id}/$release`)
    expect(bySlot.status).toBe(404)
    expect(bySlot.text).not.toContain(held.id)
    expect((await mine('POST', `Appointment/${held.id}/$book`)).status).toBe(404)
    const free = await place.slotAt(1, '12:00')
    expect((await mine('POST', `Slot/${free.id}/$book`, parameters({ 'cancelled-appt-id': `Appointment/${visit.id}` }))).status).toBe(404)
    expect((await mine('GET', `Appointment/${visit.id}`)).status).toBe(404)
    expect(made(await house.call('GET', `Slot/${free.id}`), 200).status).toBe('free')
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
    expect(made(await house.call('GET', `Appointment/${held.id}`), 200).status).toBe('pending')
  })

  it('finds only their own visits, and never another patient through an include', async () => {
    const shared = { ...place.appointment(await place.slotAt(2, '09:00'), me) } as { participant: object[] }
    shared.participant = [...shared.participant, { actor: { reference: `Patient/${other}` }, status: 'accepted' }]
    made(await house.call('POST', 'Appointment', shared))
    const all = matches(await mine('GET', 'Appointment'))
    expect(all.length).toBeGreaterThan(0)
    for (const one of all) expect(one.participant.some(({ actor }) => actor?.reference === `Patient/${me}`)).toBe(true)
    const theirs = await mine('GET', `Appointment?patient=Patient/${other}`)
    for (const one of matches(theirs)) expect(one.participant.some(({ actor }) => actor?.reference === `Patient/${me}`)).toBe(true)
    const withPatient = house.as(await house.token('patient/Appointment.rs patient/Patient.rs', { patient: me }))
    const included = await withPatient('GET', 'Appointment?_include=Appointment:patient')
    expect((included.json.entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`)).not.toContain(`Patient/${other}`)
  })

  it('needs Appointment.c to book, .u to cancel and Slot.s or Appointment.s to find', async () => {
    const reads = house.as(await house.token('patient/Appointment.rs', { patient: me }))
    const slot = await place.slotAt(1, '13:00')
    for (const operation of ['$book', '$hold']) expect((await reads('POST', `Slot/${slot.id}/${operation}`)).status).toBe(403)
    expect((await reads('POST', 'Appointment/$book', place.appointment(slot, me, { status: 'proposed' }))).status).toBe(403)
    const visit = made(await mine('POST', `Slot/${slot.id}/$book`))
    expect((await reads('POST', `Appointment/${visit.id}/$cancel`)).status).toBe(403)
    expect((await reads('GET', 'Slot/$find-slots')).status).toBe(200)
    const version1 = house.as(await house.token('patient/Appointment.read', { patient: me }))
    expect((await version1('GET', 'Appointment')).status).toBe(200)
    const patientOnly = house.as(await house.token('patient/Patient.rs', { patient: me }))
    expect((await patientOnly('GET', 'Slot/$find-slots')).status).toBe(403)
    made(await mine('POST', `Appointment/${visit.id}/$cancel`), 200)
  })

  it('is bound by the booking rules on a plain REST write, where the front desk is not', async () => {
    const there = await clinic(house.call, { policy: { minNoticeMinutes: 5 * 24 * 60, maxOnlinePerDay: 1 } })
    const slot = await there.slotAt(2, '15:00')
    const visit = there.appointment(slot, me)
    const refused = await mine('POST', 'Appointment', visit)
    expect([refused.status, refused.json.issue[0]?.code]).toEqual([422, 'business-rule'])
    made(await house.call('PUT', 'Appointment/mine', { ...there.appointment(slot, me, { status: 'proposed' }), id: 'mine' }))
    expect((await mine('PUT', 'Appointment/mine', { ...visit, id: 'mine' })).status).toBe(422)
    const past = { ...visit, slot: undefined, start: instantIn(-2, '09:00'), end: instantIn(-2, '09:15') }
    expect((await mine('POST', 'Appointment', past)).status).toBe(422)
    made(await house.call('POST', 'Appointment', visit))
    const [first, second] = [await there.slotAt(7, '09:00'), await there.slotAt(7, '10:00')]
    made(await mine('POST', 'Appointment', there.appointment(first, me)))
    expect((await mine('POST', 'Appointment', there.appointment(second, me))).status).toBe(422)
  })

  it('cannot keep a time for longer than a hold lasts by writing held-until themselves', async () => {
    const slot = await place.slotAt(4, '09:00')
    const held = (seconds: number) => ({
      ...place.appointment(slot, me, { status: 'pending' }),
      extension: [{ url: ours('held-until'), valueInstant: new Date(Date.now() + seconds * 1000).toISOString() }],
    })
    expect((await mine('POST', 'Appointment', held(86_400))).status).toBe(422)
    const stored = made(await mine('POST', 'Appointment', held(300)))
    expect((await mine('PUT', `Appointment/${stored.id}`, { ...held(86_400), id: stored.id })).status).toBe(422)
    made(await mine('POST', `Appointment/${stored.id}/$release`), 200)
    const atDesk = made(await house.call('POST', 'Appointment', held(86_400)))
    made(await house.call('POST', `Appointment/${atDesk.id}/$release`), 200)
  })

  it('holds, books, moves and cancels their own', async () => {
    const [nine, ten] = [await place.slotAt(3, '09:00'), await place.slotAt(3, '10:00')]
    const held = made(await mine('POST', `Slot/${nine.id}/$hold`))
    made(await mine('POST', `Appointment/${held.id}/$book`), 200)
    const moved: Body = made(await mine('POST', `Slot/${ten.id}/$book`, parameters({ 'cancelled-appt-id': `Appointment/${held.id}` })))
    expect(made(await mine('POST', `Appointment/${moved.id}/$cancel`), 200).status).toBe('cancelled')
    expect((await place.slotsOn(3)).every(({ status }) => status === 'free')).toBe(true)
  })

  it('sees free Slots, but with system/Slot.rs?status=free nobody sees a busy one', async () => {
    const free = house.as(await house.token('system/Slot.rs?status=free'))
    const busy = (await place.slotsOn(1)).find(({ status }) => status === 'busy') as Body
    expect((await free('GET', `Slot/${busy.id}`)).status).not.toBe(200)
    const seen = matches(await free('GET', `Slot?schedule=Schedule/${place.schedules[0]}&_count=1000`))
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(['free']))
  })
})
