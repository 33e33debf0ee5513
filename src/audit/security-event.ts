/**
 * Who signed in or out, which program was given a token, and who was refused: written by whoever sees it happen (`auth`,
 * and the doors through it). https://profiles.ihe.net/ITI/BALP/ https://hl7.org/fhir/R4/auditevent.html
 *
 * What could be repeated without end (refusals) comes through `auth/refusals.ts`, which counts instead.
 */
import { type SecurityRow, writeSecurityRow } from '../store/audit-rows.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { type Asker, auditOf } from './audit-of.ts'

export type SecurityEvent = Asker & {
  readonly what: 'sign-in' | 'sign-out' | 'token' | 'refused' | 'account-change' | 'client-change' | 'key-change' | 'backup' | 'restore'
  /** Why it did not come about; absent where it did. */
  readonly refused?: string
  /** What was changed. */
  readonly change?: string
  /** Whose account it is about, where somebody else did it: `Practitioner/12`. */
  readonly about?: string
  readonly times?: number
}

/** Written when it returns: await it before the answer is given. */
export function securityEvent(house: Pick<House, 'clock' | 'ids'> & { readonly pool: Db }, event: SecurityEvent): Promise<void> {
  const { what, refused, change, about, times, ...asker } = event
  const row: SecurityRow = {
    ...auditOf(house, asker, what),
    outcome: refused === undefined ? '0' : '4',
    reason: refused ?? change,
    about,
    times,
  }
  return writeSecurityRow(house.pool, row)
}
