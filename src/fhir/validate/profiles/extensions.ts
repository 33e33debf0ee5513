/**
 * Extensions wherever they stand in a resource: each whose definition is here must be where its context allows it, as often
 * as its definition says, and be what it defines. https://hl7.org/fhir/R4/defining-extensions.html#context
 * Left out: contexts that are FHIRPath. An extension that nobody here knows may stand anywhere; who asks is told.
 */
import type { Definitions } from '../../definitions/types.ts'
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { type Item, itemShape, itemsOf, objectOf, resourceItem } from './items.ts'
import { planOf } from './plan.ts'
import { note, type Run, refuse } from './run.ts'
import type { Structure } from './structure-definition.ts'
import { kindOf } from './type-hierarchy.ts'

/** An element that has extensions, with the names that a context may call it by. */
type Host = { readonly item: Item; readonly contexts: ReadonlySet<string> }

export function checkExtensions(run: Run, resource: JsonObject, path: string): void {
  for (const host of hostsIn(run.known.definitions, resourceItem(resource, path), String(resource.resourceType), [])) {
    for (const name of ['extension', 'modifierExtension']) checkList(run, host, itemsOf(run.known.definitions, host.item, name), name)
  }
}

function checkList(run: Run, host: Host, extensions: readonly Item[], name: string): void {
  for (const [url, same] of Map.groupBy(extensions, ({ value }) => (isObject(value) ? value.url : undefined))) {
    if (typeof url !== 'string' || !url.includes(':')) continue
    const plan = planOf(run.known, url)
    if (plan) checkKnown(run, host, same, plan.structure)
    else if (name === 'modifierExtension')
      note(run, 'warning', 'not-found', `The modifier extension ${url} is not known here.`, same[0]?.path ?? '')
    else note(run, 'information', 'not-found', `The extension ${url} is not known here.`, same[0]?.path ?? '')
  }
}

function checkKnown(run: Run, host: Host, same: readonly Item[], structure: Structure): void {
  const { url, context } = structure
  const max = planOf(run.known, url)?.root.max ?? Number.POSITIVE_INFINITY
  if (same.length > max)
    refuse(run, 'structure', `At most ${max} of ${url} may be given here; there are ${same.length}.`, same[max]?.path ?? '')
  if (!isAllowed(host, structure)) {
    const places = context.map(({ expression }) => expression).join(', ')
    for (const { path } of same) refuse(run, 'structure', `${url} does not belong here: it is for ${places}.`, path)
  }
  for (const item of same) run.walk.checkConformance(run, url, item)
}

const isAllowed = ({ contexts }: Host, { context }: Structure): boolean =>
  context.length === 0 ||
  context.some(({ type, expression }) => type === 'fhirpath' || expression === 'Element' || contexts.has(expression))

function hostsIn(definitions: Definitions, item: Item, path: string, outer: readonly string[]): Host[] {
  const [object, shape] = [objectOf(item), itemShape(definitions, item)]
  if (!object || !shape) return []
  const host =
    object.extension === undefined && object.modifierExtension === undefined ? [] : [{ item, contexts: namesOf(item, path, outer) }]
  const names = new Set([...shape.fields.values()].map(({ label }) => label))
  const inner = [...names].flatMap((name) =>
    itemsOf(definitions, item, name).flatMap((one) => inside(definitions, item, one, name, path, outer)),
  )
  return [...host, ...inner]
}

/** An element below another: known by its path in the resource, and by its place in its parent's own type. */
function inside(definitions: Definitions, parent: Item, item: Item, name: string, path: string, outer: readonly string[]): Host[] {
  if (item.kind === 'resource') return item.path.includes('.contained') ? [] : hostsIn(definitions, item, item.type, [])
  const url = isObject(item.value) && item.type === 'Extension' ? [String(item.value.url)] : []
  const within = item.type === 'Extension' && parent.type === 'Extension' ? [...outer, ...partNames(outer, url[0])] : url
  return hostsIn(definitions, item, `${path}.${name}`, [...new Set([`${parent.type}.${name}`, ...within])])
}

/** By each extension that it stands in, and by the whole way there: names that grow with the depth, not twofold with each step. */
const partNames = (outer: readonly string[], part = ''): string[] =>
  [...outer.filter((one) => !one.includes('#')), outer.at(-1) ?? ''].map((one) => `${one}#${part}`)

function namesOf(item: Item, path: string, outer: readonly string[]): Set<string> {
  const wider = kindOf[item.type]
  const kind = item.kind === 'resource' ? ['Resource', 'DomainResource'] : item.type.includes('.') ? ['BackboneElement'] : []
  const choice = path.endsWith('.value') ? [`${path}[x]`] : []
  return new Set([path, ...choice, item.type, ...outer, ...kind, ...(wider === undefined ? [] : [wider])])
}

/** Every URL that an extension is named by anywhere in a value, for gathering what must be known. */
export function extensionUrls(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(extensionUrls)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...((key === 'extension' || key === 'modifierExtension') && Array.isArray(inner)
      ? inner.filter(isObject).map(({ url }) => String(url))
      : []),
    ...(typeof inner === 'object' ? extensionUrls(inner) : []),
  ])
}
