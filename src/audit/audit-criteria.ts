/**
 * Search parameters of AuditEvent that are answered by what our events show: each value that one can have, with the rows whose
 * events have it. One whose element no event of ours has finds nothing, and with `:missing=true` or `:not` everything; agents
 * of ours have a `type` and no `role`.
 * https://hl7.org/fhir/R4/auditevent.html#search
 *
 * What columns answer as they are is in audit-column-criteria.ts.
 */

import { isSeveralCodes, listedCodes } from '../fhir/search-codes.ts'
import { parseMissing } from '../fhir/search-criterion.ts'
import { normalizeText } from '../fhir/search-text.ts'
import { parseToken, splitValues, type TokenValue, unescaped } from '../fhir/search-value.ts'
import { unsupported } from '../fhir/search-words.ts'
import { uriAndAbove, withoutSlash } from '../fhir/uri-path.ts'
import type { Known } from '../fhir/validate/profiles/known.ts'
import type { AuditCondition, AuditFact } from '../store/audit-facts.ts'
import { type Coded, codedPurposes, codedSubtypes, profileFacts } from './audit-codes.ts'
import { entityCodes, serverName, typeOfRest } from './audit-event-resource.ts'
import { refusedRequests, securityEntityType, securityInteractions, securityTypes } from './security-event-resource.ts'

type Text = { readonly text: string; readonly of: AuditFact }
type Carried =
  /** `values`: those that could be meant by what is asked; `present`: where the rows say themselves which have any. */
  | { readonly kind: 'token'; readonly values: (asked: readonly TokenValue[]) => readonly Coded[]; readonly present?: AuditFact }
  | { readonly kind: 'string'; readonly values: (base: string) => readonly Text[]; readonly isAddress?: true }
  | { readonly kind: 'uri'; readonly values: readonly Text[] }
  | { readonly kind: 'server' }

const rest: AuditFact = { noInteractions: securityInteractions }
const counted: AuditFact = { interactions: securityInteractions, has: ['times'] }
const ofAccount: AuditFact = { interactions: securityInteractions, has: ['entity'] }
const everyEvent: AuditFact = {}

const { patient, entity, query } = entityCodes
const entities = [
  { ...patient, of: { ...rest, has: ['patient'] } },
  { ...entity, of: { ...rest, has: ['entity'] } },
  { ...query, of: { ...rest, has: ['query'] } },
] as const

const noToken = { kind: 'token', values: () => [] } as const

const carried = {
  type: {
    kind: 'token',
    values: () => [
      { ...typeOfRest, of: rest },
      ...Object.entries(securityTypes).map(([interaction, type]) => ({ ...type, of: { interactions: [interaction] } })),
    ],
  },
  'entity-type': {
    kind: 'token',
    values: () => [
      ...entities.map(({ type, of }) => ({ ...type, of })),
      { ...securityEntityType, of: counted },
      { ...securityEntityType, of: ofAccount },
    ],
  },
  'entity-role': { kind: 'token', values: () => entities.map(({ role, of }) => ({ ...role, of })) },
  'entity-name': { kind: 'string', values: () => [{ text: refusedRequests, of: counted }] },
  address: { kind: 'string', values: (base) => [{ text: base, of: everyEvent }], isAddress: true },
  source: { kind: 'server' },
  subtype: { kind: 'token', values: codedSubtypes, present: everyEvent },
  purpose: { kind: 'token', values: codedPurposes, present: { has: ['purpose'] } },
  'agent-role': noToken,
  altid: noToken,
  site: noToken,
  _tag: noToken,
  _security: noToken,
  'agent-name': { kind: 'string', values: () => [] },
  _profile: { kind: 'uri', values: profileFacts },
  _source: { kind: 'uri', values: [] },
  policy: { kind: 'uri', values: [] },
} as const satisfies Readonly<Record<string, Carried>>

export type CarriedParameter = keyof typeof carried

const isCarried = (code: string): code is CarriedParameter => Object.hasOwn(carried, code)

/** What reading needs to know: the server's base, and the codes that the query names by a list. */
type Reading = { readonly base: string; readonly known?: Known }

/** Undefined where the name is not one of these; throws where the modifier is none of its. */
export function auditCriterion(reading: Reading, name: string, value: string): AuditCondition | undefined {
  const [code = '', modifier, ...more] = name.split(':')
  if (!isCarried(code)) return undefined
  const condition = more.length > 0 ? undefined : conditionOf(carried[code], reading, name, modifier, value)
  if (condition === undefined) throw unsupported(name)
  return condition
}

function conditionOf(
  one: Carried,
  reading: Reading,
  name: string,
  modifier: string | undefined,
  value: string,
): AuditCondition | undefined {
  const { base } = reading
  if (modifier === 'missing') return { any: everyFact(one, base), not: parseMissing(name, value) }
  const asked = splitValues(name, value)
  if (one.kind === 'string') return ofStrings(one.values(base), one.isAddress === true, modifier, asked.map(unescaped))
  if (one.kind === 'token' && modifier === 'text') return ofTexts(one.values([]), asked.map(unescaped))
  if (one.kind === 'token') return ofTokens(one.values, modifier, tokensAsked(reading, name, modifier, asked))
  if (one.kind === 'server' && modifier === 'text')
    return { any: isBeside(serverName, asked.map(unescaped)) ? [everyEvent] : [], not: false }
  if (one.kind === 'server') return ofServer(base, modifier, tokensOf(name, asked))
  return ofUris(one.values, modifier, asked.map(unescaped))
}

function everyFact(one: Carried, base: string): readonly AuditFact[] {
  if (one.kind === 'server') return [everyEvent]
  if (one.kind === 'token') return one.present ? [one.present] : one.values([]).map(({ of }) => of)
  return (one.kind === 'uri' ? one.values : one.values(base)).map(({ of }) => of)
}

const tokensOf = (name: string, asked: readonly string[]): TokenValue[] => asked.map((text) => parseToken(name, text))

/** Those that are said, or those that a ValueSet or a place in a CodeSystem stands for. */
function tokensAsked({ known }: Reading, name: string, modifier: string | undefined, asked: readonly string[]): readonly TokenValue[] {
  if (!isSeveralCodes(modifier)) return tokensOf(name, asked)
  if (!known) throw unsupported(name)
  return listedCodes(known, name, modifier, asked)
}

/** Whether a text has a word that begins so. */
export const isBeside = (display: string, asked: readonly string[]): boolean =>
  asked
    .map(normalizeText)
    .filter(Boolean)
    .some((text) => ` ${normalizeText(display)}`.includes(` ${text}`))

const ofTexts = (values: readonly Coded[], asked: readonly string[]): AuditCondition => ({
  any: values.filter(({ display }) => display !== undefined && isBeside(display, asked)).map(({ of }) => of),
  not: false,
})

const isMeant = ({ system, code }: { readonly system?: string; readonly code: string }, asked: TokenValue): boolean =>
  (asked.system === undefined || asked.system === (system ?? '')) && (asked.code === undefined || asked.code === code)

type ValuesOf = Extract<Carried, { kind: 'token' }>['values']

function ofTokens(values: ValuesOf, modifier: string | undefined, asked: readonly TokenValue[]): AuditCondition | undefined {
  if (modifier !== undefined && modifier !== 'not' && !isSeveralCodes(modifier)) return undefined
  return {
    any: values(asked)
      .filter((one) => asked.some((token) => isMeant(one, token)))
      .map(({ of }) => of),
    not: modifier === 'not' || modifier === 'not-in',
  }
}

const comparisons = {
  start: (value: string, asked: string) => normalizeText(value).startsWith(normalizeText(asked)),
  part: (value: string, asked: string) => normalizeText(value).includes(normalizeText(asked)),
  exact: (value: string, asked: string) => value === asked,
} as const

/** What a modifier of a string asks for. https://hl7.org/fhir/R4/search.html#string */
const matches: ReadonlyMap<string | undefined, keyof typeof comparisons> = new Map([
  [undefined, 'start'],
  ['contains', 'part'],
  ['exact', 'exact'],
] as const)

function ofStrings(values: readonly Text[], isAddress: boolean, modifier: string | undefined, asked: readonly string[]) {
  const match = matches.get(modifier)
  if (match === undefined) return undefined
  const told = values.filter(({ text }) => asked.some((one) => comparisons[match](text, one))).map(({ of }) => of)
  const kept = isAddress ? asked.map((text) => ({ address: { match, text: match === 'exact' ? text : normalizeText(text) } })) : []
  // What every event has needs no look at a row.
  return { any: told.includes(everyEvent) ? [everyEvent] : [...told, ...kept], not: false }
}

/** https://hl7.org/fhir/R4/search.html#uri */
function ofUris(values: readonly Text[], modifier: string | undefined, asked: readonly string[]): AuditCondition | undefined {
  const isMeantBy = uriComparisons.get(modifier)
  return isMeantBy && { any: values.filter(({ text }) => asked.some((one) => isMeantBy(text, one))).map(({ of }) => of), not: false }
}

const uriComparisons: ReadonlyMap<string | undefined, (value: string, asked: string) => boolean> = new Map([
  [undefined, (value: string, asked: string) => value === asked],
  ['below', (value: string, asked: string) => uriAndAbove(value).includes(withoutSlash(asked))],
  ['above', (value: string, asked: string) => uriAndAbove(asked).includes(withoutSlash(value))],
])

/** The observer is this server, named by an identifier without a system, and by no reference. */
function ofServer(base: string, modifier: string | undefined, asked: readonly TokenValue[]): AuditCondition | undefined {
  if (modifier === 'identifier') return { any: asked.some((token) => isMeant({ code: base }, token)) ? [everyEvent] : [], not: false }
  return modifier === undefined || sourceTypes.has(modifier) ? { any: [], not: false } : undefined
}

/** https://hl7.org/fhir/R4/auditevent-definitions.html#AuditEvent.source.observer */
const sourceTypes: ReadonlySet<string> = new Set(['PractitionerRole', 'Practitioner', 'Organization', 'Device', 'Patient', 'RelatedPerson'])
