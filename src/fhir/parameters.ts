/**
 * The input of an operation, however it was sent: a Parameters resource, a query, or a resource that is the only input.
 * Five dialects share `$find`, `$hold` and `$book` and differ in names and datatypes: one alias table covers the names,
 * and each reader takes whatever datatype a value came in. https://hl7.org/fhir/R4/operations.html
 */
import { fault } from '../base/fault.ts'
import { spanOf } from './date-time.ts'
import type { FhirRequest } from './request.ts'
import type { Resource } from './resource.ts'

export type Parameter = {
  /** As it was sent. */
  readonly name: string
  /** The value[x], whatever its type; undefined for a resource. */
  readonly value?: unknown
  readonly resource?: Resource
  /** Of a parameter that has parts instead of a value. */
  readonly parts?: readonly Parameter[]
}

export type Inputs = {
  /** By canonical name. */
  readonly byName: ReadonlyMap<string, readonly Parameter[]>
  /** Names that this operation does not know. */
  readonly unknown: readonly string[]
}

/** What a name means when it carries a reference or a value (`plain`), or a resource. */
type Alias = { readonly plain?: string; readonly resource?: string }

/** Names of Argonaut, IHE, ISiK, Epic and Oracle Health beside our own. docs/operations.md */
const aliases: Readonly<Record<string, Alias>> = {
  startTime: { plain: 'start' },
  endTime: { plain: 'end' },
  'visit-type': { plain: 'service-type' },
  serviceType: { plain: 'service-type' },
  'service-type-reference': { plain: 'healthcare-service' },
  provider: { plain: 'practitioner' },
  'location-reference': { plain: 'location' },
  'patient-reference': { plain: 'patient' },
  'patient-id': { plain: 'patient' },
  patient: { plain: 'patient', resource: 'patient-resource' },
  'appt-type': { plain: 'appointment-type' },
  'appt-id': { plain: 'appointment' },
  'appointment-reference': { plain: 'appointment' },
  'appt-resource': { resource: 'appointment-resource' },
  'appointment-resource': { resource: 'appointment-resource' },
  appointment: { plain: 'appointment', resource: 'appointment-resource' },
  appointmentNote: { plain: 'comment' },
  indications: { plain: 'reason' },
  max: { plain: '_count' },
}

const canonical = (name: string, isResource: boolean): string => (isResource ? aliases[name]?.resource : aliases[name]?.plain) ?? name

/** Reads what was sent; `known` are the canonical names that the operation takes. A body that is a resource is `bare`. */
export function inputsOf(
  request: FhirRequest,
  known: ReadonlySet<string>,
  bare?: { readonly type: string; readonly name: string },
): Inputs {
  const sent = [...fromQuery(request), ...fromBody(request.body, bare)]
  const byName = new Map<string, Parameter[]>()
  const unknown: string[] = []
  for (const parameter of sent) {
    const name = canonical(parameter.name, parameter.resource !== undefined)
    if (!known.has(name)) unknown.push(parameter.name)
    else byName.set(name, [...(byName.get(name) ?? []), parameter])
  }
  return { byName, unknown }
}

const fromQuery = (request: FhirRequest): Parameter[] =>
  request.query.flatMap(([name, value]) => (value === '' || name === '_format' || name === '_pretty' ? [] : [{ name, value }]))

function fromBody(body: unknown, bare: { readonly type: string; readonly name: string } | undefined): Parameter[] {
  if (body === undefined || body === null) return []
  if (typeof body !== 'object' || Array.isArray(body)) throw fault('structure', 'Send the input as a Parameters resource.', 'Parameters')
  const resource = body as Resource
  if (bare && resource.resourceType === bare.type) return [{ name: bare.name, resource }]
  if (resource.resourceType !== 'Parameters')
    throw fault('structure', `Send the input as a Parameters resource${bare ? ` or as one ${bare.type}` : ''}.`, 'Parameters')
  const list = resource.parameter ?? []
  if (!Array.isArray(list)) throw fault('structure', 'Parameters.parameter is a list.', 'Parameters.parameter')
  return list.map((item, index) => readParameter(item, `Parameters.parameter[${index}]`))
}

function readParameter(item: unknown, path: string): Parameter {
  if (typeof item !== 'object' || item === null) throw fault('structure', 'A parameter is an object with a name.', path)
  const { name, resource, part } = item as { name?: unknown; resource?: unknown; part?: unknown }
  if (typeof name !== 'string' || name === '') throw fault('required', 'A parameter needs a name.', `${path}.name`)
  if (resource !== undefined) {
    if (typeof resource !== 'object' || resource === null || typeof (resource as Resource).resourceType !== 'string')
      throw fault('structure', 'A resource names its resourceType.', `${path}.resource`)
    return { name, resource: resource as Resource }
  }
  const values = Object.entries(item).filter(([key]) => key.startsWith('value'))
  if (values.length === 0 && Array.isArray(part)) return { name, parts: part.map((one, at) => readPart(one, `${path}.part[${at}]`)) }
  if (values.length !== 1) throw fault('value', `The parameter ${name.slice(0, 80)} needs one value.`, path)
  return { name, value: values[0]?.[1] }
}

/** Parts have no parts of their own in any operation here. */
function readPart(item: unknown, path: string): Parameter {
  const part = readParameter(item, path)
  if (part.parts) throw fault('value', `The part ${part.name.slice(0, 80)} needs one value.`, path)
  return part
}

export const firstOf = (inputs: Inputs, name: string): Parameter | undefined => inputs.byName.get(name)?.[0]
export const allOf = (inputs: Inputs, name: string): readonly Parameter[] => inputs.byName.get(name) ?? []

/** A value that names something: text, a Reference, an Identifier. */
export function nameIn({ name, value }: Parameter): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) {
    const { reference, value: identified } = value as { reference?: unknown; value?: unknown }
    if (typeof reference === 'string') return reference
    if (typeof identified === 'string') return identified
  }
  throw fault('value', `The parameter ${name} names something by text, a Reference or an Identifier.`, name)
}

/** The bare id of a local reference of the type; also given as an id alone, or as an address under our base. */
export function idIn(parameter: Parameter, type: string, base: string): string {
  const text = nameIn(parameter)
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  const id = local.startsWith(`${type}/`) ? (local.slice(type.length + 1).split('/')[0] ?? '') : local
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(id)) return id
  throw fault('value', `The parameter ${parameter.name} must be a reference to a ${type}.`, parameter.name)
}

export type Token = { readonly system?: string; readonly code: string }

/** Codes in a value: `system|code` text (a comma means or), Coding, CodeableConcept. */
export function tokensIn({ name, value }: Parameter): Token[] {
  if (typeof value === 'string') return value.split(',').filter(Boolean).map(tokenOf)
  if (typeof value === 'object' && value !== null) {
    const concept = value as { coding?: unknown; system?: unknown; code?: unknown }
    const codings = Array.isArray(concept.coding) ? (concept.coding as unknown[]) : [concept]
    const tokens = codings.flatMap((coding) => {
      const { system, code } = (coding ?? {}) as { system?: unknown; code?: unknown }
      return typeof code === 'string' ? [{ system: typeof system === 'string' ? system : undefined, code }] : []
    })
    if (tokens.length > 0) return tokens
  }
  throw fault('value', `The parameter ${name} is a code: system|code, a Coding or a CodeableConcept.`, name)
}

function tokenOf(text: string): Token {
  const bar = text.indexOf('|')
  return bar < 0 ? { code: text } : { system: text.slice(0, bar), code: text.slice(bar + 1) }
}

/** Unix milliseconds of a dateTime or instant: the first instant that it may mean. */
export function instantIn({ name, value }: Parameter): number {
  const span = typeof value === 'string' ? spanOf(value) : undefined
  if (!span) throw fault('value', `The parameter ${name} is a date and time such as 2026-11-23T09:00:00Z.`, name)
  return Number(span.lower)
}

export function wholeNumberIn({ name, value }: Parameter, most: number): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isInteger(number) || number < 0) throw fault('value', `The parameter ${name} is a whole number, 0 or more.`, name)
  return Math.min(number, most)
}

export function booleanIn({ name, value }: Parameter): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw fault('value', `The parameter ${name} is true or false.`, name)
}

export const textIn = ({ name, value }: Parameter): string => {
  if (typeof value === 'string' && value !== '') return value
  throw fault('value', `The parameter ${name} is text.`, name)
}

/** A CodeableConcept; a Coding or text is made into one. */
export function conceptIn({ name, value }: Parameter): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') return { text: value }
  if (typeof value !== 'object' || value === null) throw fault('value', `The ${name} is a CodeableConcept.`, name)
  return 'code' in value ? { coding: [value] } : (value as Readonly<Record<string, unknown>>)
}

/**
 * What was POSTed as a query that asks the same, so that a `next` link can be followed by GET: parts are written with commas
 * between them. Resources have no such form.
 */
export function queryOfBody({ body }: FhirRequest): [string, string][] {
  return fromBody(body, undefined).flatMap(({ name, value, parts }): [string, string][] => {
    const text = parts ? parts.flatMap((part) => queryValue(part.value) ?? []).join(',') : queryValue(value)
    return text === undefined ? [] : [[name, text]]
  })
}

function queryValue(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object') return String(value)
  const { reference, identifier, coding, code, value: own, system } = value as Record<string, unknown>
  if (typeof reference === 'string') return reference
  if (Array.isArray(coding))
    return coding
      .map((one) => queryValue(one) ?? '')
      .filter(Boolean)
      .join(',')
  if (typeof code === 'string' && (system === undefined || typeof system === 'string'))
    return system === undefined ? code : `${system}|${code}`
  if (identifier !== undefined) return queryValue(identifier)
  if (typeof own === 'string') return typeof system === 'string' ? `${system}|${own}` : own
  return JSON.stringify(value)
}
