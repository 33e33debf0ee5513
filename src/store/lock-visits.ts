/**
 * The order in which everybody who gives time back and takes other time in one transaction, or has to do with the times of
 * several visits (a hold that is booked in the place of a visit, a series, a visit that is booked over others, an offer of the
 * waitlist and its answer), locks: the Appointments, then
 * their patients, then whoever they take up, before and after, and only then claims and Slots. Of two who want each other's
 * time one comes first, and the other waits before it has anything that the first may wait for.
 * So does whoever writes a Slot that is somebody's, or is to be (`slots-by-hand.ts`).
 * Who only takes time needs no turn (`take-time.ts`), nor does a move of one statement (`move-visits.ts`): they have
 * nothing that they could have given back. docs/decisions/0030
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

export type Turn = {
  /** The bare ids of the Appointments that give time back. */
  readonly visits: readonly string[]
  /** Whole references. */
  readonly patients: readonly string[]
  /** Whom they will take up; whom they take up now is looked up. */
  readonly actors: readonly string[]
  /** Whole references of what else gives time back: a `Communication/1` that keeps it for an offer of the waitlist. */
  readonly keepers?: readonly string[]
  /** The bare ids of the Slots that are written by hand, and of the Schedules on which they are to be: whose they are take a turn. */
  readonly slots?: readonly string[]
  readonly schedules?: readonly string[]
}

/** Until the transaction ends. `refuse_overlap` locks patients in the same way. */
export async function lockVisits(tx: Tx, { visits, patients, actors, keepers = [], slots = [], schedules = [] }: Turn): Promise<void> {
  await tx.query(
    prepared(
      `with seen as materialized (select id from appointment where id = any($1::text[]) order by id for update),
      turns as (
        select patient as name, 14 as kind from unnest($2::text[]) patient
        union
        select actor, 15 from unnest($3::text[]) actor
        union
        select resource, 15 from schedule_claim where schedule = any($6::text[] || array(select schedule from slot where id = any($5::text[])))
        union
        select split_part(claim.resource, '#', 1), 15
          from (select 'Appointment/' || visit as holder from unnest($1::text[]) visit union all select keeper from unnest($4::text[]) keeper) holders
         cross join lateral (select resource from claim where appointment = holder offset 0) claim)
      select pg_advisory_xact_lock(hashtextextended(name, kind))
        from (select count(*) from seen) first, (select name, kind from turns order by kind, name offset 0) each`,
      [visits, patients, actors, keepers, slots, schedules],
    ),
  )
}
