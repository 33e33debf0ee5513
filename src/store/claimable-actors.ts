/**
 * Whom a visit takes up: of the actors that somebody names, and of the Schedules that it is booked on. docs/booking.md.
 */
import { relativeReference } from '../fhir/reference.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

/** Beside the turns of `lock-visits.ts`; `claims_of_schedules` and `refuse_if_others` have it too. */
export const standInLock = 16

/** Whether whom it stands for may be said anew. */
export const mayStandIn = (actor: string): boolean => actor.startsWith('PractitionerRole/') || actor.startsWith('Location/')

/**
 * What each of these actors takes up: a PractitionerRole its Practitioner, a Location itself if it is a room, bed or vehicle.
 * The same rule as `scheduling/claimed-actors.ts` for Schedules; a test compares the two.
 */
export async function claimableActors(db: Db, actors: readonly string[], base?: string): Promise<string[]> {
  const rows = await db.query<{ resource: string }>(
    prepared('select resource from claimable_actors($1::text[]) resource order by resource', [
      actors.map((actor) => relativeReference(actor, base)),
    ]),
  )
  return rows.map((row) => row.resource)
}

/**
 * What a booking on these Schedules takes up. Of them, and of the roles and places among `named`, it is settled until the
 * transaction ends for whom they stand: who changes that (`plans.ts`, `stand-in-claims.ts`) waits, and then sees what was booked;
 * who is waited for has changed it by the next look, in which they are looked up.
 */
export async function claimsOfSchedules(db: Db, schedules: readonly string[], named: readonly string[] = []): Promise<string[]> {
  const rows = await db.query<{ resource: string }>(
    prepared('select resource from claims_of_schedules($1::text[], $2::text[]) resource', [schedules, named.filter(mayStandIn)]),
  )
  return rows.map((row) => row.resource)
}

/** Until the transaction ends nobody books with the role or place (`Type/id`). */
export async function lockStandIn(tx: Tx, name: string): Promise<void> {
  await tx.query(prepared(`select pg_advisory_xact_lock(hashtextextended($1, ${standInLock}))`, [name]))
}
