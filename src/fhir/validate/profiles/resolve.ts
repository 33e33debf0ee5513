/**
 * What a reference in a resource under validation leads to, as far as that can be said without asking anybody: what the resource
 * contains, what stands in the same Bundle or is written in the same transaction, and of all else the type that its text names.
 * https://hl7.org/fhir/R4/references.html
 * Left out: what is stored: whether a rule holds must not hang on what others write.
 */
import { typeOfReference } from '../../reference.ts'
import type { Resolved } from '../asked-in-rules.ts'
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { homeOf, inBundle } from './bundled.ts'
import type { Run } from './run.ts'

/** Undefined where neither the resource nor its type is known. `above`: what the reference stands in, where a rule has gone there. */
export function resolved(run: Run, value: unknown, above: Iterable<unknown> = []): Resolved | undefined {
  const reference = isObject(value) ? value.reference : value
  const stated = isObject(value) && typeof value.type === 'string' ? { type: value.type } : undefined
  if (typeof reference !== 'string') return stated
  const root = rootAbove(run, above)
  const resource = reference.startsWith('#') ? contained(root, reference) : (inBundle(run.whole, reference, root) ?? run.beside(reference))
  if (resource) return { resource }
  const type = typeOfReference(reference)
  return type === undefined ? stated : { type }
}

/** The resource that another is contained in; itself where it is contained in none. */
export const containerOf = ({ whole, roots: { root } }: Run, resource: JsonObject): JsonObject =>
  homeOf(whole, resource) ?? (listOf(root.contained).includes(resource) ? root : resource)

/** The root of the resource that a reference stands in. */
function rootAbove(run: Run, above: Iterable<unknown>): JsonObject {
  let outermost: JsonObject | undefined
  for (const one of above) {
    if (!isObject(one) || typeof one.resourceType !== 'string') continue
    if (one === run.whole) break
    outermost = one
  }
  return outermost === undefined || outermost === run.roots.resource ? run.roots.root : containerOf(run, outermost)
}

/** The contained resource that `#id` refers to, `#` meaning the whole. */
function contained(root: JsonObject, reference: string): JsonObject | undefined {
  return reference === '#'
    ? root
    : listOf(root.contained)
        .filter(isObject)
        .find((one) => `#${one.id}` === reference)
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
