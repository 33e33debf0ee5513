/**
 * Audit rows as FHIR AuditEvents, read and searched. Nobody writes one over REST.
 * https://hl7.org/fhir/R4/auditevent.html
 *
 * What the rest of R4's parameters ask is read in audit-criteria.ts. Left out: those of every resource but _id and
 * _lastUpdated, and modifiers of date, patient, entity, action, outcome, subtype, agent and purpose.
 */
import { fault } from '../base/fault.ts'
import { pageSizeDefault } from '../base/limits.ts'
import { spanOf } from '../fhir/date-time.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { auditParameters } from '../fhir/resource.ts'
import { readTotal } from '../fhir/search-query.ts'
import { assertUnderstood } from '../fhir/search-remarks.ts'
import { subsetAsked } from '../fhir/subset.ts'
import type { AuditCondition } from '../store/audit-facts.ts'
import { type AuditFilter, findAudit } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import { auditCriterion, type CarriedParameter } from './audit-criteria.ts'
import { auditEventResource, interactionsByCode } from './audit-event-resource.ts'
import { auditIdPattern, auditPage, countOf, isAnother, positionOf, shownTo } from './audit-page.ts'

export async function readAuditEvent(house: House, id: string, patient: string | undefined, except?: readonly string[]): Promise<Reply> {
  const filter = auditIdPattern.test(id)
    ? { ids: [id], times: [monthAround(id)], except: await wholly(house, except), limit: 1 }
    : undefined
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
  conditions: AuditCondition[]
  /** Whether all are counted, where that was said. */
  counted?: boolean
}

const bare = (type: string, value: string): string => (value.startsWith(`${type}/`) ? value.slice(type.length + 1) : value)

const readers: Readonly<Record<Exclude<(typeof auditParameters)[number], CarriedParameter>, Reader>> = {
  _id: (draft, values) => {
    draft.ids = values.filter((value) => auditIdPattern.test(value))
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
  purpose: (draft, values) => {
    draft.purposes = values.map(codeOf)
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
  const draft: Draft = { times: [], conditions: [], shownTo: patient, except: await wholly(house, except), limit: pageSizeDefault + 1 }
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
  const { compartment, id } = request
  for (const only of [patient, compartment === 'Patient' ? id : undefined])
    if (only !== undefined) draft.patients = draft.patients?.filter((asked) => asked === only) ?? [only]
  if (compartment !== undefined && compartment !== 'Patient') {
    const only = `${compartment}/${id}`
    draft.agents = draft.agents?.filter((asked) => asked === only) ?? [only]
  }
  const path = compartment === undefined ? 'AuditEvent' : `${compartment}/${id}/AuditEvent`
  if (isCount) draft.limit = 1
  return auditPage(house, draft, { path, applied, unknown, patient, subset, counted: draft.counted })
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
  else if (name === '_sort') return value === '-date' || value === '-_lastUpdated'
  else return addCondition(draft, auditCriterion(house.base, name, value))
  return true
}

function addCondition({ conditions }: Draft, condition: AuditCondition | undefined): boolean {
  if (condition) conditions.push(condition)
  return condition !== undefined
}
