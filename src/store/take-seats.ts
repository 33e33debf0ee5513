/**
 * Taking seats of a group session: claims like any other, with the lowest free numbers. Those who sit down in one session take
 * turns, so that each sees which seats are left, and its Slots' status is settled in a statement after the claims: only then
 * is it known what those who gave a seat back meanwhile have left.
 */
import { fault } from '../base/fault.ts'
import type { Tx } from './db.ts'
import { isUnderLanes, lane, settleSessionSlots } from './session-slots.ts'
import { prepared } from './sql.ts'
import {
  forHolder,
  handedOn,
  type Manner,
  placedBy,
  type Seating,
  stayingIn,
  type TimeTaken,
  takeTimeFor,
  takingTime,
} from './take-time.ts'

/**
 * A session's own Slot is settled afterwards; until its last seat is taken nobody is in the way of another. Under a visit that was
 * booked over it nobody sits down any more, but whoever sat there; a seat whose hold has run out stays there until `settle-lapsed.ts`
 * comes by.
 */
const seats: Manner = {
  asked: ', session text, seats int, places int',
  wanted: `
    select holder, resource, tstzrange("from", until) as period, expires, client, session, seat, seats
      from asked
     cross join lateral (
       select seat from generate_series(1, asked.seats) seat
        where not exists (select 1 from claim c where c.resource = any(asked.claims) and c.session = asked.session and c.seat = seat.seat
                             and (c.expires is null or c.expires > now() or ${isUnderLanes('c')}))
        order by seat limit asked.places) place
     cross join unnest(claims) resource
     where asked.stays or not exists (
       select from unnest(asked.claims) actor cross join lateral (select ${lane('actor')} as name offset 0) up cross join lateral (
         select from claim l where l.resource = up.name and l.period && tstzrange(asked."from", asked.until) and l.appointment <> asked.holder offset 0) lying)`,
  kept: `session = wanted.session and ${isUnderLanes('claim')}`,
  columns: 'resource, session, seat, seats, period, appointment, expires, client',
  values: 'resource, session, seat, seats, period, holder, expires, client',
  count: 'cardinality(asked.claims) * asked.places',
  near: ', won.session as joins',
  locked: ', session as own',
  takeable: `(status = 'free' or taken_by = holder or held_until <= now() or (own = joins and status in ('busy', 'busy-tentative')) or ${handedOn})`,
  changes: 'not id = any(near.needed)',
}

/** `takingTime` for seats. */
export const takingSeats = (more: string): string => takingTime(more, seats)

/** What `takingSeats` is asked. */
export const askedSeats = (time: TimeTaken): object => ({ ...time, ...time.seating })

const seatsForHolder = forHolder(takingSeats(''))

/** Time of its own or a seat, for an Appointment that is already there. False if it was taken: the transaction must roll back. */
export const takeTimeOrSeats = (tx: Tx, time: TimeTaken): Promise<boolean> =>
  time.seating ? seated(tx, time, time.seating, (staying) => placedBy(tx, seatsForHolder, askedSeats(staying))) : takeTimeFor(tx, time)

/** Runs `take` while nobody else sits down in the session. Throws `business-rule` where a patient sits there already. */
export async function seated(tx: Tx, time: TimeTaken, seating: Seating, take: (time: TimeTaken) => Promise<boolean>): Promise<boolean> {
  await tx.query(prepared('select pg_advisory_xact_lock(hashtextextended($1, 12))', [seating.session]))
  if (await sitsThere(tx, time, seating))
    throw fault('business-rule', 'The patient has a seat in this session already.', 'Appointment.participant')
  if (!(await take(stayingIn(tx, time)))) return false
  await settleSessionSlots(tx, { slots: time.needed, session: seating.session, at: time.at })
  return true
}

async function sitsThere(tx: Tx, { claims, holder }: TimeTaken, { session, patients }: Seating): Promise<boolean> {
  const rows = await tx.query(
    prepared(
      `select 1 from (select distinct appointment from claim
                       where resource = any($1::text[]) and session = $2 and appointment <> $3 and (expires is null or expires > now())) other
         join appointment a on a.id = substr(other.appointment, length('Appointment/') + 1) and a.terms && $4::text[] limit 1`,
      [claims, session, holder, patients.map((patient) => `@${patient}`)],
    ),
  )
  return rows.length > 0
}
