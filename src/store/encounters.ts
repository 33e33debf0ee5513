/**
 * The Encounters of a visit.
 */
import type { Tx } from './db.ts'
import { prepared } from './sql.ts'

const perVisitMax = 100

/** Those that refer to an Appointment, by its id; held until the transaction ends. */
export async function encountersOf(tx: Tx, appointment: string): Promise<string[]> {
  const rows = await tx.query<{ body: string }>(
    prepared(
      `select body::text as body from encounter where terms @> array['appointment=Appointment/' || $1::text] and not deleted
        order by id limit ${perVisitMax} for update`,
      [appointment],
    ),
  )
  return rows.map((row) => row.body)
}
