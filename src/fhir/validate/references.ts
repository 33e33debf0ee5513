/**
 * A Reference's text is well formed, leads to a type that the element allows, and, if it is local, to a contained resource.
 * https://hl7.org/fhir/R4/references.html#literal
 * Left out: whether the resource is there (that is the store's to know). `where(resolve() is Patient)` is decided likewise:
 * by the type that the text names, or else `Reference.type`.
 */
import { localReference, typeOfReference } from '../reference.ts'
import { addError } from './findings.ts'
import type { JsonObject } from './invariants.ts'
import { isResourceType, type Scope } from './scope.ts'

const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:./
const conditional = /^([A-Z][A-Za-z]*)\?./

export function checkReference(scope: Scope, targets: readonly string[] | undefined, value: JsonObject, path: string): void {
  const { reference, type } = value
  if (typeof reference === 'string' && !isWellFormed(scope, reference, path)) return
  const stated = typeof type === 'string' && isResourceType(scope, type) ? type : undefined
  const named = typeof reference === 'string' ? namedType(scope, reference) : undefined
  if (stated && named && stated !== named) {
    addError(scope.findings, 'value', `The reference is to a ${named}, but its type says ${stated}.`, `${path}.type`)
    return
  }
  const leadsTo = named ?? stated
  if (leadsTo === undefined || targets === undefined || targets.includes(leadsTo)) return
  addError(scope.findings, 'value', `This element refers to ${targets.join(' or ')}, not to ${leadsTo}.`, path)
}

/** A reference into its own resource: remembered for dom-3, and told whether ref-1 holds. */
export function noteLocal(scope: Scope, fragment: string): boolean {
  if (fragment === '#') {
    scope.homeward.add(scope.resource)
    return scope.resource !== scope.root
  }
  scope.referredTo.add(fragment.slice(1))
  return scope.contained.has(fragment.slice(1))
}

function isWellFormed(scope: Scope, reference: string, path: string): boolean {
  const at = `${path}.reference`
  if (reference.startsWith('#')) {
    const leads = noteLocal(scope, reference)
    if (!leads) addError(scope.findings, 'invariant', 'A reference that starts with # must be to a contained resource (ref-1).', at)
    return leads
  }
  if (absolute.test(reference) && !/\s/.test(reference)) return true
  const type = localReference(reference)?.type ?? (scope.bundled ? conditional.exec(reference)?.[1] : undefined)
  if (type !== undefined && isResourceType(scope, type)) return true
  const problem =
    type === undefined
      ? 'A reference is written Type/id, as an absolute URL, urn:uuid:… or #id.'
      : `R4 has no resource type ${type.slice(0, 64)}.`
  addError(scope.findings, 'value', problem, at)
  return false
}

function namedType(scope: Scope, reference: string): string | undefined {
  if (reference.startsWith('#')) return scope.contained.get(reference.slice(1))
  const type = typeOfReference(reference) ?? conditional.exec(reference)?.[1]
  return type !== undefined && isResourceType(scope, type) ? type : undefined
}
