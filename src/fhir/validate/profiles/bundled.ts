/**
 * A Bundle's entries as references find them: by `fullUrl`, a relative reference read against the base of the entry that it stands
 * in, one to a version only where that version is. https://hl7.org/fhir/R4/bundle.html#references
 * Where several entries answer to a name it is not clear which is meant, and none is found. Left out: Bundles within Bundles.
 */
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'

type Entries = {
  readonly byName: ReadonlyMap<string, readonly JsonObject[]>
  /** The base that a resource's relative references are below; none where its name here is no address of FHIR's REST API. */
  readonly bases: ReadonlyMap<JsonObject, string>
  /** The entry's resource for itself, and for each that it contains. */
  readonly homes: ReadonlyMap<JsonObject, JsonObject>
}

const remembered = new WeakMap<JsonObject, Entries>()

const restful = /^(https?:\/\/.*)\/[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/
const versioned = /^((?:.*\/)?[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})\/_history\/([A-Za-z0-9\-.]{1,64})$/
const relative = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/

/** The resource that a reference in `from`, the resource of an entry, leads to; undefined where it is not in the Bundle. */
export function inBundle(whole: JsonObject, reference: string, from: JsonObject): JsonObject | undefined {
  if (whole.resourceType !== 'Bundle') return undefined
  const { byName, bases } = entriesOf(whole)
  const [, name = reference, version] = versioned.exec(reference) ?? []
  const base = bases.get(from)
  if (base === undefined && relative.test(name)) return undefined
  const named = byName.get(relative.test(name) ? `${base}/${name}` : name) ?? []
  const found = named.filter((one) => version === undefined || versionIn(one) === version)
  return found.length === 1 ? found[0] : undefined
}

/** The resource of the entry in which a resource stands. */
export const homeOf = (whole: JsonObject, resource: JsonObject): JsonObject | undefined =>
  whole.resourceType === 'Bundle' ? entriesOf(whole).homes.get(resource) : undefined

function entriesOf(bundle: JsonObject): Entries {
  const known = remembered.get(bundle) ?? indexed(bundle)
  remembered.set(bundle, known)
  return known
}

function indexed({ entry }: JsonObject): Entries {
  const [byName, bases, homes] = [new Map<string, JsonObject[]>(), new Map<JsonObject, string>(), new Map<JsonObject, JsonObject>()]
  for (const { fullUrl, resource } of objectsIn(entry)) {
    if (!isObject(resource)) continue
    for (const one of [resource, ...objectsIn(resource.contained)]) homes.set(one, resource)
    if (typeof fullUrl !== 'string') continue
    const same = byName.get(fullUrl)
    if (same) same.push(resource)
    else byName.set(fullUrl, [resource])
    const base = restful.exec(fullUrl)?.[1]
    if (base !== undefined) bases.set(resource, base)
  }
  return { byName, bases, homes }
}

const objectsIn = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

const versionIn = ({ meta }: JsonObject): unknown => (isObject(meta) ? meta.versionId : undefined)
