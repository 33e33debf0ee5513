/**
 * Which of the things that happened somebody is to be told of: those of the topic, or that meet the criteria, and that
 * the asker may read. Judged by the version that the change made, by the search engine itself.
 */
import type { Actor } from '../access/actor.ts'
import { keptFromStandingWishes } from '../access/consent.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { versionsThatMatch } from '../store/search/judge.ts'
import { queryOf, scheduleQueryOf } from './filters.ts'
import type { Happening } from './happenings.ts'
import type { BoundsFor } from './register.ts'
import { topicNamed } from './topics.ts'

export type Wish = {
  /** The topic's canonical; absent where the filters are R4 criteria. */
  readonly topic?: string
  readonly type: string
  readonly filters: readonly string[]
  readonly actor: Actor
}

/** In the order in which they happened. */
export async function matching(
  db: Db,
  house: House,
  wish: Wish,
  happenings: readonly Happening[],
  boundsFor: BoundsFor,
): Promise<Happening[]> {
  const topic = wish.topic === undefined ? undefined : topicNamed(wish.topic)
  const aliases = topic?.aliases ?? {}
  const fires = (one: Happening): boolean => (wish.topic === undefined ? one.after !== undefined : (topic?.fires(one) ?? false))
  const plain = happenings.filter((one) => one.kind !== 'slots' && one.change.type === wish.type && fires(one))
  const bulk = topic?.inBulk ? happenings.filter((one) => one.kind === 'slots') : []
  const told = new Set([
    ...(await visible(db, house, wish.type, () => queryOf(house, wish.type, wish.filters, aliases), wish.actor, plain, boundsFor)),
    ...(await visible(db, house, 'Schedule', () => scheduleQueryOf(house, wish.filters, aliases), wish.actor, bulk, boundsFor)),
  ])
  return happenings.filter((one) => told.has(one))
}

async function visible(
  db: Db,
  house: House,
  type: string,
  query: () => { readonly criteria: Parameters<typeof versionsThatMatch>[1]['criteria'] },
  actor: Actor,
  happenings: readonly Happening[],
  boundsFor: BoundsFor,
): Promise<Happening[]> {
  if (happenings.length === 0) return []
  // As it is when it happens, not as it was when it was asked for.
  const bounds = boundsFor(house, { ...actor, keptFrom: keptFromStandingWishes(await house.keptFrom(actor)) }, 'r', type)
  if (!bounds) return []
  const question = { definitions: house.definitions, type, criteria: query().criteria, bounds }
  const places = await versionsThatMatch(
    db,
    question,
    happenings.map(({ judged }) => judged),
  )
  return happenings.filter((_, place) => places.has(place))
}
