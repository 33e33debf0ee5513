/**
 * What every interaction and operation looks like from outside: the house, who is asking, what is asked; and an answer
 * that is not HTTP yet. A refusal is a thrown Fault.
 */
import type { Actor } from '../access/actor.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'

export type Desk = (house: House, actor: Actor, request: FhirRequest) => Promise<Reply>
