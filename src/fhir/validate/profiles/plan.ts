/**
 * A profile as validation walks it: a tree of what it says of each element, its bases' words under its own. Made once for
 * each profile and remembered. https://hl7.org/fhir/R4/profiling.html#snapshot
 * The tree holds only what profiles say: what the R4 definitions ask anyway is checked by `structure.ts`.
 */
import type { Definitions } from '../../definitions/types.ts'
import { elementSteps } from './element-steps.ts'
import { coreType, type Known } from './known.ts'
import type { Constraint, Element, Structure } from './structure-definition.ts'

export type Node = Omit<Element, 'constraints'> & {
  /** The element's name without `[x]`. */
  readonly name: string
  readonly constraints: readonly Constraint[]
  readonly children: Map<string, Node>
  /** By name; a slice of a slice stands in the slices of that slice. */
  readonly slices: Map<string, Node>
}

export type Plan = {
  readonly structure: Structure
  readonly root: Node
  /** A base that is not here: what it asks could not be checked. */
  readonly missing?: string
}

const remembered = new WeakMap<Known, Map<Structure, Plan>>()

/** Undefined where no such profile is here. */
export function planOf(known: Known, canonical: string): Plan | undefined {
  const structure = known.structure(canonical)
  if (!structure) return undefined
  const plans = remembered.get(known) ?? new Map<Structure, Plan>()
  remembered.set(known, plans)
  const plan = plans.get(structure) ?? makePlan(known, structure)
  plans.set(structure, plan)
  return plan
}

/** A profile may stand on so many others. */
const basesMax = 16

/** The differentials of a chain of bases, down to a type of R4's own; or the first snapshot where the chain breaks off. */
function makePlan(known: Known, structure: Structure): Plan {
  const chain = [structure]
  const isWhole = (last: Structure): boolean => last.differential.length === 0 && last.snapshot.length > 0
  const isEnough = (last: Structure): boolean =>
    isWhole(last) || last.base === undefined || coreType(known.definitions, last.base) !== undefined
  const baseOf = (last: Structure): Structure | undefined => (isEnough(last) ? undefined : known.structure(last.base ?? ''))
  for (let base = baseOf(structure); base && chain.length < basesMax; base = baseOf(base)) chain.push(base)
  const last = chain.at(-1) ?? structure
  const root = emptyNode(structure.type, structure.type)
  for (const one of chain.toReversed()) {
    const isFromSnapshot = isWhole(one) || (one === last && !isEnough(one) && one.snapshot.length > 0)
    grow(known.definitions, root, isFromSnapshot ? one.snapshot : one.differential, isFromSnapshot)
  }
  return { structure, root, missing: isEnough(last) || last.snapshot.length > 0 ? undefined : last.base }
}

const emptyNode = (id: string, name: string): Node => ({ id, name, constraints: [], children: new Map(), slices: new Map() })

/** Nodes are filled in place while the tree is made, and never after. */
function grow(definitions: Definitions, root: Node, elements: readonly Element[], isWhole: boolean): void {
  const keys = coreKeys(definitions)
  for (const element of elements) {
    const at = elementSteps(definitions, element.id).reduce(childOf, root)
    Object.assign(
      at,
      laidOver(
        at,
        element,
        element.constraints.filter((one) => !isCore(keys, one, isWhole)),
      ),
    )
  }
}

/** The node of `extension:race` or `value[x]` below a parent, made where it is not there. */
function childOf(parent: Node, step: string): Node {
  const [path = '', slice] = step.split(':', 2)
  const name = path.replace('[x]', '')
  const child = within(parent.children, name, `${parent.id}.${path}`, name)
  if (slice === undefined) return child
  return slice.split('/').reduce((node, part) => within(node.slices, part, `${child.id}:${slice}`, name), child)
}

function within(nodes: Map<string, Node>, key: string, id: string, name: string): Node {
  const node = nodes.get(key) ?? emptyNode(id, name)
  nodes.set(key, node)
  return node
}

const stated = (element: Element): Partial<Element> =>
  Object.fromEntries(Object.entries(element).filter(([, value]) => value !== undefined)) as Partial<Element>

function laidOver(node: Node, element: Element, constraints: readonly Constraint[]): Node {
  const keys = new Set(constraints.map(({ key }) => key))
  const slicing =
    element.slicing && node.slicing?.discriminator.length && element.slicing.discriminator.length === 0
      ? { ...element.slicing, discriminator: node.slicing.discriminator }
      : (element.slicing ?? node.slicing)
  return {
    ...node,
    ...stated(element),
    id: node.id,
    slicing,
    constraints: [...node.constraints.filter(({ key }) => !keys.has(key)), ...constraints],
  }
}

const coreRules = new WeakMap<Definitions, ReadonlySet<string>>()

/** The keys of the R4 definitions' own invariants, which a snapshot repeats. */
function coreKeys(definitions: Definitions): ReadonlySet<string> {
  const known = coreRules.get(definitions)
  if (known) return known
  type Held = { readonly invariants?: readonly { readonly key: string }[]; readonly elements?: readonly Held[] }
  const keysIn = (held: Held): string[] => [...(held.invariants ?? []).map(({ key }) => key), ...(held.elements ?? []).flatMap(keysIn)]
  const keys = new Set([...[...definitions.types.values()].flatMap(keysIn), 'ele-1', 'ext-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5', 'dom-6'])
  coreRules.set(definitions, keys)
  return keys
}

const isCore = (keys: ReadonlySet<string>, { key, source }: Constraint, isWhole: boolean): boolean =>
  keys.has(key) && (source === undefined ? isWhole : /^(?:http:\/\/hl7\.org\/fhir\/StructureDefinition\/)?[A-Z]\w*$/.test(source))
