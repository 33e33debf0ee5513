/**
 * Random deeds, several at a time: nobody knows who comes first, but afterwards everything agrees with everything else,
 * and when all is given back all is free again.
 */

import { disagreements } from '../support/agreement.ts'
import { fc } from '../support/chance.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { emptyDay, gaps, type ModelClinic, modelClinic, storedSlots } from './model-clinic.ts'
import { type Choice, type DeedName, deedNames, deeds, type World } from './model-deeds.ts'

const runs = Number(process.env.MODEL_RUNS ?? 8)
const rounds = 6
const atOnce = 10
const patientsInAll = 60

const number = fc.nat({ max: 999 })
/** The clock is set back between the rounds, since that is no deed of a client's. */
const names = deedNames.filter((name) => name !== 'expire')
const choice: fc.Arbitrary<Choice> = fc.record({ deed: fc.constantFrom<DeedName>(...names), a: number, b: number, c: number })
const round = fc.array(choice, { minLength: 2, maxLength: atOnce, size: 'max' })

/** What `disagreements` leaves out: Slots that nobody will ever give back. */
const strays = `
  select 'Slot/' || s.id || ' is ' || s.status || ' by ' || s.taken_by || ', which has no time' as what
    from slot s where s.status in ('busy', 'busy-tentative') and (s.held_until is null or s.held_until > now()) and not exists (
      select 1 from claim c join schedule_claim sc on sc.resource = c.resource
       where c.appointment = s.taken_by and sc.schedule = s.schedule and c.period && tstzrange(s.starts, s.ends))
  union all
  select 'Slot/' || s.id || ' is free under the block Slot/' || b.id
    from slot b join schedule_claim bc on bc.schedule = b.schedule join schedule_claim sc on sc.resource = bc.resource
    join slot s on s.schedule = sc.schedule and s.status = 'free' and s.starts < b.ends and s.ends > b.starts
   where b.status = 'busy-unavailable' and b.taken_by is null
  union all
  select 'Slot/' || s.id || ' is under ' || s.taken_by || ', which is no block'
    from slot s where s.status = 'busy-unavailable' and s.taken_by is not null and not exists (
      select 1 from slot b where 'Slot/' || b.id = s.taken_by and b.status = 'busy-unavailable')
  union all
  select 'Appointment/' || a.id || ' has ' || count(c.resource) || ' claims of ' || a.claims
    from appointment a left join claim c on c.appointment = 'Appointment/' || a.id
   where a.status = 'booked' group by a.id having count(c.resource) <> a.claims`

describe('many front desks at once', () => {
  let server: TestHouse
  let clinic: ModelClinic
  let day = 0
  beforeAll(async () => {
    server = await testHouse()
    clinic = await modelClinic(server.call, server.house, patientsInAll)
  })
  afterAll(() => server.close())

  const wrong = async (): Promise<string[]> => {
    const rows = await server.house.pool.query<{ what: string }>({ text: strays, values: [] })
    return [...rows.map(({ what }) => what), ...(await disagreements(server.house.pool))]
  }

  const allAtOnce = async (world: World, choices: readonly Choice[]): Promise<void> => {
    const stored = await storedSlots(clinic, world.day)
    const told = await Promise.all(choices.map((one) => deeds[one.deed](world, one, stored)))
    for (const one of told)
      if (one && one.answer.status >= 500)
        throw new Error(`${one.what} was answered ${one.answer.status}: ${one.answer.text.slice(0, 300)}`)
  }

  const giveAllBack = async ({ model, day }: World): Promise<void> => {
    const { call } = clinic
    const blocks = [...(await storedSlots(clinic, day))].filter(
      ([, { status, takenBy }]) => status === 'busy-unavailable' && takenBy === null,
    )
    const byHand = [...model.slots.keys()]
    // One that was deleted may have been written back beside it.
    const visits = await server.house.pool.query<{ id: string }>({ text: 'select id from appointment where not deleted', values: [] })
    const answers = await Promise.all(
      [...visits.map(({ id }) => `Appointment/${id}`), ...blocks.map(([id]) => `Slot/${id}`)].map((path) => call('DELETE', path)),
    )
    expect(answers.filter(({ status }) => status !== 204).map(({ status, text }) => `${status} ${text}`)).toEqual([])
    for (const id of byHand) {
      const { status, json } = await call('GET', `Slot/${id}`)
      if (status === 200 && json.status !== 'free') await call('PUT', `Slot/${id}`, { ...json, status: 'free' })
    }
    const left = [...(await storedSlots(clinic, day))].filter(([, { status }]) => status !== 'free' && status !== 'gone')
    expect(left).toEqual([])
  }

  const tell = async (story: readonly Choice[][]): Promise<void> => {
    day += 1
    const given = { count: 0 }
    const nextPatient = () => clinic.patients[given.count++ % clinic.patients.length] ?? ''
    const world: World = { clinic, day, model: await emptyDay(clinic, day), visits: [], nextPatient }
    for (const choices of story) {
      await allAtOnce(world, choices)
      expect(await wrong()).toEqual([])
      await deeds.expire(world, { deed: 'expire', a: choices.length, b: 0, c: 0 }, new Map())
    }
    await giveAllBack(world)
  }

  it('leave claims, Slots and Appointments in agreement', async () => {
    await fc.assert(fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: rounds, size: 'max' }), tell), {
      numRuns: runs,
      endOnFailure: true,
    })
    expect(await gaps(clinic)).toEqual([])
  })
})
