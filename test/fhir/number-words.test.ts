/**
 * Numbers as words: a value has one of the words that are asked for exactly where R4's rule for the prefix says so, worked out
 * in whole thousandths. https://hl7.org/fhir/R4/search.html#prefix
 */

import { numberWords, numberWordsAsked } from '../../src/fhir/number-words.ts'
import { parseNumbers } from '../../src/fhir/search-number.ts'
import { fc } from '../support/chance.ts'

const parameter = { code: 'n', type: 'number', expression: 'Appointment.minutesDuration', targets: [], url: 'urn:n' } as const
const prefixes = ['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

function isFound(values: readonly string[], asked: string): boolean {
  const held = new Set(values.flatMap((value) => numberWords('n', value)))
  return parseNumbers({ parameter, name: 'n', values: [asked] }).values.some((one) =>
    numberWordsAsked('n', one).some((word) => held.has(word)),
  )
}

/** Of thousandths; `half` what half of the last digit is. */
function isMeant(value: number, prefix: (typeof prefixes)[number], asked: number, half: number): boolean {
  const isEqual = value >= asked - half && value < asked + half
  switch (prefix) {
    case '':
    case 'eq':
      return isEqual
    case 'ne':
      return !isEqual
    case 'gt':
    case 'sa':
      return value > asked
    case 'lt':
    case 'eb':
      return value < asked
    case 'ge':
      return value >= asked
    case 'le':
      return value <= asked
    case 'ap':
      return 10 * Math.abs(value - asked) <= Math.abs(asked)
  }
}

/** A number of up to two decimals, in thousandths, as it is written. */
const numbers = fc
  .oneof(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -99_999, max: 99_999 }))
  .chain((whole) => fc.constantFrom(0, 1, 2).map((decimals) => ({ whole, decimals })))
  .map(({ whole, decimals }) => ({
    thousandths: whole * 10 ** (3 - decimals),
    half: 10 ** (3 - decimals) / 2,
    text: decimals === 0 ? String(whole) : (whole / 10 ** decimals).toFixed(decimals),
  }))

describe('numbers as words', () => {
  it('are found by every prefix as the numbers are', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.constantFrom(...prefixes), (value, asked, prefix) => {
        expect(isFound([value.text], `${prefix}${asked.text}`)).toBe(isMeant(value.thousandths, prefix, asked.thousandths, asked.half))
      }),
      { seed: 20_261_123, numRuns: 4_000 },
    )
  })

  it('near what is asked for, too', () => {
    for (const prefix of prefixes)
      for (let value = -250; value <= 250; value += 5)
        for (const asked of [-100, -99.5, -0.1, 0, 0.1, 9.9, 10, 99.95, 100]) {
          const half = Number.isInteger(asked) ? 500 : String(asked).endsWith('5') && !Number.isInteger(asked * 10) ? 5 : 50
          expect([prefix, value, asked, isFound([String(value / 2)], `${prefix}${asked}`)]).toEqual([
            prefix,
            value,
            asked,
            isMeant(value * 500, prefix, Math.round(asked * 1000), half),
          ])
        }
  })

  it.each([
    [['30'], '3e1', true],
    [['30.4'], '3e1', true],
    [['30.5'], '3e1', false],
    [['1e3'], 'ge1000', true],
    [['1e-7'], 'gt0', true],
    [['-1e-7'], 'lt0', true],
    [['123456789012345680000'], 'gt123456789012345670000', true],
    [['0'], 'le0', true],
    [['-0'], '0', true],
    // Two values, of which neither lies within.
    [['10', '50'], 'eq30', false],
    [['10', '50'], 'ap30', false],
  ])('%j and %s: %s', (values, asked, found) => {
    expect(isFound(values, asked)).toBe(found)
  })

  it('are few words', () => {
    expect(numberWords('minutes', '30')).toEqual([
      'minutes=30',
      'minutes:~p',
      'minutes:~p5',
      'minutes:~p51',
      'minutes:~p513',
      'minutes:~p513$',
    ])
    for (const prefix of prefixes)
      for (const { length } of parseNumbers({ parameter, name: 'n', values: [`${prefix}12345.678`] }).values.map((one) =>
        numberWordsAsked('n', one),
      ))
        expect(length).toBeLessThan(250)
  })
})
