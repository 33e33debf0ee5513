/**
 * `Patient/{id}/$statistics`: how a patient's visits have gone, counted as they stand: visits, missed ones, cancellations.
 * For staff, and for the patient themself. OperationDefinition: fhir-profiles/OperationDefinition-statistics.json
 * Left out: what it means for the next booking. A clinic's `rule` may say that.
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { lateCancellationUrl, movedUrl, replacesUrl } from '../booking/record-extensions.ts'
import { inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { type PatientStatistics, patientStatistics } from '../store/patient-statistics.ts'
import { instantAsked } from './asked-instant.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['start', 'end'])

export async function statistics(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  assertMayCount(actor, id)
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const asked = {
    // Whom a Consent keeps is counted as one who is not there is, so that it takes no less time either.
    patient: actor.keptFrom?.includes(id) ? '' : id,
    from: instantAsked(inputs, 'start', 'lower'),
    until: instantAsked(inputs, 'end', 'upper'),
    now: house.clock.now().toISOString(),
    said: { moved: movedUrl, late: lateCancellationUrl, replaces: replacesUrl },
  }
  const counted = await patientStatistics(house.pool, asked, auditOf(house, actor, 'statistics'))
  if (!counted) throw unknown(id)
  if (counted.deleted) throw fault('gone', `Patient/${id} was deleted.`)
  return { status: 200, body: JSON.stringify({ resourceType: 'Parameters', parameter: parametersOf(id, counted) }) }
}

const unknown = (id: string): Error => fault('not-found', `There is no Patient/${id.slice(0, 64)}.`)

/** What is counted are Appointments: whoever may search only some of them cannot be told how many there are. */
function assertMayCount(actor: Actor, id: string): void {
  for (const permission of [mayWhole(actor, 's', 'Appointment'), mayWhole(actor, 'r', 'Patient')]) {
    if (!permission.allowed)
      throw fault(
        'forbidden',
        "The token's scopes do not allow this: it takes one that may read the Patient and search all their Appointments.",
      )
    if (permission.patient !== undefined && permission.patient !== id) throw unknown(id)
  }
}

function parametersOf(id: string, counted: PatientStatistics): object[] {
  const count = (name: string, value: number): object => ({ name, valueUnsignedInt: value })
  const day = (name: string, at: Date | null): object[] => (at ? [{ name, valueInstant: at.toISOString() }] : [])
  return [
    { name: 'patient', valueReference: { reference: `Patient/${id}` } },
    count('visits', counted.visits),
    count('no-shows', counted.noShows),
    count('cancellations', counted.cancellations),
    count('late-cancellations', counted.lateCancellations),
    count('rescheduled', counted.rescheduled),
    count('upcoming', counted.upcoming),
    count('unresolved', counted.unresolved),
    ...day('first-visit', counted.firstVisit),
    ...day('last-visit', counted.lastVisit),
    ...day('next-visit', counted.nextVisit),
  ]
}
