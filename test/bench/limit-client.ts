/**
 * The requests that measure the bare limit, and the process that answers them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dayMs } from '../../src/base/durations.ts'
import type { Call } from './load.ts'

export const patientsInLimit = 1000

export type Size = { readonly schedules: number; readonly perDay: number; readonly days: number }

export type Limit = {
  readonly read: (i: number) => Call
  readonly slots: (i: number) => Call
  /** One free time on every schedule of that day, then the next of each, and so on. */
  readonly book: (day: number) => (i: number) => Call
  readonly stop: () => Promise<void>
}

export async function startLimit(databaseUrl: string, size: Size, today: number): Promise<Limit> {
  const script = new URL('./limit.ts', import.meta.url).pathname
  const numbers = [size.schedules, size.perDay, size.days].map(String)
  const child = spawn(process.execPath, [script, databaseUrl, ...numbers], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the bare limit did not start')
    }),
  ])
  const origin = String(line).trim()
  const iso = (ms: number): string => encodeURIComponent(new Date(ms).toISOString())
  const week = `from=${iso(today + dayMs)}&until=${iso(today + 8 * dayMs)}`
  return {
    read: (i) => ({ url: `${origin}/Patient/p${(i * 7919) % patientsInLimit}` }),
    slots: (i) => ({ url: `${origin}/Slot?schedule=${i % size.schedules}&${week}` }),
    book: (day) => (i) => {
      const [schedule, n] = [i % size.schedules, Math.floor(i / size.schedules)]
      const start = today + day * dayMs + 14 * 3_600_000 + n * 900_000
      const times = { start: new Date(start).toISOString(), end: new Date(start + 900_000).toISOString() }
      const body = { slot: `${schedule}-${day}-${n}`, ...times, actor: `dr${schedule}`, patient: `p${i % patientsInLimit}` }
      return { url: `${origin}/book`, method: 'POST', body: JSON.stringify(body) }
    },
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
