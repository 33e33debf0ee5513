/** Confirmation numbers: what is misheard or swapped makes none. */

import { confirmationNumber, readConfirmationNumber } from '../../src/scheduling/confirmation-number.ts'
import { fc } from '../support/chance.ts'

const signs = '23456789CDFGHJKMNPRTWXY'
const drawn = fc.bigInt({ min: 0n, max: (1n << 48n) - 1n }).map((bits) => confirmationNumber(`x-${bits.toString(16).padStart(12, '0')}`))
const places = fc.constantFrom(0, 1, 2, 4, 5, 6, 8, 9, 10)

describe('a confirmation number', () => {
  it('is three groups of three signs that are not taken for one another', () => {
    fc.assert(fc.property(drawn, (number) => expect(number).toMatch(/^[2-9CDFGHJKMNPRTWXY]{3}(-[2-9CDFGHJKMNPRTWXY]{3}){2}$/)))
  })

  it('ends so that its signs, each times its place, add up to a multiple of 23', () => {
    fc.assert(
      fc.property(drawn, (number) => {
        const sum = [...number.replaceAll('-', '')].reduce((total, sign, at) => total + (at + 1) * signs.indexOf(sign), 0)
        expect(sum % 23).toBe(0)
      }),
    )
  })

  it('is read however it is typed', () => {
    fc.assert(
      fc.property(drawn, (number) => {
        for (const typed of [number, number.toLowerCase(), number.replaceAll('-', ''), number.replaceAll('-', ' '), ` ${number} `])
          expect(readConfirmationNumber(typed)).toBe(number)
      }),
    )
  })

  it('with one sign wrong, or two of them swapped, is none', () => {
    fc.assert(
      fc.property(drawn, places, places, fc.constantFrom(...signs), (number, one, two, sign) => {
        const wrong = [...number]
        wrong[one] = sign
        if (wrong.join('') !== number) expect(readConfirmationNumber(wrong.join(''))).toBeUndefined()
        const swapped = [...number]
        ;[swapped[one], swapped[two]] = [swapped[two] ?? '', swapped[one] ?? '']
        if (swapped.join('') !== number) expect(readConfirmationNumber(swapped.join(''))).toBeUndefined()
      }),
    )
  })

  it.each(['', '222', 'OOO-III-LLL', '222-222-22', '222-222-2222', 'ſ22-222-222'])('%s is none', (text) => {
    expect(readConfirmationNumber(text)).toBeUndefined()
  })
})
