/**
 * What `$book` is asked of a series: the Appointment's `recurrenceTemplate`, what is done where visits clash, and those that
 * shall stand elsewhere. docs/booking.md
 */
import { fault } from '../base/fault.ts'
import { extensionsIn } from '../booking/record-extensions.ts'
import { clashManners, type OnClash, type SeriesInput } from '../booking/series/series-visits.ts'
import { allOf, firstOf, type Inputs, idIn, type Parameter, textIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { Resource } from '../fhir/resource.ts'
import { recurrenceTemplate, recurrenceTemplateUrl } from '../scheduling/recurrence-template.ts'

export type SeriesAsked = Pick<SeriesInput, 'template' | 'recurrence'>
/** `named`: one of the parameters that say so. */
export type ClashesAsked = Pick<SeriesInput, 'onClash' | 'elsewhere'> & { readonly named?: string }

/** Undefined: one visit is asked for. */
export function seriesIn(resource: Resource | undefined): SeriesAsked | undefined {
  const template = resource && recurrenceTemplate(resource)
  const recurrence = extensionsIn(resource).find(({ url }) => url === recurrenceTemplateUrl)
  return template && recurrence && { template, recurrence }
}

export const clashesIn = (inputs: Inputs, base: string): ClashesAsked => ({
  onClash: onClashIn(inputs),
  elsewhere: elsewhereIn(inputs, base),
  named: ['on-clash', 'occurrence'].find((one) => inputs.byName.has(one)),
})

/** Somebody who means a series shall not get its first visit alone. */
export function assertOneVisit({ named }: ClashesAsked): void {
  if (named !== undefined)
    throw fault(
      'required',
      `${named} is about a series: send an Appointment with the extension recurrenceTemplate.`,
      'Appointment.extension',
    )
}

function onClashIn(inputs: Inputs): OnClash {
  const asked = firstOf(inputs, 'on-clash')
  const manner = asked ? textIn(asked) : 'refuse'
  const known = clashManners.find((one) => one === manner)
  if (known) return known
  throw fault(
    'value',
    'on-clash is refuse (all visits or none), skip (those that can be had) or propose (none, and other times for those that cannot).',
    'on-clash',
  )
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
