/**
 * An element of a resource as JSON holds it: a property of some object, one of a list or not, a primitive with its
 * extensions beside it under an underscore. https://hl7.org/fhir/R4/json.html#primitive
 */
import type { Definitions } from '../definitions/types.ts'
import type { Emptied } from '../emptied.ts'
import { type Field, type Shape, shapeOf } from '../validate/shapes.ts'
import type { Location, Step } from './path.ts'

export type Json = Record<string, unknown>

/** A value as it is sent: a primitive may have an id and extensions beside it. `suffix`: of `valueString`, `String`. */
export type Value = { readonly json: unknown; readonly beside?: unknown; readonly suffix: string }

/** An object of the resource, and what may be in it. */
export type Holder = { readonly object: Json; readonly shape: Shape | undefined }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The element's field that `object` has, or that a value of this type would be. */
export function fieldIn({ object, shape }: Holder, name: string, suffix?: string): Field | undefined {
  const exact = shape?.fields.get(name)
  if (exact) return exact
  const choices = [...(shape?.fields.values() ?? [])].filter((field) => field.label === name)
  return suffix === undefined ? choices.find(({ key }) => has(object, key)) : choices.find(({ key }) => key === name + suffix)
}

/** Those of a choice, or the one there is, that have something in the object. */
export const standing = ({ object, shape }: Holder, { label }: Field): Field[] =>
  [...(shape?.fields.values() ?? [])].filter((field) => field.label === label && has(object, field.key))

const has = (object: Json, key: string): boolean => Object.hasOwn(object, key) || Object.hasOwn(object, `_${key}`)

/** What holds the element at a location; undefined where nothing leads there. */
export function holderOf(definitions: Definitions, root: Json, location: Location): Holder | undefined {
  let holder: Holder | undefined = { object: root, shape: shapeNamed(definitions, String(root.resourceType)) }
  for (const step of location) {
    holder = holder && within(definitions, holder, step)
    if (!holder) return undefined
  }
  return holder
}

function within(definitions: Definitions, holder: Holder, { name, index }: Step): Holder | undefined {
  const field = fieldIn(holder, name)
  if (!field) return undefined
  const at = (list: unknown): unknown => (index === undefined ? list : Array.isArray(list) ? list[index] : undefined)
  const value = at(holder.object[field.key])
  if (isObject(value)) {
    const type = field.kind === 'resource' ? String(value.resourceType) : field.type
    return { object: value, shape: shapeNamed(definitions, type) }
  }
  return { object: besides(holder.object, field, index), shape: ofPrimitive(definitions) }
}

/** Whatever stands beside a primitive, made where there is nothing yet. */
function besides(object: Json, { key }: Field, index: number | undefined): Json {
  const name = `_${key}`
  if (index === undefined) {
    const beside = isObject(object[name]) ? object[name] : {}
    object[name] = beside
    return beside
  }
  const list = padded(object[name], index + 1)
  object[name] = list
  const beside = isObject(list[index]) ? list[index] : {}
  list[index] = beside
  return beside
}

const padded = (list: unknown, length: number): unknown[] => {
  const items = Array.isArray(list) ? list : []
  while (items.length < length) items.push(null)
  return items
}

const shapeNamed = (definitions: Definitions, type: string): Shape | undefined =>
  definitions.types.has(type.split('.', 1)[0] ?? '') ? shapeOf(definitions, type) : undefined

/** A primitive has an id and extensions, as an Extension itself has them. */
function ofPrimitive(definitions: Definitions): Shape {
  const extension = shapeOf(definitions, 'Extension')
  const fields = new Map([...extension.fields].filter(([key]) => key === 'id' || key === 'extension'))
  return { ...extension, fields }
}

/** Writes over a single element, whatever it was before. */
export function setElement(holder: Holder, field: Field, { json, beside }: Value): void {
  for (const old of standing(holder, field)) clear(holder.object, old)
  if (json !== undefined) holder.object[field.key] = json
  if (beside !== undefined) holder.object[`_${field.key}`] = beside
}

function clear(object: Json, { key }: Field): void {
  delete object[key]
  delete object[`_${key}`]
}

export function deleteElement({ object }: Holder, field: Field, index: number | undefined, emptied: Emptied): void {
  if (index !== undefined) {
    spliceList(object, field, index, 1)
    if (Array.isArray(object[field.key])) emptied.add(object[field.key] as object)
    return
  }
  clear(object, field)
  emptied.add(object)
}

export const lengthOf = ({ object }: Holder, { key }: Field): number =>
  Math.max(...[object[key], object[`_${key}`]].map((list) => (Array.isArray(list) ? list.length : 0)))

/** Takes out and puts in, in the list and in what stands beside it; gives what it took. */
export function spliceList(object: Json, field: Field, index: number, count: number, ...put: readonly Value[]): Value[] {
  const { key } = field
  const name = `_${key}`
  const length = lengthOf({ object, shape: undefined }, field)
  const values = padded(object[key], length)
  const taken = values.splice(index, count, ...put.map(({ json }) => json ?? null))
  object[key] = values
  if (object[name] === undefined && put.every(({ beside }) => beside === undefined)) return taken.map((json) => ({ json, suffix: '' }))
  const beside = padded(object[name], length)
  const takenBeside = beside.splice(index, count, ...put.map((one) => one.beside ?? null))
  if (beside.every((one) => one === null)) delete object[name]
  else object[name] = beside
  return taken.map((json, at) => ({ json, beside: takenBeside[at] ?? undefined, suffix: '' }))
}
