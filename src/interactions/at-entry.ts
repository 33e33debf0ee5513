/**
 * A refusal says which entry of a Bundle it is about: `Bundle.entry[2].resource.start`.
 */
import { Fault } from '../base/fault.ts'
import { TimeIsTaken } from '../booking/change.ts'
import { placeInBundle } from '../fhir/bundle-entries.ts'

export function atEntry<T>(index: number, work: () => T): T {
  try {
    const result = work()
    return result instanceof Promise
      ? (result.catch((error: unknown) => {
          throw placed(index, error)
        }) as T)
      : result
  } catch (error) {
    throw placed(index, error)
  }
}

function placed(index: number, error: unknown): unknown {
  if (error instanceof TimeIsTaken) return new TimeIsTaken(error.wish, placeInBundle(index, error.expression))
  if (!(error instanceof Fault)) return error
  const issues = error.issues.map((issue) => ({ ...issue, expression: placeInBundle(index, issue.expression) }))
  return new Fault(error.kind, issues, error.nextTimes, error.inBundle)
}
