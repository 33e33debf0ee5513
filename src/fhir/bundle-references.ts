/**
 * References between the entries of a transaction: what a Bundle calls a resource becomes what it is called here, in
 * references, in elements of type uri and url, and in the links and images of narratives; canonicals stay. So do elements of
 * type oid and uuid: R4 names them too, but no `Type/id` is an OID or a UUID, and the resource would be refused for it.
 * https://hl7.org/fhir/R4/http.html#trules and https://hl7.org/fhir/R4/bundle.html#references
 */
import { fault } from '../base/fault.ts'
import type { Definitions } from './definitions/types.ts'
import type { Resource } from './resource.ts'
import { shapeOf } from './validate/shapes.ts'

/** What stands in place of a link; undefined: it stays. */
type Renaming = (link: string, kind: 'reference' | 'uri') => string | undefined

/** By fullUrl, `Type/id`. */
export type Names = ReadonlyMap<string, string>

/** The resource with its links renamed. What does not change is shared with the one that was given. */
export function relinked(definitions: Definitions, resource: Resource, names: Names, fullUrl: string | undefined): Resource {
  const root = fullUrl === undefined ? undefined : /^(https?:\/\/.*)\/[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl)?.[1]
  const nameOf = (link: string): string | undefined => names.get(link) ?? (root === undefined ? undefined : names.get(`${root}/${link}`))
  return renamed(definitions, resource, (link, kind) => {
    const hash = link.indexOf('#')
    const found = hash > 0 ? nameOf(link.slice(0, hash)) : nameOf(link)
    if (found !== undefined) return hash > 0 ? found + link.slice(hash) : found
    if (kind === 'reference' && /^urn:(?:uuid|oid):/.test(link))
      throw fault('value', 'No entry of the Bundle has the fullUrl that this reference names.', resource.resourceType)
    return undefined
  })
}

const conditional = /^[A-Z][A-Za-z]*\?./

/** The references of a resource that name theirs by a search: `Patient?identifier=s|1`. Each once. */
export function conditionalReferences(definitions: Definitions, resource: Resource, base: string): string[] {
  const found = new Set<string>()
  renamed(definitions, resource, (link, kind) => {
    if (kind === 'reference' && conditional.test(belowBase(link, base))) found.add(link)
    return undefined
  })
  return [...found]
}

export const belowBase = (link: string, base: string): string => (link.startsWith(`${base}/`) ? link.slice(base.length + 1) : link)

export const withReferences = (definitions: Definitions, resource: Resource, found: Names): Resource =>
  renamed(definitions, resource, (link, kind) => (kind === 'reference' ? found.get(link) : undefined))

const renamed = (definitions: Definitions, resource: Resource, rename: Renaming): Resource =>
  definitions.types.get(resource.resourceType)?.kind === 'resource'
    ? (renamedIn(definitions, resource.resourceType, resource, rename) as Resource)
    : resource

const linkTypes = new Set(['uri', 'url'])

function renamedIn(definitions: Definitions, name: string, value: unknown, rename: Renaming): unknown {
  if (Array.isArray(value)) return shared(value, (one) => renamedIn(definitions, name, one, rename))
  if (typeof value !== 'object' || value === null) return value
  const { fields, isResource } = shapeOf(definitions, name)
  const changed = Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
    if (key === 'resourceType' && isResource) return []
    const field = fields.get(key.startsWith('_') ? key.slice(1) : key)
    const next = field ? renamedField(definitions, name, key, field, one, rename) : one
    return next === one ? [] : [[key, next]]
  })
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) }
}

type FieldKind = { readonly kind: 'primitive' | 'complex' | 'resource'; readonly type: string }

function renamedField(
  definitions: Definitions,
  name: string,
  key: string,
  { kind, type }: FieldKind,
  value: unknown,
  rename: Renaming,
): unknown {
  if (kind === 'resource') return shared(value, (one) => (isResource(one) ? renamed(definitions, one, rename) : one))
  if (kind === 'complex') return renamedIn(definitions, type, value, rename)
  if (key.startsWith('_')) return renamedIn(definitions, 'Element', value, rename)
  if (name === 'Reference' && key === 'reference')
    return shared(value, (one) => (typeof one === 'string' ? (rename(one, 'reference') ?? one) : one))
  if (linkTypes.has(type)) return shared(value, (one) => (typeof one === 'string' ? (rename(one, 'uri') ?? one) : one))
  return type === 'xhtml' && typeof value === 'string' ? renamedInHtml(value, rename) : value
}

const isResource = (value: unknown): value is Resource => typeof value === 'object' && value !== null && 'resourceType' in value

/** The same array, or the same value, where nothing in it changes. */
function shared(value: unknown, change: (one: unknown) => unknown): unknown {
  if (!Array.isArray(value)) return change(value)
  const next = value.map(change)
  return next.some((one, at) => one !== value[at]) ? next : value
}

/** `<a href="…">` and `<img src="…">`. */
const renamedInHtml = (html: string, rename: Renaming): string =>
  html.replace(
    /(<(?:a|img)\b[^>]*?\s(?:href|src)\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi,
    (whole, before: string, double?: string, single?: string) => {
      const name = rename(double ?? single ?? '', 'uri')
      return name === undefined ? whole : `${before}"${name}"`
    },
  )
