/**
 * Under which names a signed-in person takes part in visits beside their own: a practitioner's posts. Looked up once a second
 * for each, so that it costs a request nothing else, and remembered for the latest of them.
 */
import type { Clock } from '../base/clock.ts'
import { postsLookMs, rememberedPeopleMax } from '../base/limits.ts'
import { recent } from '../base/recent.ts'
import type { Pool } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { postsOf } from '../store/posts.ts'

type Known = { readonly names: readonly string[]; readonly atMs: number }

export function posts(pool: Pool, clock: Clock): House['postsOf'] {
  const known = recent<Known>(rememberedPeopleMax)
  return (person) => {
    if (person === undefined || !isStaff.test(person)) return none
    const found = known.get(person)
    const now = clock.now().getTime()
    if (found && now - found.atMs < postsLookMs) return found.names
    return postsOf(pool, person).then((names) => known.put(person, { names, atMs: now }).names)
  }
}

const none: readonly string[] = []
const isStaff = /^Practitioner(?:Role)?\//
