/**
 * How long an Appointment says that it takes: from its start to its end.
 */
import type { Resource } from '../fhir/resource.ts'

/** In minutes; undefined where it does not say both. */
export function visitLength(visit: Resource | undefined): number | undefined {
  if (typeof visit?.start !== 'string' || typeof visit.end !== 'string') return undefined
  return (Date.parse(visit.end) - Date.parse(visit.start)) / 60_000
}
