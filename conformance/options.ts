/** What the caller of a run says beside the base and its token; nothing of it can be found out by asking the server. */
import type { SmartOptions } from './smart-options.ts'

export type Options = {
  /** Host, and port if need be, at which the server reaches the machine that the suite runs on. */
  readonly receiver?: string
  /** A token that may read and search Slots and no more. */
  readonly slotToken?: string
  /** A token of one patient, and that patient's id. */
  readonly patientToken?: string
  readonly patient?: string
  /** Who is registered at the authorization server, and how somebody signs in there. */
  readonly smart?: SmartOptions
}
