/**
 * Time off: `StructureDefinition/not-available` (docs/time.md) of Schedule, Location, Practitioner and Organization, and
 * R4's own `notAvailable` of PractitionerRole and HealthcareService, as closures between two instants.
 * A date without a time is that whole local day, at the end of a Period too; a side left open never ends.
 * https://hl7.org/fhir/R4/datatypes.html#Period
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { spanOf } from '../fhir/date-time.ts'
import type { Resource } from '../fhir/resource.ts'
import { elementsIn, isElement } from './element.ts'
import { extensionsOf, notAvailableUrl, only, type Part, type Period, partsOf, readPeriod, readText } from './extension-parts.ts'
import { instantOnDay } from './local-time.ts'
import { nameOf } from './plan-parts.ts'

/** Instants in ISO 8601, half-open. */
export type Closure = {
  readonly start: string
  readonly end: string
  readonly description?: string
  /** The resource that says so, `Practitioner/1`: for whoever asks why. */
  readonly source?: string
}

/** What stands for a Period's open side. */
export const longAgo = '0001-01-01T00:00:00.000Z'
export const farAway = '9999-12-31T00:00:00.000Z'

/** One end of a Period as an instant; of a date, the local midnight before it (`lower`) or after it (`upper`). */
export function periodEdge(zone: string, text: string, edge: 'lower' | 'upper', path?: string): string {
  const span = spanOf(text)
  if (!span) throw fault('value', 'A Period is between two dates or times, such as 2026-12-24 and 2026-12-26.', path)
  // A time is the instant itself; only a date stands for a span that the clinic's own midnights bound.
  const at = text.includes('T') ? span.lower : instantOnDay(zone, span[edge] / dayMs, 0)
  return new Date(Math.min(Math.max(at, Date.parse(longAgo)), Date.parse(farAway))).toISOString()
}

function closure(zone: string, period: Period, path: string, description: string | undefined): Closure {
  return {
    start: period.start === undefined ? longAgo : periodEdge(zone, period.start, 'lower', path),
    end: period.end === undefined ? farAway : periodEdge(zone, period.end, 'upper', path),
    ...(description !== undefined && { description }),
  }
}

function readNotAvailable(zone: string, whole: Part): Closure {
  const parts = partsOf(whole, ['during', 'description', 'uid'])
  const [during, description] = [only(parts, 'during'), only(parts, 'description')]
  if (!during) throw fault('value', 'not-available needs a during.', whole.path)
  return closure(zone, readPeriod(during), during.path, description && readText(description))
}

/** R4's element; one that names no period (it is 0..1) closes nothing, since nobody can tell when. */
function ownNotAvailable(zone: string, resource: Resource): Closure[] {
  return elementsIn(resource.notAvailable).flatMap(({ during, description }, index) =>
    isElement(during) && (typeof during.start === 'string' || typeof during.end === 'string')
      ? [
          closure(
            zone,
            during as Period,
            `${resource.resourceType}.notAvailable[${index}].during`,
            typeof description === 'string' ? description : undefined,
          ),
        ]
      : [],
  )
}

/** When this resource says that it is not there; dates are read in `zone`. */
export const closuresOf = (resource: Resource, zone: string): Closure[] =>
  [...extensionsOf(resource, notAvailableUrl).map((whole) => readNotAvailable(zone, whole)), ...ownNotAvailable(zone, resource)].map(
    (one) => ({ ...one, source: nameOf(resource) }),
  )
