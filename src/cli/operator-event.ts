/**
 * What an operator does to accounts, programs, tokens and keys, in the audit: in the transaction that does it, so that neither
 * is there without the other. Who it was is whoever the machine says, and is worth as much as its own accounts are.
 * https://hl7.org/fhir/R4/auditevent.html
 */

import { hostname, userInfo } from 'node:os'
import { type SecurityEvent, securityEvent } from '../audit/security-event.ts'
import { operatorClient } from '../base/own-clients.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'

type Deed = Pick<SecurityEvent, 'what' | 'about'> & { readonly change: string }

/** `change`: a sentence, without its full stop. */
export const operatorEvent = ({ clock, ids }: Pick<House, 'clock' | 'ids'>, tx: Tx, { change, ...deed }: Deed): Promise<void> =>
  securityEvent({ pool: tx, clock, ids }, { ...deed, client: operatorClient, change: `${change}, by ${loginName()} on ${hostname()}.` })

/** Does it and tells of it, or neither; `deed` looks at what came of it and says nothing where nothing was done. */
export const withOperatorEvent = <T>(house: House, work: (tx: Tx) => Promise<T>, deed: (done: T) => Deed | undefined): Promise<T> =>
  inTransaction(house.pool, async (tx) => {
    const done = await work(tx)
    const told = deed(done)
    if (told) await operatorEvent(house, tx, told)
    return done
  })

/** A container's user may have no name. */
function loginName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
