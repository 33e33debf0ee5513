/**
 * The things that every desk is handed, built once by `src/house.ts`. No container: each function takes it as its first
 * argument and names what it uses.
 */
import type { Mail } from '../base/account-links.ts'
import type { Clock } from '../base/clock.ts'
import type { HoldQuotas } from '../base/hold-quotas.ts'
import type { Ids } from '../base/ids.ts'
import type { OutboundHosts } from '../base/outbound.ts'
import type { Secrets } from '../base/sealed.ts'
import type { SignInElsewhere } from '../base/sign-in-elsewhere.ts'
import type { TrustedIssuer } from '../base/trusted-issuers.ts'
import type { WaitlistSettings } from '../base/waitlist-settings.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Pool } from './db.ts'

/**
 * Ids of patients: whose data are kept from somebody just now, whose are open to them in an emergency, and from whom Consents
 * keep them whether or not they are open.
 */
export type Kept =
  | { readonly from?: readonly string[]; readonly emergency?: readonly string[]; readonly standing?: readonly string[] }
  | undefined
/** As much of an actor as a Consent can speak of. */
type Viewer = { readonly client: string; readonly user?: string; readonly patient?: string; readonly purpose?: string }

export type House = {
  readonly pool: Pool
  readonly clock: Clock
  readonly ids: Ids
  readonly definitions: Definitions
  /** Our own profiles, extensions and operations as JSON text, by `Type/id`. */
  readonly conformance: ReadonlyMap<string, string>
  /** The FHIR base, for example `http://127.0.0.1:8080/fhir`, without a slash at the end. */
  readonly base: string
  /** IANA name, for a Schedule or Location that names none. */
  readonly defaultTimeZone: string
  /** Hosts that may be called although they are private or speak plain http (`base/outbound.ts`). */
  readonly outboundHosts: OutboundHosts
  readonly holdQuotas: HoldQuotas
  /** Other authorization servers whose tokens are taken (`auth/foreign-tokens.ts`). */
  readonly trustedIssuers?: readonly TrustedIssuer[]
  /** The clinic's own OpenID Connect server, at which people sign in (`auth/elsewhere/`). */
  readonly signInElsewhere?: SignInElsewhere
  /** Whose Consents keep their data from somebody just now; undefined where nobody's do. */
  readonly keptFrom: (viewer: Viewer) => Kept | Promise<Kept>
  /** The names under which a person takes part in visits beside their own: a practitioner's PractitionerRoles. */
  readonly postsOf: (person: string | undefined) => readonly string[] | Promise<readonly string[]>
  /** Absent: no mail is sent. */
  readonly mail?: Mail
  /** Roles whose people need a second factor to sign in to an app. */
  readonly secondFactorRoles?: readonly string[]
  /** Programs may register themselves (`auth/registration/`), by an invitation or, `open`, unasked too; absent: they may not. */
  readonly registration?: 'token' | 'open'
  readonly waitlist: WaitlistSettings
  /** 0: for ever. */
  readonly auditMonthsKept: number
  /** Seals what is secret before it is stored, and opens it again. */
  readonly secrets: Secrets
  /** Something worth an operator's eye; never carries patient data. */
  readonly warn: (what: string, details?: Record<string, unknown>) => void
}
