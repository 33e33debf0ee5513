/**
 * Who is asking: the client program, the person behind it where there is one, and what the token lets them do.
 * Made once a request by `auth/bearer.ts` (or by a command, for the server itself) and handed down as an argument.
 */
import type { Scope } from './scopes.ts'

/** To whom sensitive visits are busy time, and which are not (`masking.ts`). */
export type Masking = {
  /** `Patient/1`, `Practitioner/2`: visits in which one of these takes part are whole. */
  readonly knows: readonly string[]
  /** `Patient/1`: whole as well, but for what is very restricted. */
  readonly actsFor?: string
}

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
  /** Sensitive visits are busy time to this actor; absent: whole. */
  readonly masking?: Masking
  /** The network address that asked, for the audit. */
  readonly address?: string
}
