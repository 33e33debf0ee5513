/**
 * Codes and profiles that an audit row's event shows, each with the rows whose events show it: what interactions are called,
 * what they were for, and which pattern of IHE BALP an event follows. https://profiles.ihe.net/ITI/BALP/content.html
 * How an event shows them is audit-event-resource.ts and security-event-resource.ts.
 */
import type { TokenValue } from '../fhir/search-value.ts'
import type { AuditFact } from '../store/audit-facts.ts'
import {
  balpPatterns,
  balpProfile,
  emergencyStarted,
  ownSubtypes,
  reasons,
  restful,
  restfulInteractions,
  transactions,
} from './audit-event-resource.ts'
import { auditInteractions } from './audit-of.ts'
import { securityInteractions, securitySubtypes } from './security-event-resource.ts'

/** `display`: where the event says one, for `:text`. */
export type Coded = { readonly system?: string; readonly code: string; readonly display?: string; readonly of: AuditFact }

/** Of what has no name of its own in FHIR: `operation`, but for those that make something and those that are of no resource. */
const operation: AuditFact = {
  noInteractions: [...restfulInteractions, ...Object.keys(transactions), ...securityInteractions, 'break-glass'],
}

const known: readonly Coded[] = [
  ...[...restfulInteractions].map((code) => ({ system: restful, code, display: code, of: { interactions: [code] } })),
  { system: restful, code: 'create', display: 'create', of: { interactions: Object.keys(transactions) } },
  { system: restful, code: 'operation', display: 'operation', of: operation },
  ...[...Object.entries(transactions), ...Object.entries(securitySubtypes), ['break-glass', emergencyStarted] as const].map(
    ([interaction, { system, code, display }]) => ({ system, code, ...(display && { display }), of: { interactions: [interaction] } }),
  ),
]

/** No code of ours: it stands for all of them where the system alone is asked for. */
const anyOfOurs: Coded = { system: ownSubtypes, code: '\0', of: { noInteractions: [...restfulInteractions] } }

const named: readonly Coded[] = auditInteractions
  .filter((code) => !restfulInteractions.has(code))
  .map((code) => ({ system: ownSubtypes, code, display: code, of: { interactions: [code] } }))

/** Whatever is no interaction of FHIR's own is called by a code of ours, the same word. */
export const codedSubtypes = (asked: readonly TokenValue[]): readonly Coded[] => [
  ...known,
  ...named,
  anyOfOurs,
  ...asked.flatMap(({ code }) =>
    code === undefined || restfulInteractions.has(code) ? [] : [{ system: ownSubtypes, code, of: { interactions: [code] } }],
  ),
]

const anyPurpose: Coded = { system: reasons, code: '\0', of: { has: ['purpose'] } }

export const codedPurposes = (asked: readonly TokenValue[]): readonly Coded[] => [
  anyPurpose,
  ...asked.flatMap(({ code }) => (code === undefined ? [] : [{ system: reasons, code, of: { purposes: [code] } }])),
]

const patternNames = [...new Set(Object.values(balpPatterns))]
const interactionsOf = (pattern: string): string[] => Object.keys(balpPatterns).filter((one) => balpPatterns[one] === pattern)

/** As `meta.profile` says it: of an event that has all that the pattern asks for. */
export const profileFacts: readonly { readonly text: string; readonly of: AuditFact }[] = patternNames.map((pattern) => ({
  text: balpProfile(pattern),
  of: {
    interactions: interactionsOf(pattern),
    outcomes: ['0'],
    ...(pattern === 'Create' && { actions: ['C'] }),
    has: ['patient', 'address', pattern === 'Query' ? 'query' : 'entity'],
  },
}))
