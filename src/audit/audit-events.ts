/**
 * Audit rows as FHIR AuditEvents, read and searched. Nobody writes one over REST.
 * https://hl7.org/fhir/R4/auditevent.html
 *
 * Left out: search parameters beside _id, _lastUpdated, date, patient, entity, action, outcome, subtype and agent.
 */
import { fault } from '../base/fault.ts'
import { pageSizeDefault, pageSizeMax } from '../base/limits.ts'
import { bundle, type Link, queryText, searchEntry } from '../fhir/bundle.ts'
import { spanOf } from '../fhir/date-time.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { auditParameters } from '../fhir/resource.ts'
import { readTotal } from '../fhir/search-query.ts'
import { assertUnderstood, remarks } from '../fhir/search-remarks.ts'
import { subsetAsked, subsetOf } from '../fhir/subset.ts'
import { type AuditFilter, type AuditFound, countAudit, findAudit } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import { auditEventResource, interactionsByCode } from './audit-event-resource.ts'

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export async function readAuditEvent(house: House, id: string, patient: string | undefined, except?: readonly string[]): Promise<Reply> {
  const filter = uuidPattern.test(id) ? { ids: [id], times: [monthAround(id)], except: await wholly(house, except), limit: 1 } : undefined
  const own = patient === undefined || !filter ? {} : { patients: await withMerged(house.pool, [patient]) }
  const [row] = filter ? await findAudit(house.pool, { ...filter, ...own }) : []
  if (!row) throw fault('not-found', `There is no AuditEvent/${id}.`)
  return {
    status: 200,
    body: JSON.stringify(auditEventResource(shownTo(row, patient), house.base)),
    version: '1',
    updated: row.at.toISOString(),
  }
}

/** Of records that were merged into theirs too. */
const wholly = async ({ pool }: House, patients: readonly string[] | undefined): Promise<readonly string[] | undefined> =>
  patients && withMerged(pool, patients)

/** A UUIDv7 tells when it was made, so one partition is looked at. */
function monthAround(id: string): { from: string; until: string } {
  const made = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
  const hour = 3_600_000
  return { from: new Date(made - hour).toISOString(), until: new Date(made + hour).toISOString() }
}

type Reader = (filter: Draft, values: readonly string[]) => void
type Draft = { -readonly [K in keyof AuditFilter]: AuditFilter[K] } & {
  times: { from?: string; until?: string }[]
  /** Whether all are counted, where that was said. */
  counted?: boolean
}

const bare = (type: string, value: string): string => (value.startsWith(`${type}/`) ? value.slice(type.length + 1) : value)

const readers: Readonly<Record<(typeof auditParameters)[number], Reader>> = {
  _id: (draft, values) => {
    draft.ids = values.filter((value) => uuidPattern.test(value))
  },
  _lastUpdated: (draft, values) => draft.times.push(timeOf('_lastUpdated', values)),
  date: (draft, values) => draft.times.push(timeOf('date', values)),
  patient: (draft, values) => {
    draft.patients = values.map((value) => bare('Patient', value))
  },
  entity: (draft, values) => {
    draft.entities = values
  },
  action: (draft, values) => {
    draft.actions = values.map(codeOf)
  },
  outcome: (draft, values) => {
    draft.outcomes = values.map(codeOf)
  },
  subtype: (draft, values) => {
    draft.interactions = values.map(codeOf).map((code) => interactionsByCode[code] ?? code)
  },
  agent: (draft, values) => {
    draft.agents = values
  },
}

const codeOf = (token: string): string => token.slice(token.indexOf('|') + 1)

const bounds: Readonly<Record<string, (lower: string, upper: string) => { from?: string; until?: string }>> = {
  eq: (from, until) => ({ from, until }),
  ge: (from) => ({ from }),
  gt: (_lower, from) => ({ from }),
  sa: (_lower, from) => ({ from }),
  lt: (until) => ({ until }),
  eb: (until) => ({ until }),
  le: (_lower, until) => ({ until }),
}

function timeOf(name: string, values: readonly string[]): { from?: string; until?: string } {
  const [, prefix = 'eq', date = ''] = /^(eq|ge|gt|sa|lt|eb|le)?(.*)$/.exec(values[0] ?? '') ?? []
  const span = spanOf(date)
  if (!span || values.length > 1) throw fault('value', `Say \`${name}\` as one date with a prefix such as ge or lt.`, name)
  return bounds[prefix]?.(new Date(Number(span.lower)).toISOString(), new Date(Number(span.upper)).toISOString()) ?? {}
}

/** Pages go back in time; `_cursor` is the last one's time and id. */
export async function searchAuditEvents(
  house: House,
  request: FhirRequest,
  patient: string | undefined,
  except?: readonly string[],
): Promise<Reply> {
  const draft: Draft = { times: [], except: await wholly(house, except), limit: pageSizeDefault + 1 }
  const applied: [string, string][] = []
  const unknown: string[] = []
  const isCount = request.query.some(([name, value]) => name === '_summary' && value === 'count')
  const subset = subsetAsked(request.query.filter(([name, value]) => name !== '_summary' || value !== 'count'))
  for (const [name, value] of request.query) {
    if (value === '' || name === '_format' || name === '_pretty') continue
    if (name === '_cursor') draft.before = positionOf(value)
    else if (readOne(house, draft, name, value)) applied.push([name, value])
    else unknown.push(name)
  }
  assertUnderstood({ unknown }, request)
  if (patient !== undefined) draft.entities = draft.entities?.filter((asked) => !isAnother(asked, patient))
  for (const only of [patient, request.id])
    if (only !== undefined) draft.patients = draft.patients?.filter((asked) => asked === only) ?? [only]
  if (draft.patients) draft.patients = await withMerged(house.pool, draft.patients)
  if (isCount) draft.limit = 1
  const rows = draft.limit > 1 ? await findAudit(house.pool, draft) : []
  const page = rows.slice(0, draft.limit - 1)
  const entries = page.map((row) =>
    searchEntry(
      house.base,
      'AuditEvent',
      row.id,
      subsetOf(house.definitions, JSON.stringify(auditEventResource(shownTo(row, patient), house.base)), subset),
      'match',
    ),
  )
  return {
    status: 200,
    body: bundle(
      'searchset',
      linksOf(house, request.id === undefined ? 'AuditEvent' : `Patient/${request.id}/AuditEvent`, applied, rows, page),
      [...entries, ...remarks({ unknown })],
      await totalOf(house, draft, rows.length),
    ),
  }
}

/** As of any search: said where it is known without counting, where it was asked for, and where nothing else is. */
async function totalOf({ pool }: House, draft: Draft, found: number): Promise<number | undefined> {
  if (draft.limit > 1 && draft.counted === false) return undefined
  if (draft.limit > 1 && draft.before === undefined && found < draft.limit) return found
  return draft.limit > 1 && !draft.counted ? undefined : countAudit(pool, draft)
}

const isReader = (name: string): name is keyof typeof readers => Object.hasOwn(readers, name)

/** Newest first is the only order there is, so to ask for it is to be understood. */
function readOne(house: House, draft: Draft, name: string, value: string): boolean {
  if (name === '_count') draft.limit = countOf(value) + 1
  else if (name === '_total') draft.counted = readTotal(value) !== 'none'
  else if (isReader(name))
    readers[name](
      draft,
      value.split(',').map((one) => relativeReference(one, house.base)),
    )
  else if (name === '_summary' || name === '_elements') return true
  else return name === '_sort' && (value === '-date' || value === '-_lastUpdated')
  return true
}

function countOf(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw fault('value', 'Say `_count` as a whole number, 0 or more.', '_count')
  return Math.min(Number(value), pageSizeMax)
}

function positionOf(cursor: string): { at: string; id: string } {
  const [at = '', id = ''] = cursor.split('_')
  if (!spanOf(at) || !uuidPattern.test(id))
    throw fault('value', '`_cursor` is not the end of a page; follow the `next` link as it was given.', '_cursor')
  return { at, id }
}

function linksOf(
  house: House,
  path: string,
  applied: readonly [string, string][],
  rows: readonly AuditFound[],
  page: readonly AuditFound[],
): Link[] {
  const address = `${house.base}/${path}`
  const self: Link = { relation: 'self', url: applied.length > 0 ? `${address}?${queryText(applied)}` : address }
  const last = page.at(-1)
  if (rows.length === page.length || !last) return [self]
  return [self, { relation: 'next', url: `${address}?${queryText([...applied, ['_cursor', `${last.at.toISOString()}_${last.id}`]])}` }]
}

/** To a patient an event says what was done with their own data: who else was in the same answer, and what was asked for, is not theirs. */
const shownTo = (row: AuditFound, patient: string | undefined): AuditFound =>
  patient === undefined || row.patients.every((one) => one === patient)
    ? row
    : { ...row, patients: [patient], query: null, entity: isAnother(row.entity, patient) ? null : row.entity }

const isAnother = (entity: string | null, patient: string): boolean =>
  /^Patient\/[^/]+$/.test(entity ?? '') && entity !== `Patient/${patient}`
