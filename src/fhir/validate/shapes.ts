/**
 * The definitions as validation walks them: for each resource type, datatype and backbone element, what each JSON property
 * may hold. Made when first asked for and remembered with the definitions they come from.
 * https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/formats.html#choice
 */
import type { Definitions, ElementDefinition, ElementType, Invariant } from '../definitions/types.ts'
import { type Rule, ruleOf } from './invariants.ts'
import { ownRules } from './visit-times.ts'

/** One JSON property: `participant`, or `valueString` for the element `value`. */
export type Field = {
  readonly key: string
  /** The step in a FHIRPath: `value` for `valueString`. */
  readonly label: string
  readonly kind: 'primitive' | 'complex' | 'resource'
  /** The type, or for a backbone element the path that its children are at. */
  readonly type: string
  readonly repeats: boolean
  readonly targets?: readonly string[]
  readonly binding?: string
  readonly rules: readonly Rule[]
}

/** An element that may stand under several names, of which one at most, and one at least where it is required. */
export type Group = { readonly label: string; readonly keys: readonly string[] }

export type Shape = {
  readonly name: string
  readonly isResource: boolean
  readonly fields: ReadonlyMap<string, Field>
  readonly required: readonly Group[]
  readonly choices: readonly Group[]
  readonly rules: readonly Rule[]
}

const remembered = new WeakMap<Definitions, Map<string, Shape>>()

/** The shape of a type (`HumanName`) or of a backbone element by its path (`Appointment.participant`). */
export function shapeOf(definitions: Definitions, name: string): Shape {
  const shapes = remembered.get(definitions) ?? new Map<string, Shape>()
  remembered.set(definitions, shapes)
  const known = shapes.get(name)
  if (known) return known
  const shape = makeShape(definitions, name)
  shapes.set(name, shape)
  return shape
}

const capital = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1)

const keyOf = (element: ElementDefinition, type: ElementType): string => (element.choice ? element.name + capital(type.code) : element.name)

/** Two invariants with the same words in FHIRPath (txt-1 and txt-2) are one check. */
function rulesOf(invariants: readonly Invariant[], base: string): Rule[] {
  const distinct = new Map(invariants.toReversed().map((one) => [one.expression, one]))
  return [...distinct.values()].reverse().map((invariant) => ruleOf(invariant, base))
}

function elementAt(definitions: Definitions, path: string): ElementDefinition {
  const [type = '', ...steps] = path.split('.')
  const [first, ...rest] = steps
  const top = definitions.types.get(type)?.elements.find((one) => one.name === first)
  const found = rest.reduce((element, step) => element?.elements?.find((one) => one.name === step), top)
  if (!found) throw new Error(`The definitions have no element ${path}`)
  return found
}

function makeShape(definitions: Definitions, name: string): Shape {
  const type = definitions.types.get(name)
  const elements = type?.elements ?? elementAt(definitions, name).elements ?? []
  const groups = elements.map((element) => ({ element, label: element.name, keys: element.types.map((one) => keyOf(element, one)) }))
  const fields = elements.flatMap((element) => fieldsOf(definitions, element, `${name}.${element.name}`))
  return {
    name,
    isResource: type?.kind === 'resource',
    fields: new Map(fields.map((field) => [field.key, field])),
    required: groups
      .filter((group) => group.element.min > 0)
      .map(({ label, keys, element }) => ({ label, keys: keys.length ? keys : [element.name] })),
    choices: groups.filter((group) => group.element.choice),
    rules: type ? [...rulesOf(type.invariants, name), ...(ownRules[name] ?? [])] : [],
  }
}

function fieldsOf(definitions: Definitions, element: ElementDefinition, path: string): Field[] {
  const backbone = element.contentReference ? element.contentReference.slice(1) : element.elements && path
  if (!backbone) return element.types.map((type) => fieldOf(definitions, element, type, path))
  const defined = element.contentReference ? elementAt(definitions, backbone) : element
  const rules = rulesOf(defined.invariants ?? [], backbone)
  return [{ key: element.name, label: element.name, kind: 'complex', type: backbone, repeats: element.max !== 1, rules }]
}

function fieldOf(definitions: Definitions, element: ElementDefinition, type: ElementType, path: string): Field {
  const isPrimitive = definitions.primitives.has(type.code)
  return {
    key: keyOf(element, type),
    label: element.name,
    kind: type.code === 'Resource' ? 'resource' : isPrimitive ? 'primitive' : 'complex',
    type: type.code,
    repeats: element.max !== 1,
    targets: type.targets,
    binding: element.binding,
    rules: rulesOf(element.invariants ?? [], path),
  }
}
