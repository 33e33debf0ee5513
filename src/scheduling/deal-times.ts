/**
 * Times shared out among those who look for one each: everybody has a first choice before anybody has a second, and no two of
 * the times given are in each other's way, so that whichever each of them takes, all can be taken together.
 */
import { type Interval, overlaps } from '../base/interval.ts'

export type Timed = { readonly time: Interval }

/** `lists` are what each could have, the best first; each is given at most `most` of its own, `apart` milliseconds from others'. */
export function dealTimes<T extends Timed>(lists: readonly (readonly T[])[], most: number, apart: number): T[][] {
  const dealt = lists.map((): T[] => [])
  for (let round = 0; round < most; round++)
    for (const [at, list] of lists.entries()) {
      const others = dealt.flatMap((times, whose) => (whose === at ? [] : times))
      const next = list.find((one) => !dealt[at]?.includes(one) && others.every((other) => !inTheWay(one, other, apart)))
      if (next) dealt[at]?.push(next)
    }
  return dealt
}

const inTheWay = ({ time: { start, end } }: Timed, other: Timed, apart: number): boolean =>
  overlaps({ start: start - apart, end: end + apart }, other.time)
