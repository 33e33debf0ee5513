/**
 * Two Patients side by side: in what they agree, in what they do not. What either does not say counts for nothing.
 * https://hl7.org/fhir/R4/patient.html
 * Left out: nicknames of a language, and contacts' own names.
 */

import type { Resource } from '../resource.ts'
import { normalizeText, soundsOf } from '../search-text.ts'
import type { Agreement, Disagreement } from './weights.ts'

export type Comparison = { readonly agree: readonly Agreement[]; readonly differ: readonly Disagreement[] }

type Fields = Readonly<Record<string, unknown>>
const listOf = (value: unknown): readonly Fields[] =>
  (Array.isArray(value) ? value : []).filter((one) => typeof one === 'object' && one !== null)
const textOf = (value: unknown): string => (typeof value === 'string' ? normalizeText(value) : '')

export function compare(a: Resource, b: Resource): Comparison {
  const agree: Agreement[] = []
  const differ: Disagreement[] = []
  const say = (agreement: Agreement | undefined, disagreement: Disagreement | undefined): void => {
    if (agreement) agree.push(agreement)
    else if (disagreement) differ.push(disagreement)
  }
  say(...identifiers(a, b))
  say(...words(familiesOf(a), familiesOf(b), 'family'))
  say(...words(givensOf(a), givensOf(b), 'given'))
  say(...birthDates(a.birthDate, b.birthDate))
  say(...genders(a.gender, b.gender))
  say(...common(phonesOf(a), phonesOf(b), 'phone'))
  say(...common(emailsOf(a), emailsOf(b), 'email'))
  say(...addresses(listOf(a.address), listOf(b.address)))
  return { agree, differ }
}

type Said = readonly [agreement: Agreement | undefined, disagreement: Disagreement | undefined]
const nothing: Said = [undefined, undefined]

/** Only identifiers of one system can disagree: a person has a number for each. */
function identifiers(a: Resource, b: Resource): Said {
  const [ours, theirs] = [a, b].map((one) => listOf(one.identifier).filter(({ value, use }) => typeof value === 'string' && use !== 'old'))
  const pairs = (ours ?? []).flatMap((one) =>
    (theirs ?? []).filter(({ system }) => system !== undefined && system === one.system).map((other) => [one, other] as const),
  )
  if (pairs.some(([one, other]) => one.value === other.value)) return ['identifier', undefined]
  return pairs.length > 0 ? [undefined, 'identifier'] : nothing
}

/** Letters that are no letter with a mark, as they are written where a keyboard has none. */
const folded: Readonly<Record<string, string>> = { ø: 'o', æ: 'ae', œ: 'oe', ß: 'ss', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }
const lettersOf = (text: string): string =>
  text.replace(/[^\p{L}\p{N}]+/gu, '').replace(/[øæœßłđðþı]/g, (letter) => folded[letter] ?? letter)
const familiesOf = (patient: Resource): string[] => listOf(patient.name).flatMap(({ family }) => lettersOf(textOf(family)) || [])
const givensOf = (patient: Resource): string[] =>
  listOf(patient.name).flatMap(({ given }) => (Array.isArray(given) ? lettersOf(textOf(given[0])) || [] : []))

/** Any name that one has ever had will do. */
function words(ours: readonly string[], theirs: readonly string[], kind: 'family' | 'given'): Said {
  if (ours.length === 0 || theirs.length === 0) return nothing
  if (ours.some((one) => theirs.includes(one))) return [kind, undefined]
  return ours.some((one) => theirs.some((other) => isSimilar(one, other))) ? [`${kind}-similar`, undefined] : [undefined, kind]
}

/** An initial, a short form, one slip of the pen, or the same sound. */
function isSimilar(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  if ((short.length === 1 || short.length >= 3) && long.startsWith(short)) return true
  if (short.length >= 4 && isOneEditApart(short, long)) return true
  const sounds = soundsOf(a)
  return short.length >= 3 && soundsOf(b).some((sound) => sounds.includes(sound))
}

/** One letter more, less, another, or two neighbours swapped. */
function isOneEditApart(short: string, long: string): boolean {
  if (long.length - short.length > 1) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at++
  const rest = (text: string, from: number): string => text.slice(from)
  if (short.length < long.length) return rest(short, at) === rest(long, at + 1)
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at] && rest(short, at + 2) === rest(long, at + 2)
  return swapped || rest(short, at + 1) === rest(long, at + 1)
}

/** As exact as the less exact of the two. */
function birthDates(a: unknown, b: unknown): Said {
  if (typeof a !== 'string' || typeof b !== 'string') return nothing
  const length = Math.min(a.length, b.length)
  if (a.slice(0, length) === b.slice(0, length))
    return [length >= 10 ? 'birth-date' : length >= 7 ? 'birth-month' : 'birth-year', undefined]
  return length >= 10 && isMistyped(a, b) ? ['birth-date-mistyped', undefined] : [undefined, 'birth-date']
}

/** One digit is another, or day and month have changed places. */
function isMistyped(a: string, b: string): boolean {
  const slips = [...a].filter((digit, at) => digit !== b[at]).length
  return slips === 1 || (a.slice(0, 4) === b.slice(0, 4) && a.slice(5, 7) === b.slice(8) && a.slice(8) === b.slice(5, 7))
}

function genders(a: unknown, b: unknown): Said {
  if (typeof a !== 'string' || typeof b !== 'string' || a === 'unknown' || b === 'unknown') return nothing
  return a === b ? ['gender', undefined] : [undefined, 'gender']
}

const telecomsOf = (patient: Resource, systems: readonly string[]): string[] =>
  listOf(patient.telecom).flatMap(({ system, value }) => (systems.includes(String(system)) && typeof value === 'string' ? [value] : []))

/** The last nine digits, so that a number with its country's code is the same one. */
const phonesOf = (patient: Resource): string[] =>
  telecomsOf(patient, ['phone', 'sms']).flatMap((value) => {
    const digits = value.replace(/\D/g, '').slice(-9)
    return digits.length >= 7 ? [digits] : []
  })
const emailsOf = (patient: Resource): string[] => telecomsOf(patient, ['email']).map((value) => value.trim().toLowerCase())

function common(ours: readonly string[], theirs: readonly string[], kind: 'phone' | 'email'): Said {
  if (ours.length === 0 || theirs.length === 0) return nothing
  return ours.some((one) => theirs.includes(one)) ? [kind, undefined] : [undefined, kind]
}

function addresses(ours: readonly Fields[], theirs: readonly Fields[]): Said {
  if (ours.length === 0 || theirs.length === 0) return nothing
  const levels = ours.flatMap((one) => theirs.map((other) => addressLevel(one, other)))
  const best = (['address', 'postal-code', 'city'] as const).find((level) => levels.includes(level))
  return best ? [best, undefined] : [undefined, 'address']
}

function addressLevel(a: Fields, b: Fields): 'address' | 'postal-code' | 'city' | undefined {
  const same = (name: string): boolean => textOf(a[name]) !== '' && textOf(a[name]) === textOf(b[name])
  const line = (address: Fields): string => lettersOf(textOf((Array.isArray(address.line) ? address.line : []).join(' ')))
  const sameLine = line(a) !== '' && line(a) === line(b)
  if (sameLine && (same('postalCode') || same('city'))) return 'address'
  if (same('postalCode')) return 'postal-code'
  return same('city') ? 'city' : undefined
}
