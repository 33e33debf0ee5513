/** What happens on its own goes on where one piece of it cannot be done, and ends. */
import { dayMs } from '../../src/base/durations.ts'
import { remakeStale, rollSlots } from '../../src/booking/regenerate-slots.ts'
import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 3, policy: { holdSeconds: 600 } })
})
afterAll(() => house.close())

const run = (text: string, values: unknown[] = []) => house.house.pool.query<Record<string, string>>({ text, values })
const at = (ms: number) => ({ ...house.house, clock: { now: () => new Date(ms) } })

describe('the horizon', () => {
  it('rolls every night, and not twice a night', async () => {
    const now = Date.now()
    const rolled = []
    for (const night of [1, 1, 2, 3]) rolled.push(await rollSlots(at(now + night * dayMs)))
    expect(rolled).toEqual([3, 0, 3, 3])
  })
})

describe('a Schedule whose Slots cannot be made', () => {
  it('keeps no other waiting, and is reported without a name', async () => {
    const [broken = '', ...others] = place.schedules.toSorted()
    await run(
      `update schedule_plan set plan = 'null', version = nextval('schedule_plan_version'), stale = true, generated_until = null where schedule = $1`,
      [broken],
    )
    await run('update schedule_plan set stale = true, generated_until = null where schedule = any($1)', [others])
    expect(await remakeStale(house.house)).toBe(2)
    expect(await run('select schedule from schedule_plan where stale')).toEqual([{ schedule: broken }])
    expect(await rollSlots(at(Date.now() + 10 * dayMs))).toBe(2)
    expect(house.warnings.length).toBe(2)
    expect(house.warnings.join()).not.toContain(broken)
  })

  it('keeps no other waiting where there are as many as a round takes', async () => {
    await run(`insert into schedule_plan (schedule, version, plan, terms) select '0-' || n, 1, 'null', '{}' from generate_series(1, 45) n`)
    await run('update schedule_plan set stale = true where schedule = any($1)', [place.schedules.toSorted().slice(1)])
    expect(await remakeStale(house.house)).toBe(2)
  })
})

describe('a write whose Slots cannot be made', () => {
  it('stands, and its Slots follow when they can', async () => {
    await run(`create function no_slots() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$`)
    await run('create trigger no_slots before insert on slot for each row execute function no_slots()')
    const late = await clinic(house.call)
    const [schedule] = late.schedules
    const slots = async () => (await house.call('GET', `Slot?schedule=Schedule/${schedule}&_count=0`)).json.total
    expect(await slots()).toBe(0)
    await run('drop trigger no_slots on slot')
    await remakeStale(house.house)
    expect(await slots()).toBeGreaterThan(0)
  })
})

describe('a hold that cannot be ended', () => {
  it('keeps no other waiting', async () => {
    const [broken, other] = await Promise.all(
      ['09:00', '10:00'].map(async (time) => made(await place.hold((await place.slotAt(2, time, 2)).id, await place.patient())).id),
    )
    await run(`update appointment set held_until = now() - interval '1 minute' where id = $1`, [other])
    await run(`update appointment set held_until = now() - interval '1 hour', body = body || '{"extension": 5}' where id = $1`, [broken])
    await run(
      `update appointment set body = jsonb_set(body, '{extension}', '[{"url": "https://slotwise.org/fhir/StructureDefinition/held-until", "valueInstant": "2020-01-01T00:00:00Z"}]') where id = $1`,
      [other],
    )
    expect(await settleLapsedHolds(house.house)).toBe(1)
    expect((await house.call('GET', `Appointment/${other}`)).json.status).toBe('cancelled')
  })
})

describe('a Slot taken by hand whose while is over', () => {
  it('is found by an index', async () => {
    const lines = await house.house.pool.connect(async (db) => {
      await db.query({ text: 'set enable_seqscan = off', values: [] })
      const explained = []
      for (const condition of [`taken_by like 'Slot/%'`, `taken_by = 'Slot/1'`])
        explained.push(...(await db.query<Record<string, string>>({ text: `explain select 1 from slot where ${condition}`, values: [] })))
      await db.query({ text: 'reset enable_seqscan', values: [] })
      return explained.map((row) => row['QUERY PLAN'])
    })
    expect(lines.filter((line) => line?.includes('Index Cond'))).toHaveLength(2)
  })

  it('stays taken where it was taken anew since it was looked up', async () => {
    const slot = await place.slotAt(3, '09:00', 1)
    made(await house.call('PUT', `Slot/${slot.id}`, { ...slot, status: 'busy-tentative' }), 200)
    await run(`update slot set held_until = now() - interval '1 minute' where id = $1`, [slot.id])
    expect(await settleLapsedHolds(house.house)).toBeLessThanOrEqual(1)
    expect((await house.call('GET', `Slot/${slot.id}`)).json.status).toBe('busy-tentative')
    await run(`update claim set expires = now() - interval '1 minute' where appointment = $1`, [`Slot/${slot.id}`])
    await settleLapsedHolds(house.house)
    expect((await house.call('GET', `Slot/${slot.id}`)).json.status).toBe('free')
  })
})
