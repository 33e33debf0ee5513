/**
 * What `$book` is asked of a series: the Appointment's `recurrenceTemplate`, what is done where visits clash, and those that
 * shall stand elsewhere. CONTRACT §4 and docs/booking.md
 */
import { fault } from '../base/fault.ts'
import { extensionsIn } from '../booking/record-extensions.ts'
import type { SeriesInput } from '../booking/series-visits.ts'
import { allOf, firstOf, type Inputs, idIn, type Parameter, textIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { Resource } from '../fhir/resource.ts'
import { recurrenceTemplate, recurrenceTemplateUrl } from '../scheduling/recurrence-template.ts'

export type SeriesAsked = Pick<SeriesInput, 'template' | 'recurrence' | 'skip' | 'elsewhere'>

/** Undefined: one visit is asked for. */
export function seriesIn(inputs: Inputs, resource: Resource | undefined, base: string): SeriesAsked | undefined {
  const template = resource && recurrenceTemplate(resource)
  const recurrence = extensionsIn(resource).find(({ url }) => url === recurrenceTemplateUrl)
  if (!template || !recurrence) {
    assertOneVisit(inputs)
    return undefined
  }
  return { template, recurrence, skip: skipsClashes(inputs), elsewhere: elsewhereIn(inputs, base) }
}

/** Somebody who means a series shall not get its first visit alone. */
function assertOneVisit(inputs: Inputs): void {
  const name = ['on-clash', 'occurrence'].find((one) => inputs.byName.has(one))
  if (name !== undefined)
    throw fault(
      'required',
      `${name} is about a series: send an Appointment with the extension recurrenceTemplate.`,
      'Appointment.extension',
    )
}

function skipsClashes(inputs: Inputs): boolean {
  const asked = firstOf(inputs, 'on-clash')
  const manner = asked ? textIn(asked) : 'refuse'
  if (manner === 'refuse' || manner === 'skip') return manner === 'skip'
  throw fault('value', 'on-clash is refuse (all visits or none) or skip (those that can be had).', 'on-clash')
}

function elsewhereIn(inputs: Inputs, base: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const { parts = [] } of allOf(inputs, 'occurrence')) {
    const [id, slot] = [partNamed(parts, 'recurrence-id'), partNamed(parts, 'slot')]
    if (!id || !slot) throw fault('required', 'An occurrence has the parts recurrence-id and slot.', 'occurrence')
    const number = wholeNumberIn(id, Number.MAX_SAFE_INTEGER)
    if (found.has(number)) throw fault('value', `Visit ${number} of the series is named twice.`, 'occurrence')
    found.set(number, idIn(slot, 'Slot', base))
  }
  return found
}

const partNamed = (parts: readonly Parameter[], wanted: string): Parameter | undefined => parts.find(({ name }) => name === wanted)
