/** A patient reads the versions that were theirs: an Appointment that is handed over does not take its past along. */
import { create } from '../support/clinic.ts'
import { type Call, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let [first, second] = ['', '']
let appointment = ''
let patient: Call
beforeAll(async () => {
  house = await testHouse()
  first = await create(house.call, { resourceType: 'Patient' })
  second = await create(house.call, { resourceType: 'Patient' })
  patient = house.as(await house.token('patient/*.cruds', { patient: second }))
  appointment = await create(house.call, past(first, 'one'))
  for (const [who, comment] of [
    [first, 'two'],
    [second, 'three'],
    [second, 'four'],
  ] as const)
    made(await house.call('PUT', `Appointment/${appointment}`, { ...past(who, comment), id: appointment }), 200)
})
afterAll(() => house.close())

const past = (who: string, comment: string) => ({
  resourceType: 'Appointment',
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  comment,
  participant: [{ actor: { reference: `Patient/${who}` }, status: 'accepted' }],
})

const comments = async (call: Call, query = ''): Promise<unknown[]> =>
  (made(await call('GET', `Appointment/${appointment}/_history${query}`), 200).entry ?? []).map(({ resource }) => resource.comment)

describe('the past of an Appointment that was another patient’s', () => {
  it('is left out under a patient scope, version by version', async () => {
    const statuses = []
    for (const version of [1, 2, 3, 4]) statuses.push((await patient('GET', `Appointment/${appointment}/_history/${version}`)).status)
    expect(statuses).toEqual([404, 404, 200, 200])
  })

  it('is left out of the history, and of its pages and count', async () => {
    expect(await comments(patient)).toEqual(['four', 'three'])
    const page = made(await patient('GET', `Appointment/${appointment}/_history?_count=1`), 200)
    expect([page.entry?.length, page.total]).toEqual([1, undefined])
    expect(await comments(patient, '?_count=1&_before=4')).toEqual(['three'])
    expect(await comments(patient, '?_count=2')).toEqual(['four', 'three'])
  })

  it('is no longer there for whose it was: who may not see the visit as it is may not see it as it was', async () => {
    const former = house.as(await house.token('patient/*.cruds', { patient: first }))
    expect((await former('GET', `Appointment/${appointment}/_history/1`)).status).toBe(404)
    expect((await former('GET', `Appointment/${appointment}/_history`)).status).toBe(404)
  })

  it('makes no page of the history shorter than was asked for', async () => {
    const returned = await create(house.call, past(second, 'mine'))
    for (const [who, comment] of [
      [first, 'lent'],
      [first, 'lent still'],
      [first, 'lent for long'],
      [second, 'mine again'],
    ] as const)
      made(await house.call('PUT', `Appointment/${returned}`, { ...past(who, comment), id: returned }), 200)
    const page = made(await patient('GET', `Appointment/${returned}/_history?_count=2`), 200).entry ?? []
    expect(page.map(({ resource }) => resource.comment)).toEqual(['mine again', 'mine'])
  })

  it('is there for staff, and written down for whom each version concerned', async () => {
    expect(await comments(house.call)).toEqual(['four', 'three', 'two', 'one'])
    made(await house.call('GET', `Appointment/${appointment}/_history/1`), 200)
    const rows = await house.house.pool.query<{ patients: string[] }>({
      text: `select patients from audit_event where client <> 'patient' and interaction in ('history-instance', 'vread') and entity like $1 order by at desc, id desc limit 2`,
      values: [`Appointment/${appointment}/_history%`],
    })
    for (const { patients } of rows) expect(patients.toSorted()).toEqual([first, second].toSorted())
  })
})
