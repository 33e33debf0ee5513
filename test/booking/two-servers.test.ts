/** Several server processes on one database are one clinic: one winner, one answer for a key, one end of a hold. */
import { disagreements } from '../support/agreement.ts'
import { bookAll, freeSlots, lost } from '../support/booking-stream.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { appointmentIn, type Call, caller, eventually, made, matches, parameters, promptly } from '../support/house.ts'
import { slotwise, type Workplace, workplace } from '../support/program.ts'

const crowd = 60
/** The second that a hold lasts, and the two in which it is ended. */
const soonMs = 3_000
const patientMs = 60_000

describe('servers on one database', () => {
  let database: TestDatabase
  let place: Workplace
  let calls: Call[]
  let first: Call
  let doctors: Clinic
  beforeAll(async () => {
    database = await testDatabase({ empty: true })
    place = await workplace()
    // One address for both, so that a token of one is good at the other.
    const shared = { DATABASE_URL: database.url, PUBLIC_URL: 'http://clinic.example' }
    const ports = [String(await freePort()), String(await freePort())]
    // Both find the database empty: each migration is run by one of them.
    const servers = await Promise.all([
      // At one moment it is Tuesday on the one machine and Wednesday on the other.
      place.serve({ ...shared, PORT: ports[0] ?? '', TZ: 'Pacific/Pago_Pago' }),
      place.serve({ ...shared, PORT: ports[1] ?? '', WORKERS: '2', TZ: 'Pacific/Kiritimati' }),
    ])
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], { ...place.settings, ...shared })
    calls = servers.map(({ origin }) => caller(`${origin}/fhir`, out.trim()))
    first = calls[0] ?? (() => Promise.reject(new Error('no server')))
    doctors = await clinic(first, { n: 4, policy: { holdSeconds: 1 } })
  })
  afterAll(async () => {
    await place.leave()
    await database.drop()
  })

  const rows = <Row>(text: string): Promise<Row[]> => database.pool.query<Row>({ text, values: [] })
  const each = (n: number): Call => calls[n % calls.length] ?? first
  const bookAt = (n: number, slot: string, patient: string, headers: Record<string, string> = {}) =>
    each(n)('POST', `Slot/${slot}/$book`, parameters({ patient: `Patient/${patient}` }), headers)

  it('run each migration once', async () => {
    const [done] = await rows<{ versions: number; last: number }>(
      'select count(*)::int as versions, max(version) as last from schema_migration',
    )
    expect(done?.versions).toBeGreaterThan(0)
    expect(done?.versions).toBe(done?.last)
  })

  it('let one of a crowd have a time, and offer the others three times', async () => {
    const [slot, patients] = [await doctors.slotAt(1, '09:00'), await doctors.patients(crowd)]
    const answers = await Promise.all(patients.map((patient, n) => bookAt(n, slot.id, patient)))
    const statuses = Map.groupBy(answers, ({ status }) => status)
    expect([...statuses].map(([status, { length }]) => [status, length]).sort()).toEqual([
      [201, 1],
      [409, crowd - 1],
    ])
    expect(statuses.get(409)?.every(({ json }) => json.extension?.length === 3)).toBe(true)
    expect(await disagreements(database.pool)).toEqual([])
  })

  it('book different times side by side, and each sees what the other did', async () => {
    const slots = (await doctors.slotsOn(2)).slice(0, 20)
    const patients = await doctors.patients(slots.length)
    const answers = await Promise.all(slots.map(({ id }, n) => bookAt(n, id, patients[n] ?? '')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    const booked = answers.map((answer, n) => ({ id: made(answer).id, slot: slots[n]?.id ?? '', patient: patients[n] ?? '' }))
    for (const call of calls) expect(await lost(call, booked)).toEqual([])
  })

  it('offer what is still to come and nothing else, whatever zone their machine is in', async () => {
    const quarter = 15 * 60_000
    const open = await clinic(first, {
      start: '00:00:00',
      end: '00:00:00',
      zone: 'America/New_York',
      horizon: new Date(Date.now() + 3 * 86_400_000),
    })
    const asked = `start=${new Date(Date.now() - 86_400_000).toISOString()}&end=${new Date(Date.now() + 86_400_000).toISOString()}&_count=500`
    const before = Date.now()
    const found = await Promise.all(
      calls.map(async (call) =>
        matches(await call('GET', `Schedule/${open.schedules[0]}/$find-slots?${asked}`)).map(({ start }) => Date.parse(start)),
      ),
    )
    const after = Date.now()
    for (const starts of found) {
      expect(starts[0]).toBeGreaterThanOrEqual(before)
      // The next quarter of an hour is the first, unless it came while they looked.
      expect(starts[0]).toBeLessThanOrEqual(after + quarter)
      expect(starts.length).toBeGreaterThanOrEqual(95)
    }
    const [here = [], there = []] = found.map((starts) => starts.filter((start) => start > after))
    expect(here).toEqual(there)
  })

  it('give one answer for a key, whichever of them is asked', async () => {
    const [slot, patient] = [await doctors.slotAt(3, '09:00'), await doctors.patient()]
    const key = { 'idempotency-key': 'one-and-the-same' }
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => bookAt(n, slot.id, patient, key)))
    const ids = new Set(answers.filter(({ status }) => status === 201).map((answer) => appointmentIn(answer)?.id))
    expect(ids.size).toBe(1)
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
    for (const n of [0, 1]) expect([...ids]).toEqual([appointmentIn(await bookAt(n, slot.id, patient, key))?.id])
    expect(await rows(`select id from appointment where terms @> array['@Patient/${patient}']`)).toHaveLength(1)
    const other = await doctors.slotAt(3, '10:00')
    expect((await bookAt(1, other.id, patient, key)).status).toBe(422)
  })

  it('end each hold once, within two seconds of its time', async () => {
    const slots = (await doctors.slotsOn(4)).slice(0, 20)
    const patients = await doctors.patients(slots.length)
    const holds = await Promise.all(
      slots.map(async ({ id }, n) => made(await each(n)('POST', `Slot/${id}/$hold`, parameters({ patient: `Patient/${patients[n]}` })))),
    )
    const ids = holds.map(({ id }) => `'${id}'`).join(', ')
    // Each server is looked at: a busy machine may let the one wait that ends them.
    const pending = `Appointment?_id=${holds.map(({ id }) => id)}&status=pending&_summary=count`
    await promptly(soonMs, async () => (await Promise.all(calls.map((call) => call('GET', pending)))).every(({ json }) => json.total === 0))
    const ended = await rows<{ status: string; version: string }>(
      `select distinct status, version::text as version from appointment where id in (${ids})`,
    )
    expect(ended).toEqual([{ status: 'cancelled', version: '2' }])
    const after = (await doctors.slotsOn(4)).slice(0, 20)
    // Held and given back, once each.
    expect(after.map(({ status, meta }) => `${status} ${meta.versionId}`)).toEqual(slots.map(() => 'free 3'))
    expect(await disagreements(database.pool)).toEqual([])
  })

  it('write changes that a follower reads once each, none left out', async () => {
    const read: string[] = []
    const state = { xid: '0', pos: '0', ended: false }
    const follow = async (): Promise<number> => {
      const found = await database.pool.query<{ xid: string; pos: string; what: string }>({
        text: `select xid::text as xid, pos::text as pos, type || '/' || id || '/' || version || ' ' || kind as what from change
                where (xid, pos) > ($1::xid8, $2::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot()) order by change.xid, change.pos limit 50`,
        values: [state.xid, state.pos],
      })
      for (const { xid, pos, what } of found) {
        read.push(what)
        state.xid = xid
        state.pos = pos
      }
      return found.length
    }
    const following = (async () => {
      while ((await follow()) > 0 || !state.ended) await new Promise((resolve) => setImmediate(resolve))
    })()
    // A slow writer draws its number first and commits last: the follower must wait for it and not pass it by.
    const slow = database.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      await db.query({ text: `insert into change (at, type, id, version, kind) values (now(), 'Basic', 'slow', 1, 'create')`, values: [] })
      await streaming()
      await db.query({ text: 'commit', values: [] })
    })
    await slow
    // A transaction of any database on this Postgres keeps what is newer out of sight: the follower is only patient.
    const written = async () => (await rows<{ n: number }>('select count(*)::int as n from change'))[0]?.n
    await eventually(patientMs, async () => read.length === (await written()))
    state.ended = true
    await following
    const all = await rows<{ what: string }>(
      `select type || '/' || id || '/' || version || ' ' || kind as what from change order by xid, pos`,
    )
    expect(read).toEqual(all.map(({ what }) => what))
    expect(new Set(read).size).toBe(read.length)
  })

  const streaming = async (): Promise<void> => {
    const patients = await doctors.patients(4)
    const free = await Promise.all(doctors.schedules.map((schedule) => freeSlots(first, schedule)))
    const stream = bookAll(
      calls,
      free.map((slots, i) => ({ slots: slots.slice(-15), patient: patients[i] ?? '' })),
    )
    await eventually(patientMs, async () => stream.booked.length + [...stream.others.values()].reduce((sum, n) => sum + n, 0) >= 60)
    await stream.end()
    await Promise.all(stream.booked.map(({ id }, n) => each(n)('POST', `Appointment/${id}/$cancel`, parameters({}))))
  }
})
