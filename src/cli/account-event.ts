/**
 * What an operator changes of an account that is there, in the audit: found by whose it is, and theirs to read where they are a
 * patient.
 */
import { personBehind } from '../store/accounts.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { withOperatorEvent } from './operator-event.ts'

/** `work` says whether anything was changed; where nothing was, nothing is told. `change`: a sentence without its full stop. */
export const withAccountEvent = async (
  house: House,
  login: string,
  work: (tx: Tx) => Promise<boolean>,
  change: string,
): Promise<boolean> => {
  const about = await personBehind(house.pool, login)
  return withOperatorEvent(house, work, (done) => (done ? { what: 'account-change', about, change } : undefined))
}
