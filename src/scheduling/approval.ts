/**
 * A booking that the clinic answers before it stands: `approvalRequired` of a booking-policy. The extension `approval` on the
 * Appointment says `required` as long as the time is only held, and `requested` once it was booked and waits for the answer.
 * https://hl7.org/fhir/R4/appointmentresponse.html
 * Left out: the answer itself (`appointment-response.ts`).
 */
import type { Resource } from '../fhir/resource.ts'
import type { BookingPolicy } from './booking-policy.ts'
import { elementsIn } from './element.ts'
import { approvalUrl } from './extension-parts.ts'

export type Approval = 'required' | 'requested'

export function approvalOf({ extension }: Resource): Approval | undefined {
  const code = elementsIn(extension).find(({ url }) => url === approvalUrl)?.valueCode
  return code === 'required' || code === 'requested' ? code : undefined
}

/** Booked, as far as its patient can: it keeps its time until the clinic has answered. */
export const awaitsApproval = (visit: Resource): boolean => visit.status === 'pending' && approvalOf(visit) === 'requested'

/** The end of a time that is kept until somebody answers: no sweep ever reaches it. As Unix milliseconds. */
export const untilAnswered = Date.parse('9999-12-31T00:00:00Z')

/** When a request that is made now lapses; undefined: it waits as long as it takes. */
export const answerDue = ({ approvalHours }: BookingPolicy, now: number): number | undefined =>
  approvalHours === undefined ? undefined : now + approvalHours * 3_600_000
