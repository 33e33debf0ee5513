/**
 * What somebody asks of a move: which visit, to which time, and what else is to stand or fall with it.
 */
import type { Resource } from '../../fhir/resource.ts'
import type { JointGroup } from '../../scheduling/joint-visits.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import type { Tx } from '../../store/db.ts'
import type { IdempotencyKey } from '../../store/idempotency.ts'
import type { Override } from '../override.ts'
import type { ServiceChoice } from '../service-choice.ts'
import type { TimeAsked } from '../visit-in-slot.ts'

export type MoveInput = {
  readonly id: string
  /** The id of the Slot it is to start in. */
  readonly slot: string
  /** The Schedule that the client named beside the Slot. */
  readonly schedule?: string
  /** Further Slots that the client says it takes: they must be among those that it will take. */
  readonly slots?: readonly string[]
  /** Who is to take part besides; undefined: the Schedules that do already. */
  readonly groups?: readonly JointGroup[]
  readonly start?: number
  readonly minutes?: number
  /** Undefined: the visit's own. */
  readonly service?: ServiceChoice
  /** The client's own Appointment; what it says beside status, time and people of the Schedule is kept. */
  readonly proposal?: Resource
  /** The same, made from the Appointment as it is when it is judged. */
  readonly proposalFrom?: (before: Resource) => Resource
  /** Who keeps the new time for it: that is given up in the same transaction. */
  readonly heldFor?: string
  /** Others that are moved with it. */
  readonly leaving?: TimeAsked['leaving']
  /** Stands or falls with the move. */
  readonly alongside?: Alongside
  readonly comment?: string
  readonly reason?: Readonly<Record<string, unknown>>
  /** Staff move it against the rules. */
  readonly override?: Override
  /** The clinic and the patient want this time: nobody is asked. */
  readonly agreed?: boolean
  /** From which statuses this is a move. */
  readonly statuses: readonly string[]
  readonly client: string
  readonly online: boolean
  readonly audit: AuditRow
  readonly once?: IdempotencyKey
  readonly assertMay: (appointment: Resource) => void
}

export type Alongside = {
  /** Further Appointments that it writes: they are locked with the one that is moved. */
  readonly visits: readonly string[]
  /** First in the transaction; what it gives comes once all that is moved is locked. */
  readonly begin: (tx: Tx) => Promise<() => Promise<void>>
}
