/** What the checks of all dialects need, ask and hold refusals against. */
import type { Answer, Loose } from './client.ts'
import { type Clinic, clinicIsKept, parameters, proposals, reference, visit } from './clinic.ts'
import { hold, status } from './expect.ts'
import { operates } from './needs.ts'
import type { Site } from './site.ts'

export const finds = [clinicIsKept, operates('Appointment', 'find')]
export const books = [...finds, operates('Appointment', 'book')]
export const holds = [...books, operates('Appointment', 'hold')]

export const times = ({ start, end }: Clinic) => ({ start: { valueDateTime: start }, end: { valueDateTime: end } })
export const starts = (found: readonly Loose[]): number[] => found.map(({ start }) => Date.parse(start))
export const slotStarts = ({ slots }: Clinic): number[] => starts(slots)

/** As IHE asks, by POST. */
export const found = async (site: Site, place: Clinic, more: Readonly<Record<string, object>> = {}): Promise<Loose[]> =>
  proposals(
    await site.post(
      'Appointment/$find',
      parameters({ ...times(place), practitioner: reference(`Practitioner/${place.practitioner}`), ...more }),
    ),
    '$find',
  )

export const wanted = (place: Clinic, slot: Loose, who: string): Readonly<Record<string, object>> => ({
  'appt-resource': { resource: visit(place, slot, who, 'proposed', 'needs-action') },
})

/** Refused with a status that says so, and an OperationOutcome, in a Bundle or by itself. */
export function turnedDown(answer: Answer, wantedStatus: number | readonly number[], what: string): void {
  status(answer, wantedStatus, what)
  const said = [answer.json, ...(answer.json?.entry ?? []).map(({ resource }: Loose) => resource)]
  hold(
    said.some((one: Loose) => one?.resourceType === 'OperationOutcome' && one.issue?.length > 0),
    `${what}: no OperationOutcome`,
  )
}
