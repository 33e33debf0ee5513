/**
 * `$hold`: a time kept for somebody until they book it or the hold runs out by itself.
 * Argonaut, IHE ITI-116. OperationDefinition: fhir-profiles/OperationDefinition-hold.json
 */
import type { Actor } from '../access/actor.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { inDialect } from './in-dialect.ts'
import { takeTime, takeVisit } from './take-visit.ts'

export const hold = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  inDialect(request, () => takeVisit(house, actor, request, 'The time is held.', (taking) => takeTime(taking, true)), true)
