/**
 * `Appointment/$find`: free times as proposed Appointments, whose ids `$hold` and `$book` take.
 * Argonaut, IHE ITI-115. OperationDefinition: fhir-profiles/OperationDefinition-find.json
 *
 * `total` is what this answer holds: IHE wants it said, and how many free times there are in all nobody counts.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import type { Found } from '../booking/find.ts'
import { findTimes } from '../booking/find-times.ts'
import { findSeries } from '../booking/series/find-series.ts'
import { bundle, searchEntry } from '../fhir/bundle.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { visitAppointment } from '../scheduling/appointment.ts'
import type { House } from '../store/house.ts'
import { type Proposal, saveProposals } from '../store/proposals.ts'
import { type Criteria, criteriaOf, findParameters } from './find-criteria.ts'
import { remarksOn } from './find-slots.ts'
import { saidOf } from './said-of-visit.ts'
import { seriesWanted } from './series-wanted.ts'
import { assertMayFind, foundWithin } from './within-scopes.ts'

const parameters: ReadonlySet<string> = new Set([...findParameters, 'appointment-resource', 'on-clash'])

/** A proposal can be taken for this long; the time itself is not kept free meanwhile. */
const proposalMinutes = 30

export async function find(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const criteria = await criteriaOf(house, actor, request, assertMayFind(actor), parameters)
  const series = await seriesWanted(house, actor, criteria)
  const { patients } = criteria
  const said: Resource = { resourceType: 'Appointment', ...saidOf(house, criteria.inputs, criteria.referral?.reference) }
  const { found: all, more } = series
    ? await findSeries(house, series.query, series)
    : await findTimes(house, criteria.query, criteria.groups)
  const found = await foundWithin(house, actor, all)
  const at = house.clock.now()
  const words = (one: (typeof all)[number]): Resource => (series ? { ...said, extension: [series.templateOf(one)] } : said)
  const proposals = found.map((one) => proposalFor(house, one, criteria, words(one), at))
  const expires = new Date(at.getTime() + proposalMinutes * 60_000).toISOString()
  if (proposals.length > 0) await saveProposals(house.pool, proposals, { expires, patients, audit: auditOf(house, actor, 'find') })
  const entries = proposals.map(({ id, body }) => searchEntry(house.base, 'Appointment', id, body, 'match'))
  const count = `${entries.length} proposals${more ? '; there are more' : ''}`
  const outcome = operationOutcome([{ severity: 'information', code: 'informational', diagnostics: count }])
  const remarks = [searchEntry('', '', undefined, JSON.stringify(outcome), 'outcome'), ...remarksOn({ unknown: criteria.unknown }, 1)]
  return {
    status: 200,
    body: bundle('searchset', [{ relation: 'self', url: `${house.base}/Appointment/$find` }], [...entries, ...remarks], entries.length),
  }
}

/** The id is new each time and cannot be guessed: who has it was shown the proposal. */
function proposalFor(house: House, { visit, plan, service }: Found, { window, patients }: Criteria, said: Resource, at: Date): Proposal {
  const minutes = Math.round((visit.end - visit.start) / 60_000)
  const id = house.ids.next()
  const appointment = visitAppointment({
    plan,
    service,
    patients: patients.map((patient) => ({ reference: `Patient/${patient}` })),
    start: visit.start,
    end: visit.end,
    slots: visit.slots.map((slot) => slot.id),
    status: 'proposed',
    created: at.toISOString(),
    proposal: said,
  })
  const body = JSON.stringify({
    ...appointment,
    id,
    requestedPeriod: [{ start: instantOf(window.start), end: instantOf(window.end) }],
  })
  return { id, slot: visit.slot.id, body, minutes, service: service?.reference ?? null, patient: patients[0] ?? null }
}
