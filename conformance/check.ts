/**
 * What a check is: one requirement of a specification, and a run that throws what it met instead. Its name begins with
 * what its clause's address calls it, or with the id that a public list of checks gives it.
 */
import type { Capabilities } from './capabilities.ts'
import type { Site } from './site.ts'
import type { SmartOptions } from './smart-options.ts'

/** Why a check does not apply to a server; undefined where it does. */
export type Need = (can: Capabilities, options: Options) => string | undefined

/** What the caller has given beside the base and its token. */
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

/** Thrown by a run that finds that a server does not say to do what is checked, where no CapabilityStatement tells it. */
export class NotDeclared extends Error {}

export type Check = {
  readonly name: string
  /** Address of the clause. */
  readonly clause: string
  /** What public lists call it: fhir-crucible's X010 and CST03, the E2E classes of microsoft/fhir-server, Inferno's tests. */
  readonly ids?: readonly string[]
  readonly requirement: string
  readonly needs?: readonly Need[]
  readonly run: (site: Site) => Promise<void>
}

export type Track = { readonly name: string; readonly checks: readonly Check[] }

/** Addresses of clauses of R4: `r4('http', 'create')`. */
export const r4 = (page: string, anchor: string): string => `https://hl7.org/fhir/R4/${page}.html#${anchor}`
