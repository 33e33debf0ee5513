/**
 * What a transaction writes beside each of its resources, for rules of profiles that go from one to another (`resolve()`): by
 * its name here, as it will be stored. https://hl7.org/fhir/R4/http.html#trules
 * Left out, so that what leads there has a type and no content: what a patch comes to, what still refers by search, and what an
 * `ifNoneExist` finds instead of what was sent.
 */
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import type { House } from '../store/house.ts'
import type { Bodies } from './transaction-bodies.ts'
import type { Target } from './transaction-targets.ts'

export function writtenBeside({ base }: House, targets: readonly Target[], bodies: Bodies): Beside {
  const known: { resources?: Map<string, Resource> } = {}
  return (reference) => {
    known.resources ??= written(targets, bodies)
    return known.resources.get(reference.includes('/_history/') ? reference : relativeReference(reference, base))
  }
}

function written(targets: readonly Target[], bodies: Bodies): Map<string, Resource> {
  const resources = new Map<string, Resource>()
  for (const { entry, type, ids, isThere } of targets) {
    const resource = isThere ? undefined : bodies.get(entry.index)?.submitted?.resource
    const [id] = ids
    if (resource && id !== undefined) resources.set(`${type}/${id}`, { ...resource, id })
  }
  return resources
}
