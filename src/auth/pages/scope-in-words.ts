/** A SMART scope as a sentence for the person who is to allow it. */
import { clearanceScope } from '../../access/masking.ts'
import { parseScopes, type Scope, type Verb } from '../../access/scopes.ts'

const plain: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  fhirUser: 'know who you are',
  profile: 'know who you are',
  launch: 'know which record is open',
  'launch/patient': 'know which patient it is about',
  'launch/encounter': 'know which visit it is about',
  offline_access: 'go on while you are away, until you or the clinic end it',
  online_access: 'go on while you are signed in',
  [clearanceScope]: 'see what sensitive visits are about',
}

export function scopeInWords(text: string): string {
  const [scope] = parseScopes(text)
  return scope ? resources(scope) : (plain[text.split('?')[0] ?? ''] ?? text)
}

const deeds: readonly (readonly [Verb, string])[] = [
  ['r', 'read'],
  ['s', 'search'],
  ['c', 'add'],
  ['u', 'change'],
  ['d', 'delete'],
]

function resources({ level, type, verbs, query }: Scope): string {
  const all = deeds.filter(([verb]) => verbs.has(verb)).map(([, word]) => word)
  const last = all.pop() ?? ''
  const doing = all.length > 0 ? `${all.join(', ')} and ${last}` : last
  const what = type === '*' ? 'everything' : spaced(type)
  const whose = level === 'patient' ? 'in this patient’s record' : 'that you may see'
  return `${doing} ${what} ${whose}${query === undefined ? '' : `, where ${query}`}`
}

/** `HealthcareService` as `healthcare service`. */
const spaced = (type: string): string => type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
