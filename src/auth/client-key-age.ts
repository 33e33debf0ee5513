/**
 * How long a client's key set from its own address is believed: as its `Cache-Control` says, for a minute where it says
 * nothing, never for very long. https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#response
 *
 * The library reads a key set again when a key is not in it, but goes on with one that is, so that a key which its owner took
 * away would stay good. It keeps the keys with the client's metadata: these get a new number here when the set has run out.
 */
import type { Clock } from '../base/clock.ts'
import { clientKeysMs, clientKeysMsMax } from '../base/sign-in-limits.ts'

export type KeyAges = {
  /** Which reading of the set at an address is good now. */
  readonly current: (address: string) => number
  readonly fetched: (address: string, cacheControl: string | undefined) => void
}

/** One for a house. */
export function keyAges(clock: Clock): KeyAges {
  const known = new Map<string, { readonly number: number; readonly untilMs: number }>()
  const numberOf = (address: string): number => known.get(address)?.number ?? 0
  return {
    current: (address) => {
      const untilMs = known.get(address)?.untilMs ?? Number.POSITIVE_INFINITY
      if (clock.now().getTime() >= untilMs) known.set(address, { number: numberOf(address) + 1, untilMs: Number.POSITIVE_INFINITY })
      return numberOf(address)
    },
    fetched: (address, cacheControl) => {
      const untilMs = clock.now().getTime() + Math.min(keptMs(cacheControl), clientKeysMsMax)
      known.set(address, { number: numberOf(address), untilMs })
    },
  }
}

function keptMs(cacheControl = ''): number {
  if (/(^|[,\s])no-(store|cache)($|[,\s])/i.test(cacheControl)) return 0
  const seconds = /(?:^|[,\s])max-age=(\d{1,9})(?!\d)/i.exec(cacheControl)?.[1]
  return seconds === undefined ? clientKeysMs : Number(seconds) * 1000
}
