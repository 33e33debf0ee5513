/**
 * What `$preview-change` found, as Parameters: counts of Slots, a part `visit` for each that would be orphaned, and a batch
 * that accepts every first choice, each by itself (https://hl7.org/fhir/R4/http.html#transaction).
 */
import type { Preview } from '../booking/preview-change.ts'
import type { Proposal } from '../booking/propose-times.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import { localText } from '../scheduling/rule-in-words.ts'
import { type Part, reasonParts } from './explained-parameters.ts'

type More = { readonly reason?: Readonly<Record<string, unknown>>; readonly unknown: readonly string[] }

export function previewParameters(
  { after, slots, visits, orphans }: Preview,
  proposals: readonly (readonly Proposal[])[],
  more: More,
): Resource {
  const count = (name: string, valueUnsignedInt: number): Part => ({ name, valueUnsignedInt })
  const moves = orphans.flatMap(({ visit }, at) => {
    const [first] = proposals[at] ?? []
    return first ? [moveEntry(visit.id, first, more.reason)] : []
  })
  return {
    resourceType: 'Parameters',
    parameter: [
      count('slots-added', slots.added),
      count('slots-changed', slots.changed),
      count('slots-removed', slots.removed),
      count('visits', visits),
      count('orphaned', orphans.length),
      ...orphans.map(({ visit, reasons }, at) => ({
        name: 'visit',
        part: [
          reference('appointment', `Appointment/${visit.id}`),
          { name: 'start', valueInstant: instantOf(visit.start) },
          { name: 'end', valueInstant: instantOf(visit.end) },
          { name: 'local', valueString: localText(after.zone, visit.start) },
          ...reasons.map((reason) => ({ name: 'reason', part: reasonParts(reason, true) })),
          ...(proposals[at] ?? []).map((one) => ({ name: 'proposal', part: proposalParts(one) })),
        ],
      })),
      ...(moves.length > 0 ? [{ name: 'accept-all', resource: { resourceType: 'Bundle', type: 'batch', entry: moves } }] : []),
      ...more.unknown.map((name) => ({ name: 'ignored', valueString: name.slice(0, 80) })),
    ],
  }
}

const reference = (name: string, to: string): Part => ({ name, valueReference: { reference: to } })

const proposalParts = ({ schedule, slot, start, end }: Proposal): Part[] => [
  reference('slot', `Slot/${slot}`),
  reference('schedule', `Schedule/${schedule}`),
  { name: 'start', valueInstant: instantOf(start) },
  { name: 'end', valueInstant: instantOf(end) },
]

/** Each move stands by itself: one that is too late is refused, and its visit keeps the time that it has. */
function moveEntry(appointment: string, { slot }: Proposal, reason: More['reason']): object {
  const parameter = [reference('slot', `Slot/${slot}`), ...(reason ? [{ name: 'reason', valueCodeableConcept: reason }] : [])]
  return {
    request: { method: 'POST', url: `Appointment/${appointment}/$reschedule` },
    resource: { resourceType: 'Parameters', parameter },
  }
}
