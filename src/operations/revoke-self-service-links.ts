/**
 * `Appointment/{id}/$revoke-self-service-links`: links to this visit open nothing any more, all of them or one.
 * OperationDefinition: fhir-profiles/OperationDefinition-revoke-self-service-links.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { patientIds } from '../booking/participants.ts'
import { firstOf, inputsOf, textIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { revokeLinks } from '../store/self-service-links.ts'
import { assertStaff, visitFor } from './self-service-link.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['link'])

export async function revokeSelfServiceLinks(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertStaff(actor)
  const { id = '' } = request
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const link = firstOf(inputs, 'link')
  const patients = patientIds(await visitFor(house, actor, id), house.base)
  const asked = { appointment: id, patients, id: link && textIn(link), at: house.clock.now().toISOString() }
  const revoked = await revokeLinks(house.pool, asked, auditOf(house, actor, 'self-service-link'))
  const parameter = [{ name: 'revoked', valueUnsignedInt: revoked }]
  return { status: 200, body: JSON.stringify({ resourceType: 'Parameters', parameter }) }
}
