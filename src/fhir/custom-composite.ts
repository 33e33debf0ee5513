/**
 * The components of a composite SearchParameter of an administrator's own: a token, and a token or a quantity, of one element
 * that its expression leads to. https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.component
 * Each names a parameter of the type that is served, which says its kind, and an element beside the other: `type`,
 * `value.as(Quantity)`.
 * Left out: more than two, other kinds, and expressions that go further down.
 */
import { fault } from '../base/fault.ts'
import type { Definitions, SearchComponent, SearchParameter, SearchParameterType } from './definitions/types.ts'
import { isSearchable } from './search-criterion.ts'
import { typesOfExpression } from './search-expression.ts'

type Source = { readonly definition: string; readonly expression: string }

const refused = (why: string) => fault('business-rule', why, 'SearchParameter.component')

/** What a value may be, by the kind of its component. */
const valueTypes: Readonly<Partial<Record<SearchParameterType, ReadonlySet<string>>>> = {
  token: new Set(['CodeableConcept', 'Coding', 'code', 'boolean']),
  quantity: new Set(['Quantity', 'Range', 'Age', 'Duration', 'Count', 'decimal', 'integer', 'positiveInt', 'unsignedInt']),
}

/** `parameter.components` are not read yet. Throws `business-rule` where they could not be answered. */
export function componentsOf(
  definitions: Definitions,
  parameter: SearchParameter,
  bases: readonly string[],
  component: unknown,
): SearchComponent[] {
  const sources = (Array.isArray(component) ? component : []) as Source[]
  const components = sources.map(({ definition, expression }) => ({
    type: kindOf(definitions, bases, definition),
    expression: expression.trim(),
  }))
  const [first, second, ...more] = components
  if (first?.type !== 'token' || (second?.type !== 'token' && second?.type !== 'quantity') || more.length > 0)
    throw refused('A composite has two components: a token first, then a token or a quantity.')
  for (const one of components) for (const base of bases) assertFound(definitions, base, parameter, one)
  return components
}

function kindOf(definitions: Definitions, bases: readonly string[], canonical: string): SearchParameterType {
  const url = canonical.split('|', 1)[0]
  const found = bases.map((base) => [...(definitions.searchParameters.get(base)?.values() ?? [])].find((one) => one.url === url))
  const [first] = found
  if (!found.every(isSearchable) || first === undefined)
    throw refused('Each component names a search parameter, by its canonical, that is served for the type.')
  return first.type
}

const elementPattern = /^\w+(?:\.(?:as|ofType)\(\w+\))?$/

function assertFound(definitions: Definitions, base: string, parameter: SearchParameter, { type, expression }: SearchComponent): void {
  if (!elementPattern.test(expression))
    throw refused('The expression of a component is the name of an element, such as type or value.as(Quantity).')
  const path = parameter.expression.split('|').map((one) => `${one.trim()}.${expression}`)
  const types = typesOfExpression(definitions, base, { ...parameter, expression: path.join(' | ') })
  const wanted = valueTypes[type]
  if (types === undefined || types.size === 0 || ![...types].some((one) => wanted?.has(one)))
    throw refused(`The expression of a component leads to no ${type} in a ${base}.`)
}
