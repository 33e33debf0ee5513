/**
 * What lies over a Slot: a block, or the claim of somebody else's visit.
 */
import type { Db, Tx } from './db.ts'
import { bearsOn } from './session-slots.ts'
import { statusChange } from './slot-status.ts'
import { prepared } from './sql.ts'

/**
 * Makes the free Slots under a block unavailable in its name; visits that are booked there stay. The caller has called
 * `lockTaken` for the block in the statement before, so that a visit given back beside it leaves its Slots to one of the two.
 */
export async function coverWithBlock(
  tx: Tx,
  block: { id: string; schedule: string; start: string; end: string; at: string },
): Promise<void> {
  await tx.query(
    prepared(
      `with under as (
        select s.* from slot s join schedule_plan p on p.schedule = s.schedule
         where s.schedule in (select other.schedule from schedule_claim mine join schedule_claim other on other.resource = mine.resource where mine.schedule = $2
                              union select $2)
           and s.status in ('free', 'busy-tentative') and (s.status = 'free' or s.held_until <= now()) and not s.deleted
           and s.starts < $4::timestamptz and s.ends > $3::timestamptz and s.starts > $3::timestamptz - p.longest and s.id <> $1
         order by s.id for update of s),
      ${statusChange('under', `'busy-unavailable'::text`, `'Slot/' || $1::text`, 'null::timestamptz', '$5::text')}
      select 1`,
      [block.id, block.schedule, block.start, block.end, block.at],
    ),
  )
}

/**
 * What lies over a time on a Schedule's claimed actors just now: the holder of a live claim, or a block. `lock` keeps it
 * there until the transaction ends, for a Slot that nobody else can see yet.
 */
export async function holderOver(
  db: Db,
  time: { schedule: string; start: string; end: string; except: string; lock: boolean },
): Promise<{ holder: string; status: string; until: Date | null } | undefined> {
  const [row] = await db.query<{ holder: string; status: string; until: Date | null }>(
    prepared(
      `with held as (
        select c.appointment as holder, case when c.expires is null then 'busy' else 'busy-tentative' end as status, c.expires as until
          from schedule_claim sc join claim c on c.resource = sc.resource and c.period && tstzrange($2::timestamptz, $3::timestamptz)
         where sc.schedule = $1 and c.appointment <> $4 and (c.expires is null or c.expires > now())
           and ${bearsOn(`(select session from slot where 'Slot/' || id = $4)`)}
         ${time.lock ? 'for key share of c' : ''})
      (select holder, status, until from held order by until desc nulls first, holder limit 1)
      union all
      (select 'Slot/' || b.id, 'busy-unavailable', null
         from schedule_claim sc join schedule_claim other on other.resource = sc.resource
         join schedule_plan p on p.schedule = other.schedule
         join slot b on b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null and not b.deleted
          and b.starts < $3::timestamptz and b.ends > $2::timestamptz and b.starts > $2::timestamptz - p.longest
        where sc.schedule = $1 and 'Slot/' || b.id <> $4 order by b.id limit 1)`,
      [time.schedule, time.start, time.end, time.except],
    ),
  )
  return row
}

/**
 * Waits for whoever is taking a time on a Schedule's actors just now: their claims, not committed yet, hold up ours, which
 * are given back at once. After it, a statement sees what they took.
 */
export async function outwaitClaims(tx: Tx, time: { holder: string; schedule: string; start: string; end: string }): Promise<void> {
  await tx.query(
    prepared(
      `insert into claim (resource, session, period, appointment, client)
       select resource, $1 || '?', tstzrange($3::timestamptz, $4::timestamptz), $1 || '?', '' from schedule_claim where schedule = $2 order by resource
       on conflict do nothing`,
      [time.holder, time.schedule, time.start, time.end],
    ),
  )
  await tx.query(prepared(`delete from claim where appointment = $1 || '?'`, [time.holder]))
}
