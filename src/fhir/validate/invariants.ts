/**
 * The specification's constraints on a type or an element, as functions: hand-written where they are frequent, else
 * FHIRPath. https://hl7.org/fhir/R4/conformance-rules.html#constraints and https://hl7.org/fhir/R4/fhirpath.html
 * A constraint that can be decided neither way (it evaluates to nothing) holds. Each is compiled when it is first needed:
 * parsing one takes up to some milliseconds, and most are of types that are rarely written.
 */
import type { Invariant } from '../definitions/types.ts'
import { fhirpath, r4 } from '../fhirpath.ts'
import { type Asking, askedIn } from './asked-in-rules.ts'
import { nativeInvariant } from './native-invariants.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** What `%resource` and `%rootResource` stand for where a rule is applied. */
export type Roots = { readonly resource: JsonObject; readonly root: JsonObject }

export type Rule = {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  /** The child that the issue is about, where it is not the element itself. */
  readonly child?: string
  /** Undefined where something was asked that is not known. Without `asking` a rule that asks cannot be applied. */
  readonly holds: (value: unknown, roots: Roots, asking?: Asking) => boolean | undefined
}

/** `trace()` in an invariant would print what is in a resource. */
const silent = (): void => {}

/** An XML processor's own attributes are no part of XHTML's list, yet HL7's publisher writes xml:lang on every narrative. */
const withoutXmlAttributes = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/\sxml:(?:lang|space)=(?:"[^"]*"|'[^']*')/g, '') : value

/** Evaluates by FHIRPath; false only where the expression is plainly false. May throw: see `validate.ts`. */
export function fhirpathRule(expression: string, base: string): Rule['holds'] {
  const asked = askedIn(expression)
  const options = asked ? { traceFn: silent, userInvocationTable: asked.functions } : { traceFn: silent }
  const evaluate = fhirpath().compile({ base, expression }, r4(), options)
  const prepared = expression.includes('htmlChecks()') ? withoutXmlAttributes : (value: unknown) => value
  return (value, { resource, root }, asking) => {
    const judged = (): boolean => {
      const result: unknown = evaluate(prepared(value), { resource, rootResource: root })
      return !(Array.isArray(result) && result[0] === false)
    }
    return asked ? asked.decided(asking, judged) : judged()
  }
}

export function ruleOf(invariant: Invariant, base: string): Rule {
  const { key, severity, human, expression } = invariant
  let holds: Rule['holds'] | undefined = nativeInvariant(key, expression)
  return {
    key,
    severity,
    human,
    holds: (value, roots, asking) => {
      holds ??= fhirpathRule(expression, base)
      return holds(value, roots, asking)
    },
  }
}
