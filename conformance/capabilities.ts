/**
 * What a server says of itself, and the needs of checks put to it: what it does not declare is not asked of it.
 * https://hl7.org/fhir/R4/capabilitystatement.html
 */
import type { Need } from './check.ts'
import type { Loose } from './client.ts'

export type Capabilities = { readonly statement: Loose; readonly rest: Loose; readonly of: (type: string) => Loose }

export function capabilities(statement: Loose): Capabilities {
  const rest = (statement?.rest ?? []).find((one: Loose) => one.mode === 'server') ?? {}
  const types = new Map<string, Loose>((rest.resource ?? []).map((one: Loose) => [one.type, one]))
  return { statement, rest, of: (type) => types.get(type) }
}

const says = (holds: boolean | undefined, what: string): string | undefined => (holds ? undefined : `${what} is not declared`)

const has = (list: readonly Loose[] | undefined, key: string, value: string): boolean => (list ?? []).some((one) => one[key] === value)

/** `serves('Patient', 'create', 'read')` */
export const serves =
  (type: string, ...interactions: readonly string[]): Need =>
  (can) => {
    const missing = interactions.find((code) => !has(can.of(type)?.interaction, 'code', code))
    return says(missing === undefined, `${missing} of ${type}`)
  }

/** Create, read, update and delete, with which most checks make their own resources. */
export const keeps = (...types: readonly string[]): Need =>
  allOf(...types.map((type) => serves(type, 'create', 'read', 'update', 'delete')))

export const allOf =
  (...needs: readonly Need[]): Need =>
  (can, options) =>
    needs.map((need) => need(can, options)).find((reason) => reason !== undefined)

export const searches =
  (type: string, ...names: readonly string[]): Need =>
  (can) => {
    const missing = names.find((name) => !has(can.of(type)?.searchParam, 'name', name))
    const reason = says(has(can.of(type)?.interaction, 'code', 'search-type'), `search-type of ${type}`)
    return reason ?? says(missing === undefined, `search parameter ${missing} of ${type}`)
  }

export const includes =
  (type: string, value: string): Need =>
  (can) =>
    says(can.of(type)?.searchInclude?.includes(value), `_include=${value}`)

export const revincludes =
  (type: string, value: string): Need =>
  (can) =>
    says(can.of(type)?.searchRevInclude?.includes(value), `_revinclude=${value}`)

export const system =
  (code: string): Need =>
  (can) =>
    says(has(can.rest.interaction, 'code', code), code)

/** Of a type, or of the whole system. */
export const operates =
  (type: string | undefined, name: string): Need =>
  (can) =>
    says(has((type ? can.of(type) : can.rest)?.operation, 'name', name), `${type ? `${type}/` : ''}$${name}`)

export const speaks =
  (format: 'json' | 'xml'): Need =>
  (can) =>
    says(
      (can.statement?.format ?? []).some((one: string) => one.includes(format)),
      `format ${format}`,
    )

export const patches =
  (format: string): Need =>
  (can) =>
    says((can.statement?.patchFormat ?? []).includes(format), `patchFormat ${format}`)

/** A flag of `rest.resource`: `allows('Patient', 'conditionalCreate')`. */
export const allows =
  (type: string, flag: string, ...values: readonly Loose[]): Need =>
  (can) =>
    says((values.length > 0 ? values : [true]).includes(can.of(type)?.[flag]), `${flag} of ${type}`)

export const given =
  (option: 'receiver' | 'slotToken' | 'patientToken', flag: string): Need =>
  (_, options) =>
    options[option] === undefined ? `no ${flag} was given` : undefined
