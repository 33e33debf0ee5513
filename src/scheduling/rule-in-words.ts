/**
 * A rule of a week and a moment of it as people say them: `mon to fri, 09:00 to 17:00, every 15 minutes`.
 * Left out: languages. These sentences are for staff and for whoever writes a client.
 */
import { dayMs } from '../base/durations.ts'
import { type AvailabilityRule, dayCodes } from './availability-rules.ts'
import { localReading } from './local-time.ts'

const clock = (minutes: number): string => {
  const whole = Math.floor(minutes)
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`
}

/** `mon 2026-11-23 09:00`, as the clinic's clock and calendar show it. */
export function localText(zone: string, at: number): string {
  const { day, weekday, minutes } = localReading(zone, at)
  return `${dayCodes[weekday]} ${new Date(day * dayMs).toISOString().slice(0, 10)} ${clock(minutes)}`
}

export function ruleInWords({ days, startMinutes, endMinutes, allDay, weekInterval, slotMinutes, period }: AvailabilityRule): string {
  const times = allDay ? 'all day' : `${clock(startMinutes)} to ${clock(endMinutes)}${endMinutes <= startMinutes ? ' the next day' : ''}`
  const weeks = weekInterval > 1 ? `, every ${weekInterval} weeks` : ''
  const from = period?.start === undefined ? '' : `, from ${period.start}`
  const until = period?.end === undefined ? '' : `, until ${period.end}`
  return `${daysInWords(days)}, ${times}, every ${slotMinutes} minutes${weeks}${from}${until}`
}

/** Three days or more in a row are said by the first and the last. */
function daysInWords(days: AvailabilityRule['days']): string {
  const sorted = dayCodes.filter((code) => days.includes(code))
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (!first || !last || sorted.length === dayCodes.length) return 'every day'
  const inARow = dayCodes.indexOf(last) - dayCodes.indexOf(first) === sorted.length - 1
  return inARow && sorted.length > 2 ? `${first} to ${last}` : sorted.join(', ')
}
