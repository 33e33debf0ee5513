/**
 * Which Schedules match, for those who ask at once: of the same words one look serves them all, and it began after the last of
 * them had asked. A specialty that many look for is looked up once for all.
 */
import { readsTogetherMax } from '../base/limits.ts'
import type { Pool } from './db.ts'
import { schedulesMatching } from './plans.ts'
import { lanes, together } from './together.ts'

type Terms = { readonly groups: readonly (readonly string[])[]; readonly limit: number }
type Schedules = readonly string[]
type Look = (terms: Terms) => Promise<Schedules>

const looks = new WeakMap<Pool, Look>()

/** As `schedulesMatching`; several askers are given one list. */
export function matchingTogether(pool: Pool, groups: Terms['groups'], limit: number): Promise<Schedules> {
  const look = looks.get(pool) ?? lookBy(pool)
  looks.set(pool, look)
  return look({ groups, limit })
}

const lookBy = (pool: Pool): Look =>
  together({
    lanes,
    most: readsTogetherMax,
    run: (asks: readonly Terms[]) => {
      const found = new Map<string, Promise<Schedules>>()
      return Promise.all(
        asks.map((terms) => {
          const key = JSON.stringify(terms)
          const one = found.get(key) ?? schedulesMatching(pool, terms.groups, terms.limit)
          found.set(key, one)
          return one
        }),
      )
    },
  })
