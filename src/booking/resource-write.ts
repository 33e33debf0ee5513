/**
 * A resource that the engine itself has made or changed, as the store writes it: its text, and what search needs of it.
 * Left out: what somebody else sent, whose text is kept to the letter (`write-resource.ts`, `write-appointment.ts`).
 */
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import type { ResourceWrite } from '../store/resources.ts'

export const resourceWrite = (
  { definitions, base }: House,
  resource: Resource,
  { id, ...more }: Pick<ResourceWrite, 'id' | 'at' | 'columns' | 'audit'>,
): ResourceWrite => ({
  ...more,
  type: resource.resourceType,
  id,
  text: JSON.stringify(resource),
  index: indexValues(definitions, resource.id === id ? resource : { ...resource, id }, base),
})
