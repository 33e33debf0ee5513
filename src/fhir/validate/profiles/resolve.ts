/**
 * What a reference in a resource under validation leads to, as far as that can be said without asking anybody: what the resource
 * contains, what stands in the same Bundle, and of all else the type that its text names. https://hl7.org/fhir/R4/references.html
 * Left out: what is stored: whether a rule holds must not hang on what others write.
 */
import { typeOfReference } from '../../reference.ts'
import type { Resolved } from '../asked-in-rules.ts'
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { localTarget, type Run } from './run.ts'

/** Undefined where neither the resource nor its type is known. */
export function resolved(run: Run, value: unknown): Resolved | undefined {
  const reference = isObject(value) ? value.reference : value
  const stated = isObject(value) && typeof value.type === 'string' ? { type: value.type } : undefined
  if (typeof reference !== 'string') return stated
  const resource = reference.startsWith('#') ? localTarget(run, reference) : inBundle(run.roots.root, reference)
  if (resource) return { resource }
  const type = typeOfReference(reference)
  return type === undefined ? stated : { type }
}

/** By `fullUrl`, which a relative reference is the end of. https://hl7.org/fhir/R4/bundle.html#references */
function inBundle(root: JsonObject, reference: string): JsonObject | undefined {
  if (root.resourceType !== 'Bundle' || !Array.isArray(root.entry)) return undefined
  const entry = root.entry
    .filter(isObject)
    .find(({ fullUrl }) => typeof fullUrl === 'string' && (fullUrl === reference || fullUrl.endsWith(`/${reference}`)))
  return entry && isObject(entry.resource) ? entry.resource : undefined
}
