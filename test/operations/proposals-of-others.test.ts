/** A proposal names a patient: it is shown to them and to staff, written down, and to nobody else. */
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Body, type Call, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let mine: string
let others: string
let patient: Call
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  mine = await place.patient()
  others = await place.patient()
  patient = house.as(await house.token('patient/*.cruds', { patient: mine }))
})
afterAll(() => house.close())

const proposedTo = async (who?: string): Promise<Body> => {
  const asked = { start: instantIn(2, '00:00'), end: instantIn(3, '00:00'), _count: 1, ...(who ? { patient: `Patient/${who}` } : {}) }
  const [one] = matches(await house.call('POST', 'Appointment/$find', parameters(asked)))
  if (!one) throw new Error('nothing was proposed')
  return one
}

describe('a proposal', () => {
  it('is read under a patient scope where it is theirs or nobody’s, and is 404 where it is another’s', async () => {
    const statuses = []
    for (const who of [mine, undefined, others]) statuses.push((await patient('GET', `Appointment/${(await proposedTo(who)).id}`)).status)
    expect(statuses).toEqual([200, 200, 404])
  })

  it('is not opened by a granular scope', async () => {
    const granular = house.as(await house.token('system/Appointment.rs?status=booked'))
    expect((await granular('GET', `Appointment/${(await proposedTo(others)).id}`)).status).toBe(404)
  })

  it('leaves an audit row when it is read and names a patient', async () => {
    const [named, unnamed] = [await proposedTo(others), await proposedTo()]
    for (const { id } of [named, unnamed]) expect((await house.call('GET', `Appointment/${id}`)).status).toBe(200)
    const rows = await house.house.pool.query<{ entity: string; patients: string[] }>({
      text: `select entity, patients from audit_event where interaction = 'read' and entity = any($1)`,
      values: [[`Appointment/${named.id}`, `Appointment/${unnamed.id}`]],
    })
    expect(rows).toEqual([{ entity: `Appointment/${named.id}`, patients: [others] }])
  })

  it('of another patient is not taken under a patient scope', async () => {
    const { id } = await proposedTo(others)
    for (const operation of ['hold', 'book'])
      expect((await patient('POST', `Appointment/${id}/$${operation}`, parameters({}))).status).toBe(404)
    expect((await patient('POST', `Appointment/${(await proposedTo(mine)).id}/$book`, parameters({}))).status).toBe(200)
  })
})
