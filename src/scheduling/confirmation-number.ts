/**
 * The number of a booking as people read it out: `7K4-MXP-R29`, an identifier of the Appointment. No two signs of it look or
 * sound alike in their case, no vowels make it a word, and the last sign checks the others: a sign that is misheard, or two
 * that are swapped, make no number. https://hl7.org/fhir/R4/datatypes.html#Identifier
 * Left out: that no two visits have one, which is the database's to see to (`appointment.confirmation`).
 */
import type { Resource } from '../fhir/resource.ts'
import { elementsIn } from './element.ts'

export const confirmationSystem = 'https://slotwise.org/fhir/confirmation-number'

/** 23 is a prime: different weights below it then tell every wrong sign and every swap. */
const signs = '23456789CDFGHJKMNPRTWXY'
const length = 9

const worthOf = (sign: string): number => signs.indexOf(sign)

const grouped = (text: string): string => text.replace(/(...)(?=.)/g, '$1-')

/** Such that the sum of all nine signs, each by its place, is a multiple of 23: 18 times 9 is one more than one. */
const checkSign = (sum: number): string => signs[((signs.length - (sum % signs.length)) * 18) % signs.length] ?? ''

/** From 48 random bits, the last twelve digits of an id. In each booking, so without a list or a pattern. */
export function confirmationNumber(id: string): string {
  let rest = Number.parseInt(id.slice(-12), 16)
  let sum = 0
  let text = ''
  for (let place = 1; place < length; place++) {
    const worth = rest % signs.length
    rest = Math.floor(rest / signs.length)
    sum += place * worth
    text += signs[worth]
    if (place % 3 === 0) text += '-'
  }
  return text + checkSign(sum)
}

const sumOf = (others: string): number => [...others].reduce((total, sign, at) => total + (at + 1) * worthOf(sign), 0)

/** As it may be typed: in small letters, with spaces or without dashes. Undefined: it is none. */
export function readConfirmationNumber(text: string): string | undefined {
  const bare = text.toUpperCase().replace(/[\s-]/g, '')
  if (bare.length !== length || [...bare].some((sign) => worthOf(sign) < 0)) return undefined
  return checkSign(sumOf(bare.slice(0, -1))) === bare.at(-1) ? grouped(bare) : undefined
}

/** The number that an Appointment has. */
export function numberOf(visit: Resource | undefined): string | undefined {
  const value = elementsIn(visit?.identifier).find(({ system }) => system === confirmationSystem)?.value
  return typeof value === 'string' ? value : undefined
}

/** The same with this number alone, or with none. */
export function numbered<R extends Resource>(visit: R, number: string | undefined): R {
  const others = elementsIn(visit.identifier).filter(({ system }) => system !== confirmationSystem)
  const all = number === undefined ? others : [...others, { system: confirmationSystem, value: number }]
  const { identifier: _identifier, ...rest } = visit
  return (all.length > 0 ? { ...rest, identifier: all } : rest) as R
}
