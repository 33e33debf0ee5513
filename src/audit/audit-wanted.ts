/**
 * The criteria of a search of AuditEvents, read one by one, and what they come to: which rows, and whose events, as far as who
 * asks may look. https://hl7.org/fhir/R4/auditevent.html#search
 * Left out: how the result is wanted (audit-events.ts).
 */
import { fault } from '../base/fault.ts'
import { searchCriteriaMax } from '../base/search-limits.ts'
import { parseCriterion } from '../fhir/search-criterion.ts'
import { unsupported } from '../fhir/search-words.ts'
import type { AuditCondition } from '../store/audit-facts.ts'
import type { AuditFilter } from '../store/audit-search.ts'
import type { House } from '../store/house.ts'
import { withMerged } from '../store/patient-merges.ts'
import { type Leading, referencesMeeting } from '../store/search/references-meeting.ts'
import type { Bounds } from '../store/search/scope.ts'
import { type AuditReading, auditColumnCriterion } from './audit-column-criteria.ts'
import { auditCriterion } from './audit-criteria.ts'
import { assertNoHas, auditLink, linkedCondition } from './audit-links.ts'

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

export type AuditWanted = {
  /** Lists of patients: an event is one's of each of them. */
  readonly whose: (readonly string[])[]
  readonly conditions: AuditCondition[]
  /** What leads to others, which are looked for first. */
  readonly links: Leading[]
}

export const nothingWanted = ({ patient }: AuditReach): AuditWanted => ({
  whose: patient === undefined ? [] : [[patient]],
  conditions: [],
  links: [],
})

/** False where the name means nothing here. */
export function readAuditCriterion(reading: AuditReading, wanted: AuditWanted, name: string, value: string): boolean {
  assertNoHas(name)
  const link = auditLink(reading, name, value)
  if (link) return wanted.links.push(link) > 0
  if (name.includes('.')) return false
  if (/^patient(?![^:])/.test(name)) return readPatient(reading, wanted, name, value)
  return addCondition(wanted, auditColumnCriterion(reading, name, value) ?? auditCriterion(reading, name, value))
}

/** Whose event it is: a row about several is one of each. */
function readPatient({ definitions, base }: AuditReading, wanted: AuditWanted, name: string, value: string): boolean {
  const asked = parseCriterion({ definitions, type: 'AuditEvent', base }, name, value)
  // No reference to a patient has a text beside it.
  if (asked?.kind === 'text') return addCondition(wanted, { any: [], not: false })
  if (asked?.kind === 'missing') return addCondition(wanted, { any: [{ has: ['patient'] }], not: asked.missing })
  if (asked?.kind !== 'words') throw unsupported(name)
  const lead = 'patient=Patient/'
  wanted.whose.push(asked.words.flatMap((word) => (word.startsWith(lead) ? [word.slice(lead.length)] : [])))
  return true
}

function addCondition({ conditions }: AuditWanted, condition: AuditCondition | undefined): boolean {
  if (condition) conditions.push(condition)
  return condition !== undefined
}

/** Patients are as they were named: of one list, without the records that were merged into theirs. */
export async function auditFilterOf(
  house: House,
  reading: AuditReading,
  { whose, conditions, links }: AuditWanted,
  reach: AuditReach,
): Promise<Omit<AuditFilter, 'limit'>> {
  const own = nothingWanted(reach).whose.length
  if (links.length + conditions.length + whose.length - own > searchCriteriaMax)
    throw fault('too-costly', `A search has at most ${searchCriteriaMax} parameters.`)
  const asked: AuditWanted = { whose: [...whose], conditions: [...conditions], links: [] }
  for (const link of links) await follow(house, reading, asked, reach, link)
  return {
    times: [],
    conditions: asked.conditions,
    shownTo: reach.patient,
    patients: await patientsOf(house, asked.whose),
    except: await recordsOf(house, reach.except),
  }
}

/** Each is looked for within what who asks may see of it. */
async function follow(house: House, reading: AuditReading, wanted: AuditWanted, reach: AuditReach, link: Leading): Promise<void> {
  reach.assertReach(link)
  const { definitions } = house
  const found = await referencesMeeting(house.pool, { definitions, boundsOf: reach.boundsOf }, link)
  if (link.code === 'patient') wanted.whose.push(found.map((one) => one.slice('Patient/'.length)))
  else wanted.conditions.push(linkedCondition(reading, link, found))
}

/** Those who are in every list, records that were merged into theirs among them. */
async function patientsOf(house: House, whose: AuditWanted['whose']): Promise<readonly string[] | undefined> {
  if (whose.length < 2) return whose[0]
  const [first = [], ...others] = await Promise.all(whose.map((ids) => withMerged(house.pool, ids)))
  return first.filter((id) => others.every((ids) => ids.includes(id)))
}

/** Those that were merged into theirs among them. */
export const recordsOf = async ({ pool }: House, patients: readonly string[] | undefined): Promise<readonly string[] | undefined> =>
  patients && withMerged(pool, patients)
