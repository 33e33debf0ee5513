/**
 * The places of those who hold times. Like the places of a day with a cap, each is a row: counting and then writing would be
 * a race. A place is given back with the time (`giveBackTime`), or when its hold has run out. A series has one, in the name of
 * its first visit: it is given back with the last that is held still, whichever that is.
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

export type HoldPlace = {
  /** `Patient/1`, `person RelatedPerson/2` or `client portal`. */
  readonly owner: string
  readonly max: number
  readonly holder: string
  readonly expires: string
}

/** As SQL, of a row of `hold_place`: it is the holder's (`$1`), or that of the series which the holder is of. */
export const isPlaceOf = (holder: string): string => `holder in (${holder}, (
  select substr(term, length('originating-appointment=') + 1) from appointment a cross join unnest(a.terms) term
   where a.id = substr(${holder}, length('Appointment/') + 1) and term like 'originating-appointment=Appointment/%' limit 1))`

/** As SQL, of such a row: no other visit of its series is held still. The claims of one that is booked have no end. */
export const isLastPlaceOf = (holder: string): string => `${isPlaceOf(holder)} and not exists (
  select from (select hold_place.holder as visit
               union all
               select 'Appointment/' || id from appointment where terms @> array['originating-appointment=' || hold_place.holder]) of_series
   cross join lateral (select from claim where appointment = of_series.visit and claim.expires > now() limit 1) held
   where of_series.visit <> ${holder})`

/** Takes a free place; else the seconds until the first is free. Waits for whoever is taking the same one just now. */
export async function takeHoldPlace(tx: Tx, place: HoldPlace): Promise<{ taken: true } | { taken: false; seconds: number }> {
  for (let attempt = 0; attempt <= place.max; attempt++) {
    const { found, taken, seconds } = await tryPlace(tx, place)
    if (taken) return { taken }
    if (!found) return { taken: false, seconds }
  }
  return { taken: false, seconds: 0 }
}

type Tried = { readonly found: boolean; readonly taken: boolean; readonly seconds: number }

/** Each holder begins to look at another place: those of one client seldom meet at one. */
async function tryPlace(tx: Tx, { owner, max, holder, expires }: HoldPlace): Promise<Tried> {
  const [row] = await tx.query<Tried>(
    prepared(
      `with free as (
        select n from generate_series(1, $2::int) n
         where not exists (select 1 from hold_place h where h.owner = $1 and h.place = n and h.expires > now())
         order by (n + (hashtext($3)::bigint & 2147483647)) % $2, n limit 1),
      taken as (
        insert into hold_place as h (owner, place, holder, expires) select $1, n, $3, $4::timestamptz from free
        on conflict (owner, place) do update set holder = excluded.holder, expires = excluded.expires where h.expires <= now()
        returning 1)
      select exists (select 1 from free) as found, exists (select 1 from taken) as taken,
             coalesce((select date_part('epoch', min(h.expires) - now()) from hold_place h
                        where h.owner = $1 and h.place <= $2 and h.expires > now()), 0)::float8 as seconds`,
      [owner, max, holder, expires],
    ),
  )
  return row ?? { found: false, taken: false, seconds: 0 }
}
