/**
 * What a client would ask for to find a resource again by one search parameter: HL7's own expression, evaluated by the
 * package `fhirpath`, and each value that it gives written as a query. https://hl7.org/fhir/R4/search.html#table
 *
 * Knows nothing of our walker, our words or our columns.
 */
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import type { SourceSearchParameter } from '../../scripts/definitions-source.ts'
import { type Resource, storedTypes } from '../../src/fhir/resource.ts'

/** Name and value of one criterion. */
export type Query = readonly [name: string, value: string]
type Fields = Readonly<Record<string, unknown>>

/** `resolve()` needs other resources: whether a reference is to that type, its own text says. */
const ofType = /\.where\(resolve\(\) is (\w+)\)/

/** HL7's expression joins those of all base types: only this type's own are asked. */
const ownParts = (type: string, expression: string): string[] =>
  expression.split(' | ').filter((part) => new RegExp(`^\\(*(?:${type}|Resource|DomainResource)\\b`).test(part.trim()))

function valuesOf(resource: Resource, expression: string): unknown[] {
  return ownParts(resource.resourceType, expression).flatMap((part) => {
    const target = ofType.exec(part)?.[1]
    const values: unknown[] = fhirpath.evaluate(resource, part.replace(ofType, ''), {}, r4, { async: false })
    return target === undefined ? values : values.filter((value) => String(fieldsOf(value).reference).includes(`${target}/`))
  })
}

export function queriesFor(resource: Resource, { code, type, expression, target = [] }: SourceSearchParameter): Query[] {
  if (expression === undefined) return []
  const values = code === 'near' ? [resource.position].filter(Boolean) : valuesOf(resource, expression)
  return values.flatMap((value) =>
    code === 'phonetic' ? strings(code, value) : (writers[type] ?? nothing)(code, value, target.length > 100 ? [] : target),
  )
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (text: unknown): string => String(text).replace(/[\\,$|]/g, '\\$&')

const nothing = (): Query[] => []

function tokens(name: string, value: unknown): Query[] {
  if (typeof value !== 'object') return [[name, escaped(value)]]
  const { coding, system, code, value: identified, use, rank, period } = fieldsOf(value)
  if (coding !== undefined) return list(coding).flatMap((one) => tokens(name, one))
  if (code !== undefined) return withSystem(name, system, code)
  if (identified === undefined) return []
  // A ContactPoint's system is no code system. One that says neither use nor rank nor period looks like an Identifier.
  const isContact = ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'].includes(String(system))
  return isContact || (system === undefined && (use ?? rank ?? period) !== undefined)
    ? [[name, escaped(identified)]]
    : withSystem(name, system, identified)
}

const withSystem = (name: string, system: unknown, code: unknown): Query[] =>
  system === undefined
    ? [
        [name, escaped(code)],
        [name, `|${escaped(code)}`],
      ]
    : [
        [name, `${escaped(system)}|${escaped(code)}`],
        [name, `${escaped(system)}|`],
        [name, escaped(code)],
      ]

function references(name: string, value: unknown, target: readonly string[]): Query[] {
  if (typeof value === 'string') return [[name, escaped(value)]]
  const { reference, identifier } = fieldsOf(value)
  const byIdentifier = identifier === undefined ? [] : tokens(`${name}:identifier`, identifier)
  if (typeof reference !== 'string' || reference.startsWith('#')) return byIdentifier
  const [, type, id] = /^([A-Z]\w+)\/([^/]+)$/.exec(reference) ?? []
  if (type === undefined) return [[name, escaped(reference)], ...byIdentifier]
  // Where a parameter may point at anything, a bare id means what this server has.
  const bare: Query[] = target.length > 0 || storedTypes.includes(type) ? [[name, String(id)]] : []
  const local: Query[] = [...bare, [`${name}:${type}`, String(id)]]
  return [[name, escaped(reference)], ...local, ...byIdentifier]
}

const nameParts = ['family', 'given', 'prefix', 'suffix', 'text']
const addressParts = ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text']

function strings(name: string, value: unknown): Query[] {
  const texts = typeof value === 'string' ? [value] : [...nameParts, ...addressParts].flatMap((part) => list(fieldsOf(value)[part]))
  return [...new Set(texts)].map((text) => [name, escaped(text)])
}

function dates(name: string, value: unknown): Query[] {
  if (typeof value === 'string') return [[name, value]]
  const { start, end } = fieldsOf(value)
  return [
    ...(start === undefined ? [] : ([[name, `ge${String(start)}`]] as Query[])),
    ...(end === undefined ? [] : ([[name, `le${String(end)}`]] as Query[])),
  ]
}

const near = (name: string, value: unknown): Query[] => {
  const { latitude, longitude } = fieldsOf(value)
  return [[name, `${String(latitude)}|${String(longitude)}|1|km`]]
}

const writers: Readonly<Record<string, (name: string, value: unknown, target: readonly string[]) => Query[]>> = {
  token: tokens,
  reference: references,
  string: strings,
  date: dates,
  uri: (name, value) => [[name, escaped(value)]],
  special: near,
}
