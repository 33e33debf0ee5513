/**
 * The series that `$find` is asked for: an Appointment with `recurrenceTemplate`, of which the free times of the window are
 * the first visit. Everything else that the Appointment says is for `$book`.
 */
import type { Actor } from '../access/actor.ts'
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { horizonDaysMax } from '../base/limits.ts'
import type { Found } from '../booking/find.ts'
import type { FindQuery } from '../booking/find-query.ts'
import type { Extension } from '../booking/record-extensions.ts'
import { templateKept } from '../booking/series/book-series.ts'
import { firstOf } from '../fhir/parameters.ts'
import type { RecurrenceTemplate } from '../scheduling/recurrence-template.ts'
import type { House } from '../store/house.ts'
import { busyTime, type Criteria } from './find-criteria.ts'
import { assertOneVisit, clashesIn, seriesIn } from './series-request.ts'
import { validateProposal } from './validate-proposal.ts'

type SeriesWanted = {
  readonly template: RecurrenceTemplate
  readonly skip: boolean
  readonly query: FindQuery
  /** The template of a series that begins there, without the visits that cannot be had. */
  readonly templateOf: (found: Found & { readonly without?: readonly number[] }) => Extension
}

/** Undefined: one visit is looked for. Throws: required, value, business-rule. */
export async function seriesWanted(
  house: House,
  actor: Actor,
  { inputs, query, groups, patients, window }: Criteria,
): Promise<SeriesWanted | undefined> {
  const resource = firstOf(inputs, 'appointment-resource')?.resource
  if (resource) await validateProposal(house, resource)
  const [series, clashes] = [seriesIn(resource), clashesIn(inputs, house.base)]
  if (!series) {
    assertOneVisit(clashes)
    return undefined
  }
  if (clashes.onClash === 'propose')
    throw fault(
      'value',
      'Other times for single visits are proposed by $book: to look for a series, on-clash is refuse or skip.',
      'on-clash',
    )
  if (groups)
    throw fault('business-rule', 'A series over several actors is booked from its first Slot: it is not looked for.', 'resource-group')
  const until = house.clock.now().getTime() + horizonDaysMax * dayMs
  return {
    template: series.template,
    skip: clashes.onClash === 'skip',
    query: { ...query, busy: query.busy && (await busyTime(house, actor, patients, { start: window.start, end: until })) },
    templateOf: ({ plan, without = [] }) => templateKept(series.recurrence, { zone: series.template.zone ?? plan.zone, without }),
  }
}
