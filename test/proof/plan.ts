/** A plan is what a client is about to ask, with what the checker has to know about it; and what every plan is made of. */
import type { Asked } from './ask.ts'
import type { Dice } from './dice.ts'
import type { Kind, Town } from './ground.ts'
import { sessionIn } from './held-time.ts'
import type { Claim, Deed, Place, Search } from './history.ts'

export type Plan = {
  readonly asked: Asked
  readonly targets?: readonly string[]
  readonly reach?: Deed['reach']
  readonly answers?: Deed['answers']
  readonly pries?: boolean
  readonly makes?: number
  readonly orFewer?: boolean
  readonly wanted?: Deed['wanted']
  readonly replaces?: string
  readonly search?: Search
  /** Under an Idempotency-Key, until there is an answer. */
  readonly repeats?: boolean
}

/** What the clients know of each other's doings: somebody else's visit can be moved or cancelled too. */
export type Known = {
  /** Appointments by what they were for. */
  readonly visits: { readonly id: string; readonly kind: Kind | 'loose'; readonly patients: readonly string[] }[]
  readonly held: string[]
  /** Requests that wait for the clinic. */
  readonly requests: string[]
  readonly waiting: string[]
  readonly offered: Set<string>
  /** The visits of each, in order. */
  readonly series: { readonly kind: Kind | 'loose'; readonly members: readonly string[] }[]
}

export const nothingKnown = (): Known => ({ visits: [], held: [], requests: [], waiting: [], offered: new Set(), series: [] })

export type Scene = {
  readonly town: Town
  readonly dice: Dice
  /** What the one who asks may ask for: a patient knows of their own doings alone. */
  readonly known: Known
  /** What everybody together knows. */
  readonly all: Known
  readonly deed: number
  readonly name: string
}

export type SlotOf = { readonly id: string; readonly start: number; readonly end: number }
export type Maker = (scene: Scene) => Plan | undefined

export const post = (path: string, body: object, headers?: Readonly<Record<string, string>>): Asked => ({
  method: 'POST',
  path,
  body,
  headers,
})
export const claimed = (place: Place, { start, end }: SlotOf): Claim[] =>
  place.claims.map((resource) => ({ resource, from: start, until: end + place.bufferAfter, ...sessionIn(place, { start, end }) }))

/** A kind that is booked alone, a Schedule of it and a Slot there. */
export function somewhere({ town, dice }: Scene, ...kinds: readonly Kind[]): { kind: Kind; place: Place; slot: SlotOf } | undefined {
  const kind = dice.oneOf(kinds)
  const place = kind && dice.oneOf(town.kinds[kind])
  const slot = place && dice.oneOf(place.slots)
  return kind && place && slot && { kind, place, slot }
}

export const somebody = ({ town, dice }: Scene): string => dice.oneOf(town.patients) ?? ''

/** The newest are fought over most; every second time it is any of them, so that nothing stands for ever. */
export const recent = <T>(dice: Dice, list: readonly T[]): T | undefined => dice.oneOf(dice.below(2) === 0 ? list.slice(-40) : list)
