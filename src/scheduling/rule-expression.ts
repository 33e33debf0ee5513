/**
 * The expression of a clinic's own rule, read and evaluated. https://hl7.org/fhir/R4/fhirpath.html
 * It may speak of %appointment, %patient, %slot, %schedule, %service and %now, and of what FHIRPath always has.
 */
import { fault } from '../base/fault.ts'
import { ownRulesCompiledMax, ruleExpressionCharsMax } from '../base/limits.ts'
import { fhirpath, r4 } from '../fhir/fhirpath.ts'

const variables: readonly string[] = ['appointment', 'patient', 'slot', 'schedule', 'service', 'now']
const alwaysThere: ReadonlySet<string> = new Set([...variables, 'ucum', 'sct', 'loinc', 'context', 'resource', 'rootResource'])

/** Throws `value` where an expression is no FHIRPath, or speaks of what there is not. `path` is its element. */
export function assertExpression(expression: string, path: string): void {
  if (expression.length > ruleExpressionCharsMax)
    throw fault('value', `The expression of a rule has at most ${ruleExpressionCharsMax} characters.`, path)
  const stranger = namesIn(parsed(expression, path)).find((name) => !alwaysThere.has(name))
  if (stranger === undefined) return
  throw fault('value', `A rule speaks of ${variables.map((name) => `%${name}`).join(', ')}; there is no %${stranger.slice(0, 40)}.`, path)
}

type Tree = { readonly type?: string; readonly text?: string; readonly delimitedText?: string; readonly children?: readonly Tree[] }

function parsed(expression: string, path: string): Tree {
  try {
    return fhirpath().parse(expression) as Tree
  } catch {
    throw fault('value', 'The expression of the rule is no FHIRPath.', path)
  }
}

const namesIn = ({ type, text, delimitedText, children = [] }: Tree): string[] => [
  ...(type === 'ExternalConstantTerm' ? [delimitedText ?? text ?? ''] : []),
  ...children.flatMap(namesIn),
]

/** FHIRPath's own way to a Boolean: one value that is not false is true, none is not. Throws where there are several. */
export function isTrue(expression: string, environment: Readonly<Record<string, unknown>>): boolean {
  const result = compiled(expression)(environment)
  if (result.length > 1) throw new Error('several values')
  return result.length === 1 && result[0] !== false
}

type Evaluate = (environment: Readonly<Record<string, unknown>>) => unknown[]

const known = new Map<string, Evaluate>()

/** Parsing takes longer than evaluating. */
function compiled(expression: string): Evaluate {
  const found = known.get(expression)
  if (found) return found
  const run = fhirpath().compile(expression, r4(), { traceFn: () => {} })
  const evaluate: Evaluate = (environment) => run({}, environment) as unknown[]
  if (known.size >= ownRulesCompiledMax) known.delete(known.keys().next().value ?? '')
  known.set(expression, evaluate)
  return evaluate
}

/** The library compares dateTimes with its own kind of value alone, which only a literal makes. */
export const dateTime = (at: number): unknown =>
  (fhirpath().evaluate({}, `@${new Date(at).toISOString()}`, {}, r4(), { resolveInternalTypes: false }) as unknown[])[0]
