/**
 * Search parameters of AuditEvent that a row's columns answer as they are: `_id`, times, what was done, who did it and to what.
 * They are read as any type's are. https://hl7.org/fhir/R4/auditevent.html#search
 *
 * An entity is what was read or written, and the patient whose event it is; who asked is a person by a reference, and a program
 * or this server by an identifier. What a chain leads to is found by its references. Whose event it is (`patient`) is
 * audit-events.ts's.
 */
import type { Definitions } from '../fhir/definitions/types.ts'
import { type Criterion, parseCriterion } from '../fhir/search-criterion.ts'
import { unsupported } from '../fhir/search-words.ts'
import type { Known } from '../fhir/validate/profiles/known.ts'
import type { AuditCondition, AuditFact } from '../store/audit-facts.ts'
import { isBeside } from './audit-criteria.ts'
import { serverName } from './audit-event-resource.ts'
import { isAnother } from './audit-event-row.ts'
import { auditIdPattern } from './audit-page.ts'
import { securityInteractions } from './security-event-resource.ts'

export type AuditReading = {
  readonly definitions: Definitions
  readonly base: string
  /** To whom alone it is shown. */
  readonly patient: string | undefined
  /** ValueSets and CodeSystems that the query names. */
  readonly known?: Known
}

type Column = {
  /** The rows whose events have a value at all. */
  readonly present: readonly AuditFact[]
  /** Those that have one of the words: what stands behind the parameter's name, such as `=Patient/1` or `:identifier=desk`. */
  readonly facts: (words: readonly string[], reading: AuditReading) => readonly AuditFact[]
  /** What every event says beside the code or the reference. */
  readonly display?: string
}

const everyEvent: readonly AuditFact[] = [{}]
const rest: AuditFact = { noInteractions: securityInteractions }

const behind = (lead: string, words: readonly string[]): string[] =>
  words.flatMap((word) => (word.startsWith(lead) ? [word.slice(lead.length)] : []))

const columns = {
  _id: { present: everyEvent, facts: (words) => behind('=', words).flatMap((id) => (auditIdPattern.test(id) ? [{ id }] : [])) },
  date: { present: everyEvent, facts: () => [] },
  _lastUpdated: { present: everyEvent, facts: () => [] },
  action: { present: everyEvent, facts: (words) => [{ actions: behind('=', words) }] },
  outcome: { present: everyEvent, facts: (words) => [{ outcomes: behind('=', words) }] },
  agent: {
    present: everyEvent,
    facts: (words, { base }) => {
      // The program's and the server's identifiers have no system.
      const identifiers = behind(':identifier=', words).map((one) => (one.startsWith('|') ? one.slice(1) : one))
      return [{ people: behind('=', words) }, { clients: identifiers }, ...(identifiers.includes(base) ? everyEvent : [])]
    },
    display: serverName,
  },
  entity: {
    present: [{ has: ['entity'] }, { ...rest, has: ['patient'] }],
    facts: (words, { patient }) => {
      const entities = behind('=', words).filter((one) => patient === undefined || !isAnother(one, patient))
      return [{ entities }, { ...rest, patients: behind('Patient/', entities) }]
    },
  },
} as const satisfies Readonly<Record<string, Column>>

export type ColumnParameter = keyof typeof columns

const isColumn = (code: string): code is ColumnParameter => Object.hasOwn(columns, code)

/** Undefined where the name is not one of these; throws where the value or the modifier cannot be meant. */
export function auditColumnCriterion(reading: AuditReading, name: string, value: string): AuditCondition | undefined {
  const code = name.split(':', 1)[0] ?? ''
  if (!isColumn(code)) return undefined
  const { definitions, base, known } = reading
  const asked = parseCriterion({ definitions, type: 'AuditEvent', base, known }, name, value)
  return asked && conditionOf(columns[code], reading, name, asked)
}

/** The rows whose events name one of these, as `agent` or `entity`. */
export const referringFacts = (code: 'agent' | 'entity', references: readonly string[], reading: AuditReading): AuditCondition => ({
  any: columns[code].facts(
    references.map((one) => `=${one}`),
    reading,
  ),
  not: false,
})

function conditionOf({ present, facts, display }: Column, reading: AuditReading, name: string, asked: Criterion): AuditCondition {
  switch (asked.kind) {
    case 'missing':
      return { any: present, not: asked.missing }
    case 'date':
      return { any: asked.values.map((at) => ({ at })), not: false }
    case 'words':
      return {
        any: facts(
          asked.words.map((word) => word.slice(asked.code.length)),
          reading,
        ),
        not: asked.not,
      }
    case 'text':
      return { any: display !== undefined && isBeside(display, asked.texts) ? everyEvent : [], not: false }
    default:
      throw unsupported(name)
  }
}
