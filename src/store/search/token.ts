/**
 * Criteria that match word by word (token, reference, uri, phonetic, `:identifier`, `:not`), in `terms` or in a hot column.
 * https://hl7.org/fhir/R4/search.html#token
 */
import sql, { type Sql } from 'sql-template-tag'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { Place } from '../layout.ts'
import { column, text, texts } from './statement.ts'

type Words = Extract<Criterion, { kind: 'words' }>

/** Rows that hold any of the words: one is contained, several overlap; the same GIN serves both. */
export function anyTerm(alias: string, words: readonly string[]): Sql {
  const terms = column(alias, 'terms')
  return words.length === 1 ? sql`${terms} @> ${texts(words)}` : sql`${terms} && ${texts(words)}`
}

/** The plain values of words that a hot column can hold; the rest are elsewhere or logical, and stay terms. */
function heldBy(place: Extract<Place, { kind: 'id' | 'code' }>, criterion: Words): { held: string[]; rest: string[] } {
  const lead = place.kind === 'id' && place.target ? `${criterion.code}=${place.target}/` : `${criterion.code}=`
  const held = criterion.words.filter((word) => word.startsWith(lead))
  return { held: held.map((word) => word.slice(lead.length)), rest: criterion.words.filter((word) => !word.startsWith(lead)) }
}

const anyOf = (name: Sql, values: readonly string[]): Sql =>
  values.length === 1 ? sql`${name} = ${text(values[0] ?? '')}` : sql`${name} = any(${texts(values)})`

export function wordsCondition(alias: string, place: Place, criterion: Words): Sql {
  const positive = positiveCondition(alias, place, criterion)
  return criterion.not ? sql`(${positive}) is not true` : positive
}

function positiveCondition(alias: string, place: Place, criterion: Words): Sql {
  if (criterion.words.length === 0) return sql`false`
  if (place.kind !== 'id' && place.kind !== 'code') return anyTerm(alias, criterion.words)
  const { held, rest } = heldBy(place, criterion)
  const name = column(alias, place.column)
  if (rest.length === 0) return anyOf(name, held)
  if (place.kind === 'code' || !place.target) return held.length ? anyOf(name, held) : sql`false`
  return held.length ? sql`(${anyOf(name, held)} or ${anyTerm(alias, rest)})` : anyTerm(alias, rest)
}
