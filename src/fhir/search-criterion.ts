/**
 * One search parameter of a query, understood: `start=ge2026-05-01`, `actor:Practitioner=1`, `schedule.actor=Location/2`.
 * What is matched word by word is already in the words of index-values-types.ts.
 * https://hl7.org/fhir/R4/search.html#modifiers and #chaining
 * Left out: :text :in :above :below :of-type, quantity, number and composite, _has, and chains of more than one step.
 */
import { fault } from '../base/fault.ts'
import type { Definitions, SearchParameter } from './definitions/types.ts'
import { localReference, relativeReference } from './reference.ts'
import { idPattern, storedTypes } from './resource.ts'
import { typesOfExpression } from './search-expression.ts'
import { normalizeText, oneLine, soundsOf } from './search-text.ts'
import {
  type DateValue,
  type NearValue,
  parseDate,
  parseNear,
  parseToken,
  splitValues,
  type TokenValue,
  unescaped,
} from './search-value.ts'

/** Values are alternatives; the criteria of a query all hold. */
export type Criterion =
  | { readonly kind: 'words'; readonly code: string; readonly words: readonly string[]; readonly not: boolean }
  | { readonly kind: 'missing'; readonly code: string; readonly missing: boolean }
  | { readonly kind: 'date'; readonly code: string; readonly values: readonly DateValue[] }
  | { readonly kind: 'string'; readonly code: string; readonly match: 'start' | 'contains' | 'exact'; readonly texts: readonly string[] }
  | { readonly kind: 'near'; readonly code: string; readonly values: readonly NearValue[] }
  | { readonly kind: 'chain'; readonly code: string; readonly links: readonly { readonly type: string; readonly criterion: Criterion }[] }

/** What reading needs to know: `base` (no slash at its end) makes our own absolute references relative. */
export type Reading = { readonly definitions: Definitions; readonly type: string; readonly base?: string }

/** A name taken apart: `actor:Practitioner.name:exact` is code, modifier and the rest of the chain. */
const nameParts = /^([^:.]+)(?::([^.]*))?(?:\.(.+))?$/

/** The parameter types that can be searched by; `special` is `near` alone. */
const searchable: ReadonlySet<string> = new Set(['token', 'reference', 'string', 'date', 'uri'])

export const isSearchable = (parameter: SearchParameter | undefined): parameter is SearchParameter =>
  parameter !== undefined && (searchable.has(parameter.type) || parameter.code === 'near')

/** Undefined where the type has no such parameter. Throws a Fault where the value or modifier cannot be meant. */
export function parseCriterion(reading: Reading, name: string, value: string): Criterion | undefined {
  const [, code = '', modifier, rest] = nameParts.exec(name) ?? []
  const parameter = reading.definitions.searchParameters.get(reading.type)?.get(code)
  if (!isSearchable(parameter)) return undefined
  if (rest !== undefined) return parseChain(reading, parameter, modifier, rest, value)
  if (modifier === 'missing') return { kind: 'missing', code, missing: parseMissing(name, value) }
  const values = splitValues(name, value)
  const kind = code === 'phonetic' ? 'phonetic' : parameter.type
  switch (kind) {
    case 'token':
      return parseTokens(reading, parameter, modifier, name, values)
    case 'reference':
      return parseReferences(reading, parameter, modifier, name, values)
    case 'string':
      return parseStrings(code, modifier, name, values)
    default:
      if (modifier !== undefined) throw unsupported(name)
  }
  if (kind === 'date') return { kind: 'date', code, values: values.map((text) => parseDate(name, text)) }
  if (kind === 'special') return { kind: 'near', code, values: values.map((text) => parseNear(name, text)) }
  const texts = values.map(unescaped)
  return {
    kind: 'words',
    code,
    not: false,
    words: (kind === 'phonetic' ? texts.flatMap(soundsOf) : texts).map((text) => `${code}=${text}`),
  }
}

const unsupported = (name: string) =>
  fault(
    'value',
    `\`${name}\` has a modifier that this server does not know for that parameter. Leave it out, or use one that /metadata's parameter type allows.`,
    name,
  )

function parseMissing(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw fault('value', `\`${name}\` is true or false.`, name)
  return value === 'true'
}

function parseTokens(
  reading: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  name: string,
  values: readonly string[],
): Criterion {
  if (modifier !== undefined && modifier !== 'not') throw unsupported(name)
  const bare = isBare(reading, parameter)
  const words = values.flatMap((text) => tokenWords(parameter.code, parseToken(name, text), bare))
  return { kind: 'words', code: parameter.code, words, not: modifier === 'not' }
}

const bareTypes: ReadonlySet<string> = new Set(['code', 'boolean', 'id', 'string', 'uri', 'http://hl7.org/fhirpath/System.String'])
const bareness = new WeakMap<SearchParameter, boolean>()

/** Whether the parameter's values are codes without a system in the JSON, whose system is implied by the binding. */
function isBare({ definitions, type }: Reading, parameter: SearchParameter): boolean {
  const known = bareness.get(parameter)
  if (known !== undefined) return known
  const types = typesOfExpression(definitions, type, parameter)
  const bare = types !== undefined && [...types].every((one) => bareTypes.has(one))
  bareness.set(parameter, bare)
  return bare
}

/** HL7's own systems, which bound codes come from. */
const impliedSystem = /^http:\/\/(hl7\.org\/fhir|terminology\.hl7\.org\/CodeSystem)\//

function tokenWords(lead: string, { system, code }: TokenValue, bare: boolean): string[] {
  if (system === undefined || (bare && code !== undefined && (system === '' || impliedSystem.test(system)))) return [`${lead}=${code}`]
  return bare ? [] : [`${lead}=${system}|${code ?? ''}`]
}

/** The stored types that a reference parameter may point at. */
export const targetsOf = (parameter: SearchParameter): readonly string[] =>
  parameter.targets.length ? storedTypes.filter((type) => parameter.targets.includes(type)) : storedTypes

/** The types that a value without one may mean. A reference may well name what only another server has. */
const namedTypes = (parameter: SearchParameter): readonly string[] => (parameter.targets.length ? parameter.targets : storedTypes)

/** The type that a modifier names; where a parameter may point at anything, any name will do. */
const typeOf = ({ targets }: SearchParameter, modifier: string): readonly string[] =>
  (targets.length ? targets.includes(modifier) : /^[A-Z][A-Za-z]{1,63}$/.test(modifier)) ? [modifier] : []

function parseReferences(
  reading: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  name: string,
  values: readonly string[],
): Criterion {
  const { code } = parameter
  if (modifier === 'identifier') {
    const words = values.flatMap((text) => tokenWords(`${code}:identifier`, parseToken(name, text), false))
    return { kind: 'words', code, words, not: false }
  }
  const targets = modifier === undefined ? namedTypes(parameter) : typeOf(parameter, modifier)
  if (targets.length === 0) throw unsupported(name)
  const words = values.flatMap((text) => referenceWords(code, relativeReference(unescaped(text), reading.base), modifier, targets))
  return { kind: 'words', code, words, not: false }
}

function referenceWords(code: string, reference: string, modifier: string | undefined, targets: readonly string[]): string[] {
  if (idPattern.test(reference)) return targets.map((type) => `${code}=${type}/${reference}`)
  const type = localReference(reference)?.type
  return modifier !== undefined && type !== undefined && type !== modifier ? [] : [`${code}=${reference}`]
}

function parseStrings(code: string, modifier: string | undefined, name: string, values: readonly string[]): Criterion {
  if (modifier !== undefined && modifier !== 'exact' && modifier !== 'contains') throw unsupported(name)
  const texts = values.map(unescaped)
  if (modifier === 'exact') return { kind: 'string', code, match: 'exact', texts: texts.map(oneLine) }
  return { kind: 'string', code, match: modifier ?? 'start', texts: texts.map(normalizeText) }
}

function parseChain(
  reading: Reading,
  parameter: SearchParameter,
  typed: string | undefined,
  rest: string,
  value: string,
): Criterion | undefined {
  const { code } = parameter
  if (parameter.type !== 'reference') return undefined
  if (rest.includes('.')) throw fault('value', `\`${code}\` is followed by more than one step; this server follows one.`, code)
  const links = targetsOf(parameter)
    .filter((type) => typed === undefined || type === typed)
    .flatMap((type) => {
      const criterion = parseCriterion({ ...reading, type }, rest, value)
      return criterion ? [{ type, criterion }] : []
    })
  return links.length ? { kind: 'chain', code, links } : undefined
}
