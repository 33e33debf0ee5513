/**
 * `Schedule/{id}/$preview-change`: what a new rule or time off would do, before anybody writes it. Nothing is written.
 * OperationDefinition: fhir-profiles/OperationDefinition-preview-change.json
 * Shows visits of all patients, so it takes a scope that searches all of them.
 */
import type { Actor } from '../access/actor.ts'
import { isKeptFrom } from '../access/compartment.ts'
import { isMasked } from '../access/masking.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { deleted, fault } from '../base/fault.ts'
import { proposedVisitsMax } from '../base/limits.ts'
import { previewChange } from '../booking/preview-change.ts'
import { proposeTimes } from '../booking/propose-times.ts'
import { allOf, booleanIn, firstOf, type Inputs, inputsOf, type Parameter } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import { notAvailableUrl } from '../scheduling/extension-parts.ts'
import { checkSchedulingExtensions } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { auditAppointments } from '../store/time-stand.ts'
import { previewParameters } from './preview-parameters.ts'
import { reasonIn } from './said-of-visit.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['schedule', 'not-available', 'propose', 'reason'])

export async function previewOfChange(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  for (const type of ['Schedule', 'Appointment']) assertSeesAll(actor, type)
  const inputs = inputsOf(request, known, { type: 'Schedule', name: 'schedule' })
  assertKnown(inputs, request)
  const changed = await changedSchedule(house, actor, inputs, request.id ?? '')
  const whole = await previewChange(house, changed)
  const isShown = (body: string) => !isKeptFrom(house.definitions, actor, JSON.parse(body) as Resource, house.base)
  const preview = actor.keptFrom ? { ...whole, orphans: whole.orphans.filter(({ visit }) => isShown(visit.body)) } : whole
  const propose = firstOf(inputs, 'propose')
  const wanted = propose !== undefined && booleanIn(propose)
  const asked = wanted ? preview.orphans.slice(0, proposedVisitsMax).map(({ visit }) => visit) : []
  const isMaskedAt = preview.orphans.map(({ visit }) => actor.masking && isMasked(actor, JSON.parse(visit.body) as Resource, house.base))
  const proposed = await proposeTimes(house, preview.after, asked, preview.slots.going)
  // Why it is orphaned, and where else it could be, tells what it is for.
  const proposals = proposed.map((times, at) => (isMaskedAt[at] ? [] : times))
  const orphans = preview.orphans.map((one, at) => (isMaskedAt[at] ? { ...one, reasons: [] } : one))
  const appointments = preview.orphans.map(({ visit }) => visit.id)
  await auditAppointments(house.pool, auditOf(house, actor, 'preview-change'), {
    entity: `Schedule/${changed.id}`,
    appointments,
    patients: [],
  })
  const reason = reasonIn(house, inputs)
  const body = previewParameters({ ...preview, orphans }, proposals, { reason, unknown: inputs.unknown })
  return { status: 200, body: JSON.stringify(body) }
}

function assertSeesAll(actor: Actor, type: string): void {
  const permission = may(actor, 's', type)
  if (permission.allowed && permission.patient === undefined && !permission.queries) return
  throw fault('forbidden', `To preview a change takes a scope that may search every ${type}.`)
}

/** The Schedule as it would be: the one that was sent, else the stored one, with the time off that was named. */
async function changedSchedule(house: House, actor: Actor, inputs: Inputs, id: string): Promise<Resource> {
  const row = await currentResource(house.pool, 'Schedule', id)
  const isKept = actor.keptFrom && (!row?.body || isKeptFrom(house.definitions, actor, JSON.parse(row.body) as Resource, house.base))
  if (!row || isKept) throw fault('not-found', `There is no Schedule/${id}.`, 'Schedule')
  if (row.body === null) throw deleted(`Schedule/${id}`, 'Schedule')
  const sent = firstOf(inputs, 'schedule')
  const timeOff = allOf(inputs, 'not-available').map(timeOffIn)
  if (!sent && timeOff.length === 0) throw fault('required', 'Say what would change: a Schedule, or a Period not-available.', 'schedule')
  if (sent && !sent.resource) throw fault('value', 'The parameter schedule is the Schedule itself, as a resource.', 'schedule')
  const base = sent?.resource ?? (JSON.parse(row.body) as Resource)
  if (base.id !== undefined && base.id !== id)
    throw fault('value', 'The Schedule that was sent has another id than the address.', 'schedule')
  const extension = [...((base.extension as unknown[] | undefined) ?? []), ...timeOff]
  const changed: Resource = { ...base, id, ...(extension.length > 0 && { extension }) }
  assertValid(house.definitions, changed, 'Schedule')
  checkSchedulingExtensions(changed)
  return changed
}

function timeOffIn({ name, value }: Parameter): object {
  if (typeof value !== 'object' || value === null) throw fault('value', `The parameter ${name} is a Period.`, name)
  return { url: notAvailableUrl, extension: [{ url: 'during', valuePeriod: value }] }
}
