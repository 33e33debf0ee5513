/**
 * A visit that replaces one of a series takes its place there, so that whoever moves or cancels the rest means it too.
 */
import type { Resource } from '../../fhir/resource.ts'
import { occurrenceChangedUrl, originatingAppointmentUrl, recurrenceIdUrl } from '../../scheduling/recurrence-template.ts'
import type { Db } from '../../store/db.ts'
import { currentResource } from '../../store/resources.ts'
import { type Extension, extensionsIn } from '../record-extensions.ts'

/** What a visit says that takes the place of this one; nothing where it is of no series. */
export async function placeInSeries(db: Db, replaced: string): Promise<Extension[]> {
  const row = await currentResource(db, 'Appointment', replaced)
  const said = extensionsIn(row?.body ? (JSON.parse(row.body) as Resource) : undefined)
  const number = said.find(({ url }) => url === recurrenceIdUrl)
  if (!number) return []
  // The one that it replaces keeps the template, also where it was the first.
  const first = { url: originatingAppointmentUrl, valueReference: { reference: `Appointment/${replaced}` } }
  const originating = said.find(({ url }) => url === originatingAppointmentUrl) ?? first
  return [originating, number, { url: occurrenceChangedUrl, valueBoolean: true }]
}
