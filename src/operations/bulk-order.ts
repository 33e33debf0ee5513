/**
 * The order of an export or an import as it is given: who gives it and when, and the answer that it is under way.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-kick-off-request
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { allOk } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { actorText } from './bulk-owner.ts'

/** Its own id, and what both keep of it. */
export const bulkOrder = (house: House, actor: Actor, { url }: FhirRequest) => ({
  id: house.ids.next(),
  at: house.clock.now().toISOString(),
  client: actor.client,
  actor: actorText(actor),
  request: `${house.base}/${url}`,
})

type Kind = 'export' | 'import'

export const tooManyUnderWay = (kind: Kind, max: number): Error =>
  fault('throttled', `You have ${max} ${kind}s under way. Wait for one of them, or delete it.`)

export const underWay = (house: House, kind: Kind, id: string): Reply => ({
  status: 202,
  body: JSON.stringify(allOk(`The ${kind} is under way: ask at Content-Location how far it is.`)),
  headers: { 'Content-Location': `${house.base}/bulk-${kind}/${id}` },
})
