/**
 * What stands when all is quiet: every version of every Appointment and the Slots over FHIR, and by plain SQL the claims, the
 * versions, the audit and the log of changes. Read until nothing has changed meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ask, allPages, type Json, versionOf } from './ask.ts'
import type { Town } from './ground.ts'
import { holdEnd } from './held-time.ts'
import type { Aftermath, Offer, Version } from './history.ts'

type Sql = <Row>(text: string) => Promise<Row[]>

const quietMs = 240_000

/** Holds that ran out are ended and offers settled by the servers themselves; then nothing changes any more. */
export async function aftermath(ask: Ask, sql: Sql, town: Town): Promise<Omit<Aftermath, 'heard'>> {
  for (const began = Date.now(); ; await sleep(500)) {
    const before = await lastChange(sql)
    const found = await look(ask, sql, town)
    const isQuiet = !found.versions.some((one) => one.status === 'pending' && isOver(one, found.read) && isLast(found, one.id, one.version))
    const isLate = Date.now() - began > quietMs
    if ((isQuiet && before === (await lastChange(sql)) && (await isSettled(sql))) || isLate) return found
  }
}

/** A hold ends in seconds; a request waits for its answer. */
const isOver = (one: Version, at: number): boolean => holdEnd(one) < at + quietMs

const isLast = ({ versions }: Seen, id: string, version: number): boolean => !versions.some((one) => one.id === id && one.version > version)

const lastChange = async (sql: Sql): Promise<string> =>
  (await sql<{ last: string }>('select coalesce(max(pos), 0)::text as last from change'))[0]?.last ?? ''

const isSettled = async (sql: Sql): Promise<boolean> => {
  const [row] = await sql<{ open: string }>(
    `select ((select count(*) from waitlist_time) + (select count(*) from waitlist_offer where state <> 'live' and not settled)
           + (select count(*) from claim where expires <= now())
           + (select count(*) from change c, follower f where f.name = 'waitlist' and (c.xid, c.pos) > (f.xid, f.pos)))::text as open`,
  )
  return row?.open === '0'
}

type Seen = Omit<Aftermath, 'heard'>

async function look(ask: Ask, sql: Sql, town: Town): Promise<Seen> {
  const read = Date.now()
  const versions = (await allPages(ask, 'Appointment/_history?_count=500')).flatMap(({ resource }: Json) =>
    resource?.resourceType === 'Appointment' ? [versionOf(resource)] : [],
  )
  const slots: Json[] = []
  for (const { id } of town.schedules)
    slots.push(...(await allPages(ask, `Slot?schedule=Schedule/${id}&_count=500`)).map(({ resource }: Json) => ({ ...resource, of: id })))
  return {
    versions,
    read,
    slots: slots.map(({ id, of, status, start, end, overbooked, ...slot }) => ({
      ...{ id, schedule: of, status, start: Date.parse(start), end: Date.parse(end), booked: seatsTaken(slot), overbooked },
    })),
    offers: await offersIn(ask, town),
    ...(await inDatabase(sql)),
  }
}

const seatsTaken = ({ extension = [] }: Json): number | undefined =>
  extension.find(({ url }: Json) => url.endsWith('/slot-capacity'))?.extension.find(({ url }: Json) => url === 'booked')?.valueUnsignedInt

async function inDatabase(sql: Sql): Promise<Pick<Aftermath, 'stored' | 'unlogged' | 'claims' | 'audit'>> {
  const stored = `select id, version::int as version, deleted from appointment union all select id, version::int, deleted from appointment_history`
  const ms = (instant: string): string => `(extract(epoch from ${instant}) * 1000)::float8`
  const unlogged = await sql<{ name: string }>(
    `select 'Appointment/' || id || '/_history/' || version as name from (${stored}) s
      where not exists (select 1 from change c where c.type = 'Appointment' and c.id = s.id and c.version = s.version)`,
  )
  return {
    stored: await sql(stored),
    unlogged: unlogged.map(({ name }) => name),
    claims: (
      await sql<Aftermath['claims'][number]>(
        `select appointment as holder, split_part(resource, '#', 1) as resource, ${ms('lower(period)')} as "from", ${ms('upper(period)')} as until,
              nullif(split_part(resource, '#', 2), '') as lane, seats, case when seats is not null then session end as session, seat
         from claim where expires is null or expires > now()`,
      )
    ).map(withoutNulls),
    audit: await sql(
      `select ${ms('at')} as at, coalesce(person, '') as person, patients from audit_event where person like 'Practitioner/client-%' or person like 'Patient/%'`,
    ),
  }
}

const withoutNulls = (row: Aftermath['claims'][number]): Aftermath['claims'][number] =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Aftermath['claims'][number]

async function offersIn(ask: Ask, town: Town): Promise<Offer[]> {
  const versions: Json[] = (await allPages(ask, 'Communication/_history?_count=500')).flatMap(({ resource }: Json) => resource ?? [])
  return [...Map.groupBy(versions, ({ id }) => String(id))].map(([id, list]) => {
    const sorted = list.sort((a, b) => Number(a.meta.versionId) - Number(b.meta.versionId))
    const [first, last] = [sorted[0], sorted.at(-1)]
    const part = (name: string): Json => first.extension?.[0]?.extension?.find(({ url }: Json) => url === name)
    const slot = String(part('slot')?.valueReference?.reference).slice('Slot/'.length)
    return {
      id,
      status: last.status,
      schedule: town.schedules.find((place) => place.slots.some((one) => one.id === slot))?.id ?? '',
      start: Date.parse(part('start')?.valueInstant),
      end: Date.parse(part('end')?.valueInstant),
      made: Date.parse(first.meta.lastUpdated),
      expires: Date.parse(part('expires')?.valueInstant),
    }
  })
}
