/**
 * `$book`: that time is now theirs. From a Slot, a proposal, a hold, or an Appointment that says which time; with
 * `cancelled-appt-id` an atomic reschedule. Argonaut, IHE ITI-117, ISiK.
 * OperationDefinition: fhir-profiles/OperationDefinition-book.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { confirmHold } from '../booking/confirm-hold.ts'
import { patientsNamed } from '../booking/participants.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { assertMayChange } from './may-change.ts'
import type { Done } from './once.ts'
import { inDialect } from './refusal.ts'
import { replacement, type Taking, takeTime, takeVisit } from './take-visit.ts'

export const book = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  inDialect(request, () => takeVisit(house, actor, request, 'The visit is booked.', bookWhatIsAsked))

async function bookWhatIsAsked(taking: Taking): Promise<Done> {
  const { asked, house } = taking
  const known =
    asked.appointment ?? (asked.resource?.id !== undefined && (await isStored(house, asked.resource.id)) ? asked.resource.id : undefined)
  if (known === undefined || !(await isStored(house, known))) return takeTime(taking, false)
  return changeStored(taking, known)
}

const isStored = async (house: House, id: string): Promise<boolean> => (await currentResource(house.pool, 'Appointment', id)) !== undefined

/** IHE ITI-117: an Appointment that is there is confirmed, or cancelled where the one sent says so. */
async function changeStored({ house, actor, asked, once }: Taking, id: string): Promise<Done> {
  const assertMay = assertMayChange(house, actor)
  const status = asked.resource?.status
  if (status === 'cancelled')
    return cancelVisit(house, { id, audit: auditOf(house, actor, 'cancel'), assertMay, once, comment: asked.comment })
  if (status === 'booked')
    throw fault('business-rule', 'To move a visit, book the new time with cancelled-appt-id, or PUT the Appointment.', 'Appointment.status')
  return confirmHold(house, {
    id,
    comment: asked.comment,
    replaces: asked.replaces === undefined ? undefined : replacement(house, actor, asked.replaces),
    audit: auditOf(house, actor, 'book'),
    once,
    assertMay: (held) => {
      assertMay(held)
      assertSamePatient(held, asked.patient, house.base)
    },
  })
}

function assertSamePatient(held: Resource, patient: string | undefined, base: string): void {
  if (patient === undefined || patientsNamed(held, base).includes(`Patient/${patient}`)) return
  throw fault('business-rule', 'The time is held for another patient: hold or book one for this patient.', 'patient')
}
