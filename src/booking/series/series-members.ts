/**
 * Which visits of a series a change is about: this one, this and those that follow it in the pattern, or all. Only those
 * still to come: what is over or given up is left as it is.
 */
import { deleted, fault } from '../../base/fault.ts'
import type { Resource } from '../../fhir/resource.ts'
import { originatingAppointmentUrl, recurrenceIdUrl } from '../../scheduling/recurrence-template.ts'
import type { House } from '../../store/house.ts'
import { currentResource } from '../../store/resources.ts'
import { visitsToComeOfSeries } from '../../store/series-members.ts'
import { idNamed } from '../participants.ts'
import { extensionsIn } from '../record-extensions.ts'

export const seriesScopes = ['this', 'this-and-following', 'all'] as const
export type SeriesScope = (typeof seriesScopes)[number]

type Asked = { readonly id: string; readonly assertMay: (appointment: Resource) => void }
type SeriesPart = {
  readonly visit: Resource & { readonly id: string }
  /** The visit that carries the template. */
  readonly first: string
  /** This visit among them, in the order of their times. */
  readonly visits: readonly (Resource & { readonly id: string })[]
}

/** Throws: not-found, gone, business-rule where the visit is of no series. */
export async function seriesPart(house: House, { id, assertMay }: Asked, scope: SeriesScope): Promise<SeriesPart> {
  const row = await currentResource(house.pool, 'Appointment', id)
  if (!row) throw fault('not-found', `There is no Appointment/${id}.`, 'Appointment')
  const visit = { ...(row.body === null ? { resourceType: 'Appointment' } : (JSON.parse(row.body) as Resource)), id }
  assertMay(visit)
  if (row.body === null) throw deleted(`Appointment/${id}`, 'Appointment')
  const number = numberOf(visit)
  if (number === undefined) throw fault('business-rule', 'This visit is of no series: leave scope out, or say this.', 'scope')
  const first = originatingOf(visit, house.base) ?? id
  const bodies = await visitsToComeOfSeries(house.pool, first, house.clock.now().toISOString())
  const others = bodies
    .map((body) => JSON.parse(body) as Resource & { id: string })
    .filter((one) => one.id !== id && reaches(assertMay, one) && (scope === 'all' || (numberOf(one) ?? 0) > number))
  return { visit, first, visits: [visit, ...others].sort(byStart) }
}

const byStart = (a: Resource, b: Resource): number => Date.parse(String(a.start)) - Date.parse(String(b.start))

/** Its number in the series; undefined: it is of none. */
export function numberOf(visit: Resource): number | undefined {
  const said = extensionsIn(visit).find(({ url }) => url === recurrenceIdUrl)?.valuePositiveInt
  return typeof said === 'number' ? said : undefined
}

function originatingOf(visit: Resource, base: string): string | undefined {
  const said = extensionsIn(visit).find(({ url }) => url === originatingAppointmentUrl)?.valueReference as
    | { reference?: string }
    | undefined
  return said?.reference === undefined ? undefined : idNamed(said.reference, 'Appointment', base)
}

/** A visit that somebody may not change is none of theirs, whatever series it says to be of. */
function reaches(assertMay: Asked['assertMay'], visit: Resource): boolean {
  try {
    assertMay(visit)
    return true
  } catch {
    return false
  }
}
