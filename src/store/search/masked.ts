/**
 * Sensitive visits are busy time to some (`access/masking.ts`). They find them by what is shown of them, the time, the
 * status, whose of the clinic's, and by nothing else: no criterion, chain, `_has`, include or order tells what is left out.
 */
import sql, { raw, type Sql } from 'sql-template-tag'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { sensitiveWord, verySensitiveWord } from '../../fhir/sensitivity.ts'
import type { Db } from '../db.ts'
import { tableOf } from '../layout.ts'
import type { Scope } from './scope.ts'
import { column, statementOf, texts } from './statement.ts'
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
export function maskedRows({ type, alias, bounds: { masking } }: Masked): Sql | undefined {
  if (!masking || !shownCodes[type]) return undefined
  const sensitive = anyTerm(alias, [sensitiveWord])
  const known = masking.knows.flatMap((party) => wordsOf(type, party))
  const unknown = known.length > 0 ? sql` and not ${anyTerm(alias, known)}` : raw('')
  const { actsFor } = masking
  if (actsFor === undefined) return sql`(${sensitive}${unknown})`
  return sql`(${sensitive}${unknown} and (${anyTerm(alias, [verySensitiveWord])} or not ${anyTerm(alias, wordsOf(type, actsFor))}))`
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

/** Of these ids, those of rows that the caller sees as busy time as they are now, or last were. */
export async function maskedAmong(db: Db, scope: Omit<Masked, 'alias'>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const masked = ids.length > 0 ? maskedRows({ ...scope, alias: 't' }) : undefined
  if (!masked) return new Set()
  const composed = sql`select t.id from ${raw(tableOf(scope.type))} as t where t.id = any(${texts(ids)}) and ${masked} order by ${column('t', 'id')}`
  const rows = await db.query<{ id: string }>(statementOf(composed, true))
  return new Set(rows.map(({ id }) => id))
}
