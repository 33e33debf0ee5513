/** A length of time as it is typed after an option: `90s`, `15m`, `1h`, `30d`. */
import { tokenSecondsMax } from '../base/sign-in-limits.ts'
import { UsageError } from './command.ts'

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

export function secondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (unitSeconds[unit ?? ''] ?? Number.NaN)
  if (!(seconds >= 1 && seconds <= tokenSecondsMax))
    throw new UsageError(`--ttl must be a length of time such as 15m, 1h or 30d, at most ${tokenSecondsMax / 86_400}d.`)
  return seconds
}
