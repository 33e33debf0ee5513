/**
 * Contained resources, dom-2 to dom-5 by hand: not nested, without a version or a security label of their own, and part
 * of what contains them by a reference one way or the other. https://hl7.org/fhir/R4/domainresource.html#invs
 * By hand since FHIRPath's dom-3 is slow, traces what it finds, and breaks on some of HL7's own examples.
 */
import { addError } from './findings.ts'
import type { JsonObject } from './invariants.ts'
import { isObject, type Scope } from './scope.ts'

export function checkContained(scope: Scope, path: string): void {
  const all: unknown[] = Array.isArray(scope.root.contained) ? scope.root.contained : []
  const seen = new Set<unknown>()
  for (const [index, one] of all.entries()) {
    if (!isObject(one)) continue
    const problem = problemOf(scope, one, seen)
    if (problem) addError(scope.findings, 'invariant', problem, `${path}.contained[${index}]`)
    seen.add(one.id)
  }
}

function problemOf(scope: Scope, resource: JsonObject, seen: ReadonlySet<unknown>): string | undefined {
  const meta = isObject(resource.meta) ? resource.meta : {}
  if (resource.contained !== undefined) return 'A contained resource does not contain others (dom-2).'
  if (meta.versionId !== undefined || meta.lastUpdated !== undefined) return 'A contained resource has no versionId or lastUpdated (dom-4).'
  if (meta.security !== undefined) return 'A contained resource has no security label of its own (dom-5).'
  if (resource.id !== undefined && seen.has(resource.id)) return 'Another contained resource has the same id.'
  const isReferredTo = typeof resource.id === 'string' && scope.referredTo.has(resource.id)
  if (isReferredTo || scope.homeward.has(resource)) return undefined
  return 'A contained resource must be referred to as #id, or refer to what contains it as # (dom-3).'
}
