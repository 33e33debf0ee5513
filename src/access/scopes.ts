/**
 * SMART on FHIR scopes, v1 (`patient/Appointment.read`) and v2 (`system/Slot.rs?status=free`).
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 *
 * Scopes that are not about resources (`openid`, `launch/patient`) and parts that cannot be read grant nothing and are
 * passed over. What a scope comes to for one actor and one type is `may.ts`.
 */

export type ScopeLevel = 'patient' | 'user' | 'system'
export type Verb = 'c' | 'r' | 'u' | 'd' | 's'

export type Scope = {
  readonly level: ScopeLevel
  /** A resource type, or `*`. */
  readonly type: string
  readonly verbs: ReadonlySet<Verb>
  /** The search part of a granular v2 scope, without its `?`. */
  readonly query?: string
}

/** v2 letters stand in this order; `.sr` is no scope. */
const grammar = /^(patient|user|system)\/([A-Z][A-Za-z]*|\*)\.(?:(read|write|\*)|(?=[cruds])(c?r?u?d?s?)(?:\?(\S+))?)$/

const lettersOfV1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }

/** The resource scopes in a space-separated list. */
export function parseScopes(text: string): Scope[] {
  return text.split(/\s+/).flatMap((part) => parseScope(part) ?? [])
}

function parseScope(part: string): Scope | undefined {
  const match = grammar.exec(part)
  if (!match) return undefined
  const [, level, type, v1, v2, query] = match
  const letters = v1 === undefined ? v2 : lettersOfV1[v1]
  return { level: level as ScopeLevel, type: type as string, verbs: new Set([...(letters ?? '')] as Verb[]), query }
}

/** A scope as it is written in version 2. */
export const scopeText = ({ level, type, verbs, query }: Scope): string =>
  `${level}/${type}.${[...'cruds'].filter((verb) => verbs.has(verb as Verb)).join('')}${query === undefined ? '' : `?${query}`}`
