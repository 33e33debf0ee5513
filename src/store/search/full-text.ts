/**
 * `_text` and `_content`: words of the narrative, or of all text in a resource, found by an index of words.
 * https://hl7.org/fhir/R4/search.html#content
 * Left out: stems and languages; a word is found as it is written, in any case.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Criterion } from '../../fhir/search-criterion.ts'
import { text } from './statement.ts'

/** The functions of the migration `search-text`, in whose terms the indexes are. */
const words = { _text: 'narrative_words', _content: 'content_words' } as const

export function fullTextCondition(alias: string, { code, texts }: Extract<Criterion, { kind: 'full-text' }>): Sql {
  if (texts.length === 0) return sql`false`
  const ways = texts.map((one) => sql`${raw(`${words[code]}(${alias}.body)`)} @@ websearch_to_tsquery('pg_catalog.simple', ${text(one)})`)
  return sql`(${join(ways, ' or ')})`
}
