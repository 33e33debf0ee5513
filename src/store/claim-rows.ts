/**
 * What a holder has claimed, as it stands in the database.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type ClaimRow = {
  /** The actor itself, also where it is claimed in an overflow lane. */
  readonly resource: string
  /** The holder itself, or the group session that it has a seat of. */
  readonly session: string
  readonly from: Date
  readonly until: Date
  readonly expires: Date | null
}

/**
 * The claims of `Appointment/1` or `Slot/1`; lapsed ones too, as long as nobody has cleared them away. Of an actor in an
 * overflow lane, that one alone.
 */
export async function claimRows(db: Db, holder: string): Promise<ClaimRow[]> {
  return db.query<ClaimRow>(
    prepared(
      `select split_part(resource, '#', 1) as resource, session, lower(period) as "from", upper(period) as until, expires from claim
        where appointment = $1 and (resource like '%#%' or not exists (
          select from claim l where l.appointment = $1 and split_part(l.resource, '#', 1) = claim.resource and l.resource <> claim.resource))
        order by resource, seat`,
      [holder],
    ),
  )
}
