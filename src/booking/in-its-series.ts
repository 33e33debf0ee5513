/**
 * A visit that replaces one of a series takes its place there, so that whoever moves or cancels the rest means it too.
 */
import type { Resource } from '../fhir/resource.ts'
import { occurrenceChangedUrl, originatingAppointmentUrl, recurrenceIdUrl } from '../scheduling/recurrence-template.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import type { BookInput } from './new-visit.ts'
import { extensionsIn } from './record-extensions.ts'

export async function inItsSeries(house: House, input: BookInput, replaced: string): Promise<BookInput> {
  const row = await currentResource(house.pool, 'Appointment', replaced)
  const said = extensionsIn(row?.body ? (JSON.parse(row.body) as Resource) : undefined)
  const number = said.find(({ url }) => url === recurrenceIdUrl)
  if (!number) return input
  // The one that it replaces keeps the template, also where it was the first.
  const first = { url: originatingAppointmentUrl, valueReference: { reference: `Appointment/${replaced}` } }
  const originating = said.find(({ url }) => url === originatingAppointmentUrl) ?? first
  const extension = [...extensionsIn(input.proposal), originating, number, { url: occurrenceChangedUrl, valueBoolean: true }]
  return { ...input, proposal: { ...input.proposal, resourceType: 'Appointment', extension } }
}
