/**
 * The walk over a resource's JSON: elements that belong, as often as they may, in the shape they must have.
 * https://hl7.org/fhir/R4/json.html
 * Every value passes through here once; primitives, codes, references and contained resources are checked on the way, and
 * the rules of each element are put by until the whole is known to be well formed.
 */
import { nestingMax } from '../../base/limits.ts'
import { withUnserved } from '../definitions/load-unserved.ts'
import { checkBinding } from './bindings.ts'
import { checkContained } from './contained.ts'
import { addError, isFull } from './findings.ts'
import type { JsonObject, Rule } from './invariants.ts'
import { primitiveProblem } from './primitives.ts'
import { checkReference, noteLocal } from './references.ts'
import { isObject, isResourceType, type Run, rootScope, type Scope } from './scope.ts'
import { type Field, type Group, type Shape, shapeOf } from './shapes.ts'
import { nearestName } from './spelling.ts'

const empty = 'stands for nothing: leave the element out.'
const localTypes = new Set(['uri', 'url', 'canonical'])

/** A resource, as a root of its own or contained in the root of `container`. */
export function checkResource(run: Run, value: unknown, path: string, depth: number, container?: Scope, bundled = false): void {
  const type = resourceTypeOf(run, value, path)
  if (type === undefined || !isObject(value)) return
  const within = container ? { ...container, resource: value } : rootScope(run, value, bundled)
  const scope = within.definitions.types.has(type) ? within : { ...within, definitions: withUnserved(within.definitions) }
  checkObject(scope, shapeOf(scope.definitions, type), value, path, depth)
  if (!container && value.contained !== undefined) checkContained(scope, path)
}

function resourceTypeOf(run: Run, value: unknown, path: string): string | undefined {
  if (!isObject(value)) addError(run.findings, 'structure', 'A resource is a JSON object.', path)
  else if (typeof value.resourceType !== 'string')
    addError(run.findings, 'required', 'resourceType is missing: it says what this is.', path)
  else if (isResourceType(run, value.resourceType)) return value.resourceType
  else addError(run.findings, 'structure', `R4 has no resource type '${value.resourceType.slice(0, 64)}'.`, path)
  return undefined
}

const deferRules = (scope: Scope, rules: readonly Rule[], value: unknown, path: string): void => {
  if (rules.length > 0) scope.pending.push({ rules, value, path, roots: scope })
}

function checkObject(scope: Scope, shape: Shape, object: JsonObject, path: string, depth: number): void {
  if (isFull(scope.findings)) return
  if (depth > nestingMax) {
    addError(scope.findings, 'structure', `A resource is at most ${nestingMax} levels deep.`, path)
    return
  }
  for (const key of Object.keys(object)) {
    if (key !== 'resourceType' || !shape.isResource) checkProperty(scope, shape, object, key, path, depth)
  }
  checkGroups(scope, shape, object, path)
  if (shape.name === 'Extension') checkExtension(scope, object, path)
  deferRules(scope, shape.rules, object, path)
}

function checkGroups({ findings }: Scope, shape: Shape, object: JsonObject, path: string): void {
  for (const { label, keys } of shape.required) {
    const name = keys.length > 1 ? `${label}[x]` : label
    if (countPresent(keys, object) === 0) addError(findings, 'required', `${name} is required.`, `${path}.${label}`)
  }
  for (const { label, keys } of shape.choices) {
    if (countPresent(keys, object) > 1) addError(findings, 'structure', `${label}[x] is given in one type only.`, `${path}.${label}`)
  }
}

const countPresent = (keys: Group['keys'], object: JsonObject): number =>
  keys.filter((key) => object[key] !== undefined || object[`_${key}`] !== undefined).length

/** ext-1: https://hl7.org/fhir/R4/extensibility.html#extension */
function checkExtension({ findings }: Scope, object: JsonObject, path: string): void {
  const hasValue = Object.keys(object).some((key) => /^_?value/.test(key))
  if (hasValue !== (object.extension !== undefined)) return
  addError(findings, 'invariant', 'An extension has either a value or extensions within it, one of the two (ext-1).', path)
}

function checkProperty(scope: Scope, shape: Shape, object: JsonObject, key: string, path: string, depth: number): void {
  const isTwin = key.startsWith('_')
  const field = shape.fields.get(isTwin ? key.slice(1) : key)
  if (!field || (isTwin && field.kind !== 'primitive')) addUnknown(scope, shape, key, path)
  else if (field.kind !== 'primitive') checkComplex(scope, field, object[key], `${path}.${field.label}`, depth)
  // A value and its twin are checked as one, when the value comes by.
  else if (!isTwin || object[field.key] === undefined) checkPrimitives(scope, field, object, `${path}.${field.label}`, depth)
}

function addUnknown(scope: Scope, shape: Shape, key: string, path: string): void {
  if (isFull(scope.findings)) return
  const meant = nearestName(key, shape.fields.keys())
  const name = key.slice(0, 64)
  const hint = meant ? ` Did you mean '${meant}'?` : ''
  addError(scope.findings, 'structure', `${shape.name} has no element '${name}'.${hint}`, /^\w+$/.test(name) ? `${path}.${name}` : path)
}

function isFilledArray(scope: Scope, value: unknown, path: string): value is readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return true
  const problem = Array.isArray(value) ? `An empty array ${empty}` : 'This element may repeat: put it in an array.'
  addError(scope.findings, 'structure', problem, path)
  return false
}

function checkComplex(scope: Scope, field: Field, value: unknown, path: string, depth: number): void {
  const check = field.kind === 'resource' ? checkInner : checkOne
  if (!field.repeats) check(scope, field, value, path, depth)
  else if (isFilledArray(scope, value, path))
    for (const [index, one] of value.entries()) check(scope, field, one, `${path}[${index}]`, depth)
}

/** A contained resource shares its container's references; one in a Bundle or in Parameters stands alone. */
function checkInner(scope: Scope, field: Field, value: unknown, path: string, depth: number): void {
  if (field.label === 'contained') checkResource(scope, value, path, depth + 1, scope)
  else checkResource(scope, value, path, depth + 1, undefined, scope.bundled || scope.resource.resourceType === 'Bundle')
}

function checkOne(scope: Scope, field: Field, value: unknown, path: string, depth: number): void {
  if (!isObjectWithContent(scope, value, path)) return
  checkObject(scope, shapeOf(scope.definitions, field.type), value, path, depth + 1)
  if (field.type === 'Reference') checkReference(scope, field.targets, value, path)
  if (field.binding) checkBinding(scope, field.binding, value, path)
  deferRules(scope, field.rules, value, path)
}

/** ele-1: an element has more than an id. https://hl7.org/fhir/R4/element.html#invs */
function isObjectWithContent(scope: Scope, value: unknown, path: string, mayBeBare = false): value is JsonObject {
  const keys = isObject(value) ? Object.keys(value) : undefined
  const hasContent = keys?.some((key) => key !== 'id' || mayBeBare)
  if (!keys) addError(scope.findings, 'structure', 'This element is one JSON object.', path)
  else if (!hasContent) addError(scope.findings, 'structure', `An empty object ${empty}`, path)
  return hasContent === true
}

/** A primitive's value and its twin `_name`, which holds its id and extensions; both are arrays where it repeats. */
function checkPrimitives(scope: Scope, field: Field, object: JsonObject, path: string, depth: number): void {
  const [value, twin] = [object[field.key], object[`_${field.key}`]]
  if (!field.repeats) {
    checkPrimitive(scope, field, value, twin, path, depth)
    return
  }
  if (value !== undefined && !isFilledArray(scope, value, path)) return
  if (twin !== undefined && !isFilledArray(scope, twin, path)) return
  if (value && twin && value.length !== twin.length) {
    addError(scope.findings, 'structure', `${field.key} and _${field.key} must be of one length: fill the gaps with null.`, path)
  }
  for (const index of (value ?? twin ?? []).keys()) {
    checkPrimitive(scope, field, value?.[index] ?? undefined, twin?.[index] ?? undefined, `${path}[${index}]`, depth)
  }
}

function checkPrimitive(scope: Scope, field: Field, value: unknown, twin: unknown, path: string, depth: number): void {
  if (twin !== undefined && isObjectWithContent(scope, twin, path, value !== undefined)) {
    checkObject(scope, shapeOf(scope.definitions, 'Element'), twin, path, depth + 1)
  }
  if (value === undefined && twin !== undefined) return
  const problem = primitiveProblem(scope.definitions, field.type, value ?? null)
  if (problem) {
    addError(scope.findings, problem.code, problem.diagnostics, path)
    return
  }
  if (field.binding) checkBinding(scope, field.binding, value, path)
  if (typeof value === 'string' && value.startsWith('#') && localTypes.has(field.type)) noteLocal(scope, value)
  deferRules(scope, field.rules, value, path)
}
