/**
 * Where a FHIRPath points in a resource: the elements it gives, as steps from the root. https://hl7.org/fhir/R4/fhirpatch.html
 *
 * A path comes from whoever sends a patch, so it may only find its way down: what computes, matches patterns, starts from
 * the root again or compares lists with each other is refused before it runs. What is left costs no more than the resource is long.
 */
import { fault } from '../../base/fault.ts'
import { patchPathCharsMax } from '../../base/limits.ts'
import { fhirpath, r4 } from '../fhirpath.ts'
import type { Resource } from '../resource.ts'

/** One step down: `name` of the element as FHIRPath has it, `index` where it is one of a list. */
export type Step = { readonly name: string; readonly index?: number }
/** From the root to an element; empty for the root itself. */
export type Location = readonly Step[]

type Node = { readonly propName?: string | null; readonly index?: number | null; readonly parentResNode?: Node | null }
type Tree = { readonly type?: string; readonly text?: string; readonly children?: readonly Tree[] }

const wayfinding: ReadonlySet<string> = new Set([
  ...['where', 'first', 'last', 'tail', 'skip', 'take', 'single', 'exists', 'empty', 'not', 'count', 'hasValue', 'extension'],
  ...['ofType', 'as', 'is', 'startsWith', 'endsWith', 'contains', 'lower', 'upper', 'all', 'any'],
])

/** A path that has been read. Throws `value` where it is no FHIRPath, or more than a path. */
export function pathOf(expression: string): (resource: Resource) => Location[] {
  if (expression.length > patchPathCharsMax) throw fault('too-costly', `A path in a patch has at most ${patchPathCharsMax} characters.`)
  const stranger = strangersIn(parsed(expression))[0]
  if (stranger !== undefined) throw fault('value', `The path of a patch finds an element; ${stranger.slice(0, 40)} is not for that.`)
  return (resource) => locate(expression, resource)
}

function parsed(expression: string): Tree {
  try {
    return fhirpath().parse(expression) as Tree
  } catch {
    throw fault('value', 'The path of a patch is no FHIRPath expression.')
  }
}

/** By the kinds of node that the parser gives. */
const detours: ReadonlySet<string> = new Set(['ExternalConstant', 'UnionExpression', 'AdditiveExpression', 'MultiplicativeExpression'])

function strangersIn({ type = '', text = '', children = [] }: Tree): string[] {
  const isStrange =
    type === 'FunctionInvocation' ? !wayfinding.has(text) : detours.has(type) || (type === 'EqualityExpression' && text.includes('~'))
  return [...(isStrange ? [type === 'FunctionInvocation' ? `${text}()` : text || type] : []), ...children.flatMap(strangersIn)]
}

function locate(expression: string, resource: Resource): Location[] {
  return evaluated(expression, resource).map((node) => {
    if (typeof node !== 'object' || node === null || !('parentResNode' in node))
      throw fault('processing', 'The path of a patch gives a value that is no element of the resource.')
    return stepsTo(node as Node)
  })
}

function evaluated(expression: string, resource: Resource): unknown[] {
  try {
    return fhirpath().evaluate(resource, expression, { resource }, r4(), { resolveInternalTypes: false, traceFn: () => {} }) as unknown[]
  } catch {
    throw fault('processing', 'The path of a patch cannot be followed in this resource.')
  }
}

function stepsTo(node: Node): Step[] {
  if (!node.parentResNode) return []
  const step: Step = { name: node.propName ?? '', ...(typeof node.index === 'number' && { index: node.index }) }
  return [...stepsTo(node.parentResNode), step]
}
