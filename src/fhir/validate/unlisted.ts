/**
 * Resources of types that R4 has and this server does not hold, as they come in Bundles and as contained resources: only
 * that their JSON is such as FHIR's may be. https://hl7.org/fhir/R4/json.html
 * What their elements mean is not checked, and the caller is told so.
 */
import { nestingMax } from '../../base/limits.ts'
import { addError, addRemark } from './findings.ts'
import { noteLocal } from './references.ts'
import { isObject, type Scope } from './scope.ts'

export function checkUnlisted(scope: Scope, path: string, depth: number): void {
  const type = String(scope.resource.resourceType)
  addRemark(scope.findings, 'information', 'informational', `${type} is not served here: its elements were not checked.`, path)
  checkJson(scope, scope.resource, path, depth)
}

function checkJson(scope: Scope, value: unknown, path: string, depth: number): void {
  const problem = problemOf(value, depth)
  if (problem) addError(scope.findings, 'structure', problem, path)
  else if (typeof value === 'string') checkText(scope, value, path)
  else if (Array.isArray(value)) for (const [index, one] of value.entries()) checkItem(scope, one, `${path}[${index}]`, depth + 1)
  else if (isObject(value)) for (const [key, one] of Object.entries(value)) checkJson(scope, one, `${path}.${key.slice(0, 64)}`, depth + 1)
}

/** Arrays of primitives and of their extensions are aligned by null. */
function checkItem(scope: Scope, value: unknown, path: string, depth: number): void {
  if (value !== null) checkJson(scope, value, path, depth)
}

function problemOf(value: unknown, depth: number): string | undefined {
  if (depth > nestingMax) return `A resource is at most ${nestingMax} levels deep.`
  if (value === null) return 'null stands for nothing here: leave the element out.'
  if (Array.isArray(value)) return value.length === 0 ? 'An empty array stands for nothing: leave the element out.' : undefined
  if (isObject(value) && Object.keys(value).length === 0) return 'An empty object stands for nothing: leave the element out.'
  return value === '' ? 'An empty string stands for nothing: leave the element out.' : undefined
}

function checkText(scope: Scope, value: string, path: string): void {
  if (value.startsWith('#')) noteLocal(scope, value)
  const isText = value.isWellFormed() && scope.definitions.primitives.get('string')?.test(value)
  if (!isText) addError(scope.findings, 'value', 'This text has control characters or half a surrogate pair.', path)
}
