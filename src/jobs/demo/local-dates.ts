/**
 * Dates of a calendar, with no zone and no clock: `2026-11-26` and what lies around it. Rules and holidays are written in
 * these; `scheduling` turns them into instants.
 */
import { dayMs } from '../../base/durations.ts'

export const localDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

export const plusDays = (date: string, days: number): string => localDate(Date.parse(date) + days * dayMs)

/** The Monday of the week that the date is in. */
export const mondayOf = (date: string): string => plusDays(date, -((new Date(date).getUTCDay() + 6) % 7))

/** The n-th such weekday of a month (0 is Sunday), or the last one where n is -1. Months count from 1. */
export function nthWeekday(year: number, month: number, weekday: number, n: number): string {
  const edge = n > 0 ? Date.UTC(year, month - 1, 1) : Date.UTC(year, month, 0)
  const step = n > 0 ? 1 : -1
  const away = ((weekday - new Date(edge).getUTCDay()) * step + 7) % 7
  return localDate(edge + step * (away + 7 * (Math.abs(n) - 1)) * dayMs)
}
