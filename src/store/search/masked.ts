/**
 * Sensitive visits are busy time to some (`access/masking.ts`). They find them by what is shown of them, the time, the
 * status, whose of the clinic's, and by nothing else: no criterion, chain, `_has`, include or order tells what is left out.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { sensitiveVisitsGathered } from '../../base/search-limits.ts'
import { aboutTypes, aboutWord } from '../../fhir/about-visits.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { sensitiveWord, veryRestrictedLabel, verySensitiveWord } from '../../fhir/sensitivity.ts'
import type { Db } from '../db.ts'
import { storedText, tableOf } from '../layout.ts'
import type { Scope } from './scope.ts'
import { column, statementOf, text, texts } from './statement.ts'
import { anyTerm } from './token.ts'

/** Of whom and where visits may be looked for, as `access/busy-time.ts` shows it. */
const shownTargets: readonly string[] = ['Practitioner', 'PractitionerRole', 'Location', 'Device']

/** References by code, with what they may name; others have no targets. */
const shownCodes: Readonly<Record<string, ReadonlyMap<string, readonly string[]>>> = {
  Appointment: new Map([
    ...['_id', '_lastUpdated', 'date', 'status'].map((code): [string, readonly string[]] => [code, []]),
    ...['actor', 'practitioner', 'location'].map((code): [string, readonly string[]] => [code, shownTargets]),
    ['slot', ['Slot']],
  ]),
  Encounter: new Map([
    ...['_id', '_lastUpdated', 'date', 'status', 'class'].map((code): [string, readonly string[]] => [code, []]),
    ...['participant', 'practitioner', 'location'].map((code): [string, readonly string[]] => [code, shownTargets]),
    ['appointment', ['Appointment']],
  ]),
}

type Masked = Pick<Scope, 'type' | 'alias' | 'bounds'>

/** Rows that the caller sees as busy time; undefined where there are none of the type. */
export function maskedRows(scope: Masked): Sql | undefined {
  const {
    type,
    bounds: { masking },
  } = scope
  if (!masking || !shownCodes[type]) return undefined
  const masked = byItself(scope)
  return type === 'Encounter' ? sql`((${masked}) or (${namesMasked(scope, ['Appointment'])}${unlessKnown(scope)}))` : sql`(${masked})`
}

const byItself = (scope: Masked): Sql => sql`${isSensitive(scope)}${unlessKnown(scope)}`

function unlessKnown({ type, alias, bounds: { masking } }: Masked): Sql {
  const known = masking?.knows.flatMap((party) => wordsOf(type, party)) ?? []
  return known.length > 0 ? sql` and not ${anyTerm(alias, known)}` : raw('')
}

/** By its own label; for who acts for the patient, where it is of another or very restricted. */
function isSensitive({ type, alias, bounds: { masking } }: Masked): Sql {
  const sensitive = anyTerm(alias, [sensitiveWord])
  if (masking?.actsFor === undefined) return sensitive
  return sql`${sensitive} and (${anyTerm(alias, [verySensitiveWord])} or not ${anyTerm(alias, wordsOf(type, masking.actsFor))})`
}

/** Visits by which rows of other types are named: an order, and what somebody answered or wrote before. */
const namedBy: Readonly<Record<'Appointment' | 'Encounter', readonly string[]>> = {
  Appointment: ['based-on', 'reason-reference', 'supporting-info'],
  Encounter: ['based-on', 'reason-reference'],
}
const visitTypes = ['Appointment', 'Encounter'] as const
/** What is said about visits names them, and is never named by one. */
const neverNamed: ReadonlySet<string> = new Set(['AppointmentResponse', 'Provenance'])

/**
 * Rows that are about a visit which the caller sees as busy time: as if they were not there. Undefined where there are none of
 * the type. Asked of each row that is looked at otherwise: `offset 0` keeps the planner from turning it round, and looking
 * through all sensitive visits first.
 */
export function hiddenRows(scope: Masked): Sql | undefined {
  const { type, bounds } = scope
  if (!bounds.masking || shownCodes[type] || !aboutTypes.has(type)) return undefined
  const naming = namesMasked(scope, visitTypes)
  if (neverNamed.has(type)) return naming
  const named = visitTypes.map((visit) => isNamedByMasked(scope, visit))
  return sql`(${join([naming, ...named], ' or ')})`
}

/**
 * The same for whoever looks at very many rows, to count them: where few visits are sensitive, what is about one that is
 * masked is gathered once, going out from those visits. `unnest`: the planner takes them for few, and hashes them.
 */
export function hiddenAmongMany(scope: Masked): Sql | undefined {
  const hidden = hiddenRows(scope)
  if (!hidden) return undefined
  const few = visitTypes.map(
    (visit) =>
      sql`(select count(*) from (select from ${raw(`${tableOf(visit)} as v`)} where ${anyTerm('v', [sensitiveWord])} limit ${sensitiveVisitsGathered + 1}::int) as few)`,
  )
  const gathered = sql`${column(scope.alias, 'id')} in (select unnest(array(${idsHidden(scope)})))`
  return sql`case when ${join(few, ' + ')} <= ${sensitiveVisitsGathered}::int then ${gathered} else ${hidden} end`
}

/** One look into each index for all masked visits: one for each of them takes longer than all the rest together. */
function idsHidden({ type, bounds }: Masked): Sql {
  const visits = (visit: (typeof visitTypes)[number]): Masked => ({ type: visit, alias: 'v', bounds })
  const [appointment, encounter] = [visits('Appointment'), visits('Encounter')]
  const words = (visit: (typeof visitTypes)[number], from: string): Sql => sql`select ${text(aboutWord(visit))} || id from ${raw(from)}`
  const following = sql`v.terms && array(${words('Appointment', 'a')})`
  const naming = sql`array(${words('Appointment', 'a')} union all ${words('Encounter', 'e')})`
  const named = neverNamed.has(type) ? [] : [namedBySome('Appointment', 'a', type), namedBySome('Encounter', 'e', type)]
  return sql`with
    a as materialized (select id, terms from ${raw(`${tableOf('Appointment')} as v`)} where ${isSensitive(appointment)}${unlessKnown(appointment)}),
    e as materialized (select id, terms from ${raw(`${tableOf('Encounter')} as v`)} where ((${isSensitive(encounter)}) or ${following})${unlessKnown(encounter)})
    ${join([sql`select r.id from ${raw(`${tableOf(type)} as r`)} where r.terms && ${naming}`, ...named], ' union ')}`
}

/** The ids of the rows of a type that these visits name. */
function namedBySome(visit: (typeof visitTypes)[number], from: string, type: string): Sql {
  const leads = namedBy[visit].map((code) => sql`starts_with(word, ${text(`${code}=${type}/`)})`)
  return sql`select substr(word, strpos(word, '/') + 1) from ${raw(from)}, unnest(terms) as word where (${join(leads, ' or ')})`
}

export const maskedOrHidden = (scope: Masked): Sql | undefined => maskedRows(scope) ?? hiddenRows(scope)

function namesMasked({ alias, bounds }: Masked, types: readonly (typeof visitTypes)[number][]): Sql {
  const ways = types.map((visit) => {
    const [lead, named] = [aboutWord(visit), `${alias}_${visit.toLowerCase()}`]
    const masked = maskedRows({ type: visit, alias: named, bounds })
    return sql`exists (select from unnest(${column(alias, 'terms')}) as word join ${raw(`${tableOf(visit)} as ${named}`)} on ${column(named, 'id')} = substr(word, ${lead.length + 1}::int)
      where starts_with(word, ${text(lead)}) and ${masked ?? raw('false')} offset 0)`
  })
  return sql`(${join(ways, ' or ')})`
}

function isNamedByMasked({ type, alias, bounds }: Masked, visit: (typeof visitTypes)[number]): Sql {
  const named = `${alias}_named`
  const words = namedBy[visit].map((code) => sql`${text(`${code}=${type}/`)} || ${column(alias, 'id')}`)
  const masked = maskedRows({ type: visit, alias: named, bounds })
  const naming = sql`select * from ${raw(`${tableOf(visit)} as v`)} where v.terms && array[${join(words, ', ')}] offset 0`
  return sql`exists (select from (${naming}) as ${raw(named)} where ${masked ?? raw('false')} offset 0)`
}

/** `Patient/1` is whose the visit is; staff are named by who takes part. */
const wordsOf = (type: string, party: string): string[] =>
  party.startsWith('Patient/') ? [`@${party}`] : [`${type === 'Appointment' ? 'actor' : 'participant'}=${party}`]

/** Rows that the caller sees whole. */
export function wholeRows(scope: Masked): Sql | undefined {
  const masked = maskedRows(scope)
  return masked && sql`not ${masked}`
}

/** Whether a row may meet the criterion by what is left out of it. */
export function looksBehindMask(type: string, criterion: Criterion): boolean {
  const targets = shownCodes[type]?.get(criterion.code)
  if (!targets) return true
  switch (criterion.kind) {
    case 'date':
      return false
    case 'words':
      return targets.length > 0 && !criterion.words.every((word) => isShown(type, word))
    case 'chain':
      return !criterion.links.every((link) => targets.includes(link.type))
    default:
      return true
  }
}

/** A reference as a word of the index, `actor=Practitioner/1`. */
function isShown(type: string, word: string): boolean {
  const [code = '', reference = ''] = word.split('=', 2)
  return shownCodes[type]?.get(code)?.some((target) => reference.startsWith(`${target}/`)) ?? false
}

/** Whether it is left out of such rows that they name a resource of this type by this parameter. */
export const isBehindMask = (type: string, code: string, target?: string): boolean => {
  const targets = shownCodes[type]?.get(code)
  return targets === undefined || (target !== undefined && !targets.includes(target))
}

/** The words of a row's references (`text[]`), without those that are left out of it. */
export function referencesShown(scope: Masked, words: Sql): Sql {
  const masked = maskedRows(scope)
  if (!masked) return words
  const leads = [...(shownCodes[scope.type] ?? [])].flatMap(([code, targets]) => targets.map((target) => `${code}=${target}/%`))
  return sql`case when ${masked} then array(select word from unnest(${words}) as word where word like any(${texts(leads)})) else ${words} end`
}

/**
 * A row's text for an answer. An Encounter that is busy time for its visit's sake does not say so itself: it is labelled as
 * very restricted on its way out, for what masks every answer goes by the labels (`access/busy-time.ts`).
 */
export function bodyShown(scope: Masked): Sql {
  const { type, alias } = scope
  const stored = raw(storedText(type, alias))
  const masked = type === 'Encounter' ? maskedRows(scope) : undefined
  if (!masked) return stored
  const body = column(alias, 'body')
  return sql`case when ${masked} then jsonb_set(${body}, '{meta,security}', ${JSON.stringify([veryRestrictedLabel])}::jsonb)::text else ${stored} end`
}

/** Of these ids, those of rows that the caller sees as busy time, or not at all, as they are now, or last were. */
export async function maskedAmong(db: Db, scope: Omit<Masked, 'alias'>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const masked = ids.length > 0 ? maskedOrHidden({ ...scope, alias: 't' }) : undefined
  if (!masked) return new Set()
  const composed = sql`select t.id from ${raw(tableOf(scope.type))} as t where t.id = any(${texts(ids)}) and ${masked} order by ${column('t', 'id')}`
  const rows = await db.query<{ id: string }>(statementOf(composed, true))
  return new Set(rows.map(({ id }) => id))
}
