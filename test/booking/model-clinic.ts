/**
 * The clinic that the model is compared with: two practitioners who share a room, and a second Schedule of the first one
 * with Slots of another length and a buffer. Each run plays on a day of its own.
 */
import type { House } from '../../src/store/house.ts'
import { availability, create, instantIn, policyExtension, timezone } from '../support/clinic.ts'
import { type Call, matches } from '../support/house.ts'
import type { Claim, Model, ModelSchedule, ModelSlot } from './model-time.ts'

export type ModelClinic = {
  readonly call: Call
  readonly house: House
  readonly schedules: readonly ModelSchedule[]
  readonly practitioners: readonly string[]
  readonly room: string
  readonly patients: readonly string[]
}

const bufferMinutes = 15
export const minuteMs = 60_000
const daysAhead = 390

export async function modelClinic(call: Call, house: House, patientCount: number): Promise<ModelClinic> {
  const room = await create(call, {
    resourceType: 'Location',
    name: 'Room 1',
    physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] },
  })
  const doctor = (family: string) => create(call, { resourceType: 'Practitioner', active: true, name: [{ family }] })
  const practitioners = [await doctor('One'), await doctor('Two')]
  const [one, two] = practitioners.map((id) => `Practitioner/${id}`)
  const shared = `Location/${room}`
  const schedule = (actors: readonly (string | undefined)[], rule: object, buffer: number) =>
    create(call, {
      resourceType: 'Schedule',
      active: true,
      actor: actors.map((reference) => ({ reference })),
      planningHorizon: { start: instantIn(0, '00:00'), end: instantIn(daysAhead, '00:00') },
      extension: [timezone('Etc/UTC'), rule, ...(buffer > 0 ? [policyExtension({ bufferAfterMinutes: buffer })] : [])],
    })
  const [first, second, third] = [
    await schedule([one, shared], availability({ start: '09:00:00', end: '12:00:00', slotMinutes: 30 }), 0),
    await schedule([two, shared], availability({ start: '09:15:00', end: '12:15:00', slotMinutes: 30 }), 0),
    await schedule([one], availability({ start: '09:00:00', end: '12:00:00', slotMinutes: 45 }), bufferMinutes),
  ]
  const person = (_: unknown, i: number) => create(call, { resourceType: 'Patient', name: [{ family: `Patient ${i}` }] })
  return {
    call,
    house,
    practitioners,
    room,
    patients: await Promise.all(Array.from({ length: patientCount }, person)),
    schedules: [
      { id: first, resources: [String(one), shared], bufferAfter: 0 },
      { id: second, resources: [String(two), shared], bufferAfter: 0 },
      { id: third, resources: [String(one)], bufferAfter: bufferMinutes * minuteMs },
    ],
  }
}

/** A model of a day on which nothing is taken yet. */
export async function emptyDay({ call, schedules }: ModelClinic, day: number): Promise<Model> {
  const slots = new Map<string, ModelSlot>()
  for (const { id: schedule } of schedules)
    for (const { id, start, end } of matches(await call('GET', `Slot?${dayOf(schedule, day)}&_count=500`)))
      slots.set(id, { id, schedule, start: Date.parse(start), end: Date.parse(end), block: false, deleted: false })
  return { schedules: new Map(schedules.map((one) => [one.id, one])), slots, holders: new Map(), lapsed: new Map() }
}

const dayOf = (schedule: string, day: number): string =>
  `schedule=Schedule/${schedule}&start=ge${instantIn(day, '00:00')}&start=lt${instantIn(day + 1, '00:00')}`

export type Stored = { readonly status: string; readonly takenBy: string | null }

/** Each Slot of the clinic's day as it is stored; `gone` where it was deleted. */
export async function storedSlots({ house, schedules }: ModelClinic, day: number): Promise<Map<string, Stored>> {
  const rows = await house.pool.query<Stored & { id: string }>({
    text: `select id, case when deleted then 'gone' else body->>'status' end as status, taken_by as "takenBy" from slot
            where schedule = any($1::text[]) and starts >= $2::timestamptz and starts < $3::timestamptz`,
    values: [schedules.map(({ id }) => id), instantIn(day, '00:00'), instantIn(day + 1, '00:00')],
  })
  return new Map(rows.map((row) => [row.id, row]))
}

/** The live claims of the day, as sorted sentences. */
export async function storedClaims({ house }: ModelClinic, day: number): Promise<string[]> {
  const rows = await house.pool.query<Claim & { holder: string; held: boolean; from: Date; until: Date }>({
    text: `select appointment as holder, resource, lower(period) as "from", upper(period) as until, expires is not null as held from claim
            where (expires is null or expires > now()) and period && tstzrange($1::timestamptz, $2::timestamptz)`,
    values: [instantIn(day, '00:00'), instantIn(day + 1, '00:00')],
  })
  return rows
    .map(({ holder, resource, from, until, held }) => sentence(holder, held, { resource, start: from.getTime(), end: until.getTime() }))
    .sort()
}

export const modelClaims = ({ holders }: Model): string[] =>
  [...holders.values()].flatMap(({ name, held, claims }) => claims.map((claim) => sentence(name, held, claim))).sort()

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
const sentence = (holder: string, held: boolean, { resource, start, end }: Claim): string =>
  `${holder} ${held ? 'holds' : 'has'} ${resource} ${clock(start)}-${clock(end)}`

/** What `$find-slots` offers of a Schedule on that day. */
export async function offered({ call }: ModelClinic, schedule: string, day: number): Promise<string[]> {
  const window = `start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}`
  return matches(await call('GET', `Schedule/${schedule}/$find-slots?${window}&_count=500`)).map(({ id }) => id)
}

/** The end of a hold is set back in every place that knows it, as if its time had gone by. */
export async function runOut({ house: { pool } }: Pick<ModelClinic, 'house'>, holder: string): Promise<void> {
  const past = '2020-01-01T00:00:00.000Z'
  await pool.query({ text: 'update claim set expires = $2::timestamptz where appointment = $1', values: [holder, past] })
  await pool.query({ text: 'update slot set held_until = $2::timestamptz where taken_by = $1', values: [holder, past] })
  await pool.query({
    text: `update appointment set held_until = $2::text::timestamptz, body = jsonb_set(body, '{extension}', (
             select jsonb_agg(case when e ? 'valueInstant' then e || jsonb_build_object('valueInstant', $2::text) else e end)
               from jsonb_array_elements(body->'extension') e))
            where 'Appointment/' || id = $1 and held_until is not null`,
    values: [holder, past],
  })
}

/** Versions that are missing or there twice, and writes that no change row tells of. */
export async function gaps({ house: { pool } }: ModelClinic): Promise<string[]> {
  // Slots made from rules in bulk have one change row for all of them, so their first versions have none.
  const checks = [
    { table: 'slot', type: 'Slot', first: 2 },
    { table: 'appointment', type: 'Appointment', first: 1 },
  ].map(
    ({ table, type, first }) => `
      select '${type}/' || t.id || ' has version ' || t.version || ' and ' || count(h.version) || ' before it' as what
        from ${table} t left join ${table}_history h on h.id = t.id
       group by t.id having count(h.version) <> t.version - 1 or coalesce(max(h.version), 0) <> t.version - 1
      union all
      select '${type}/' || t.id || ' has no single change row of version ' || v
        from ${table} t, generate_series(${first}, t.version) v
       where (select count(*) from change c where c.type = '${type}' and c.id = t.id and c.version = v) <> 1`,
  )
  return (await pool.query<{ what: string }>({ text: checks.join(' union all '), values: [] })).map(({ what }) => what)
}
