/**
 * Who is asking: the client program, the person behind it where there is one, and what the token lets them do.
 * Made once a request by `auth/bearer.ts` (or by a command, for the server itself) and handed down as an argument.
 */
import type { Scope } from './scopes.ts'

export type Actor = {
  /** The OAuth client_id; holds, idempotency keys and hand-made claims belong to it. */
  readonly client: string
  /** The signed-in person as a FHIR reference, for example `Practitioner/12` (SMART's fhirUser). */
  readonly user?: string
  /** The id of the one Patient that `patient/` scopes reach. */
  readonly patient?: string
  readonly scopes: readonly Scope[]
  /** What for, as a code of PurposeOfUse such as HPAYMT; absent: to treat. */
  readonly purpose?: string
  /** The ids of the patients whose Consents keep their data from this actor; absent where nobody's do. */
  readonly keptFrom?: readonly string[]
  /** Those of them whose data are open to the actor all the same, for a while: somebody has broken the glass. */
  readonly emergency?: readonly string[]
  /** The network address that asked, for the audit. */
  readonly address?: string
}
