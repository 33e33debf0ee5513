/**
 * What was offered to whom: live until it is accepted, declined, withdrawn or its time is over. That one time is offered
 * to so many at once and no more, and to one entry one time, are unique keys.
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type OfferState = 'live' | 'accepted' | 'declined' | 'lapsed' | 'withdrawn'

export type OfferRow = {
  /** Of its Communication. */
  readonly id: string
  readonly entry: string
  readonly patient: string
  readonly slot: string
  readonly schedule: string
  readonly starts: Date
  readonly ends: Date
  readonly service: string | null
  readonly minutes: number | null
  readonly holder: string
  readonly state: OfferState
  readonly expires: Date
}

export type NewOffer = Omit<OfferRow, 'state' | 'starts' | 'ends' | 'expires'> & {
  readonly starts: string
  readonly ends: string
  readonly expires: string
  readonly offeredAt: string
  readonly place: number
  readonly score: Readonly<Record<string, number>>
}

const columns = 'id, entry, patient, slot, schedule, starts, ends, service, minutes, holder, state, expires'

export async function addOffer(tx: Tx, offer: NewOffer): Promise<void> {
  await tx.query(
    prepared(
      `insert into waitlist_offer (id, entry, patient, slot, schedule, starts, ends, service, minutes, holder, place, state, offered_at, expires, score)
       values ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8, $9::int, $10, $11::int, 'live', $12::timestamptz, $13::timestamptz, $14::jsonb)`,
      [
        offer.id,
        offer.entry,
        offer.patient,
        offer.slot,
        offer.schedule,
        offer.starts,
        offer.ends,
        offer.service,
        offer.minutes,
        offer.holder,
        offer.place,
        offer.offeredAt,
        offer.expires,
        JSON.stringify(offer.score),
      ],
    ),
  )
}

/** An offer by its id, held until the transaction ends where there is one. */
export async function offerNamed(db: Db, id: string, lock = false): Promise<OfferRow | undefined> {
  const [row] = await db.query<OfferRow>(prepared(`select ${columns} from waitlist_offer where id = $1${lock ? ' for update' : ''}`, [id]))
  return row
}

/** The last offer that was made to an entry. */
export async function lastOfferTo(db: Db, entry: string): Promise<OfferRow | undefined> {
  const [row] = await db.query<OfferRow>(
    prepared(`select ${columns} from waitlist_offer where entry = $1 order by (state = 'live') desc, offered_at desc, id limit 1`, [entry]),
  )
  return row
}

/** Whether an entry was offered this start of a Schedule before, by whichever of its Slots. */
export async function wasOffered(db: Db, entry: string, schedule: string, start: string): Promise<boolean> {
  const rows = await db.query(
    prepared('select 1 from waitlist_offer where entry = $1 and schedule = $2 and starts = $3::timestamptz limit 1', [
      entry,
      schedule,
      start,
    ]),
  )
  return rows.length > 0
}

/** The live offers of a time, held until the transaction ends. */
export async function liveOffersOf(tx: Tx, slot: string): Promise<OfferRow[]> {
  return tx.query<OfferRow>(
    prepared(`select ${columns} from waitlist_offer where slot = $1 and state = 'live' order by id for update`, [slot]),
  )
}

/** False where it has ended already. */
export async function endOffer(tx: Tx, id: string, state: OfferState, at: string): Promise<boolean> {
  const rows = await tx.query(
    prepared(`update waitlist_offer set state = $2, ended_at = $3::timestamptz where id = $1 and state = 'live' returning 1`, [
      id,
      state,
      at,
    ]),
  )
  return rows.length > 0
}

/** Live ones whose time is over, and ended ones of which nothing has followed yet. */
export async function offersToSettle(db: Db, now: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(
      `(select id from waitlist_offer where state = 'live' and expires <= $1::timestamptz order by expires, id limit $2::int)
       union all (select id from waitlist_offer where state <> 'live' and not settled order by ended_at, id limit $2::int)`,
      [now, limit],
    ),
  )
  return rows.map(({ id }) => id)
}

/** What follows from its end is done. True where no other offer of that time stands, nor was one accepted. */
export async function settleOffer(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx.query<{ over: boolean }>(
    prepared(
      `update waitlist_offer o set settled = true where o.id = $1
       returning not exists (select 1 from waitlist_offer other where other.holder = o.holder and other.id <> o.id and other.state in ('live', 'accepted'))
         and o.state <> 'accepted' as over`,
      [id],
    ),
  )
  return row?.over ?? false
}

/** The patient's booked visits that are still to come, the soonest first. */
export async function visitsToCome(db: Db, patient: string, now: string): Promise<string[]> {
  const rows = await db.query<{ body: string }>(
    prepared(
      `select body::text as body from (
         select id, body, deleted, status, starts from appointment where terms @> array['@Patient/' || $1::text] offset 0) a
        where not deleted and status = 'booked' and starts > $2::timestamptz order by starts, id limit 100`,
      [patient, now],
    ),
  )
  return rows.map(({ body }) => body)
}
