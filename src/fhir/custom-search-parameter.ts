/**
 * SearchParameters of an administrator's own: what one must say to be served, and the definitions with them among ours.
 * https://hl7.org/fhir/R4/searchparameter.html
 * Left out: special ones, `xpath`, and other words for those that R4 has.
 */
import { fault } from '../base/fault.ts'
import { searchExpressionCharsMax } from '../base/search-limits.ts'
import { componentsOf } from './custom-composite.ts'
import type { Definitions, SearchParameter, SearchParameterType } from './definitions/types.ts'
import { fhirpath } from './fhirpath.ts'
import { type Resource, storedTypes } from './resource.ts'
import { typesOfExpression } from './search-expression.ts'
import { isWordPair } from './search-number.ts'
import { isSearchedByText } from './search-text.ts'

/** One that is understood, as it is kept. */
export type CustomParameter = Pick<SearchParameter, 'code' | 'type' | 'expression' | 'targets' | 'url' | 'components'> & {
  readonly bases: readonly string[]
}

/** How one stands: written from the first, asked by once it is `served`. */
export type StoredParameter = {
  readonly id: string
  readonly revision: string
  readonly served: boolean
  readonly definition: CustomParameter
}

const kinds: readonly string[] = [
  'token',
  'reference',
  'string',
  'date',
  'uri',
  'number',
  'quantity',
  'composite',
] satisfies SearchParameterType[]
/** Kept as words: what every way of writing a Slot or an Appointment keeps, in one statement. */
const wordKinds: readonly string[] = ['token', 'reference', 'uri', 'number', 'quantity']
const engineTypes: readonly string[] = ['Slot', 'Appointment']
const codePattern = /^[A-Za-z][A-Za-z0-9-]{0,63}$/
/** A Slot's are changed many at once, without its words being read again. */
const changingOfSlot = /\.\s*(status|start|end|meta)\b/
/** Says whose a resource is. */
const placing = 'patient'

const refused = (why: string, element: string) => fault('business-rule', why, `SearchParameter.${element}`)

/** Undefined where it is not active: it is stored, and not served. Throws `business-rule` with what speaks against it. */
export function customParameter(definitions: Definitions, resource: Resource): CustomParameter | undefined {
  const { status, code, type, base, target, expression, url } = resource
  if (status !== 'active') return undefined
  const parameter: CustomParameter = {
    code: String(code),
    type: type as SearchParameterType,
    expression: String(expression ?? '').trim(),
    targets: Array.isArray(target) ? target.map(String) : [],
    url: String(url),
    bases: [...new Set(Array.isArray(base) ? base.map(String) : [])],
  }
  assertKind(parameter)
  assertReadable(parameter.expression)
  for (const one of parameter.bases) assertBase(definitions, parameter, one)
  if (parameter.type !== 'composite') return parameter
  const composite = { ...parameter, components: componentsOf(definitions, parameter, parameter.bases, resource.component) }
  if (!isWordPair(composite) && composite.bases.includes('Appointment'))
    throw refused('For Appointment both components are tokens.', 'component')
  return composite
}

function assertKind({ code, type }: CustomParameter): void {
  if (!codePattern.test(code)) throw refused('The code is a letter, then letters, digits and dashes, 64 at most.', 'code')
  if (code === placing) throw refused('The code "patient" says whose a resource is; choose another.', 'code')
  if (!kinds.includes(type)) throw refused(`A SearchParameter of one's own is of type ${kinds.join(', ')}.`, 'type')
}

function assertReadable(expression: string): void {
  if (expression === '') throw refused('Give an expression in FHIRPath.', 'expression')
  if (expression.length > searchExpressionCharsMax)
    throw refused(`The expression has at most ${searchExpressionCharsMax} characters.`, 'expression')
  try {
    fhirpath().parse(expression)
  } catch {
    throw refused('The expression is no FHIRPath.', 'expression')
  }
}

function assertBase(definitions: Definitions, parameter: CustomParameter, base: string): void {
  const { code, type, expression } = parameter
  if (!storedTypes.includes(base)) throw refused(`Each base is a type that is stored here; ${base.slice(0, 64)} is none.`, 'base')
  const known = definitions.searchParameters.get(base)?.get(code)
  if (known && !known.custom) throw refused(`${base} has a search parameter ${code} already; choose another code.`, 'code')
  const keptThere = base === 'Appointment' ? [...wordKinds, 'composite'] : wordKinds
  if (engineTypes.includes(base) && !keptThere.includes(type)) throw refused(`For ${base} the type is ${keptThere.join(', ')}.`, 'type')
  if (base === 'Slot' && changingOfSlot.test(expression))
    throw refused('For Slot the expression is about other elements than status, start, end and meta.', 'expression')
  if (type === 'string' && !isSearchedByText(base))
    throw refused(`${base} is not searched by text: the type string is not possible there.`, 'type')
  if (typesOfExpression(definitions, base, { ...parameter })?.size === 0)
    throw refused(`The expression finds nothing in a ${base}.`, 'expression')
}

/** The definitions with these parameters among them; the same where there are none. */
export function definitionsWith(definitions: Definitions, stored: readonly StoredParameter[]): Definitions {
  if (stored.length === 0) return definitions
  const searchParameters = new Map([...definitions.searchParameters].map(([type, parameters]) => [type, new Map(parameters)]))
  for (const { definition, revision, served } of stored) {
    const { bases, ...parameter } = definition
    for (const base of bases) searchParameters.get(base)?.set(parameter.code, { ...parameter, custom: { revision, served } })
  }
  return { ...definitions, searchParameters }
}
