/**
 * Numbers as words, so that a range of them is a few words: for Slot and Appointment, which keep nothing but words beside
 * their own columns (docs/decisions/0017). https://hl7.org/fhir/R4/search.html#number
 *
 * A number is its sign, its exponent in two digits, 50 more than it is, and its digits: `p513` is 30, `p5135` is 35. Such keys are
 * in the order of the numbers. Each beginning of a key is a word, and the whole with a `$`; what lies between two keys is
 * those beginnings of which all lies between. A quantity has them once for each way in which its unit can be asked for.
 * Left out: ranges as values, quantities with a comparator among them, and what is beyond 1e50.
 */
import type { NumberAsked } from './search-number.ts'

/** Whether numbers of a type are kept as words. */
export const keepsNumbersAsWords = (type: string): boolean => type === 'Slot' || type === 'Appointment'

/** `mantissa` times ten to the power of `exponent`. */
type Decimal = { readonly mantissa: bigint; readonly exponent: number }

const decimalPattern = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = decimalPattern.exec(text) ?? []
  return { mantissa: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`), exponent: Number(exponent) - fraction.length }
}

function sum(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent)
  const raised = (one: Decimal): bigint => one.mantissa * 10n ** BigInt(one.exponent - exponent)
  return { mantissa: raised(a) + raised(b), exponent }
}

const negated = ({ mantissa, exponent }: Decimal): Decimal => ({ mantissa: -mantissa, exponent })
const isNegative = ({ mantissa }: Decimal): boolean => mantissa < 0n
const isPositive = ({ mantissa }: Decimal): boolean => mantissa > 0n

const middle = 50
/** After every digit, and after `$`, which is before them. */
const afterAll = '~'

/** Of the magnitude. What is too large comes after every key, what is too small before. */
function keyOf({ mantissa, exponent }: Decimal): string {
  const digits = String(mantissa).replace('-', '')
  const place = digits.length - 1 + exponent + middle
  if (place > 99) return afterAll
  return place < 0 ? '' : `${String(place).padStart(2, '0')}${digits.replace(/0+$/, '')}`
}

/** Behind the unit there is a letter and digits, so that no unit is taken for another and a number. */
const lead = (code: string, unit?: string): string => `${code}:~${unit === undefined ? '' : `[${unit}]`}`

/** No FHIR text holds what stands between. */
const unitOf = (system: string, code: string): string => `${system}\u001f${code}`

/** As it is kept with a quantity; null where that does not say it. */
export type UnitKept = { readonly system: string | null; readonly unitCode: string | null; readonly unit: string | null }

/** `90`, `90||min`, `90||minutes` and `90|http://unitsofmeasure.org|min` find the same. */
function leadsOf(code: string, unit: UnitKept | undefined): string[] {
  if (!unit) return [lead(code)]
  const { system, unitCode, unit: name } = unit
  const whole = system !== null && unitCode !== null ? [unitOf(system, unitCode)] : []
  const units = new Set([unitCode, name, ...whole].filter((one) => one !== null))
  return [lead(code), ...[...units].map((one) => lead(code, one))]
}

const leadAsked = (code: string, { system, unit }: NumberAsked): string =>
  lead(code, unit === undefined || system === undefined ? unit : unitOf(system, unit))

/** `code=30` to be sorted by, and the words that ranges are found by, of a quantity in its `unit` too. */
export function numberWords(code: string, text: string, unit?: UnitKept): string[] {
  const number = decimalOf(text)
  const own = `${code}=${text}`
  const leads = leadsOf(code, unit)
  if (number.mantissa === 0n) return [own, ...leads.map((one) => `${one}z`)]
  const key = keyOf(number)
  if (key === '' || key === afterAll) return [own]
  const sign = isNegative(number) ? 'n' : 'p'
  const beginnings = Array.from({ length: key.length + 1 }, (_, length) => key.slice(0, length))
  return [own, ...leads.flatMap((one) => [...beginnings, `${key}$`].map((beginning) => `${one}${sign}${beginning}`))]
}

/** An end of a range; without one it has none on that side. */
type End = { readonly at: Decimal; readonly included: boolean }
type Range = { readonly from?: End; readonly to?: End }

/** Of keys with their `$`. */
type Keys = { readonly from: string; readonly fromIncluded: boolean; readonly to: string; readonly toIncluded: boolean }

/** What a number that is asked for means, as ranges. */
function rangesOf({ prefix, value, half }: NumberAsked): Range[] {
  const at = decimalOf(value)
  const ended = (to: Decimal, included: boolean): End => ({ at: to, included })
  const around = decimalOf(half)
  const tenth = { mantissa: isNegative(at) ? -at.mantissa : at.mantissa, exponent: at.exponent - 1 }
  const [below, above] = [sum(at, negated(around)), sum(at, around)]
  switch (prefix) {
    case 'eq':
      return [{ from: ended(below, true), to: ended(above, false) }]
    case 'ne':
      return [{ to: ended(below, false) }, { from: ended(above, true) }]
    case 'gt':
    case 'sa':
      return [{ from: ended(at, false) }]
    case 'ge':
      return [{ from: ended(at, true) }]
    case 'lt':
    case 'eb':
      return [{ to: ended(at, false) }]
    case 'le':
      return [{ to: ended(at, true) }]
    case 'ap':
      return [{ from: ended(sum(at, negated(tenth)), true), to: ended(sum(at, tenth), true) }]
  }
}

/** The words of which a number that is meant has one. */
export function numberWordsAsked(code: string, asked: NumberAsked): string[] {
  const words = leadAsked(code, asked)
  return rangesOf(asked).flatMap(({ from, to }) => [
    ...(to && !isPositive(to.at) ? [] : cover(`${words}p`, keysBetween(from, to))),
    ...(holdsZero(from, to) ? [`${words}z`] : []),
    // Of two negative numbers the greater one's magnitude is less.
    ...(from && !isNegative(from.at) ? [] : cover(`${words}n`, keysBetween(to && mirrored(to), from && mirrored(from)))),
  ])
}

const mirrored = ({ at, included }: End): End => ({ at: negated(at), included })

const holdsZero = (from: End | undefined, to: End | undefined): boolean =>
  (from === undefined || isNegative(from.at) || (from.at.mantissa === 0n && from.included)) &&
  (to === undefined || isPositive(to.at) || (to.at.mantissa === 0n && to.included))

/** Of positive numbers alone. */
const keysBetween = (from: End | undefined, to: End | undefined): Keys => ({
  from: from && isPositive(from.at) ? `${keyOf(from.at)}$` : '',
  fromIncluded: from?.included ?? true,
  to: to ? `${keyOf(to.at)}$` : afterAll,
  toIncluded: to?.included ?? true,
})

/** The shortest beginnings of which all lies between, and what lies between and goes no further. */
function cover(words: string, keys: Keys, beginning = ''): string[] {
  const { from, to } = keys
  if (`${beginning}${afterAll}` <= from || beginning >= to) return []
  if (from <= beginning && `${beginning}${afterAll}` <= to) return [`${words}${beginning}`]
  const whole = `${beginning}$`
  const isMeant = (whole > from || (whole === from && keys.fromIncluded)) && (whole < to || (whole === to && keys.toIncluded))
  const further = Array.from({ length: 10 }, (_, digit) => cover(words, keys, `${beginning}${digit}`))
  return [...(isMeant && beginning.length > 2 ? [`${words}${whole}`] : []), ...further.flat()]
}
