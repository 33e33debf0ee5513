/**
 * Search parameters of AuditEvent that are answered by what our events show: each value that one can have, with the rows whose
 * events have it. One whose element no event of ours has finds nothing, and with `:missing=true` or `:not` everything; agents
 * of ours have a `type` and no `role`.
 * https://hl7.org/fhir/R4/auditevent.html#search
 *
 * Left out: `:in`, `:not-in`, `:above`, `:below` and `:text`.
 */
import { parseMissing } from '../fhir/search-criterion.ts'
import { normalizeText } from '../fhir/search-text.ts'
import { parseToken, splitValues, type TokenValue, unescaped } from '../fhir/search-value.ts'
import type { AuditCondition, AuditFact } from '../store/audit-facts.ts'
import { entityCodes, typeOfRest } from './audit-event-resource.ts'
import { refusedRequests, securityEntityType, securityInteractions, securityTypes } from './security-event-resource.ts'

type Coded = { readonly system?: string; readonly code: string; readonly of: AuditFact }
type Text = { readonly text: string; readonly of: AuditFact }
type Carried =
  | { readonly kind: 'token'; readonly values: readonly Coded[] }
  | { readonly kind: 'string'; readonly values: (base: string) => readonly Text[]; readonly isAddress?: true }
  | { readonly kind: 'uri' }
  | { readonly kind: 'server' }

const rest: AuditFact = { noInteractions: securityInteractions }
const counted: AuditFact = { interactions: securityInteractions, has: 'times' }
const ofAccount: AuditFact = { interactions: securityInteractions, has: 'entity' }
const everyEvent: AuditFact = {}

const { patient, entity, query } = entityCodes
const entities = [
  { ...patient, of: { ...rest, has: 'patient' } },
  { ...entity, of: { ...rest, has: 'entity' } },
  { ...query, of: { ...rest, has: 'query' } },
] as const

const carried = {
  type: {
    kind: 'token',
    values: [
      { ...typeOfRest, of: rest },
      ...Object.entries(securityTypes).map(([interaction, type]) => ({ ...type, of: { interactions: [interaction] } })),
    ],
  },
  'entity-type': {
    kind: 'token',
    values: [
      ...entities.map(({ type, of }) => ({ ...type, of })),
      { ...securityEntityType, of: counted },
      { ...securityEntityType, of: ofAccount },
    ],
  },
  'entity-role': { kind: 'token', values: entities.map(({ role, of }) => ({ ...role, of })) },
  'entity-name': { kind: 'string', values: () => [{ text: refusedRequests, of: counted }] },
  address: { kind: 'string', values: (base) => [{ text: base, of: everyEvent }], isAddress: true },
  source: { kind: 'server' },
  'agent-role': { kind: 'token', values: [] },
  altid: { kind: 'token', values: [] },
  site: { kind: 'token', values: [] },
  'agent-name': { kind: 'string', values: () => [] },
  policy: { kind: 'uri' },
} as const satisfies Readonly<Record<string, Carried>>

export type CarriedParameter = keyof typeof carried

const isCarried = (code: string): code is CarriedParameter => Object.hasOwn(carried, code)

/** Undefined where the name, or its modifier, is not one of these. */
export function auditCriterion(base: string, name: string, value: string): AuditCondition | undefined {
  const [code = '', modifier, ...more] = name.split(':')
  if (!isCarried(code) || more.length > 0) return undefined
  const one: Carried = carried[code]
  if (modifier === 'missing') return { any: everyFact(one, base), not: parseMissing(name, value) }
  const asked = splitValues(name, value)
  if (one.kind === 'string') return ofStrings(one.values(base), one.isAddress === true, modifier, asked.map(unescaped))
  if (one.kind === 'token') return ofTokens(one.values, modifier, tokensOf(name, asked))
  if (one.kind === 'server') return ofServer(base, modifier, tokensOf(name, asked))
  return modifier === undefined || modifier === 'below' || modifier === 'above' ? { any: [], not: false } : undefined
}

function everyFact(one: Carried, base: string): readonly AuditFact[] {
  if (one.kind === 'uri') return []
  if (one.kind === 'server') return [everyEvent]
  return (one.kind === 'token' ? one.values : one.values(base)).map(({ of }) => of)
}

const tokensOf = (name: string, asked: readonly string[]): TokenValue[] => asked.map((text) => parseToken(name, text))

const isMeant = ({ system, code }: { readonly system?: string; readonly code: string }, asked: TokenValue): boolean =>
  (asked.system === undefined || asked.system === (system ?? '')) && (asked.code === undefined || asked.code === code)

function ofTokens(values: readonly Coded[], modifier: string | undefined, asked: readonly TokenValue[]): AuditCondition | undefined {
  if (modifier !== undefined && modifier !== 'not') return undefined
  return { any: values.filter((one) => asked.some((token) => isMeant(one, token))).map(({ of }) => of), not: modifier === 'not' }
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

/** The observer is this server, named by an identifier without a system, and by no reference. */
function ofServer(base: string, modifier: string | undefined, asked: readonly TokenValue[]): AuditCondition | undefined {
  if (modifier === 'identifier') return { any: asked.some((token) => isMeant({ code: base }, token)) ? [everyEvent] : [], not: false }
  return modifier === undefined || sourceTypes.has(modifier) ? { any: [], not: false } : undefined
}

/** https://hl7.org/fhir/R4/auditevent-definitions.html#AuditEvent.source.observer */
const sourceTypes: ReadonlySet<string> = new Set(['PractitionerRole', 'Practitioner', 'Organization', 'Device', 'Patient', 'RelatedPerson'])
