/**
 * What a check is: one requirement of a specification, and a run that throws what it met instead. Its name begins with
 * what its clause's address calls it, or with the id that a public list of checks gives it.
 */
import type { Need } from './needs.ts'
import type { Site } from './site.ts'

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
