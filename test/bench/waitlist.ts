/**
 * How long it takes to find who shall have a time that has come free, where very many wait: visits are cancelled together,
 * and the offers that follow say when each was made. The others on the list are written by SQL, every second of them ranking
 * before those who can have the times, and for other days only.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { dayMs } from '../../src/base/durations.ts'
import { createAll, freeSlots, headersOf } from './clinic.ts'
import { askAll } from './load.ts'
import { aims, bookingDays, bookSlot, type Scene } from './measures.ts'
import { type Line, median } from './report.ts'

const othersWaiting = 50_000
/** Fewer than are offered in one round. */
const timesFreed = 90
const patienceMs = 120_000
const everyDay = 0b1111111

/** Of a server whose database is at hand. */
export async function waitlistLine(scene: Scene, databaseUrl: string): Promise<Line[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const each = await millisecondsEach(scene, client)
    const figure = each === undefined ? 'no offers' : `${each.toFixed(1)} ms`
    const met = each !== undefined && each < aims.waitlistMs
    const name = `a freed time offered to the best of ${othersWaiting.toLocaleString('en')}`
    return [{ name, figure, aim: `${aims.waitlistMs} ms`, met }]
  } finally {
    await client.query(`delete from waitlist_entry where appointment like '%.w%'`)
    await client.end()
  }
}

async function millisecondsEach(scene: Scene, client: pg.Client): Promise<number | undefined> {
  const { target } = scene
  const day = scene.today + bookingDays.waitlist * dayMs
  const slots = (await freeSlots(target, scene.schedules, day, Math.ceil(timesFreed / scene.schedules.length))).slice(0, timesFreed)
  const booked = await askAll(
    slots.map((slot, i) => bookSlot(scene, slot, i)),
    target.connections,
  )
  const visits = booked.map(({ text }) => (JSON.parse(text) as { id: string }).id)
  // Others than those whom the other measures have booked: who has an earlier visit is offered nothing.
  const patients = await createAll(
    target,
    slots.map(() => ({ resourceType: 'Patient' })),
  )
  const waiting = await createAll(
    target,
    patients.map((patient) => entryOf(scene, patient)),
  )
  const onList = 'select count(distinct appointment) from waitlist_entry where appointment = any($1)'
  if (!(await reached(client, onList, waiting))) return undefined
  await addOthers(client, String(waiting[0]), new Date(day).getUTCDay())
  const cancel = { method: 'POST', headers: headersOf(target), body: '{"resourceType":"Parameters"}' }
  await askAll(
    visits.map((id) => ({ ...cancel, url: `${target.base}/Appointment/${id}/$cancel` })),
    target.connections,
  )
  if (!(await reached(client, 'select count(*) from waitlist_offer where entry = any($1)', waiting))) return undefined
  const { rows } = await client.query<{ at: Date }>('select offered_at as at from waitlist_offer where entry = any($1) order by 1', [
    waiting,
  ])
  const times = rows.map(({ at }) => at.getTime())
  return median(times.slice(1).map((at, i) => at - (times[i] ?? at)))
}

const entryOf = ({ ground }: Scene, patient: string) => ({
  resourceType: 'Appointment',
  status: 'waitlist',
  priority: 1,
  participant: [
    { actor: { reference: `Patient/${patient}` }, status: 'accepted' },
    { actor: { reference: `HealthcareService/${ground.service}` }, status: 'needs-action' },
  ],
})

/** Like the one that is there: half of them rank before it and cannot come that day, half can and rank after it. */
async function addOthers(client: pg.Client, like: string, weekday: number): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'waitlist_entry'::regclass and attnum > 0 and not attisdropped order by attnum`,
  )
  const thatDay = 1 << ((weekday + 6) % 7)
  const changes: Readonly<Record<string, string>> = {
    appointment: `appointment || '.w' || n`,
    patient: `patient || '.w' || n`,
    standing: `standing + (case when n % 2 = 0 then n else -1000 - n end)::float8`,
    days: `case when n % 2 = 0 then ${everyDay & ~thatDay} else days end`,
  }
  const columns = rows.map(({ name }) => name)
  await client.query(
    `insert into waitlist_entry (${columns}) select ${columns.map((name) => changes[name] ?? name)}
       from waitlist_entry, generate_series(1, ${othersWaiting}) n where appointment = $1`,
    [like],
  )
  await client.query('analyze waitlist_entry')
}

/** Whether as many were counted as there are ids. */
async function reached(client: pg.Client, sql: string, ids: readonly string[]): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began < patienceMs; await sleep(100)) {
    const { rows } = await client.query<{ count: string }>(sql, [ids])
    if (Number(rows[0]?.count) >= ids.length) return true
  }
  return false
}
