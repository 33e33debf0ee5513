/**
 * `$book`: that time is now theirs. From a Slot, a proposal, a hold, or an Appointment that says which time; with
 * `cancelled-appt-id` an atomic reschedule. Argonaut, IHE ITI-117, ISiK.
 * OperationDefinition: fhir-profiles/OperationDefinition-book.json
 */
import type { Actor } from '../access/actor.ts'
import { deleted } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { bookStored } from './book-stored.ts'
import { inDialect } from './in-dialect.ts'
import { isHidden } from './may-change.ts'
import { type Taken, type Taking, takeTime, takeVisit } from './take-visit.ts'

export const book = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  inDialect(request, () => takeVisit(house, actor, request, 'The visit is booked.', bookWhatIsAsked), false)

async function bookWhatIsAsked(taking: Taking): Promise<Taken> {
  const { asked, house } = taking
  const id = asked.appointment ?? asked.resource?.id
  const stored = id === undefined ? undefined : await currentResource(house.pool, 'Appointment', id)
  if (id === undefined || !stored || isHidden(house, taking.actor, stored.body)) return takeTime(taking, false)
  if (stored.body === null) throw deleted(`Appointment/${id}`, 'appt-id')
  return bookStored(taking, id, JSON.parse(stored.body) as Resource)
}
