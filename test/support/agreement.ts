/**
 * The whole truth of a database about who has which time, looked at from outside the engine: claims never overlap, every
 * live Appointment has its claims, and a Slot is unavailable exactly where a live claim or a block lies over it.
 */
import type { Pool } from '../../src/store/db.ts'

/** Sentences about what does not agree; none where all is well. Lapsed holds count as gone. */
export async function disagreements(pool: Pool): Promise<string[]> {
  const rows = await pool.query<{ what: string }>({ text: checks.join(' union all '), values: [] })
  return rows.map(({ what }) => what)
}

const live = `(c.expires is null or c.expires > now())`

const checks = [
  `select 'claims of ' || a.appointment || ' and ' || b.appointment || ' overlap on ' || a.resource as what
     from claim a join claim b on a.resource = b.resource and a.period && b.period and a.session < b.session`,
  `select 'claim without a live holder: ' || c.appointment
     from claim c where ${live} and c.appointment like 'Appointment/%' and not exists (
       select 1 from appointment a where 'Appointment/' || a.id = c.appointment and not a.deleted
          and a.status in ('booked', 'pending', 'arrived', 'checked-in', 'fulfilled', 'noshow'))`,
  `select 'not as many claims as it was given: Appointment/' || a.id
     from appointment a where a.status = 'booked' and not a.deleted and a.ends > now()
      and a.claims <> (select count(*) from claim c where c.appointment = 'Appointment/' || a.id)`,
  `select 'free under a claim: Slot/' || s.id || ' under ' || c.appointment
     from slot s join schedule_claim sc on sc.schedule = s.schedule
     join claim c on c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
    where s.status = 'free' and ${live} and s.ends > now()`,
  `select 'taken without a claim: Slot/' || s.id || ' by ' || coalesce(s.taken_by, 'nobody')
     from slot s where s.status in ('busy', 'busy-tentative') and not s.deleted and s.ends > now() and (s.held_until is null or s.held_until > now())
      and not exists (select 1 from schedule_claim sc join claim c on c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
                       where sc.schedule = s.schedule and ${live})`,
  `select 'status in column and body differ: Slot/' || s.id from slot s where not s.deleted and s.status is distinct from s.body->>'status'`,
  `select 'version in column and body differ: Slot/' || s.id from slot s where not s.deleted and s.version::text is distinct from s.body #>> '{meta,versionId}'`,
]
