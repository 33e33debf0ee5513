/** A message to a person, put in as a durable job: what is asked for is there once the answer is given, and is tried again. */
import { createHash } from 'node:crypto'
import type { LinkKind } from '../base/account-links.ts'
import { mailAttemptsMax, mailQueues } from '../base/sign-in-limits.ts'
import type { Pool } from './db.ts'
import { addJob } from './jobs.ts'
import { inTransaction } from './transaction.ts'

export const accountMailTask = 'send-account-mail'

/** `account`: of whoever is signed in; whose address it is otherwise is found out when it is sent. */
export type AccountMail = { readonly kind: LinkKind; readonly to: string; readonly account?: string }

export const putAccountMail = (pool: Pool, mail: AccountMail): Promise<void> =>
  inTransaction(pool, (tx) => addJob(tx, { task: accountMailTask, payload: mail, queue: queueOf(mail.to), attemptsMax: mailAttemptsMax }))

/** One after the other to one address, so that how many were sent is known when the next is; of queues there are few. */
const queueOf = (to: string): string => `mail ${createHash('sha256').update(to).digest().readUInt8() % mailQueues}`
