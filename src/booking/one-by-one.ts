/**
 * A row of jobs that have nothing to do with each other: one that fails is reported and the others are done all the same.
 * The operator is told what kind of failure it was. Its message may quote a value, and values are patient data.
 */
import { errorCode } from '../base/error-code.ts'
import { Fault } from '../base/fault.ts'
import type { House } from '../store/house.ts'

/** Gives how many succeeded. `what` is the sentence for the operator. */
export async function oneByOne<T>(house: House, what: string, items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  let done = 0
  for (const item of items) {
    try {
      await work(item)
      done++
    } catch (error) {
      house.warn(what, { why: failureName(error) })
    }
  }
  return done
}

export const failureName = (error: unknown): string => (error instanceof Fault ? error.kind : (errorCode(error) ?? 'exception'))
