/**
 * The needs of checks, put to what a server declares and to what the caller has given: what is not declared is not asked of
 * it, and what nobody can find out is not checked where it is not said.
 */
import type { Capabilities } from './capabilities.ts'
import type { Loose } from './client.ts'
import type { Options } from './options.ts'
import { kinds } from './smart-options.ts'

/** Why a check does not apply to a server; undefined where it does. */
export type Need = (can: Capabilities, options: Options) => string | undefined

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

/** Somebody who signs in to an app, of that kind if one is said. */
export const givenApp =
  (kind?: keyof typeof kinds): Need =>
  (_, { smart }) => {
    if (smart?.sign_in === undefined) return 'nobody who signs in was given (--smart, sign_in)'
    const has = smart.apps?.some((app) => kind === undefined || kinds[kind](app))
    return has ? undefined : `no ${kind ?? ''} app was given (--smart, apps)`
  }

export const givenLaunch: Need = (_, { smart }) => (smart?.ehr ? undefined : 'no way to a launch was given (--smart, ehr)')
export const givenProgram: Need = (_, { smart }) => (smart?.program ? undefined : 'no program was given (--smart, program)')
