/**
 * `timing` (IHE ITI-115): on which days and at which times of the clinic's day a visit should start, and how long it is.
 * https://hl7.org/fhir/R4/datatypes.html#Timing
 * Left out: how often something repeats, since one visit is looked for, and `when`; what is left out is named as ignored.
 */
import { fault } from '../base/fault.ts'
import { spanOf } from '../fhir/date-time.ts'
import { firstOf, type Inputs } from '../fhir/parameters.ts'
import { type DayCode, dayCodes, isDayCode } from '../scheduling/availability-rules.ts'
import { visitMinutes } from './asked-minutes.ts'

export type AskedTiming = {
  readonly days?: readonly DayCode[]
  /** Minutes since the clinic's midnight at which a visit may start. */
  readonly times?: readonly number[]
  readonly minutes?: number
  /** Unix milliseconds. */
  readonly from?: number
  readonly until?: number
  readonly ignored: readonly string[]
}

const understood: ReadonlySet<string> = new Set(['dayOfWeek', 'timeOfDay', 'boundsPeriod', 'duration', 'durationUnit'])

export function timingIn(inputs: Inputs): AskedTiming {
  const asked = firstOf(inputs, 'timing')
  if (!asked) return { ignored: [] }
  const timing = objectIn(asked.value)
  const repeat = timing && objectIn(timing.repeat ?? {})
  if (!timing || !repeat) throw fault('value', 'The timing is a Timing with `repeat`.', 'timing')
  const { start, end } = objectIn(repeat.boundsPeriod) ?? {}
  return {
    days: daysIn(repeat.dayOfWeek),
    times: timesIn(repeat.timeOfDay),
    minutes: minutesIn(repeat),
    from: typeof start === 'string' ? Number(spanOf(start)?.lower ?? Number.NaN) || undefined : undefined,
    until: typeof end === 'string' ? Number(spanOf(end)?.upper ?? Number.NaN) || undefined : undefined,
    ignored: [
      ...Object.keys(timing)
        .filter((name) => name !== 'repeat')
        .map((name) => `timing.${name}`),
      ...Object.keys(repeat)
        .filter((name) => !understood.has(name))
        .map((name) => `timing.repeat.${name}`),
    ],
  }
}

/** In a query a Timing is its JSON. */
function objectIn(value: unknown): Record<string, unknown> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  if (typeof value !== 'string') return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return typeof parsed === 'string' ? undefined : objectIn(parsed)
  } catch {
    return undefined
  }
}

function daysIn(value: unknown): readonly DayCode[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every(isDayCode))
    throw fault('value', `timing.repeat.dayOfWeek is a list of ${dayCodes.join(', ')}.`, 'timing')
  return value
}

function timesIn(value: unknown): readonly number[] | undefined {
  if (value === undefined) return undefined
  const times = Array.isArray(value) ? value.map((time) => /^([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?$/.exec(String(time))) : [null]
  if (times.includes(null)) throw fault('value', 'timing.repeat.timeOfDay is a list of times such as 09:00:00.', 'timing')
  return times.map((parts) => Number(parts?.[1]) * 60 + Number(parts?.[2]))
}

function minutesIn({ duration, durationUnit }: Record<string, unknown>): number | undefined {
  if (duration === undefined) return undefined
  const unit = durationUnit === 'min' ? 1 : durationUnit === 'h' ? 60 : undefined
  if (typeof duration !== 'number' || unit === undefined) throw fault('value', 'timing.repeat.duration is in min or h.', 'timing')
  return visitMinutes(Math.round(duration * unit), 'timing')
}
