/**
 * What is left of the scopes that were asked for within those that may be given: a client's registration, a person's role.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
 *
 * A scope that is wider than what may be given is given as far as that goes, and written as it was asked for: version 1 stays
 * version 1. Levels are not converted: `user/` within `system/` is nothing.
 */
import { parseScopes, type Scope, scopeText, type Verb } from './scopes.ts'

export function narrowScopes(asked: string, allowed: string): string[] {
  const within = parseScopes(allowed)
  const plain = new Set(allowed.split(/\s+/))
  const parts = asked.split(/\s+/).filter((part) => part !== '')
  return [...new Set(parts.flatMap((part) => narrowed(part, within, plain)))]
}

function narrowed(part: string, within: readonly Scope[], plain: ReadonlySet<string>): string[] {
  const [scope] = parseScopes(part)
  // What is not about resources is given or not, whatever it says after a question mark (`launch/patient?role=…`).
  if (!scope) return plain.has(part.split('?')[0] ?? '') ? [part] : []
  return within.flatMap((limit) => {
    const common = inBoth(scope, limit)
    return common ? [isSame(common, scope) ? part : textLike(part, common)] : []
  })
}

function inBoth(asked: Scope, limit: Scope): Scope | undefined {
  if (asked.level !== limit.level) return undefined
  if (asked.type !== limit.type && asked.type !== '*' && limit.type !== '*') return undefined
  const verbs = new Set([...asked.verbs].filter((verb) => limit.verbs.has(verb)))
  if (verbs.size === 0) return undefined
  return { level: asked.level, type: asked.type === '*' ? limit.type : asked.type, verbs, query: bothQueries(asked.query, limit.query) }
}

/** Parts of a search that are joined by `&` must all hold. */
function bothQueries(asked: string | undefined, limit: string | undefined): string | undefined {
  if (asked === undefined || limit === undefined || asked === limit) return asked ?? limit
  return `${asked}&${limit}`
}

const letters = (verbs: ReadonlySet<Verb>): string => [...verbs].sort().join('')

const isSame = (one: Scope, other: Scope): boolean =>
  one.type === other.type && one.query === other.query && letters(one.verbs) === letters(other.verbs)

const lettersOfV1: Readonly<Record<string, string>> = { rs: 'read', cdu: 'write', cdrsu: '*' }

function textLike(asked: string, scope: Scope): string {
  const isV1 = /\.(read|write|\*)$/.test(asked)
  const v1 = lettersOfV1[letters(scope.verbs)]
  return isV1 && v1 && scope.query === undefined ? `${scope.level}/${scope.type}.${v1}` : scopeText(scope)
}
