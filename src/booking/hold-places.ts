/**
 * Quotas on live holds: which places a hold takes, and what is said where there is none left (`base/hold-quotas.ts`).
 */
import { throttled } from '../base/fault.ts'
import type { Tx } from '../store/db.ts'
import { type HoldPlace, takeHoldPlace } from '../store/hold-places.ts'
import type { House } from '../store/house.ts'

type Hold = {
  readonly holder: string
  /** A hold's end; nothing else takes a place. */
  readonly expires?: string
  readonly client: string
  /** Whose compartment asks: the patient's own, or that of one whom the person acts for. Staff take no place of a patient. */
  readonly patient?: string
  readonly person?: string
}

export function holdPlacesOf({ holdQuotas }: House, { holder, expires, client, patient, person }: Hold): HoldPlace[] {
  if (expires === undefined) return []
  const place = (owner: string, max: number): HoldPlace[] => (max > 0 ? [{ owner, max, holder, expires }] : [])
  const own = patient === undefined ? [] : place(`Patient/${patient}`, holdQuotas.perPatient)
  const theirs = patient === undefined || person === undefined ? [] : place(`person ${person}`, holdQuotas.perPerson)
  return [...own, ...theirs, ...place(`client ${client}`, holdQuotas.perClient)]
}

const counted: Readonly<Record<string, string>> = { person: 'by one person', client: 'by one client' }

/** Throws `throttled` where one who would hold holds as many times as they may. */
export async function takeHoldPlaces(tx: Tx, places: readonly HoldPlace[]): Promise<void> {
  for (const place of places) {
    const tried = await takeHoldPlace(tx, place)
    if (tried.taken) continue
    const who = counted[place.owner.split(' ')[0] ?? ''] ?? 'for one patient'
    throw throttled(
      `No more than ${place.max} times are held ${who} at once. Book or release one of them, or wait until one runs out.`,
      tried.seconds,
    )
  }
}
