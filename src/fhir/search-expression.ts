/**
 * Search expressions made into walkers: `Appointment.participant.actor.where(resolve() is Patient)` becomes a few property
 * reads that know, from the definitions, the FHIR type of what they find. They run on every write, so FHIRPath itself is
 * only for expressions of a shape not met in R4's own.
 * https://hl7.org/fhir/R4/searchparameter.html#expression
 * Left out: what a value means to a search (that is index-values.ts).
 */
import type { Definitions, ElementDefinition, SearchParameter } from './definitions/types.ts'
import { fhirpath, r4 } from './fhirpath.ts'
import { typeOfReference } from './reference.ts'
import type { Resource } from './resource.ts'

/** Called with each value that the expression gives, and the FHIR type that the definitions say it has. */
type Visit = (value: unknown, type: string) => void
export type Walk = (resource: Resource, visit: Visit) => void

type Filter = (value: unknown, root: Resource) => boolean
type Step = { readonly key: string; readonly type: string; readonly filters: readonly Filter[]; readonly next: readonly Step[] }
type Children = readonly ElementDefinition[]

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The pieces of `text` between separators that stand outside parentheses and quotes. */
function split(text: string, separator: string): string[] {
  const pieces: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (depth === 0 && text.startsWith(separator, at)) {
      pieces.push(text.slice(from, at))
      from = at + separator.length
    }
  }
  return [...pieces, text.slice(from)].map((piece) => piece.trim())
}

function withoutParentheses(text: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('(') || !trimmed.endsWith(')')) return trimmed
  let depth = 0
  for (let at = 0; at < trimmed.length - 1; at++) {
    if (trimmed[at] === '(') depth++
    else if (trimmed[at] === ')' && --depth === 0) return trimmed
  }
  return withoutParentheses(trimmed.slice(1, -1))
}

/** What a `where(…)` keeps; undefined where it is of a shape not met. */
function filterOf(condition: string): Filter | undefined {
  const resolved = /^resolve\(\) is (\w+)$/.exec(condition)?.[1]
  if (resolved) return (value, root) => isObject(value) && referencedType(value, root) === resolved
  const [, element, wanted] = /^(\w+) ?= ?'([^']*)'$/.exec(condition) ?? []
  return element ? (value) => isObject(value) && value[element] === wanted : undefined
}

/** The type that a Reference points at, by what it says: its literal, the resource it contains, or `type`. */
function referencedType(reference: Record<string, unknown>, root: Resource): string | undefined {
  const literal = reference.reference
  if (typeof literal === 'string') {
    const named = typeOfReference(literal)
    if (named) return named
    if (literal.startsWith('#') && Array.isArray(root.contained)) {
      const inside: unknown = root.contained.find((resource: unknown) => isObject(resource) && `#${resource.id}` === literal)
      if (isObject(inside) && typeof inside.resourceType === 'string') return inside.resourceType
    }
  }
  return typeof reference.type === 'string' ? reference.type : undefined
}

type Reading = { readonly keys: readonly { key: string; type: string; children: Children }[]; readonly filters: readonly Filter[] }

/** One path without its root, read name by name; undefined where a part is of a shape not met. */
function readPath(definitions: Definitions, children: Children, parts: readonly string[]): readonly Step[] | undefined {
  const [name, ...rest] = parts
  const element = children.find((candidate) => candidate.name === name)
  if (!element) return undefined
  let reading: Reading = {
    keys: element.types.map(({ code }) => ({
      key: element.choice ? element.name + code.charAt(0).toUpperCase() + code.slice(1) : element.name,
      type: code,
      children: element.elements ?? definitions.types.get(code)?.elements ?? [],
    })),
    filters: [],
  }
  while (rest[0]?.endsWith(')')) {
    const narrowed = narrow(reading, rest.shift() ?? '')
    if (!narrowed) return undefined
    reading = narrowed
  }
  const steps: Step[] = []
  for (const { key, type, children: below } of reading.keys) {
    const next = rest.length ? readPath(definitions, below, rest) : []
    if (next) steps.push({ key, type, filters: reading.filters, next })
  }
  return steps.length ? steps : undefined
}

function narrow(reading: Reading, call: string): Reading | undefined {
  const [, type] = /^(?:as|ofType)\((?:FHIR\.)?(\w+)\)$/.exec(call) ?? []
  if (type) return { ...reading, keys: reading.keys.filter((key) => key.type === type) }
  const [, condition] = /^where\((.*)\)$/.exec(call) ?? []
  const filter = condition === undefined ? undefined : filterOf(condition)
  return filter && { ...reading, filters: [...reading.filters, filter] }
}

/** One side of a union; an empty list where it concerns another type. */
function readTerm(definitions: Definitions, type: string, term: string): readonly Step[] | undefined {
  const inner = withoutParentheses(term)
  const [path = '', as, ...more] = split(inner, ' as ')
  if (more.length) return undefined
  const [root = '', ...parts] = split(withoutParentheses(path), '.')
  if (!parts.length) return undefined
  if (root !== type && root !== 'Resource' && root !== 'DomainResource') return definitions.types.has(root) ? [] : undefined
  return readPath(definitions, definitions.types.get(type)?.elements ?? [], as ? [...parts, `as(${as})`] : parts)
}

function walkStep(step: Step, value: unknown, root: Resource, visit: Visit): void {
  if (Array.isArray(value)) {
    for (const item of value) walkStep(step, item, root, visit)
    return
  }
  if (value === undefined || value === null) return
  for (const filter of step.filters) if (!filter(value, root)) return
  if (step.next.length === 0) visit(value, step.type)
  else if (isObject(value)) for (const next of step.next) walkStep(next, value[next.key], root, visit)
}

const walkSteps =
  (steps: readonly Step[]): Walk =>
  (resource, visit) => {
    for (const step of steps) walkStep(step, resource[step.key], resource, visit)
  }

/** `Patient.deceased.exists() and Patient.deceased != false`: true where there is a value other than false. */
function readFlag(definitions: Definitions, type: string, expression: string): Walk | undefined {
  const [, path] = /^(\S+)\.exists\(\) and \1 != false$/.exec(expression) ?? []
  const steps = path && readTerm(definitions, type, path)
  if (!steps) return undefined
  return (resource, visit) =>
    visit(
      steps.some((step) => resource[step.key] !== undefined && resource[step.key] !== false),
      'boolean',
    )
}

/** FHIRPath's own answer, its values typed by their looks: the way for expressions of a shape not met. */
function evaluated(expression: string): Walk {
  const compiled = fhirpath().compile(expression, r4(), { traceFn: () => {}, async: false })
  return (resource, visit) => {
    try {
      for (const value of compiled(resource) as unknown[]) visit(value, looksLike(value))
    } catch {
      // An expression that cannot be read of this resource finds nothing in it; the write itself is sound.
    }
  }
}

function looksLike(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean'
  if (!isObject(value)) return 'string'
  if ('coding' in value) return 'CodeableConcept'
  if ('reference' in value) return 'Reference'
  if ('start' in value || 'end' in value) return 'Period'
  if ('family' in value || 'given' in value) return 'HumanName'
  if ('system' in value && 'code' in value) return 'Coding'
  return 'system' in value || 'value' in value ? 'Identifier' : 'Element'
}

/** How to find a parameter's values in a resource of `type`. */
export function compileExpression(definitions: Definitions, type: string, parameter: SearchParameter): Walk {
  const expression = withoutParentheses(parameter.expression)
  const flag = readFlag(definitions, type, expression)
  if (flag) return flag
  const terms = split(expression, '|').map((term) => readTerm(definitions, type, term))
  return terms.every((term) => term !== undefined) ? walkSteps(terms.flat()) : evaluated(parameter.expression)
}

/** The FHIR types that the parameter's values can have; undefined where only FHIRPath can tell. */
export function typesOfExpression(definitions: Definitions, type: string, parameter: SearchParameter): ReadonlySet<string> | undefined {
  const expression = withoutParentheses(parameter.expression)
  if (readFlag(definitions, type, expression)) return new Set(['boolean'])
  const terms = split(expression, '|').map((term) => readTerm(definitions, type, term))
  if (!terms.every((term) => term !== undefined)) return undefined
  const leaves = (steps: readonly Step[]): string[] => steps.flatMap((step) => (step.next.length ? leaves(step.next) : [step.type]))
  return new Set(leaves(terms.flat()))
}
