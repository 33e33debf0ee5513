/** Filters as one search of a type: what a topic's aliases stand for is put in their place. */
import { parseSearch, type SearchQuery } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'
import type { Topic } from './topics.ts'

type Pair = readonly [name: string, value: string]

function pairsOf(filters: readonly string[], aliases: Topic['aliases']): Pair[] {
  return filters
    .flatMap((filter) => [...new URLSearchParams(filter)])
    .map(([name, value]): Pair => (Object.hasOwn(aliases, name) ? (aliases[name]?.(value) ?? [name, value]) : [name, value]))
}

export const queryOf = (house: House, type: string, filters: readonly string[], aliases: Topic['aliases'] = {}): SearchQuery =>
  parseSearch(house.definitions, type, pairsOf(filters, aliases), house.base)

/**
 * As much of a filter of Slots as a Schedule can be asked: of Slots that were made many at once only the Schedule is told,
 * so what it filters the Slots themselves by is left to whoever looks them up.
 */
export function scheduleQueryOf(house: House, filters: readonly string[], aliases: Topic['aliases']): SearchQuery {
  const pairs = pairsOf(filters, aliases).flatMap(([name, value]): Pair[] => {
    if (name === 'schedule') return [['_id', value.replaceAll('Schedule/', '')]]
    return name.startsWith('schedule.') ? [[name.slice('schedule.'.length), value]] : []
  })
  return parseSearch(house.definitions, 'Schedule', pairs, house.base)
}
