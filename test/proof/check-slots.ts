/** Free and taken together are what the rules give, and a Slot is free exactly where nobody has its time. */
import { byTime, clash } from './held-time.ts'
import type { Broken, History } from './history.ts'

export function slotsAgree({ ground, after }: History): Broken[] {
  const near = byTime(after.claims.map((claim) => ({ claims: [claim] })))
  return ground.schedules.flatMap((place) => {
    const stored = new Map(after.slots.filter(({ schedule }) => schedule === place.id).map((slot) => [slot.id, slot]))
    const wrong = place.slots.flatMap(({ id, start, end }): string[] => {
      const slot = stored.get(id)
      stored.delete(id)
      if (!slot) return [`Slot/${id} is not there any more`]
      if (slot.start !== start || slot.end !== end) return [`Slot/${id} has another time`]
      const time = place.claims.map((resource) => ({ resource, from: start, until: end }))
      const isTaken = [...near(time)].some(({ claims }) => clash(claims, time))
      return (slot.status === 'free') === isTaken
        ? [`Slot/${id} is ${slot.status}, and ${isTaken ? 'somebody' : 'nobody'} has its time`]
        : []
    })
    return [...wrong, ...[...stored.keys()].map((id) => `Slot/${id} is there, and no rule gives it`)].map((what) => ({
      guarantee: 2 as const,
      what,
    }))
  })
}
