/**
 * How words are made comparable: without case and accents for string search, by their sound for `phonetic`.
 * https://hl7.org/fhir/R4/search.html#string
 * Left out: languages' own rules (stemming, ß and ss).
 */
import { doubleMetaphone } from 'double-metaphone'

/** On the booking path, where every index costs, or no text at all. */
const textless: ReadonlySet<string> = new Set(['Slot', 'Appointment', 'Binary'])

/** Whether a type is searched by text: `:text`, `_text`, `_content` and strings of an administrator's own. */
export const isSearchedByText = (type: string): boolean => !textless.has(type)

/** Without an index, so read row by row: where a search narrows the rows to a few (`isNarrow`). */
const readForText: ReadonlySet<string> = new Set(['Slot', 'Appointment'])

/** Whether `_text` and `_content` of a type look into each row that the rest of the search finds. */
export const isReadForText = (type: string): boolean => readForText.has(type)

const plainLatin = /^[\x20-\x7e]*$/

/** One line: any run of white space is a blank, none at the ends. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** NFD, marks stripped, lower case, one line. */
export function normalizeText(text: string): string {
  const line = oneLine(text).toLowerCase()
  return plainLatin.test(line) ? line : line.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

/**
 * The codes of every word's sound, primary and alternative, without repeats. Metaphone knows Latin letters: other words stand
 * for themselves.
 */
export function soundsOf(text: string): string[] {
  const words = normalizeText(text)
    .split(/[^\p{L}\p{N}']+/u)
    .filter(Boolean)
  return [...new Set(words.flatMap(soundsOfWord))]
}

function soundsOfWord(word: string): string[] {
  const sounds = doubleMetaphone(word).filter(Boolean)
  return sounds.length > 0 ? sounds : [word]
}
