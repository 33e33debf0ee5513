/**
 * The parts of an operation, and the value that one brings: `value[x]` with its extensions, or, for an element that has no
 * type of its own such as Patient.contact, parts named like its children. https://hl7.org/fhir/R4/fhirpatch.html
 */
import { fault } from '../../base/fault.ts'
import { nestingMax } from '../../base/limits.ts'
import type { Definitions } from '../definitions/types.ts'
import { type Field, shapeOf } from '../validate/shapes.ts'
import { fieldIn, type Json, spliceList, type Value } from './element.ts'

export type Part = Json & { readonly name: string }

export function partsOf(value: unknown, path: string, list: 'parameter' | 'part'): Part[] {
  if (typeof value !== 'object' || value === null) throw fault('structure', 'Send the patch as a Parameters resource.', path)
  const items = (value as Json)[list] ?? []
  if (!Array.isArray(items)) throw fault('structure', `${path}.${list} is a list.`, `${path}.${list}`)
  return items.map((item: unknown, index) => {
    if (typeof item !== 'object' || item === null || typeof (item as Json).name !== 'string')
      throw fault('structure', `${path}.${list}[${index}] has no name.`, `${path}.${list}[${index}]`)
    return item as Part
  })
}

/** Undefined where the part brings nothing that the field can hold. */
export function valueIn(definitions: Definitions, part: Part, field: Field, depth = 0): Value | undefined {
  const key = Object.keys(part)
    .find((one) => /^_?value[A-Z]/.test(one))
    ?.replace(/^_/, '')
  if (key !== undefined) return { json: part[key], beside: part[`_${key}`], suffix: key.slice('value'.length) }
  if (field.kind !== 'complex' || part.part === undefined || depth > nestingMax) return undefined
  const object: Json = {}
  for (const child of partsOf(part, 'Parameters.parameter.part', 'part')) {
    const holder = { object, shape: shapeOf(definitions, field.type) }
    const suffix = Object.keys(child)
      .map((one) => /^_?value([A-Z]\w*)$/.exec(one)?.[1])
      .find(Boolean)
    const target = fieldIn(holder, child.name, suffix ?? '')
    const value = target && valueIn(definitions, child, target, depth + 1)
    if (!target || !value) return undefined
    put(object, target, value)
  }
  return { json: object, suffix: '' }
}

function put(object: Json, field: Field, value: Value): void {
  if (field.repeats) {
    spliceList(object, field, Array.isArray(object[field.key]) ? (object[field.key] as unknown[]).length : 0, 0, value)
    return
  }
  if (value.json !== undefined) object[field.key] = value.json
  if (value.beside !== undefined) object[`_${field.key}`] = value.beside
}
