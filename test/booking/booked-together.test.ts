/** Bookings that share a statement stand or fall each by itself, and reads that share one are each written down. */
import { systemIds } from '../../src/base/ids.ts'
import { type PlacedVisit, placeTogether } from '../../src/store/place-visits.ts'
import { closeInAgreement } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, made, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 8 })
})
afterAll(() => closeInAgreement(house))

const auditOf = (client: string) => ({
  id: systemIds.next(),
  at: new Date().toISOString(),
  interaction: 'book',
  action: 'C' as const,
  client,
})

/** A visit as the engine would hand it over, made by hand. */
function visitIn(slot: Body, claim: string, needed: readonly string[]): PlacedVisit {
  const id = systemIds.next()
  const at = new Date().toISOString()
  const resource = {
    resourceType: 'Appointment',
    id,
    meta: { versionId: '1', lastUpdated: at },
    status: 'booked',
    start: slot.start,
    end: slot.end,
    participant: [],
  }
  return {
    write: {
      type: 'Appointment',
      id,
      text: JSON.stringify(resource),
      index: { terms: [], strings: '', dates: {}, numbers: [] },
      at,
      columns: { status: 'booked', starts: slot.start, ends: slot.end, held_until: null, claims: 1 },
      audit: auditOf('test'),
    },
    time: {
      holder: `Appointment/${id}`,
      claims: [claim],
      from: slot.start,
      until: slot.end,
      start: slot.start,
      end: slot.end,
      needed,
      client: 'test',
      at,
    },
  }
}

describe('bookings that share a statement', () => {
  it('are all booked where their times differ, once each', async () => {
    const patients = await place.patients(32)
    const slots = await Promise.all(patients.map((_, at) => place.slotAt(1, `${10 + Math.floor(at / 8)}:00`, at % 8)))
    const answers = await Promise.all(slots.map((slot, at) => place.book(slot.id, patients[at] ?? '')))
    const booked = answers.map((answer) => made(answer))
    expect(booked.map((one) => one.slot[0]?.reference)).toEqual(slots.map(({ id }) => `Slot/${id}`))
    expect(new Set(booked.map(({ id }) => id)).size).toBe(32)
    for (const one of booked) expect(made(await house.call('GET', `Appointment/${one.id}`), 200).participant).toEqual(one.participant)
  })

  it('of one time go to one of them, and take nothing from the others', async () => {
    const patients = await place.patients(24)
    const wanted = await Promise.all(
      patients.map((_, at) => place.slotAt(2, at % 3 === 0 ? '09:00' : `${10 + (at % 6)}:00`, at % 3 === 0 ? 0 : at % 8)),
    )
    const answers = await Promise.all(wanted.map((slot, at) => place.book(slot.id, patients[at] ?? '')))
    for (const slot of new Set(wanted.map(({ id }) => id))) {
      const ofSlot = answers.filter((_, at) => wanted[at]?.id === slot).map(({ status }) => status)
      expect(ofSlot.sort()).toEqual([201, ...ofSlot.slice(1).map(() => 409)])
    }
  })

  it('of one practitioner at times that follow each other all stand, and each time goes to one', async () => {
    const slots = (await place.slotsOn(4)).slice(0, 16)
    const patients = await place.patients(32)
    const answers = await Promise.all(patients.map((patient, at) => place.book(slots[Math.floor(at / 2)]?.id ?? '', patient)))
    for (const [at, slot] of slots.entries()) {
      const [one, other] = answers.slice(2 * at, 2 * at + 2).map(({ status }) => status)
      expect([slot.start, ...[one, other].sort()]).toEqual([slot.start, 201, 409])
    }
  })

  it('of one practitioner lie over another Schedule, whose Slot is free again after the last of them', async () => {
    const actor = [{ reference: `Practitioner/${place.practitioners[5]}` }]
    const schedule = made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor })).id
    const slots = (await place.slotsOn(4, 5)).slice(0, 8)
    const span = { start: slots[0]?.start, end: slots.at(-1)?.end }
    const over = made(
      await house.call('POST', 'Slot', { resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', ...span }),
    ).id
    const patients = await place.patients(slots.length)
    const visits = (await Promise.all(slots.map(({ id }, at) => place.book(id, patients[at] ?? '')))).map((answer) => made(answer).id)
    const statusOf = async (id: string) => made(await house.call('GET', `Slot/${id}`), 200).status
    const seen: string[] = []
    for (const visit of visits) {
      seen.push(await statusOf(over))
      made(await house.call('POST', `Appointment/${visit}/$cancel`), 200)
    }
    expect(seen).toEqual(visits.map(() => 'busy'))
    expect(await statusOf(over)).toBe('free')
    expect(await Promise.all(slots.map(({ id }) => statusOf(id)))).toEqual(slots.map(() => 'free'))
  })

  it('see the Slots that came while one of them waited', async () => {
    const [awaited, other] = (await place.slotsOn(5, 6)).slice(0, 2) as [Body, Body]
    const claim = `Practitioner/${place.practitioners[6]}`
    const { pool, definitions } = house.house
    const { made: beside, placed } = await pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      await db.query({
        text: `insert into claim (resource, session, period, appointment, client) values ($1, 'another', tstzrange($2, $3), 'Appointment/another', '')`,
        values: [claim, awaited.start, awaited.end],
      })
      const placed = Promise.all([awaited, other].map((slot) => placeTogether(pool, definitions, visitIn(slot, claim, [slot.id]))))
      await untilWaiting(pool, 1)
      const { schedule, start, end } = other
      const answer = await house.call('POST', 'Slot', { resourceType: 'Slot', schedule, status: 'free', start, end })
      await db.query({ text: 'rollback', values: [] })
      return { made: made(answer), placed: await placed }
    })
    expect(placed).toEqual([true, true])
    expect([beside.status, made(await house.call('GET', `Slot/${beside.id}`), 200).status]).toEqual(['free', 'busy'])
  })

  it('stand although one among them is refused by its Slots', async () => {
    const slots = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => place.slotAt(3, '09:00', index)))
    const visits = slots.map((slot, at) => visitIn(slot, `Practitioner/${place.practitioners[at]}`, [at === 4 ? 'not-there' : slot.id]))
    const placed = await Promise.all(visits.map((visit) => placeTogether(house.house.pool, house.house.definitions, visit)))
    expect(placed).toEqual([true, true, true, true, false, true])
    const statuses = await Promise.all(slots.map(async ({ id }) => made(await house.call('GET', `Slot/${id}`), 200).status))
    expect(statuses).toEqual(['busy', 'busy', 'busy', 'busy', 'free', 'busy'])
  })
})

describe('bookings of one statement that meet in a Slot', () => {
  /** An hour on a further Schedule of the practitioner, made by hand, and its halves. */
  async function hourOf(index: number, day: number): Promise<{ id: string; claim: string; halves: Body[] }> {
    const claim = `Practitioner/${place.practitioners[index]}`
    const schedule = made(await house.call('POST', 'Schedule', { resourceType: 'Schedule', actor: [{ reference: claim }] })).id
    const { start } = await place.slotAt(day, '09:00', index)
    const [half, end] = [30, 60].map((minutes) => new Date(Date.parse(start) + minutes * 60_000).toISOString())
    const hour = { resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', start, end }
    const halves = [{ start, end: half } as Body, { start: half, end } as Body]
    return { id: made(await house.call('POST', 'Slot', hour)).id, claim, halves }
  }
  const together = (...visits: PlacedVisit[]) =>
    Promise.allSettled(visits.map((visit) => placeTogether(house.house.pool, house.house.definitions, visit)))
  const rowOf = async (id: string) =>
    (await house.house.pool.query<{ holder: string }>({ text: 'select taken_by as holder from slot where id = $1', values: [id] }))[0]

  it('give it to one of those who need it, whose times in it are not each other’s', async () => {
    const { id, claim, halves } = await hourOf(2, 6)
    const answers = await together(...halves.map((half) => visitIn(half, claim, [id])))
    expect(answers.map((one) => one.status === 'fulfilled' && one.value).sort()).toEqual([false, true])
  })

  it('give it to whoever needs it, not to who only lies over it', async () => {
    const { id, claim, halves } = await hourOf(3, 6)
    const [over, needing] = halves.map((half, at) => visitIn(half, claim, at === 0 ? [] : [id])) as [PlacedVisit, PlacedVisit]
    const answers = await together(over, needing)
    expect(answers.map((one) => one.status === 'fulfilled' && one.value)).toEqual([true, true])
    expect(await rowOf(id)).toEqual({ holder: needing.time.holder })
  })

  it('stand although one among them has the number of another visit', async () => {
    const slots = await Promise.all([0, 1, 4].map((index) => place.slotAt(6, '11:00', index)))
    const other = made(await place.book((await place.slotAt(6, '12:00')).id, await place.patient()))
    const [{ value: number } = {}] = (other as { identifier?: { value?: string }[] }).identifier ?? []
    const visits = slots.map((slot, at): PlacedVisit => {
      const { write, time } = visitIn(slot, `Practitioner/${place.practitioners[[0, 1, 4][at] ?? 0]}`, [slot.id])
      return { write: { ...write, columns: { ...write.columns, confirmation: at === 1 ? number : null } }, time }
    })
    const answers = await together(...visits)
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('reads that share a statement', () => {
  it('answer each its own and are written down for each asker', async () => {
    const [one = '', two = '', gone = ''] = await place.patients(3)
    await house.call('DELETE', `Patient/${gone}`)
    const clients = await Promise.all(['first', 'second'].map(async (client) => house.as(await house.token('system/*.cruds', { client }))))
    const ids = Array.from({ length: 40 }, (_, at) => [one, two, gone, 'never'][at % 4] ?? '')
    const answers = await Promise.all(ids.map((id, at) => (clients[Math.floor(at / 4) % 2] ?? house.call)('GET', `Patient/${id}`)))
    expect(answers.map(({ status }) => status)).toEqual(ids.map((id) => (id === gone ? 410 : id === 'never' ? 404 : 200)))
    for (const [at, { json, status }] of answers.entries()) if (status === 200) expect(json.id).toBe(ids[at])
    const rows = await house.house.pool.query<{ client: string; entity: string; n: number }>({
      text: `select client, entity, count(*)::int as n from audit_event where interaction = 'read' and entity = any($1::text[]) group by 1, 2 order by 1, 2`,
      values: [[`Patient/${one}`, `Patient/${two}`, `Patient/${gone}`]],
    })
    const expected = ['first', 'second'].flatMap((client) => [one, two].sort().map((id) => ({ client, entity: `Patient/${id}`, n: 5 })))
    expect(rows).toEqual(expected)
  })
})
