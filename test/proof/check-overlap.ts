/** Guarantee 1: no two visits or live holds overlap on somebody who can be in one place only, buffers included. */
import { byId, byTime, certainly, claimsOf, clash, overlap, slotPlaces, takesTime } from './held-time.ts'
import type { Broken, History } from './history.ts'

/** From answers alone: two were told that the time was theirs, and neither had been asked to give it up. */
export function doubleBookings(history: History): Broken[] {
  const held = certainly(history).filter(({ when }) => when.from < when.until)
  const near = byTime(held)
  return held.flatMap((one) =>
    [...near(one.claims)]
      .filter((other) => other.holder > one.holder && overlap(one.when, other.when) && clash(one.claims, other.claims))
      .map((other) => ({ guarantee: 1 as const, what: `${one.holder} and ${other.holder} both had ${timesOf(one.claims)}` })),
  )
}

/** What stands in the end, by the Appointments and by the rows of claims. */
export function overlapsAtTheEnd({ ground, after }: History): Broken[] {
  const places = slotPlaces(ground)
  const standing = [...byId(after.versions).values()]
    .flatMap((versions) => versions.at(-1) ?? [])
    .filter(takesTime)
    .map((last) => ({ holder: `Appointment/${last.id}`, claims: claimsOf(ground, places, last) }))
  const claimed = after.claims.map(({ holder, ...claim }) => ({ holder, claims: [claim] }))
  return [standing, claimed].flatMap((held) => {
    const near = byTime(held)
    return held.flatMap((one) =>
      [...near(one.claims)]
        .filter((other) => other.holder > one.holder && clash(one.claims, other.claims))
        .map((other) => ({ guarantee: 1 as const, what: `${one.holder} and ${other.holder} both stand at ${timesOf(one.claims)}` })),
    )
  })
}

const timesOf = (claims: readonly { resource: string; from: number; until: number }[]): string =>
  claims.map(({ resource, from, until }) => `${resource} ${new Date(from).toISOString()}/${new Date(until).toISOString()}`).join(', ')
