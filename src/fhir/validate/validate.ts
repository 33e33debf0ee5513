/**
 * Is this JSON a FHIR R4 resource? Structure, cardinality, primitives, required codes, references, contained resources and
 * the specification's invariants, with our own rule that a visit ends after it starts.
 * https://hl7.org/fhir/R4/validation.html
 * Left out: profiles other than the base ones, bindings weaker than required, and whether what is referred to exists.
 */
import { Fault, type FaultKind, type Issue } from '../../base/fault.ts'
import type { Definitions } from '../definitions/types.ts'
import { addError, addRemark, type FindingCode, type Findings, noFindings } from './findings.ts'
import type { Rule } from './invariants.ts'
import { isObject, type Pending } from './scope.ts'
import { checkResource } from './structure.ts'

/** Every issue found, warnings and notes too. With `type`, a resource of another type is refused. */
export function validate(definitions: Definitions, resource: unknown, options: { readonly type?: string } = {}): Issue[] {
  const findings = noFindings()
  const pending: Pending[] = []
  const given = isObject(resource) && typeof resource.resourceType === 'string' ? resource.resourceType.slice(0, 64) : undefined
  const { type = given } = options
  if (given !== undefined && given !== type) addError(findings, 'structure', `This is a ${given}, not a ${type}.`, String(type))
  else checkResource({ definitions, findings, pending }, resource, type ?? 'Resource', 1)
  if (findings.errors === 0) for (const one of pending) applyRules(findings, one)
  return findings.issues
}

function applyRules(findings: Findings, { rules, value, path, roots }: Pending): void {
  for (const rule of rules) {
    const broken = isBroken(rule, value, roots)
    const at = rule.child ? `${path}.${rule.child}` : path
    if (broken === 'unknown') addRemark(findings, 'warning', 'processing', `The rule ${rule.key} could not be applied here.`, at)
    else if (broken && rule.severity === 'warning') addRemark(findings, 'warning', 'invariant', `${rule.human} (${rule.key}).`, at)
    else if (broken) addError(findings, 'invariant', `${rule.human} (${rule.key}).`, at)
  }
}

/** An evaluator's own failure is nobody's mistake in the resource: it must never refuse one. */
function isBroken(rule: Rule, value: unknown, roots: Pending['roots']): boolean | 'unknown' {
  try {
    return rule.holds(value, roots) === false
  } catch {
    return 'unknown'
  }
}

/** The faults that a resource can have, the one that names the answer first. */
const kinds: readonly (FaultKind & FindingCode)[] = ['structure', 'required', 'value', 'code-invalid', 'invariant']

/** Throws a Fault with every error found; its kind is that of the gravest. */
export const assertValid = (definitions: Definitions, resource: unknown, type: string): void =>
  throwErrors(validate(definitions, resource, { type }))

export function throwErrors(issues: readonly Issue[]): void {
  const errors = issues.filter((issue) => issue.severity === 'error')
  if (errors.length === 0) return
  const kind = kinds.find((one) => errors.some((issue) => issue.code === one)) ?? 'structure'
  throw new Fault(kind, errors)
}
