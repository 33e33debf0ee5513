/**
 * What can be told of an audit row, and of the patient whose event it is, from its columns alone: conditions of searches for
 * what an AuditEvent shows. Times, ids and what a row names (patients, who asked, what was read) have an index: by anything
 * else rows are read along the time, and where nothing can be found, none.
 */
import { approximateDateHours } from '../base/search-limits.ts'
import { timestampText } from '../fhir/date-time.ts'
import type { DateValue } from '../fhir/search-value.ts'
import type { Params } from './sql.ts'

/** What an event is made of where the row has it: an entity, an address, a purpose. */
export type AuditPart = 'patient' | 'entity' | 'query' | 'times' | 'address' | 'purpose'

/** All of what is given holds; nothing given is true of every row. */
export type AuditFact = {
  /** A UUIDv7, with something of its patient's behind it where the row is about several. */
  readonly id?: string
  readonly at?: DateValue
  readonly interactions?: readonly string[]
  readonly noInteractions?: readonly string[]
  readonly actions?: readonly string[]
  readonly outcomes?: readonly string[]
  readonly purposes?: readonly string[]
  /** References to who asked, and the programs that they asked through. */
  readonly people?: readonly string[]
  readonly clients?: readonly string[]
  /** References to what was read or written, and ids of whose event it is. */
  readonly entities?: readonly string[]
  readonly patients?: readonly string[]
  readonly has?: readonly AuditPart[]
  /** The address that was asked from; what it is compared with is in lower case but for `exact`. */
  readonly address?: { readonly match: 'exact' | 'start' | 'part'; readonly text: string }
}

/** One of the facts holds; or, with `not`, none does. */
export type AuditCondition = { readonly any: readonly AuditFact[]; readonly not: boolean }

/** What tells the events of one row apart: of several patients each has something of its own behind the row's id. */
export const eventPart = `case when cardinality(e.patients) > 1 then left(md5(p.patient), 12) else '' end collate "C"`

/** `shownTo`: the patient whom alone it is shown to, who does not see what a row that others share asked for. */
export function auditCondition(p: Params, { any, not }: AuditCondition, shownTo: string | undefined): string {
  const possible = any.filter(isPossible)
  const facts = possible.map((fact) => `(${['true', ...partsOf(p, fact, shownTo)].join(' and ')})`)
  const one = facts.length > 0 ? `(${facts.join(' or ')})` : 'false'
  if (not) return `not ${one}`
  // A name that is not used would be a parameter of no type.
  return possible.length > 0 && possible.every(isNamed) ? `(${possible.map((fact) => namedIn(p, fact)).join(' or ')}) and ${one}` : one
}

/** One of no words is true of no row. */
const isPossible = ({ interactions, actions, outcomes, purposes, people, clients, entities, patients }: AuditFact): boolean =>
  [interactions, actions, outcomes, purposes, people, clients, entities, patients].every((words) => words?.length !== 0)

/** Whether the indexes know something of it. */
const isNamed = ({ people, clients, entities, patients }: AuditFact): boolean => (people ?? clients ?? entities ?? patients) !== undefined

/** As the indexes know it, of rows among which all that are meant are. */
function namedIn(p: Params, { people, clients, entities, patients }: AuditFact): string {
  const named = people ?? entities ?? clients
  return named ? `array[e.entity, e.person, e.client] && ${p.add(named, 'text[]')}` : `e.patients && ${p.add(patients, 'text[]')}`
}

/** None of these is ever null, so that `not` turns each round. */
function partsOf(p: Params, fact: AuditFact, shownTo: string | undefined): string[] {
  const { id, at, noInteractions, entities, has = [], address } = fact
  const any = (column: string, values: readonly string[] | undefined): string[] =>
    values ? [`${column} = any(${p.add(values, 'text[]')})`] : []
  return [
    ...(id === undefined ? [] : isEvent(p, id)),
    ...(at ? [isAt(p, at)] : []),
    ...any('e.interaction', fact.interactions),
    ...(noInteractions ? [`e.interaction <> all(${p.add(noInteractions, 'text[]')})`] : []),
    ...any('e.action', fact.actions),
    ...any('e.outcome', fact.outcomes),
    ...any(`coalesce(e.purpose, '')`, fact.purposes),
    ...any(`coalesce(e.person, '')`, fact.people),
    ...any('e.client', fact.clients),
    ...any(`coalesce(e.entity, '')`, entities),
    ...any(`coalesce(p.patient, '')`, fact.patients),
    ...has.map((part) => isThere[part]),
    ...(shownTo === undefined ? [] : [...has, ...(entities ? (['entity'] as const) : [])].flatMap((part) => isShown(p, part, shownTo))),
    ...(address ? [addressMatches(p, address)] : []),
  ]
}

const hourMs = 3_600_000

/** A UUIDv7 tells when it was made, so one partition is looked at. */
function isEvent(p: Params, id: string): string[] {
  const { row, part } = partsOfId(id)
  const made = Number.parseInt(row.replaceAll('-', '').slice(0, 12), 16)
  const from = p.add(timestampText(made - hourMs), 'timestamptz')
  const until = p.add(timestampText(made + hourMs), 'timestamptz')
  return [`e.at >= ${from} and e.at < ${until} and e.id = ${p.add(row, 'uuid')} and ${eventPart} = ${p.add(part, 'text')}`]
}

export function partsOfId(id: string): { readonly row: string; readonly part: string } {
  const [row = '', own = ''] = id.split('.')
  return { row, part: own }
}

/** An event is at one instant. https://hl7.org/fhir/R4/search.html#prefix */
function isAt(p: Params, { prefix, lower, upper }: DateValue): string {
  const at = (ms: number): string => p.add(timestampText(ms), 'timestamptz')
  switch (prefix) {
    case 'eq':
      return `e.at >= ${at(lower)} and e.at < ${at(upper)}`
    case 'ne':
      return `(e.at < ${at(lower)} or e.at >= ${at(upper)})`
    case 'gt':
    case 'sa':
      return `e.at >= ${at(upper)}`
    case 'lt':
    case 'eb':
      return `e.at < ${at(lower)}`
    case 'ge':
      return `e.at >= ${at(lower)}`
    case 'le':
      return `e.at < ${at(upper)}`
    case 'ap':
      return isAt(p, { prefix: 'eq', lower: lower - approximateDateHours * hourMs, upper: upper + approximateDateHours * hourMs })
  }
}

const isThere: Readonly<Record<AuditPart, string>> = {
  patient: 'p.patient is not null',
  entity: `coalesce(e.entity, '') <> ''`,
  query: `coalesce(e.query, '') <> ''`,
  times: 'e.times is not null',
  address: `coalesce(e.address, '') <> ''`,
  purpose: 'e.purpose is not null',
}

const alone = 'cardinality(e.patients) <= 1'

function isShown(p: Params, part: AuditPart, shownTo: string): string[] {
  if (part === 'query') return [alone]
  return part === 'entity' ? [`(${isEntityShown(p, shownTo)})`] : []
}

/** A patient that others share a row with does not see another as what was read. */
export const isEntityShown = (p: Params, shownTo: string): string =>
  `${alone} or coalesce(e.entity, '') !~ '^Patient/[^/]+$' or e.entity = ${p.add(`Patient/${shownTo}`, 'text')}`

function addressMatches(p: Params, { match, text }: NonNullable<AuditFact['address']>): string {
  const address = `coalesce(e.address, '')`
  const asked = p.add(text, 'text')
  if (match === 'exact') return `${address} = ${asked}`
  return match === 'start' ? `starts_with(lower(${address}), ${asked})` : `strpos(lower(${address}), ${asked}) > 0`
}
