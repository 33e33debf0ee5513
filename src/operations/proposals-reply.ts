/**
 * The answer of `$book` to a series that clashes, with `on-clash` `propose`: a Parameters with the reasons (`outcome`) and, for
 * each visit that cannot be had, a `clash` with up to three `occurrence`s. One `occurrence` of each, sent with the same request
 * again, books the series whole. Nothing is booked or held.
 */
import type { Issue } from '../base/fault.ts'
import type { SeriesClashing } from '../booking/series/book-series.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import { instantOf } from '../fhir/resource.ts'

const nothing: Issue = {
  severity: 'information',
  code: 'informational',
  diagnostics: 'Nothing is booked. Send the series again with one occurrence of each clash.',
}

export function proposalsReply({ proposals }: SeriesClashing): Reply {
  const outcome = operationOutcome([nothing, ...proposals.map(({ issue }): Issue => ({ ...issue, severity: 'warning' }))])
  const clashes = proposals.map(({ recurrenceId, start, times }) => ({
    name: 'clash',
    part: [
      { name: 'recurrence-id', valuePositiveInt: recurrenceId },
      { name: 'start', valueInstant: instantOf(start) },
      ...times.map((time) => ({
        name: 'occurrence',
        part: [
          { name: 'recurrence-id', valuePositiveInt: recurrenceId },
          { name: 'slot', valueReference: { reference: time.slot } },
          { name: 'start', valueInstant: time.start },
          { name: 'end', valueInstant: time.end },
        ],
      })),
    ],
  }))
  const body = { resourceType: 'Parameters', parameter: [{ name: 'outcome', resource: outcome }, ...clashes] }
  return { status: 200, body: JSON.stringify(body) }
}
