/**
 * What else is in view when an app is opened, as an EHR says it: resources of this server, canonical addresses, identifiers.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#fhircontext-exp
 *
 * The patient and the encounter that an app is opened for have names of their own and do not stand here again; with a role
 * of another kind they may. Left out: whether what is referred to is there, which the app's own read shows.
 */
import { fault } from '../base/fault.ts'
import { fhirContextMax } from '../base/sign-in-limits.ts'
import { isObject } from '../fhir/validate/scope.ts'

export type FhirContext = {
  readonly reference?: string
  readonly canonical?: string
  readonly identifier?: { readonly system?: string; readonly value?: string }
  readonly type?: string
  /** `launch` where it is not said; any other is an absolute URI. */
  readonly role?: string
}

export function readFhirContext(value: unknown): readonly FhirContext[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > fhirContextMax) throw refused(`must be a list of at most ${fhirContextMax} objects`)
  return value.map(item)
}

const refused = (why: string, at?: number) =>
  fault('value', `fhirContext${at === undefined ? '' : `[${at}]`} ${why}.`, at === undefined ? 'fhirContext' : `fhirContext[${at}]`)

const names = ['reference', 'canonical', 'identifier', 'type', 'role']

function item(said: unknown, at: number): FhirContext {
  if (!isObject(said)) throw refused('must be an object', at)
  const odd = Object.keys(said).find((name) => !names.includes(name))
  if (odd !== undefined) throw refused(`has no "${odd}"`, at)
  const why = whyRefused(said)
  if (why !== undefined) throw refused(why, at)
  return said
}

function whyRefused({ reference, canonical, identifier, type, role }: Readonly<Record<string, unknown>>): string | undefined {
  if (reference === undefined && canonical === undefined && identifier === undefined)
    return 'must have a reference, a canonical or an identifier'
  if (reference !== undefined && !isText(reference, /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/)) return 'has a reference that is not relative'
  if (canonical !== undefined && !isText(canonical, absolute)) return 'has a canonical that is not an absolute address'
  if (identifier !== undefined && !isIdentifier(identifier)) return 'has an identifier without a value'
  if (type !== undefined && !isText(type, /^[A-Z][A-Za-z]+$/)) return 'has a type that is not a resource type'
  if (role !== undefined && role !== 'launch' && !isText(role, absolute)) return 'has a role that is neither "launch" nor an absolute URI'
  const named = typeof reference === 'string' ? reference.split('/')[0] : type
  if ((named === 'Patient' || named === 'Encounter') && (role ?? 'launch') === 'launch')
    return `is the ${named} that the app is opened for: say it as ${named.toLowerCase()}, or with another role`
  return undefined
}

const absolute = /^[a-z][a-z0-9+.-]*:[^\s]+$/i
const isText = (value: unknown, like: RegExp): boolean => typeof value === 'string' && value.length <= 500 && like.test(value)
const isIdentifier = (value: unknown): boolean => {
  if (!isObject(value) || Object.keys(value).some((name) => name !== 'system' && name !== 'value')) return false
  return isText(value.value, /\S/) && (value.system === undefined || isText(value.system, absolute))
}
