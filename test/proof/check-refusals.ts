/**
 * Guarantee 4, and the first sentence of 1: different times never get in each other's way, and a hold past its end blocks
 * nobody. So whoever was refused a time (409) was refused it because somebody may have had it just then.
 */
import { byId, byTime, holdEnd, isFull, overlap, possibly } from './held-time.ts'
import type { Broken, History } from './history.ts'

export function refusalsHaveCause(history: History): Broken[] {
  const near = byTime(possibly(history))
  return history.deeds
    .filter(({ outcome, status, wanted, repeated }) => outcome === 'refused' && status === 409 && wanted && !repeated)
    .filter(({ asked, answered, targets, replaces, wanted = [] }) => {
      const during = { from: asked, until: answered }
      const own = new Set([...targets, ...(replaces ? [replaces] : [])].map((id) => `Appointment/${id}`))
      return wanted.some(
        (claims) =>
          !isFull(
            claims,
            [...near(claims)].filter((held) => !own.has(held.holder) && overlap(held.when, during)),
          ),
      )
    })
    .map(({ id, kind }) => ({ guarantee: 4 as const, what: `deed ${id} (${kind}) was refused a time that nobody had` }))
}

/** By the end of the run every hold that ran out has been cancelled, with no one asking. A request may still wait for its answer. */
export const endedHoldsAreGone = ({ after }: History): Broken[] =>
  [...byId(after.versions).values()]
    .flatMap((versions) => versions.at(-1) ?? [])
    .filter((last) => last.status === 'pending' && holdEnd(last) < after.read)
    .map(({ id }) => ({ guarantee: 4 as const, what: `Appointment/${id} is still pending after its hold has ended` }))
