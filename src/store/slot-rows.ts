/**
 * One Slot's row with the columns that the engine keeps beside the resource.
 */
import type { Db, Tx } from './db.ts'
import { namedBy, sessionNow } from './session-slots.ts'
import { prepared } from './sql.ts'

export type LockedSlot = {
  readonly version: string
  readonly deleted: boolean
  readonly schedule: string
  readonly status: string | null
  readonly starts: Date
  readonly ends: Date
  readonly takenBy: string | null
  readonly heldUntil: Date | null
  readonly rule: string | null
  readonly overbooked: boolean
  /** The group session whose own it is, of which a seat is taken. */
  readonly session: string | null
}

export async function lockSlot(tx: Tx, id: string): Promise<LockedSlot | undefined> {
  const [row] = await tx.query<LockedSlot>(
    prepared(
      `select version::text as version, deleted, schedule, status, starts, ends, taken_by as "takenBy", held_until as "heldUntil", rule,
              ${sessionNow('slot')} as session, overbooked is true as overbooked
         from slot where id = $1 for update`,
      [id],
    ),
  )
  return row
}

/** Who holds the live claims of `holder`. */
export async function clientOfClaim(db: Db, holder: string): Promise<string | undefined> {
  const [row] = await db.query<{ client: string }>(
    prepared('select client from claim where appointment = $1 and (expires is null or expires > now()) limit 1', [holder]),
  )
  return row?.client
}

/** The Slots that `holder` has by itself, on whichever Schedules, by start. */
export async function slotsKeptBy(db: Db, holder: string): Promise<{ id: string; schedule: string; starts: Date }[]> {
  return db.query(prepared('select id, schedule, starts from slot where taken_by = $1 and not deleted order by starts, id', [holder]))
}

/** The Slots of a Schedule that `holder` has, alone or with others of a session, as Unix milliseconds. */
export async function slotsTakenBy(db: Db, holder: string, schedule: string): Promise<{ id: string; start: number; end: number }[]> {
  const rows = await db.query<{ id: string; starts: Date; ends: Date }>(
    prepared(
      `select id, starts, ends from slot
        where id = any(array(select id from slot where taken_by = $1 union all (${namedBy('$1')})))
          and (taken_by = $1 or session is not null) and schedule = $2 and not deleted order by starts, id`,
      [holder, schedule],
    ),
  )
  return rows.map(({ id, starts, ends }) => ({ id, start: starts.getTime(), end: ends.getTime() }))
}
