/**
 * Who does what, ready to be written in the same statement as the deed.
 * The words are those of IHE BALP and of https://hl7.org/fhir/R4/valueset-audit-event-sub-type.html
 */
import type { AuditAction, AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'

/** As much of an actor as the record needs. */
export type Asker = {
  readonly client: string
  readonly user?: string
  readonly patient?: string
  readonly address?: string
  readonly purpose?: string
  readonly emergency?: readonly string[]
}

const actions = {
  read: 'R',
  vread: 'R',
  'history-instance': 'R',
  'history-type': 'R',
  'history-system': 'R',
  'search-type': 'E',
  'search-system': 'E',
  everything: 'E',
  create: 'C',
  update: 'U',
  patch: 'U',
  delete: 'D',
  hold: 'C',
  book: 'C',
  overbook: 'C',
  release: 'U',
  reschedule: 'U',
  cancel: 'U',
  'check-in': 'U',
  'no-show': 'U',
  override: 'U',
  expire: 'U',
  merge: 'U',
  'undo-merge': 'U',
  find: 'C',
  match: 'E',
  'find-slots': 'E',
  'explain-availability': 'E',
  'preview-change': 'E',
  export: 'E',
  import: 'E',
  statistics: 'E',
  accounting: 'E',
  'break-glass': 'E',
  'self-service-link': 'E',
  notify: 'E',
  'sign-in': 'E',
  'account-change': 'U',
  'client-change': 'U',
  'key-change': 'U',
  backup: 'E',
  restore: 'E',
  'sign-out': 'E',
  token: 'E',
  refused: 'E',
} as const satisfies Readonly<Record<string, AuditAction>>

/** What is done, as the AuditEvents call it: a word that nobody has given an action does not compile. */
export type AuditInteraction = keyof typeof actions

export const auditInteractions: readonly string[] = Object.keys(actions)

export function auditOf(house: Pick<House, 'clock' | 'ids'>, actor: Asker, interaction: AuditInteraction, query?: string): AuditRow {
  return {
    id: house.ids.next(),
    at: house.clock.now().toISOString(),
    interaction,
    action: actions[interaction],
    client: actor.client,
    person: actor.user ?? (actor.patient === undefined ? undefined : `Patient/${actor.patient}`),
    address: actor.address,
    purpose: actor.purpose,
    emergency: actor.emergency,
    query,
  }
}
