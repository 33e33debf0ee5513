/** Free and taken together are what the rules give, and a Slot is free exactly where nobody has its time. */
import { byTime, isFull, meets, sessionIn } from './held-time.ts'
import type { Broken, Claim, Ground, History } from './history.ts'

export function slotsAgree({ ground, after }: History): Broken[] {
  const near = byTime(after.claims.map(({ holder, ...claim }) => ({ holder, claims: [inOurWords(ground, claim)] })))
  return ground.schedules.flatMap((place) => {
    const stored = new Map(after.slots.filter(({ schedule }) => schedule === place.id).map((slot) => [slot.id, slot]))
    const wrong = place.slots.flatMap(({ id, start, end }): string[] => {
      const slot = stored.get(id)
      stored.delete(id)
      if (!slot) return [`Slot/${id} is not there any more`]
      if (slot.start !== start || slot.end !== end) return [`Slot/${id} has another time`]
      const time = place.claims.map((resource) => ({ resource, from: start, until: end, ...sessionIn(place, { start, end }) }))
      const having = [...near(time)].filter(({ claims }) => meets(claims, time))
      const isTaken = isFull(time, having)
      const seated = new Set(having.filter(({ claims }) => claims.some(({ session }) => session !== undefined)).map(({ holder }) => holder))
        .size
      const isOver = having.some(({ claims }) => claims.some(({ lane }) => lane !== undefined))
      return [
        ...((slot.status === 'free') === isTaken
          ? [`Slot/${id} is ${slot.status}, and ${isTaken ? 'somebody' : 'nobody'} has its time`]
          : []),
        ...((slot.booked ?? 0) === seated ? [] : [`Slot/${id} says ${slot.booked ?? 0} seats taken, and ${seated} are`]),
        ...((slot.overbooked ?? false) === isOver ? [] : [`Slot/${id} ${isOver ? 'does not say' : 'says'} that it is overbooked`]),
      ]
    })
    return [...wrong, ...[...stored.keys()].map((id) => `Slot/${id} is there, and no rule gives it`)].map((what) => ({
      guarantee: 2 as const,
      what,
    }))
  })
}

/** A session of the rows is that of the group's Slot at the same time. */
function inOurWords({ schedules }: Ground, claim: Claim): Claim {
  const place = schedules.find(({ claims, seats }) => seats !== undefined && claims.includes(claim.resource))
  return claim.session === undefined || !place ? claim : { ...claim, ...sessionIn(place, { start: claim.from, end: claim.until }) }
}
