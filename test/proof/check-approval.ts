/**
 * The rule `approvalRequired` (docs/booking.md): what is booked there was asked for, kept its time and waited until somebody of the
 * clinic said yes, and a yes or no that was answered was done.
 */
import { byId, nameOf, slotPlaces } from './held-time.ts'
import type { Broken, Deed, History, Version } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 'rule', what })
const asked: ReadonlySet<string> = new Set(['pending', 'cancelled', 'entered-in-error'])

export function requestsWait({ ground, deeds, after }: History): Broken[] {
  const places = slotPlaces(ground)
  const approves = ({ slots }: Version): boolean => slots.some((slot) => places.get(slot)?.approves)
  const answers = Map.groupBy(
    deeds.filter((deed) => deed.answers),
    ({ targets }) => targets[0] ?? '',
  )
  const versions = byId(after.versions)
  const unasked = [...versions].flatMap(([id, list]) => {
    const first = list.find((one) => approves(one) && !asked.has(one.status))
    const yes = (answers.get(id) ?? []).some((deed) => deed.outcome !== 'refused' && deed.answers === 'accepted' && isAsked(deed, first))
    return first && !yes ? [broken(`${nameOf(first)} is ${first.status}, and nobody of the clinic had said yes`)] : []
  })
  const undone = [...answers].flatMap(([id, list]) =>
    list
      .filter(({ outcome }) => outcome === 'ok')
      .flatMap((deed) => {
        const then = versions.get(id)?.findLast(({ updated }) => updated <= deed.answered)
        return then?.status === 'pending'
          ? [broken(`deed ${deed.id} (${deed.kind}) ${deed.answers} Appointment/${id}, which still waited`)]
          : []
      }),
  )
  return [...unasked, ...undone]
}

const isAsked = (deed: Deed, version: Version | undefined): boolean => version !== undefined && deed.asked <= version.updated
