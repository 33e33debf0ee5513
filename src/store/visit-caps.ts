/**
 * The places of a day that has a cap. Counting and then writing would be a race; a place is a row, and two bookings cannot
 * have the same one.
 */
import { dayPlacesMax } from '../base/limits.ts'
import type { Tx } from './db.ts'
import { isLastPlaceOf, isPlaceOf } from './hold-places.ts'
import { prepared } from './sql.ts'

export type DayPlace = {
  readonly schedule: string
  /** The Schedule's local day, `2026-11-23`. */
  readonly date: string
  readonly kind: 'day' | 'online'
  /** Undefined: counts, but is not stopped (front desk, import, sync). */
  readonly max?: number
  readonly holder: string
  /** A hold's end, after which its place may be taken over. */
  readonly expires?: string
}

/** Takes the lowest free place; false if the day is full. Waits for whoever is taking the same one just now. */
export async function takeDayPlace(tx: Tx, place: DayPlace): Promise<boolean> {
  if (await takeFreePlace(tx, place)) return true
  return (await clearLapsed(tx, place)) && takeFreePlace(tx, place)
}

/** The places of a hold that is booked are its own for good, or until then; among those who hold it has one only until then. */
export async function keepDayPlaces(tx: Tx, holder: string, until?: string): Promise<void> {
  await tx.query(
    prepared(
      `with booked as (delete from hold_place where $2::timestamptz is null and ${isLastPlaceOf('$1')}),
      waiting as (update hold_place set expires = $2::timestamptz where $2::timestamptz is not null and ${isPlaceOf('$1')})
      update visit_cap set expires = $2::timestamptz where appointment = $1`,
      [holder, until ?? null],
    ),
  )
}

/**
 * Holds that are being booked or ended just now are left to whoever has them locked: one that is booked in its last
 * moment must not lose its place after its end was looked at.
 */
async function clearLapsed(tx: Tx, { schedule, date, kind }: DayPlace): Promise<boolean> {
  const rows = await tx.query(
    prepared(
      `with over as materialized (
        select id from appointment
         where id in (select substr(appointment, length('Appointment/') + 1) from visit_cap
                       where schedule = $1 and local_date = $2::date and kind = $3 and expires <= now())
         order by id for update skip locked)
      delete from visit_cap c using over
       where c.schedule = $1 and c.local_date = $2::date and c.kind = $3 and c.expires <= now() and c.appointment = 'Appointment/' || over.id
      returning 1`,
      [schedule, date, kind],
    ),
  )
  return rows.length > 0
}

async function takeFreePlace(tx: Tx, place: DayPlace): Promise<boolean> {
  for (let attempt = 0; attempt <= dayPlacesMax; attempt++) {
    const [row] = await tx.query<{ found: boolean; taken: boolean }>(
      prepared(
        `with free as (
          select n from generate_series(1, $4::int) n
           where not exists (select 1 from visit_cap c where c.schedule = $1 and c.local_date = $2::date and c.kind = $3 and c.place = n)
           order by n limit 1),
        taken as (
          insert into visit_cap (schedule, local_date, kind, place, appointment, expires)
          select $1, $2::date, $3, n, $5, $6::timestamptz from free on conflict do nothing returning 1)
        select exists (select 1 from free) as found, exists (select 1 from taken) as taken`,
        [place.schedule, place.date, place.kind, place.max ?? dayPlacesMax, place.holder, place.expires ?? null],
      ),
    )
    if (row?.taken) return true
    if (!row?.found) return false
  }
  return false
}
