/**
 * `$book` of an Appointment that is sent with status `cancelled`: IHE ITI-117 cancels so what is stored. Of what is sent it reads
 * why (`cancelationReason`, `comment`); what a parameter asks besides is refused.
 */
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { patientsNamed } from '../booking/participants.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertMayChange, isPatient } from './may-change.ts'
import type { Done } from './once.ts'
import type { Taking } from './take-visit.ts'
import type { VisitRequest } from './visit-request.ts'

export async function cancelStored({ house, actor, asked, once }: Taking, id: string): Promise<Done> {
  const mayChange = assertMayChange(house, actor)
  assertAsksNoMore(asked)
  return cancelVisit(house, {
    id,
    audit: auditOf(house, actor, 'cancel'),
    leaving: { online: isPatient(actor), moving: false },
    assertMay: (visit) => {
      mayChange(visit)
      if (asked.named.has('patient') || asked.named.has('patient-resource')) assertSamePatients(visit, asked, house.base, 'The Appointment')
    },
    once,
    comment: asked.comment ?? (asked.resource?.comment as string | undefined),
    reason: asked.resource?.cancelationReason as Resource | undefined,
  })
}

const read: ReadonlySet<string> = new Set([
  'appointment',
  'appointment-resource',
  'patient',
  'patient-resource',
  'comment',
  'coverage',
  'insurance-reference',
])

function assertAsksNoMore({ named }: VisitRequest): void {
  const more = [...named].find((name) => !read.has(name))
  if (more !== undefined) throw fault('business-rule', `The Appointment is sent to be cancelled: ${more} says nothing of that.`, more)
}

/** Somebody who was sent whole and is not known here is another. */
export function assertSamePatients(held: Resource, { patients, newPatients }: VisitRequest, base: string, what: string): void {
  const named = patientsNamed(held, base)
  if (newPatients.length === 0 && patients.every((patient) => named.includes(`Patient/${patient}`))) return
  throw fault('business-rule', `${what} is for another patient: hold or book a time for this patient.`, 'patient')
}
