/**
 * The whole truth of a database about who has which time, looked at from outside the engine: claims never overlap, every
 * live Appointment has its claims, and a Slot is unavailable exactly where a live claim or a block lies over it.
 */
import type { Pool } from '../../src/store/db.ts'
import type { TestHouse } from './house.ts'

/** Sentences about what does not agree; none where all is well. Lapsed holds count as gone. */
export async function disagreements(pool: Pool): Promise<string[]> {
  const rows = await pool.query<{ what: string }>({ text: checks.join(' union all '), values: [] })
  return rows.map(({ what }) => what)
}

/** For `afterAll`: a house in which something is wrong is closed all the same, else its test file would never end. */
export async function closeInAgreement(house: TestHouse): Promise<void> {
  try {
    expect(await disagreements(house.house.pool)).toEqual([])
    expect(house.warnings).toEqual([])
  } finally {
    await house.close()
  }
}

const live = `(c.expires is null or c.expires > now())`

/** How many seats of a session are taken on one of its resources. */
const takenSeats = (resource: string, session: string): string =>
  `(select count(*) from claim o where o.resource = ${resource} and o.session = ${session} and (o.expires is null or o.expires > now()))`

const overflow = `(select 1 from schedule_claim sc join claim c on starts_with(c.resource, sc.resource || '#') and c.period && tstzrange(s.starts, s.ends)
                        where sc.schedule = s.schedule)`

const checks = [
  `select 'claims of ' || a.appointment || ' and ' || b.appointment || ' overlap on ' || a.resource as what
     from claim a join claim b on a.resource = b.resource and a.period && b.period and a.session < b.session`,
  `select 'claim without a live holder: ' || c.appointment
     from claim c where ${live} and c.appointment like 'Appointment/%' and not exists (
       select 1 from appointment a where 'Appointment/' || a.id = c.appointment and not a.deleted
          and a.status in ('booked', 'pending', 'arrived', 'checked-in', 'fulfilled', 'noshow'))`,
  `select 'not as many claims as it was given: Appointment/' || a.id
     from appointment a where a.status = 'booked' and not a.deleted and a.ends > now()
      and a.claims <> (select count(*) from claim c where c.appointment = 'Appointment/' || a.id and (c.resource like '%#%' or not exists (
        select from claim l where l.appointment = c.appointment and starts_with(l.resource, c.resource || '#'))))`,
  `select 'nobody has the time under a lane: ' || l.appointment || ' of ' || l.resource
     from claim l where l.resource like '%#%' and not l.period <@ coalesce((
       select range_agg(c.period) from claim c where c.resource = split_part(l.resource, '#', 1)), '{}')`,
  `select 'free under a claim: Slot/' || s.id || ' under ' || c.appointment
     from slot s join schedule_claim sc on sc.schedule = s.schedule
     join claim c on c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
    where s.status = 'free' and ${live} and s.ends > now()
      and (c.seats is null or c.session is distinct from s.session or ${takenSeats('c.resource', 'c.session')} >= c.seats)`,
  `select 'taken without a claim: Slot/' || s.id || ' by ' || coalesce(s.taken_by, 'nobody')
     from slot s where s.status in ('busy', 'busy-tentative') and not s.deleted and s.ends > now() and (s.held_until is null or s.held_until > now())
      and not exists (select 1 from schedule_claim sc join claim c on c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
                       where sc.schedule = s.schedule and ${live})
      and not exists ${overflow}`,
  `select 'overbooked by nobody, or not said to be: Slot/' || s.id from slot s
    where s.ends > now() and not s.deleted and s.overbooked and (not exists ${overflow} or s.body->>'overbooked' is distinct from 'true')`,
  `select 'more seats than there are: ' || c.session from claim c
    where c.seats is not null and (c.seat > c.seats or c.seat < 1 or ${takenSeats('c.resource', 'c.session')} > c.seats)`,
  `select 'seats left in a Slot that nobody may have: Slot/' || s.id from slot s
    where s.status in ('busy', 'busy-tentative') and s.session is not null and s.rule is distinct from 'outside' and s.ends > now()
      and (s.held_until is null or s.held_until > now())
      and not exists (select 1 from schedule_claim sc join claim c on c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
                       where sc.schedule = s.schedule and ${live}
                         and (c.session <> s.session or ${takenSeats('c.resource', 'c.session')} >= c.seats))
      and not exists ${overflow}`,
  `select 'free under a visit that was booked over others: Slot/' || s.id from slot s where s.status = 'free' and s.ends > now() and exists ${overflow}`,
  `select 'says ' || coalesce(said.booked, 'nothing') || ' of ' || really.booked || ' seats taken: Slot/' || s.id
     from slot s
    cross join lateral (
      select count(distinct c.seat) as booked from schedule_claim sc join claim c on c.resource = sc.resource
       where sc.schedule = s.schedule and c.session = s.session) really
     left join lateral (
      select jsonb_path_query_first(s.body, '$.extension[*] ? (@.url like_regex "slot-capacity$").extension[*] ? (@.url == "booked").valueUnsignedInt') #>> '{}' as booked) said on true
    where not s.deleted and (s.session is not null or said.booked is not null) and coalesce(said.booked, '0') <> really.booked::text`,
  `select 'status in column and body differ: Slot/' || s.id from slot s where not s.deleted and s.status is distinct from s.body->>'status'`,
  `select 'version in column and body differ: Slot/' || s.id from slot s where not s.deleted and s.version::text is distinct from s.body #>> '{meta,versionId}'`,
]
