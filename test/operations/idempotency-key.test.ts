/** A repeated `Idempotency-Key` (docs/operations.md): the same answer again, whatever happened on the way back the first time. */
import { idempotencyHoursKept } from '../../src/base/limits.ts'
import { claimKey, forgetOldKeys } from '../../src/store/idempotency.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => house.close())

const key = (name: string) => ({ 'idempotency-key': name })
const visitsOf = async (patient: string): Promise<number> =>
  matches(await house.call('GET', `Appointment?patient=Patient/${patient}`)).length

describe('the same key and body', () => {
  it('replay $book, $hold and $cancel: status, body, Location and Expires; nothing happens twice', async () => {
    const patient = await place.patient()
    const body = parameters({ patient: `Patient/${patient}` })
    for (const [operation, time] of [
      ['$book', '09:00'],
      ['$hold', '09:15'],
    ] as const) {
      const path = `Slot/${(await place.slotAt(2, time)).id}/${operation}`
      const [first, again] = [await house.call('POST', path, body, key(operation)), await house.call('POST', path, body, key(operation))]
      made(first)
      expect([again.status, again.json]).toEqual([201, first.json])
      for (const header of ['location', 'etag', 'expires']) expect(again.headers.get(header)).toBe(first.headers.get(header))
    }
    expect(await visitsOf(patient)).toBe(2)
    const visit = matches(await house.call('GET', `Appointment?patient=Patient/${patient}&status=booked`))[0]
    const cancel = () => house.call('POST', `Appointment/${visit?.id}/$cancel`, parameters({ comment: 'no' }), key('$cancel'))
    const [first, again] = [await cancel(), await cancel()]
    expect([first.status, again.status, again.json]).toEqual([200, 200, first.json])
  })

  it('replay the booking as it was answered, also when it has been cancelled since', async () => {
    const [slot, patient] = [await place.slotAt(2, '10:00'), await place.patient()]
    const book = () => house.call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${patient}` }), key('then cancelled'))
    const booked = made(await book())
    made(await house.call('POST', `Appointment/${booked.id}/$cancel`), 200)
    expect(made(await book())).toEqual(booked)
    expect(made(await house.call('GET', `Slot/${slot.id}`), 200).status).toBe('free')
  })

  it('replay a refusal that would come again, but not a conflict', async () => {
    const [slot, patient, other] = [await place.slotAt(2, '11:00'), await place.patient(), await place.patient()]
    const bad = () => house.call('POST', 'Slot/none/$book', parameters({ patient: `Patient/${patient}` }), key('bad'))
    const [first, again] = [await bad(), await bad()]
    expect([first.status, again.status, again.text]).toEqual([404, 404, first.text])
    const theirs = made(await place.book(slot.id, other))
    const book = () => house.call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${patient}` }), key('later'))
    expect((await book()).status).toBe(409)
    made(await house.call('POST', `Appointment/${theirs.id}/$cancel`), 200)
    made(await book())
  })
})

describe('the same key', () => {
  it('with another body, or at another address, is 422', async () => {
    const [slot, a, b] = [await place.slotAt(2, '12:00'), await place.patient(), await place.patient()]
    const book = (patient: string, id = slot.id) =>
      house.call('POST', `Slot/${id}/$book`, parameters({ patient: `Patient/${patient}` }), key('reused'))
    made(await book(a))
    expect((await book(b)).status).toBe(422)
    expect((await book(a, (await place.slotAt(2, '12:15')).id)).status).toBe(422)
    expect(await visitsOf(b)).toBe(0)
  })

  it('of another client or person is another key', async () => {
    const [slot, a, b] = [await place.slotAt(2, '13:00'), await place.patient(), await place.patient()]
    made(await house.call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${a}` }), key('shared')))
    const theirs = house.as(await house.token('system/*.cruds', { client: 'another' }))
    made(await theirs('POST', `Slot/${(await place.slotAt(2, '13:15')).id}/$book`, parameters({ patient: `Patient/${b}` }), key('shared')))
  })

  it('of another patient who uses the same program is another key', async () => {
    const patients = await place.patients(2)
    const calls = await Promise.all(patients.map(async (patient) => house.as(await house.token('patient/*.cruds', { patient }))))
    const visits: Body[] = []
    for (const [at, call] of calls.entries()) {
      const { id } = await place.slotAt(2, at === 0 ? '13:30' : '13:45')
      visits.push(made(await call('POST', `Slot/${id}/$book`, parameters({ patient: `Patient/${patients[at]}` }), key('of a program'))))
    }
    expect(new Set(visits.map(({ id }) => id)).size).toBe(2)
  })

  it('of somebody else is in nobody’s way while that is being answered', async () => {
    const { pool } = house.house
    const { id } = await place.slotAt(3, '09:00')
    const body = parameters({ patient: `Patient/${await place.patient()}` })
    await inTransaction(pool, async (tx) => {
      await claimKey(tx, { client: 'somebody-else', person: '', key: 'under way', request: '' })
      made(await house.call('POST', `Slot/${id}/$book`, body, key('under way')))
    })
  })

  it('is new again after its hours, and forgotten not before', async () => {
    const { pool } = house.house
    const [first, second, third] = [await place.slotAt(3, '10:00'), await place.slotAt(3, '10:15'), await place.slotAt(3, '10:30')]
    const body = parameters({ patient: `Patient/${await place.patient()}` })
    const book = (slot: Body, name: string) => house.call('POST', `Slot/${slot.id}/$book`, body, key(name))
    made(await book(first, 'old'))
    const kept = made(await book(second, 'young'))
    const text = `update idempotency set at = now() - make_interval(hours => $2) where key = $1`
    await pool.query({ text, values: ['old', idempotencyHoursKept + 1] })
    await pool.query({ text, values: ['young', idempotencyHoursKept - 1] })
    // The time is taken: that it was by this very key is not remembered any more.
    expect((await book(first, 'old')).status).toBe(409)
    const anew = made(await book(third, 'old'))
    await forgetOldKeys(pool)
    expect([made(await book(second, 'young')).id, made(await book(third, 'old')).id]).toEqual([kept.id, anew.id])
    await pool.query({ text, values: ['young', idempotencyHoursKept + 1] })
    await forgetOldKeys(pool)
    const left = await pool.query<{ key: string }>({ text: `select key from idempotency where key in ('old', 'young')`, values: [] })
    expect(left).toEqual([{ key: 'old' }])
  })

  it('in twenty requests at once books once; the rest are told the same or to wait', async () => {
    const [slot, patient] = [await place.slotAt(2, '14:00'), await place.patient()]
    const book = () => house.call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${patient}` }), key('flight'))
    const answers = await Promise.all(Array.from({ length: 20 }, book))
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ json }) => json.id))
    expect(ids.size).toBe(1)
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
    expect(made(await book()).id).toBe([...ids][0])
    expect(await visitsOf(patient)).toBe(1)
  })

  it('is refused when it is empty or too long', async () => {
    const slot = await place.slotAt(2, '15:00')
    const answer = await house.call(
      'POST',
      `Slot/${slot.id}/$book`,
      parameters({ patient: `Patient/${await place.patient()}` }),
      key('k'.repeat(256)),
    )
    expect(answer.status).toBe(400)
  })
})
