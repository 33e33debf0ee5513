/**
 * Audit rows as FHIR AuditEvents, read and searched. Nobody writes one over REST.
 * https://hl7.org/fhir/R4/auditevent.html
 *
 * What its parameters find is read in audit-column-criteria.ts and audit-criteria.ts, what chains lead to in audit-links.ts;
 * whose events they are, here. Left out: `_has`, and another order than newest first.
 */
import { fault } from '../base/fault.ts'
import { pageSizeDefault, searchCriteriaMax } from '../base/limits.ts'
import { queryText } from '../fhir/bundle.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { parseCriterion } from '../fhir/search-criterion.ts'
import { assertNoneContained, parseSearch, readTotal, type SearchQuery } from '../fhir/search-query.ts'
import { assertUnderstood } from '../fhir/search-remarks.ts'
import { unsupported } from '../fhir/search-words.ts'
import type { AuditCondition } from '../store/audit-facts.ts'
import { type AuditFilter, findAudit } from '../store/audit-search.ts'
import { terminologyFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import type { FoundRow } from '../store/search/page.ts'
import { type Leading, referencesMeeting } from '../store/search/references-meeting.ts'
import type { Bounds } from '../store/search/scope.ts'
import { type AuditReading, auditColumnCriterion } from './audit-column-criteria.ts'
import { auditCriterion } from './audit-criteria.ts'
import { auditEventRow } from './audit-event-row.ts'
import { assertNoHas, auditLink, linkedCondition } from './audit-links.ts'
import { auditIdPattern, auditPage, countOf, positionOf } from './audit-page.ts'

export async function readAuditEvent(house: House, id: string, patient: string | undefined, except?: readonly string[]): Promise<Reply> {
  const filter: AuditFilter | undefined = auditIdPattern.test(id)
    ? { times: [], conditions: [{ any: [{ id }], not: false }], except: await wholly(house, except), limit: 1 }
    : undefined
  const own = patient === undefined || !filter ? {} : { patients: await withMerged(house.pool, [patient]) }
  const [row] = filter ? await findAudit(house.pool, { ...filter, ...own }) : []
  if (!row) throw fault('not-found', `There is no AuditEvent/${id}.`)
  return {
    status: 200,
    body: auditEventRow(house, row, patient).body,
    version: '1',
    updated: row.at.toISOString(),
  }
}

/** Of records that were merged into theirs too. */
const wholly = async ({ pool }: House, patients: readonly string[] | undefined): Promise<readonly string[] | undefined> =>
  patients && withMerged(pool, patients)

/** As far as who asks may look. */
export type AuditReach = {
  /** To whom alone it is shown. */
  readonly patient: string | undefined
  /** Nothing of these patients. */
  readonly except?: readonly string[]
  /** Of what a chain leads to; undefined: nothing of that type. */
  readonly boundsOf: (type: string) => Bounds | undefined
  /** Throws where none of a chain's ways is open. */
  readonly assertReach: (criterion: Leading) => void
}

type Draft = {
  limit: number
  before?: AuditFilter['before']
  /** Lists of patients: an event is one's of each of them. */
  whose: (readonly string[])[]
  conditions: AuditCondition[]
  /** What leads to others, which are looked for first. */
  links: Leading[]
  /** Whether all are counted, where that was said. */
  counted?: boolean
}

/** What includes bring to the events shown; `asked` is said of it in the audit. */
export type Along = (asked: string, query: SearchQuery, rows: readonly FoundRow[]) => Promise<{ entries: string[]; cut: boolean }>

const isBringing = ({ includes, revincludes }: SearchQuery): boolean => includes.length + revincludes.length > 0

const isOfResult = (name: string): boolean => /^_(summary|elements|(rev)?include(:.*)?)$/.test(name)

/** Pages go back in time; `_cursor` is the last one's time and id. */
export async function searchAuditEvents(house: House, request: FhirRequest, reach: AuditReach, along: Along): Promise<Reply> {
  const { compartment, id = '' } = request
  const { patient } = reach
  const draft: Draft = { whose: patient === undefined ? [] : [[patient]], conditions: [], links: [], limit: pageSizeDefault + 1 }
  if (compartment === 'Patient') draft.whose.push([id])
  else if (compartment !== undefined) draft.conditions.push({ any: [{ people: [`${compartment}/${id}`] }], not: false })
  const applied: (readonly [string, string])[] = []
  const unknown: string[] = []
  const reading: AuditReading = { ...house, patient, known: await terminologyFor(house.pool, house, request.query) }
  const result = parseSearch(
    house.definitions,
    'AuditEvent',
    request.query.filter(([name]) => isOfResult(name)),
    house.base,
  )
  for (const [name, value] of request.query) {
    if (value === '' || name === '_format' || name === '_pretty' || isOfResult(name)) continue
    if (name === '_cursor') draft.before = positionOf(value)
    else if (readOne(reading, draft, name, value)) applied.push([name, value])
    else unknown.push(name)
  }
  applied.push(...result.applied)
  unknown.push(...result.unknown)
  assertUnderstood({ unknown }, request)
  if (draft.links.length + draft.conditions.length > searchCriteriaMax)
    throw fault('too-costly', `A search has at most ${searchCriteriaMax} parameters.`)
  for (const link of draft.links) await follow(house, reading, draft, reach, link)
  const { before, conditions, counted } = draft
  const filter: AuditFilter = {
    times: [],
    conditions,
    shownTo: patient,
    patients: await patientsOf(house, draft.whose),
    except: await wholly(house, reach.except),
    before,
    limit: result.count === 0 ? 1 : draft.limit,
  }
  const path = compartment === undefined ? 'AuditEvent' : `${compartment}/${id}/AuditEvent`
  return auditPage(house, filter, {
    path,
    applied,
    unknown,
    patient,
    subset: result.subset,
    counted,
    along: isBringing(result) ? (rows) => along(`${path}?${queryText(applied)}`, result, rows) : undefined,
  })
}

/** Each is looked for within what who asks may see of it. */
async function follow(house: House, reading: AuditReading, draft: Draft, reach: AuditReach, link: Leading): Promise<void> {
  reach.assertReach(link)
  const { definitions } = house
  const found = await referencesMeeting(house.pool, { definitions, boundsOf: reach.boundsOf }, link)
  if (link.code === 'patient') draft.whose.push(found.map((one) => one.slice('Patient/'.length)))
  else draft.conditions.push(linkedCondition(reading, link, found))
}

/** Those who are in every list, records that were merged into theirs among them. */
async function patientsOf(house: House, whose: Draft['whose']): Promise<readonly string[] | undefined> {
  if (whose.length < 2) return whose[0]
  const [first = [], ...others] = await Promise.all(whose.map((ids) => withMerged(house.pool, ids)))
  return first.filter((id) => others.every((ids) => ids.includes(id)))
}

/** Newest first is the only order there is, so to ask for it is to be understood. */
function readOne(reading: AuditReading, draft: Draft, name: string, value: string): boolean {
  assertNoHas(name)
  const link = auditLink(reading, name, value)
  if (link) draft.links.push(link)
  else if (name.includes('.')) return false
  else if (name === '_count') draft.limit = countOf(value) + 1
  else if (name === '_total') draft.counted = readTotal(value) !== 'none'
  else if (name === '_contained') return assertNoneContained(value)
  else if (name === '_sort') return value === '-date' || value === '-_lastUpdated'
  else if (/^patient(?![^:])/.test(name)) return readPatient(reading, draft, name, value)
  else return addCondition(draft, auditColumnCriterion(reading, name, value) ?? auditCriterion(reading, name, value))
  return true
}

/** Whose event it is: a row about several is one of each. */
function readPatient({ definitions, base }: AuditReading, draft: Draft, name: string, value: string): boolean {
  const asked = parseCriterion({ definitions, type: 'AuditEvent', base }, name, value)
  // No reference to a patient has a text beside it.
  if (asked?.kind === 'text') return addCondition(draft, { any: [], not: false })
  if (asked?.kind === 'missing') return addCondition(draft, { any: [{ has: ['patient'] }], not: asked.missing })
  if (asked?.kind !== 'words') throw unsupported(name)
  const lead = 'patient=Patient/'
  draft.whose.push(asked.words.flatMap((word) => (word.startsWith(lead) ? [word.slice(lead.length)] : [])))
  return true
}

function addCondition({ conditions }: Draft, condition: AuditCondition | undefined): boolean {
  if (condition) conditions.push(condition)
  return condition !== undefined
}
