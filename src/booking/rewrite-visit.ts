/**
 * A visit that stands is written again with its time as it is: what `amend.ts` and `attend.ts` do alike. The write goes
 * through the engine like a PUT of the Appointment. Left out: what is to be written, which each of them says.
 */
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { claimKey, type IdempotencyKey, remember } from '../store/idempotency.ts'
import { inTransaction } from '../store/transaction.ts'
import { answeredAsItIs, type Changed, lockedAppointment } from './cancel.ts'
import { withNextTimes } from './change.ts'
import { writeAppointment } from './write-appointment.ts'

export type RewriteInput = {
  readonly id: string
  readonly comment?: string
  readonly client: string
  /** Written under a patient scope. */
  readonly patient?: string
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

export type Rewriting<Input> = {
  /** The Appointment as it is to be; undefined where it is that already. Throws what forbids it. */
  readonly become: (before: Resource, input: Input, at: Date, house: House) => Resource | undefined
  /** What else comes with it, in the same transaction. */
  readonly also?: (tx: Tx, house: House, input: Input, visit: Resource, at: string) => Promise<void>
}

/** Throws: not-found, gone, business-rule. */
export const rewriteVisit = <Input extends RewriteInput>(house: House, input: Input, rewriting: Rewriting<Input>): Promise<Changed> =>
  withNextTimes(house, () => inTransaction(house.pool, (tx) => rewriteInTx(tx, house, input, rewriting)))

async function rewriteInTx<Input extends RewriteInput>(
  tx: Tx,
  house: House,
  input: Input,
  { become, also }: Rewriting<Input>,
): Promise<Changed> {
  const { id, client, patient, audit } = input
  if (input.once) await claimKey(tx, input.once)
  const { row, resource: before } = await lockedAppointment(tx, id, input.assertMay)
  const now = house.clock.now()
  const said = become(before, input, now, house)
  if (!said) return answeredAsItIs(tx, input, row)
  const resource: Resource = { ...said, ...(input.comment !== undefined && { comment: input.comment }) }
  const at = now.toISOString()
  const change = { type: 'Appointment', id, before, isNew: false, resource, text: JSON.stringify(resource), at, client, patient, audit }
  const written = await writeAppointment(tx, house, change)
  await also?.(tx, house, input, resource, at)
  if (input.once) await remember(tx, input.once, { appointment: id, version: written.version }, at)
  return { id, version: written.version, text: written.body }
}
