/**
 * `memberOf()`, `conformsTo()` and `resolve()` in a rule: the library's own would ask a server for each. These ask what is known
 * here; where that does not settle it the rule is open, whatever its other parts say, and nothing is refused by it.
 * https://hl7.org/fhir/R4/fhirpath.html#functions
 *
 * A reference that leads elsewhere has a type and no content: that settles `resolve() is Patient` and nothing else.
 */
import type { UserInvocationTable } from 'fhirpath'

/** What a rule may ask that no resource says by itself. Undefined: that is not known here. */
export type Asking = {
  /** Whether a code, Coding or CodeableConcept is in a ValueSet. */
  readonly memberOf: (value: unknown, valueSet: string) => boolean | undefined
  /** Whether a value of a type conforms to a profile. */
  readonly conformsTo: (value: unknown, type: string, profile: string) => boolean | undefined
  /** What a Reference, or its text, leads to: the resource, or at least its type. `above`: what it stands in, the nearest first. */
  readonly resolve: (reference: unknown, above: Iterable<unknown>) => Resolved | undefined
}

export type Resolved = { readonly resource: Readonly<Record<string, unknown>> } | { readonly type: string }

export type AskedInRule = {
  readonly functions: UserInvocationTable
  /**
   * One application, within which others of the same rule may be asked for. Undefined where something was asked that nobody
   * here knows.
   */
  readonly decided: <T>(asking: Asking | undefined, evaluate: () => T) => T | undefined
}

/** As the library keeps a value of a resource: itself, its type, and how another is made of it. */
type LibraryNode = {
  readonly data: unknown
  readonly ctx: unknown
  readonly parentResNode: LibraryNode | null
  readonly getTypeInfo: () => { readonly name: string }
  readonly constructor: { readonly makeResNode: (ctx: unknown, data: unknown, ...none: null[]) => unknown }
}

const isNode = (item: unknown): item is LibraryNode => typeof item === 'object' && item !== null && 'ctx' in item && 'data' in item

function* above(item: unknown): Generator<unknown> {
  for (let node = isNode(item) ? item.parentResNode : null; node; node = node.parentResNode) yield node.data
}

const asking = /\b(?:memberOf|conformsTo|resolve)\s*\(/
const resolving = /\bresolve\s*\(/g
const typeAsked = /\bresolve\s*\(\s*\)\s*(?:\.\s*is\s*\(|is\b)/g

/** Undefined where a rule asks nothing of the kind. */
export function askedIn(expression: string): AskedInRule | undefined {
  if (!asking.test(expression)) return undefined
  const state: { asking: Asking | undefined; open: boolean } = { asking: undefined, open: false }
  const typeIsEnough = expression.match(resolving)?.length === expression.match(typeAsked)?.length
  const now = (): Asking => {
    if (!state.asking) throw new Error('There is nobody to ask here.')
    return state.asking
  }
  const said = (answer: boolean | undefined): boolean[] => {
    if (answer === undefined) state.open = true
    return answer === undefined ? [] : [answer]
  }
  const resolved = (item: unknown): unknown[] => {
    const found = now().resolve(isNode(item) ? item.data : item, above(item))
    const content = found && ('resource' in found ? found.resource : typeIsEnough ? { resourceType: found.type } : undefined)
    if (content && isNode(item)) return [item.constructor.makeResNode(item.ctx, content, null, null, null, null)]
    state.open = true
    return []
  }
  return {
    functions: {
      memberOf: {
        fn: ([item]: readonly unknown[], valueSet: string) =>
          item === undefined ? [] : said(now().memberOf(isNode(item) ? item.data : item, valueSet)),
        arity: { 1: ['String'] },
        internalStructures: true,
      },
      conformsTo: {
        fn: ([item]: readonly unknown[], profile: string) =>
          item === undefined ? [] : said(isNode(item) ? now().conformsTo(item.data, item.getTypeInfo().name, profile) : undefined),
        arity: { 1: ['String'] },
        internalStructures: true,
      },
      resolve: { fn: (items: readonly unknown[]) => items.flatMap(resolved), arity: { 0: [] }, internalStructures: true },
    },
    decided: (one, evaluate) => {
      const before = { ...state }
      Object.assign(state, { asking: one, open: false })
      try {
        const result = evaluate()
        return state.open ? undefined : result
      } finally {
        Object.assign(state, before)
      }
    },
  }
}
