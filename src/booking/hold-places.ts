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
  /** The ids of those who hold for themselves. */
  readonly patients: readonly string[]
}

export function holdPlacesOf({ holdQuotas }: House, { holder, expires, client, patients }: Hold): HoldPlace[] {
  if (expires === undefined) return []
  const place = (owner: string, max: number): HoldPlace[] => (max > 0 ? [{ owner, max, holder, expires }] : [])
  return [...patients.flatMap((id) => place(`Patient/${id}`, holdQuotas.perPatient)), ...place(`client ${client}`, holdQuotas.perClient)]
}

/** Throws `throttled` where one who would hold holds as many times as they may. */
export async function takeHoldPlaces(tx: Tx, places: readonly HoldPlace[]): Promise<void> {
  for (const place of places) {
    const tried = await takeHoldPlace(tx, place)
    if (tried.taken) continue
    const who = place.owner.startsWith('Patient/') ? 'for one patient' : 'by one client'
    throw throttled(
      `No more than ${place.max} times are held ${who} at once. Book or release one of them, or wait until one runs out.`,
      tried.seconds,
    )
  }
}
