/**
 * The walk of a plan over a value: cardinality, types and reference targets, fixed values and patterns, bounds, bindings,
 * invariants, and the slices of what is sliced. https://hl7.org/fhir/R4/profiling.html
 */
import { nestingMax } from '../../../base/limits.ts'
import type { Asking } from '../asked-in-rules.ts'
import { type Findings, isFull, noFindings } from '../findings.ts'
import { type Rule, ruleOf } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { checkCoded, memberOf } from './check-coded.ts'
import { checkCount } from './check-count.ts'
import { checkSlices } from './check-slices.ts'
import { checkTypes } from './check-types.ts'
import { type Item, itemsOf, objectOf } from './items.ts'
import { coreType } from './known.ts'
import { type Node, type Plan, planOf } from './plan.ts'
import { containerOf, resolved } from './resolve.ts'
import { note, type Run, refuse, remark, type Walk } from './run.ts'
import type { Constraint } from './structure-definition.ts'
import { isBeyond, isFixed, matchesPattern } from './values.ts'
import { verdictOf } from './verdicts.ts'

/** Everything that the profile says of one value. */
function checkNode(run: Run, node: Node, item: Item): void {
  if (isFull(run.findings)) return
  const isOfType = checkTypes(run, node, item)
  if (item.value !== undefined) checkValue(run, node, item)
  if (node.binding && isOfType) checkCoded(run, node.binding, item)
  for (const constraint of node.constraints) checkConstraint(run, constraint, item)
  if (objectOf(item)) for (const child of node.children.values()) checkChild(run, child, item)
}

function checkChild(run: Run, child: Node, parent: Item): void {
  const items = itemsOf(run.known.definitions, parent, child.name)
  checkCount(run, child, items, `${parent.path}.${child.name}`)
  for (const item of items) checkNode(run, child, item)
  if (child.slices.size > 0) checkSlices(run, child, items, `${parent.path}.${child.name}`)
}

const named = (run: Run, node: Node): string => `${node.id} of ${run.profile}`

function checkValue(run: Run, node: Node, { value, path }: Item): void {
  if (node.fixed !== undefined && !isFixed(value, node.fixed))
    refuse(run, 'value', `This must be ${shown(node.fixed)} (${named(run, node)}).`, path)
  if (node.pattern !== undefined && !matchesPattern(value, node.pattern))
    refuse(run, 'value', `This must match ${shown(node.pattern)} (${named(run, node)}).`, path)
  if (node.maxLength !== undefined && typeof value === 'string' && value.length > node.maxLength)
    refuse(run, 'value', `This may have up to ${node.maxLength} characters (${named(run, node)}).`, path)
  if (node.minValue !== undefined && isBeyond(value, node.minValue, 'min'))
    refuse(run, 'value', `This must be at least ${shown(node.minValue)} (${named(run, node)}).`, path)
  if (node.maxValue !== undefined && isBeyond(value, node.maxValue, 'max'))
    refuse(run, 'value', `This must be at most ${shown(node.maxValue)} (${named(run, node)}).`, path)
}

/** What a profile asks for; never what was sent. */
const shown = (wanted: unknown): string => (typeof wanted === 'string' ? `'${wanted}'` : JSON.stringify(wanted)).slice(0, 300)

const rules = new WeakMap<Constraint, Map<string, Rule>>()

/** FHIRPath reads names by the type that it starts from, and one constraint may stand on a choice of types. */
function ruleFor(constraint: Constraint, type: string): Rule {
  const known = rules.get(constraint) ?? new Map<string, Rule>()
  rules.set(constraint, known)
  const rule = known.get(type) ?? ruleOf(constraint, type)
  known.set(type, rule)
  return rule
}

function checkConstraint(run: Run, constraint: Constraint, item: Item): void {
  const value = item.value ?? (item.kind === 'primitive' ? undefined : {})
  if (value === undefined) return
  const said = `${constraint.human} (${constraint.key} of ${run.profile}).`
  if (holds(ruleFor(constraint, item.type), value, run, item) !== false) return
  if (constraint.severity === 'warning') remark(run, 'warning', 'invariant', said, item.path)
  else refuse(run, 'invariant', said, item.path)
}

/** A constraint that cannot be evaluated, or asks what is not known here, refuses nothing; who asks is told. */
function holds(rule: Rule, value: unknown, run: Run, item: Item): boolean | undefined {
  const told = (why: string): void => {
    run.findings.isOpen = true
    note(run, 'warning', 'processing', `The rule ${rule.key} of ${run.profile} ${why}.`, item.path)
  }
  try {
    const answer = rule.holds(value, run.roots, asking(run))
    if (answer === undefined) told('asks for what is not known here, and was not decided')
    return answer
  } catch {
    told('could not be applied')
    return undefined
  }
}

const asking = (run: Run): Asking => ({
  memberOf: memberOf(run),
  conformsTo: (value, type, profile) => conformsTo(run, { type, kind: kindOfValue(value), value, path: type }, profile),
  resolve: (reference, above) => resolved(run, reference, above),
})

const kindOfValue = (value: unknown): Item['kind'] => {
  if (!isObject(value)) return 'primitive'
  return 'resourceType' in value ? 'resource' : 'complex'
}

/** What R4 itself says of a type has been checked by the base validation. */
function conformsTo(run: Run, item: Item, canonical: string): boolean | undefined {
  const type = coreType(run.known.definitions, canonical)
  if (type !== undefined) return isOfType(item, type)
  const plan = planOf(run.known, canonical)
  if (!plan) return undefined
  if (!isOfType(item, plan.structure.type)) return false
  return judged(run, `conformsTo ${canonical}`, item, () => {
    const { errors, isOpen } = tried(run, plan, canonical, item)
    if (errors > 0) return false
    return isOpen ? undefined : true
  })
}

const isOfType = ({ type, kind }: Item, wanted: string): boolean =>
  wanted === type || ((wanted === 'Resource' || wanted === 'DomainResource') && kind === 'resource') || wanted === 'Element'

/** Whether a value conforms to a profile; undefined where there is none by that name. What is found is said to nobody. */
function conforms(run: Run, canonical: string, item: Item): boolean | undefined {
  const plan = planOf(run.known, canonical)
  if (!plan) return undefined
  if (item.kind === 'resource' && !isOfType(item, plan.structure.type)) return false
  return judged(run, `conforms ${canonical}`, item, () => tried(run, plan, canonical, item).errors === 0)
}

/** Too deep, it is not known. */
function judged({ verdicts, depth }: Run, question: string, { value }: Item, judge: () => boolean | undefined): boolean | undefined {
  if (depth > nestingMax) return undefined
  return isObject(value) ? verdictOf(verdicts, question, value, judge) : judge()
}

function tried(run: Run, plan: Plan, profile: string, item: Item): Findings {
  const trial: Run = { ...run, findings: noFindings(), notes: false, said: new Set(), profile, depth: run.depth + 1 }
  checkNode(inside(trial, item), plan.root, item)
  return trial.findings
}

/** Whether a value is all that a slice says of it. */
function fits(run: Run, node: Node, item: Item): boolean {
  const trial = { ...run, findings: noFindings(), notes: false, said: new Set<string>(), depth: run.depth + 1 }
  if (trial.depth > nestingMax) return false
  checkNode(trial, node, item)
  return trial.findings.errors === 0
}

/** A value held against a profile aloud: what is wrong is said. */
function checkConformance(run: Run, canonical: string, item: Item): void {
  const plan = planOf(run.known, canonical)
  if (plan && item.kind === 'resource' && !isOfType(item, plan.structure.type))
    refuse(run, 'structure', `This must be of type ${plan.structure.type}, not ${item.type} (${canonical}).`, item.path)
  else if (plan && run.depth <= nestingMax) checkNode(inside({ ...run, profile: canonical, depth: run.depth + 1 }, item), plan.root, item)
}

/** `%resource` is the resource that an element is in, `%rootResource` the one that this is contained in; a Bundle contains none. */
const inside = (run: Run, { kind, value }: Item): Run =>
  kind === 'resource' && isObject(value) ? { ...run, roots: { resource: value, root: containerOf(run, value) } } : run

export const walk: Walk = { checkNode, checkConformance, conforms, fits }
