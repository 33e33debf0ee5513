/**
 * The answers of `$hold`, `$book` and their kin, in the two shapes of docs/operations.md.
 */
import type { Issue } from '../base/fault.ts'
import { heldUntil } from '../booking/cancel.ts'
import { extensionsIn } from '../booking/record-extensions.ts'
import { bundle, searchEntry } from '../fhir/bundle.ts'
import { allOk, operationOutcome } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { Resource } from '../fhir/resource.ts'
import { originatingAppointmentUrl } from '../scheduling/recurrence-template.ts'
import type { House } from '../store/house.ts'
import type { Done } from './once.ts'

/** `Expires` is an HTTP-date, RFC 9110 5.3. */
function expiresOf(text: string): Readonly<Record<string, string>> | undefined {
  if (!text.includes('held-until')) return undefined
  const until = heldUntil(JSON.parse(text) as Resource)
  return until === undefined ? undefined : { expires: new Date(until).toUTCString() }
}

/** 201 with `Location`, the Appointment. */
export const createdReply = ({ id, version, text }: Done): Reply => ({
  status: 201,
  body: text,
  version,
  location: `Appointment/${id}/_history/${version}`,
  headers: expiresOf(text),
})

/** 200 with the Appointment. */
export const changedReply = ({ version, text }: Done): Reply => ({ status: 200, body: text, version })

/** A series: 200, Bundle of all its visits and an OperationOutcome that says what was left out. Else as `single`. */
export const seriesOr =
  (house: House, said: string, single: (done: Done) => Reply) =>
  (done: Done): Reply => {
    if (!done.series) return single(done)
    const summary: Issue = { severity: 'information', code: 'informational', diagnostics: `${said} Visits: ${done.series.length}.` }
    const leftOut = (done.leftOut ?? []).map((issue): Issue => ({ ...issue, severity: 'warning' }))
    const outcome = JSON.stringify(operationOutcome([summary, ...leftOut]))
    return {
      status: 200,
      body: bundle(
        'searchset',
        [{ relation: 'self', url: `${house.base}/Appointment?originating-appointment=Appointment/${originatingOf(done)}` }],
        [
          ...done.series.map(({ id, text }) => searchEntry(house.base, 'Appointment', id, text, 'match')),
          searchEntry('', '', undefined, outcome, 'outcome'),
        ],
        done.series.length,
      ),
      headers: expiresOf(done.text),
    }
  }

/** 200, Bundle (searchset, total) of the Appointment and an OperationOutcome entry. */
export const bundleReply =
  (house: House, said: string) =>
  ({ id, text }: Done): Reply => ({
    status: 200,
    body: bundle(
      'searchset',
      [{ relation: 'self', url: `${house.base}/Appointment/${id}` }],
      [searchEntry(house.base, 'Appointment', id, text, 'match'), searchEntry('', '', undefined, JSON.stringify(allOk(said)), 'outcome')],
      1,
    ),
    headers: expiresOf(text),
  })

/** The id of the visit that carries the series' template. */
function originatingOf({ id, text }: Done): string {
  const said = extensionsIn(JSON.parse(text) as Resource).find(({ url }) => url === originatingAppointmentUrl)
  const { reference = '' } = (said?.valueReference ?? {}) as { reference?: string }
  return reference.split('/').at(-1) || id
}
