/**
 * A StructureDefinition as profile validation reads it: its chain of bases, where an extension belongs, and its elements.
 * https://hl7.org/fhir/R4/structuredefinition.html and https://hl7.org/fhir/R4/elementdefinition.html
 * What is only for people (definitions, mappings, examples) is left behind, so that a guide of many profiles stays small in
 * memory.
 */
import type { Resource } from '../../resource.ts'
import { isObject } from '../scope.ts'

export type ElementType = { readonly code: string; readonly profile: readonly string[]; readonly targetProfile: readonly string[] }

export type Discriminator = { readonly type: string; readonly path: string }

export type Slicing = { readonly discriminator: readonly Discriminator[]; readonly rules: string; readonly ordered: boolean }

export type Constraint = {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
  readonly source?: string
}

export type Element = {
  /** `Patient.extension:race.value[x]`: the path with the names of slices. */
  readonly id: string
  readonly min?: number
  readonly max?: number
  readonly types?: readonly ElementType[]
  readonly fixed?: unknown
  readonly pattern?: unknown
  readonly maxLength?: number
  readonly minValue?: unknown
  readonly maxValue?: unknown
  readonly binding?: { readonly strength: string; readonly valueSet: string }
  readonly mustSupport?: boolean
  readonly slicing?: Slicing
  readonly constraints: readonly Constraint[]
}

export type Structure = {
  readonly url: string
  readonly version?: string
  readonly type: string
  readonly base?: string
  readonly context: readonly { readonly type: string; readonly expression: string }[]
  /** What it adds to its base. */
  readonly differential: readonly Element[]
  /** Everything, its base's words included; empty where it was left to others to make. */
  readonly snapshot: readonly Element[]
}

type Json = Readonly<Record<string, unknown>>

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const whole = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])

export function readStructure(resource: Resource): Structure {
  return {
    url: text(resource.url) ?? '',
    version: text(resource.version),
    type: text(resource.type) ?? '',
    base: text(resource.baseDefinition),
    context: list(resource.context).map((one) => ({ type: text(one.type) ?? '', expression: text(one.expression) ?? '' })),
    differential: readElements(resource.differential),
    snapshot: readElements(resource.snapshot),
  }
}

const readElements = (given: unknown): Element[] =>
  identified(list(isObject(given) ? given.element : undefined)).map(([id, element]) => readElement(id, element))

/** Ids are to be there and tell the slice that an element is in; where they are missing, the order tells it. */
function identified(elements: readonly Json[]): [string, Json][] {
  const latest = new Map<string, string>()
  return elements.map((element): [string, Json] => {
    const path = text(element.path) ?? ''
    const cut = path.lastIndexOf('.')
    const parent = latest.get(path.slice(0, Math.max(cut, 0)))
    const slice = element.sliceName === undefined ? '' : `:${element.sliceName}`
    const id = text(element.id) ?? (parent === undefined ? path : `${parent}.${path.slice(cut + 1)}`) + slice
    latest.set(path, id)
    return [id, element]
  })
}

/** The value of `fixedUri`, `patternCodeableConcept` and their like. */
const choice = (element: Json, name: string): unknown =>
  Object.entries(element).find(([key]) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)))?.[1]

function readElement(id: string, element: Json): Element {
  const max = text(element.max)
  return {
    id,
    min: whole(element.min),
    max: max === undefined ? undefined : max === '*' ? Number.POSITIVE_INFINITY : Number(max),
    types: element.type === undefined ? undefined : list(element.type).map(readType),
    fixed: choice(element, 'fixed'),
    pattern: choice(element, 'pattern'),
    maxLength: whole(element.maxLength),
    minValue: choice(element, 'minValue'),
    maxValue: choice(element, 'maxValue'),
    binding: readBinding(element.binding),
    mustSupport: element.mustSupport === true ? true : undefined,
    slicing: readSlicing(element.slicing),
    constraints: list(element.constraint).flatMap(readConstraint),
  }
}

const fhirType = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

/** `id` and `Extension.url` have a type of FHIRPath's own; an extension says which of FHIR's it is. */
function readType(type: Json): ElementType {
  const stated = list(type.extension).find((one) => one.url === fhirType)
  const code = text(stated?.valueUrl) ?? text(stated?.valueUri) ?? text(type.code) ?? ''
  return { code, profile: texts(type.profile), targetProfile: texts(type.targetProfile) }
}

function readBinding(binding: unknown): Element['binding'] {
  if (!isObject(binding) || typeof binding.valueSet !== 'string') return undefined
  return { strength: text(binding.strength) ?? '', valueSet: binding.valueSet }
}

function readSlicing(slicing: unknown): Slicing | undefined {
  if (!isObject(slicing)) return undefined
  const discriminator = list(slicing.discriminator).map((one) => ({ type: text(one.type) ?? '', path: text(one.path) ?? '' }))
  return { discriminator, rules: text(slicing.rules) ?? 'open', ordered: slicing.ordered === true }
}

function readConstraint(constraint: Json): Constraint[] {
  const expression = text(constraint.expression)
  if (expression === undefined) return []
  const severity = constraint.severity === 'warning' ? 'warning' : 'error'
  const human = (text(constraint.human) ?? '').replace(/\.\s*$/, '')
  return [{ key: text(constraint.key) ?? '', severity, human, expression, source: text(constraint.source) }]
}
