/**
 * Each booking has a confirmation number of its own. Numbers are drawn, and the database refuses one that another visit has:
 * then the booking is made again, with another. So it is where a Schedule of its Slots came to be somebody else's after it was
 * read whom the visit takes up: nothing was written (`refuse_if_others`).
 */
import { confirmationNumbersTriedMax } from '../base/limits.ts'
import { confirmationNumber } from '../scheduling/confirmation-number.ts'
import type { House } from '../store/house.ts'
import { isNumberTaken } from '../store/pg-errors.ts'
import { isOfOthers } from '../store/take-time.ts'

export const drawNumber = (house: House): string => confirmationNumber(house.ids.next())

/** `work` is run whole, and draws its number itself. */
export async function withOwnNumber<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(isNumberTaken(error) || isOfOthers(error)) || attempt >= confirmationNumbersTriedMax) throw error
    }
  }
}
