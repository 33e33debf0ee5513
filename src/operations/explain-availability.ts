/**
 * `$explain-availability` at `Slot` and `Schedule/{id}`: why a time is offered, or is not.
 * OperationDefinition: fhir-profiles/OperationDefinition-explain-availability.json
 * Of others' visits it says that there is one; which one, to those alone who may search all Appointments.
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { explainDaysMax } from '../base/limits.ts'
import { type ExplainedSchedule, explainTime } from '../booking/explain-time.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, instantIn, tokensIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { auditAppointments } from '../store/time-stand.ts'
import { minutesAsked } from './asked-minutes.ts'
import { explainedParameters } from './explained-parameters.ts'
import { assertInReach, idNamedBy } from './named-resources.ts'
import { assertKnown } from './unknown-parameters.ts'
import { assertMayFind, isNarrow } from './within-scopes.ts'

const known: ReadonlySet<string> = new Set([
  'start',
  'end',
  'slot',
  'schedule',
  'patient',
  'healthcare-service',
  'service-type',
  'duration',
])

export async function explainAvailability(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const ofPatient = assertMayFind(actor)
  if (isNarrow(actor)) throw fault('forbidden', 'A scope with a search in it explains no times: ask for one without.')
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const { schedule, from, until } = await timeAsked(house, actor, inputs, request)
  await assertInReach(house, actor, 'Schedule', schedule, 'schedule')
  const view = viewOf(actor)
  const named = firstOf(inputs, 'patient')
  const asked = named ? await idNamedBy(house, actor, named, 'Patient') : actor.patient
  const patient = asked !== undefined && view.knows(asked) ? asked : undefined
  const explained = await explainTime(house, {
    ...{ schedule, from, until, patient },
    online: ofPatient || actor.patient !== undefined,
    minutes: minutesAsked(inputs),
    service: {
      reference: serviceIn(house, inputs),
      types: allOf(inputs, 'service-type').flatMap(tokensIn),
    },
  })
  await audited(house, actor, explained, { all: view.all, patient })
  const body = explainedParameters(explained, { holders: view.all, unknown: inputs.unknown })
  return { status: 200, body: JSON.stringify(body) }
}

/** Which visits the caller may know of: all, or those of one patient. */
function viewOf(actor: Actor): { readonly all: boolean; readonly knows: (patient: string) => boolean } {
  const permission = mayWhole(actor, 's', 'Appointment')
  if (!permission.allowed) return { all: false, knows: () => false }
  const { patient } = permission
  return {
    // Who has a time is told where nobody's is kept.
    all: patient === undefined && actor.patient === undefined && actor.keptFrom === undefined,
    knows: (one) => (patient === undefined || patient === one) && !actor.keptFrom?.includes(one),
  }
}

async function timeAsked(
  house: House,
  actor: Actor,
  inputs: Inputs,
  request: FhirRequest,
): Promise<{ schedule: string; from: number; until?: number }> {
  const [slot, start, end, named] = ['slot', 'start', 'end', 'schedule'].map((name) => firstOf(inputs, name))
  const schedule = request.type === 'Schedule' ? request.id : named && (await idNamedBy(house, actor, named, 'Schedule'))
  if (slot) return slotAsked(house, idIn(slot, 'Slot', house.base), schedule)
  if (schedule === undefined) throw fault('required', 'Say which time: a slot, or a schedule and a start.', 'schedule')
  if (!start) throw fault('required', 'Say which time: a slot, or a start.', 'start')
  const from = instantIn(start)
  if (!end) return { schedule, from }
  const until = instantIn(end)
  if (until <= from) throw fault('value', 'The end of the span must be after its start.', 'end')
  if (until - from > explainDaysMax * dayMs) throw fault('too-costly', `Ask for at most ${explainDaysMax} days at once.`, 'end')
  return { schedule, from, until }
}

async function slotAsked(house: House, id: string, schedule: string | undefined): Promise<{ schedule: string; from: number }> {
  const [slot] = await namedSlots(house.pool, [id])
  if (!slot) throw fault('not-found', `There is no Slot/${id}.`, 'slot')
  if (schedule !== undefined && schedule !== slot.schedule) throw fault('value', `Slot/${id} is of another Schedule.`, 'slot')
  return { schedule: slot.schedule, from: slot.starts.getTime() }
}

function serviceIn(house: House, inputs: Inputs): string | undefined {
  const reference = firstOf(inputs, 'healthcare-service')
  return reference && `HealthcareService/${idIn(reference, 'HealthcareService', house.base)}`
}

/** Before it is shown: whose visits are named, and whose were looked at. */
async function audited(
  house: House,
  actor: Actor,
  { plan, times }: ExplainedSchedule,
  { all, patient }: { readonly all: boolean; readonly patient?: string },
): Promise<void> {
  const holders = times.flatMap(({ reasons }) => reasons.flatMap(({ holder }) => holder ?? []))
  const appointments = all ? [...new Set(holders)].flatMap((one) => (one.startsWith('Appointment/') ? [one.slice(12)] : [])) : []
  if (appointments.length === 0 && patient === undefined) return
  const shown = { entity: `Schedule/${plan.schedule}`, appointments, patients: patient === undefined ? [] : [patient] }
  await auditAppointments(house.pool, auditOf(house, actor, 'explain-availability'), shown)
}
