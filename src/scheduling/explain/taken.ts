/**
 * Who has a time: visits, holds and blocks of whomever a visit would take up, and the buffers around them.
 * What is said of others' visits is that there is one; `holder` names it for those who may see everybody's.
 */
import { type Interval, overlaps } from '../../base/interval.ts'
import { type Buffers, withBuffers } from '../buffers.ts'
import { localText } from '../rule-in-words.ts'
import type { Reason, ReasonCode } from './reason.ts'

/** Something claimed, its buffers included. Instants are Unix milliseconds. */
export type ClaimStand = Interval & {
  /** `Practitioner/1` */
  readonly resource: string
  /** `Appointment/1`, or `Slot/1` for one set busy by hand. */
  readonly holder: string
  /** The visit itself, where it is known. */
  readonly visit?: Interval
  /** A hold's end. */
  readonly until?: number
  /** The group session that it is a seat of. */
  readonly session?: string
}

/** A Slot `busy-unavailable` on a Schedule of the same actors. */
export type BlockStand = Interval & { readonly slot: string }

export type TakenQuestion = {
  readonly zone: string
  readonly span: Interval
  readonly buffers: Buffers
  readonly claims: readonly ClaimStand[]
  readonly blocks: readonly BlockStand[]
}

export function takenReasons({ zone, span, buffers, claims, blocks }: TakenQuestion): Reason[] {
  const wide = withBuffers(span, buffers)
  const inTheWay = claims.filter((claim) => overlaps(claim, wide))
  const each = [...Map.groupBy(inTheWay, ({ holder }) => holder).values()].flatMap(([first]) => first ?? [])
  return [
    ...each.map((claim) => ofClaim(zone, span, claim)),
    ...blocks
      .filter((block) => overlaps(block, span))
      .map(
        ({ start, end, slot }): Reason => ({
          code: 'blocked' satisfies ReasonCode,
          text: `The clinic keeps this time free of visits until ${localText(zone, end)}.`,
          start,
          end,
          holder: `Slot/${slot}`,
        }),
      ),
  ]
}

function ofClaim(zone: string, span: Interval, { visit, start, end, holder, resource, until }: ClaimStand): Reason {
  const time = visit ?? { start, end }
  const more = { source: resource, ...time, holder, ...(until !== undefined && { until }) }
  if (!overlaps(time, span)) {
    const text = 'A visit beside this time needs the time between them (buffer).'
    return { code: 'buffer' satisfies ReasonCode, text, ...more }
  }
  if (until === undefined) return { code: 'busy' satisfies ReasonCode, text: `Taken until ${localText(zone, time.end)}.`, ...more }
  return { code: 'held' satisfies ReasonCode, text: `Held for somebody, at the latest until ${localText(zone, until)}.`, ...more }
}
