/**
 * The values that an element has in an object's JSON: each with the type it is of, its twin `_name`, and where it stands.
 * https://hl7.org/fhir/R4/json.html#primitive
 * Robust against JSON that the base validation refuses: what has the wrong shape is passed over here.
 */
import type { Definitions } from '../../definitions/types.ts'
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { type Field, type Shape, shapeOf } from '../shapes.ts'

export type Item = {
  /** `Patient`, `HumanName`, `string`, or the path of a backbone element. */
  readonly type: string
  readonly kind: Field['kind']
  /** Undefined where a primitive has only extensions. */
  readonly value: unknown
  readonly twin?: JsonObject
  readonly path: string
}

const byLabel = new WeakMap<Shape, Map<string, Field[]>>()

function fieldsOf(shape: Shape, label: string): readonly Field[] {
  const known = byLabel.get(shape) ?? Map.groupBy(shape.fields.values(), (field) => field.label)
  byLabel.set(shape, known)
  return known.get(label) ?? []
}

/** The object that an item's own elements are in: for a primitive that is its twin. */
export const objectOf = (item: Item): JsonObject | undefined =>
  item.kind === 'primitive' ? item.twin : isObject(item.value) ? item.value : undefined

/** Undefined for a resource of a type that is not served. */
export function itemShape(definitions: Definitions, item: Item): Shape | undefined {
  if (item.kind === 'primitive') return shapeOf(definitions, 'Element')
  return item.kind === 'resource' && !definitions.types.has(item.type) ? undefined : shapeOf(definitions, item.type)
}

/** The values of the element `name` (`value` for `value[x]`) in what the item holds. */
export function itemsOf(definitions: Definitions, item: Item, name: string): Item[] {
  const [object, shape] = [objectOf(item), itemShape(definitions, item)]
  if (!object || !shape) return []
  return fieldsOf(shape, name).flatMap((field) => itemsIn(object, field, `${item.path}.${name}`))
}

function itemsIn(object: JsonObject, field: Field, path: string): Item[] {
  const [value, twin] = [object[field.key], field.kind === 'primitive' ? object[`_${field.key}`] : undefined]
  if (value === undefined && twin === undefined) return []
  if (!field.repeats) return [itemOf(field, value, twin, path)]
  const [values, twins] = [listOf(value), listOf(twin)]
  const indexes = Array.from({ length: Math.max(values.length, twins.length) }, (_, index) => index)
  return indexes.map((index) => itemOf(field, values[index] ?? undefined, twins[index], `${path}[${index}]`))
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function itemOf(field: Field, value: unknown, twin: unknown, path: string): Item {
  const type = field.kind === 'resource' && isObject(value) ? String(value.resourceType) : field.type
  return { type, kind: field.kind, value, twin: isObject(twin) ? twin : undefined, path }
}

/** A resource as the item that a profile of its type is held against. */
export const resourceItem = (resource: JsonObject, path: string): Item => ({
  type: String(resource.resourceType),
  kind: 'resource',
  value: resource,
  path,
})
