/**
 * The specification's constraints on what is written most, by hand: app-1 to app-4, Period, ContactPoint and their like.
 * Each stands beside the FHIRPath that it says; where the definitions word it otherwise, FHIRPath is used instead, and a
 * property test holds both to the same answer. https://hl7.org/fhir/R4/conformance-rules.html#constraints
 * Invariant: called only on a value whose structure is right. What cannot be decided holds.
 */
import { spanOf } from '../date-time.ts'
import { has, isSurely, type Json, lacks, list, type Native, object } from './native.ts'
import { nativeExchange } from './native-exchange.ts'

/** Whether `from` is surely later than `to`: at the coarser precision of the two. */
function isAfter(from: unknown, to: unknown): boolean {
  if (typeof from !== 'string' || typeof to !== 'string') return false
  const [a, b] = [spanOf(from), spanOf(to)]
  if (!a || !b) return false
  return from.includes('T') && to.includes('T') ? a.lower > b.lower : a.lower >= b.upper
}

/** Consent, ppc-2 to ppc-5: which scopes need a patient. */
function consentScope(key: string, code: string): Native {
  const inScope = (scope: Json): boolean => list(scope.coding).some((coding) => coding.system === 'something' && coding.code === code)
  return {
    key,
    expression: `patient.exists() or scope.coding.where(system='something' and code='${code}').exists().not()`,
    holds: (consent) => has(consent, 'patient') || !inScope(object(consent.scope)),
  }
}

/** Timing.repeat: `first` only together with `second`. */
const needs = (key: string, first: string, second: string): Native => ({
  key,
  expression: `${first}.empty() or ${second}.exists()`,
  holds: (value) => lacks(value, first) || has(value, second),
})

const either = (key: string, first: string, second: string): Native => ({
  key,
  expression: `${first}.exists() or ${second}.exists()`,
  holds: (value) => has(value, first) || has(value, second),
})

const exclusive = (key: string, first: string, second: string): Native => ({
  key,
  expression: `${first}.empty() or ${second}.empty()`,
  holds: (value) => lacks(value, first) || lacks(value, second),
})

const notNegative = (key: string, element: string): Native => ({
  key,
  expression: `${element}.exists() implies ${element} >= 0`,
  holds: (value) => value[element] === undefined || Number(value[element]) >= 0,
})

const notAtHome = (key: string): Native => ({
  key,
  expression: "where(use = 'home').empty()",
  holds: (value) => value.use !== 'home',
})

const scheduling: readonly Native[] = [
  either('app-1', 'type', 'actor'),
  {
    key: 'app-2',
    expression: 'start.exists() = end.exists()',
    holds: (visit) => has(visit, 'start') === has(visit, 'end'),
  },
  {
    key: 'app-3',
    expression: "(start.exists() and end.exists()) or (status in ('proposed' | 'cancelled' | 'waitlist'))",
    holds: (visit) => (has(visit, 'start') && has(visit, 'end')) || isSurely(visit, 'status', ['proposed', 'cancelled', 'waitlist']),
  },
  {
    key: 'app-4',
    expression: "Appointment.cancelationReason.exists() implies (Appointment.status='noshow' or Appointment.status='cancelled')",
    holds: (visit) => lacks(visit, 'cancelationReason') || isSurely(visit, 'status', ['noshow', 'cancelled']),
  },
  either('apr-1', 'participantType', 'actor'),
]

const datatypes: readonly Native[] = [
  {
    key: 'per-1',
    expression: 'start.hasValue().not() or end.hasValue().not() or (start <= end)',
    holds: (period) => !isAfter(period.start, period.end),
  },
  {
    key: 'ref-1',
    expression: "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))",
    holds: ({ reference }, root) =>
      typeof reference !== 'string' ||
      !/^#./s.test(reference) ||
      list(root.contained).some((contained) => contained.id === reference.slice(1)),
  },
  needs('cpt-2', 'value', 'system'),
  needs('qty-3', 'code', 'system'),
  needs('att-1', 'data', 'contentType'),
  needs('tim-1', 'duration', 'durationUnit'),
  needs('tim-2', 'period', 'periodUnit'),
  needs('tim-6', 'periodMax', 'period'),
  needs('tim-7', 'durationMax', 'duration'),
  needs('tim-8', 'countMax', 'count'),
  notNegative('tim-4', 'duration'),
  notNegative('tim-5', 'period'),
  {
    key: 'tim-9',
    expression: "offset.empty() or (when.exists() and when.select($this in ('C' | 'CM' | 'CD' | 'CV')).allFalse())",
    holds: (repeat) =>
      lacks(repeat, 'offset') ||
      (has(repeat, 'when') && list(repeat.when).every((when) => !['C', 'CM', 'CD', 'CV'].includes(String(when)))),
  },
  exclusive('tim-10', 'timeOfDay', 'when'),
  {
    // On the length of every Slot and visit that a clinic's rules give.
    key: 'drt-1',
    expression: 'code.exists() implies ((system = %ucum) and value.exists())',
    holds: (duration) => lacks(duration, 'code') || (has(duration, 'value') && isSurely(duration, 'system', ['http://unitsofmeasure.org'])),
  },
  { key: 'sqty-1', expression: 'comparator.empty()', holds: (quantity) => lacks(quantity, 'comparator') },
  {
    key: 'rat-1',
    expression: '(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())',
    holds: (ratio) => has(ratio, 'numerator') === has(ratio, 'denominator') && (has(ratio, 'numerator') || has(ratio, 'extension')),
  },
]

const people: readonly Native[] = [
  {
    key: 'pat-1',
    expression: 'name.exists() or telecom.exists() or address.exists() or organization.exists()',
    holds: (contact) => ['name', 'telecom', 'address', 'organization'].some((element) => has(contact, element)),
  },
  {
    key: 'org-1',
    expression: '(identifier.count() + name.count()) > 0',
    holds: (organization) => has(organization, 'identifier') || has(organization, 'name'),
  },
  notAtHome('org-2'),
  notAtHome('org-3'),
  { key: 'grp-1', expression: 'member.empty() or (actual = true)', holds: (group) => lacks(group, 'member') || group.actual !== false },
  either('ppc-1', 'policy', 'policyRule'),
  consentScope('ppc-2', 'patient-privacy'),
  consentScope('ppc-3', 'research'),
  consentScope('ppc-4', 'adr'),
  consentScope('ppc-5', 'treatment'),
  needs('prr-1', 'orderDetail', 'code'),
  exclusive('sev-1', 'name', 'query'),
  {
    key: 'qrs-1',
    expression: '(answer.exists() and item.exists()).not()',
    holds: (item) => lacks(item, 'answer') || lacks(item, 'item'),
  },
]

export const nativeInvariants: readonly Native[] = [...scheduling, ...datatypes, ...people, ...nativeExchange]

const byWords = new Map(nativeInvariants.map((native) => [`${native.key} ${native.expression}`, native]))

/** The hand-written function of an invariant, if there is one for just these words. */
export function nativeInvariant(
  key: string,
  expression: string,
): ((value: unknown, roots: { readonly root: Json }) => boolean) | undefined {
  const native = byWords.get(`${key} ${expression}`)
  return native && ((value, { root }) => native.holds(object(value), root))
}
