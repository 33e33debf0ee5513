/**
 * What is measured, and what is aimed at: reads, slot searches, finds and bookings, ours beside the bare limit in turns, so
 * that a slow minute of the machine falls on both. A find is held against the limit's search for free slots.
 */
import { dayMs } from '../../src/base/durations.ts'
import { type FreeSlot, firstClinic, freeSlots, type Ground, headersOf, slotOf, slotSearch, type Target } from './clinic.ts'
import type { Limit } from './limit-client.ts'
import { type Answer, askAll, type Call, type Figures, figuresOf, load } from './load.ts'
import type { Plan } from './run.ts'
import type { Server } from './server.ts'

/** Shares of the limit, milliseconds, bytes, Slots a second, and how much slower a hundred times the Slots may be. */
export const aims = {
  share: { read: 0.5, slots: 0.5, find: 0.4, book: 0.4 },
  specialtyP99Ms: 60,
  jointP99Ms: 150,
  seriesP99Ms: 60,
  transactionsPerSecond: 150,
  losersP99Ms: 250,
  moveShare: 0.6,
  waitlistMs: 50,
  rssBytes: 200_000_000,
  generatedPerSecond: 1_000_000 / 60,
  slowdown: 1.3,
} as const

export type Job = keyof (typeof aims)['share']

export const jobs: Readonly<Record<Job, string>> = {
  read: 'read a Patient',
  slots: 'search the free Slots of a week',
  find: '$find-slots, one Schedule, a week',
  book: '$book',
}

export type Scene = {
  readonly target: Target
  readonly limit?: Limit
  readonly ground: Ground
  readonly schedules: readonly string[]
  readonly patients: readonly string[]
  /** The start of this day, UTC. */
  readonly today: number
  readonly seconds: number
}

export const patientCount = 1000
const patienceMs = 600_000

/** What a server that is held against another begins with. */
export async function firstScene(server: Server, plan: Omit<Plan, 'rounds' | 'only'>): Promise<Scene> {
  const { schedules, perDay, connections, today, seconds } = plan
  const target: Target = { base: server.base, token: server.token, connections }
  const size = { patients: patientCount, schedules, perDay }
  const { filled: _how, ...first } = await firstClinic(target, { ...size, tomorrow: today + dayMs, patienceMs })
  return { target, ...first, today, seconds }
}

/** Days from today that a job books on, so that no two of them want the same times. */
export const bookingDays = { warmUp: 2, rounds: 3, stampede: 20, small: 50, large: 65, moves: 24, waitlist: 45 } as const

const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T

export const readPatient =
  ({ target, patients }: Scene) =>
  (i: number): Call => ({ url: `${target.base}/Patient/${at(patients, i)}`, headers: headersOf(target) })

export const searchWeek =
  ({ target, schedules, today }: Scene) =>
  (i: number): Call =>
    slotSearch(target, at(schedules, i), today + dayMs, today + 8 * dayMs, 50)

const span = (from: number, until: number): string =>
  `start=${encodeURIComponent(new Date(from).toISOString())}&end=${encodeURIComponent(new Date(until).toISOString())}`

const between = (from: number, until: number): string => `${span(from, until)}&_count=50`

export const findWeek =
  ({ target, schedules, today }: Scene) =>
  (i: number): Call => ({
    url: `${target.base}/Slot/$find-slots?schedule=Schedule/${at(schedules, i)}&${between(today + dayMs, today + 8 * dayMs)}`,
    headers: headersOf(target),
  })

/** Two weeks, from a day that moves, over everyone of the specialty. */
export const findSpecialty =
  ({ target, ground, today }: Scene) =>
  (i: number): Call => {
    const from = today + (1 + (i % 14)) * dayMs
    const token = encodeURIComponent(`${ground.specialty.system}|${ground.specialty.code}`)
    return { url: `${target.base}/Slot/$find-slots?specialty=${token}&${between(from, from + 14 * dayMs)}`, headers: headersOf(target) }
  }

/** A day of one Schedule, time by time. */
export const explainDay =
  ({ target, schedules, today }: Scene) =>
  (i: number): Call => {
    const from = today + (1 + (i % 14)) * dayMs
    return {
      url: `${target.base}/Schedule/${at(schedules, i)}/$explain-availability?${span(from, from + dayMs)}`,
      headers: headersOf(target),
    }
  }

export const slotsPerTransaction = 20

/** New free Slots of one Schedule, after all that its rules make. */
export const transactSlots =
  ({ target, schedules, today }: Scene) =>
  (i: number): Call => {
    const day = today + (500 + Math.floor(i / schedules.length)) * dayMs
    const slots = Array.from({ length: slotsPerTransaction }, (_, n) => slotOf(at(schedules, i), day + n * 900_000))
    const entry = slots.map((resource) => ({ resource, request: { method: 'POST', url: 'Slot' } }))
    return {
      url: target.base,
      method: 'POST',
      headers: headersOf(target),
      body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    }
  }

export const bookSlot = ({ target, patients }: Scene, slot: FreeSlot, i: number): Call => ({
  url: `${target.base}/Slot/${slot.id}/$book`,
  method: 'POST',
  headers: headersOf(target),
  body: JSON.stringify({
    resourceType: 'Parameters',
    parameter: [{ name: 'patient', valueReference: { reference: `Patient/${at(patients, i)}` } }],
  }),
})

/** Books `count` different times of one day, each for another patient. */
export async function bookDay(scene: Scene, day: number, count: number): Promise<Figures> {
  const each = Math.ceil(count / scene.schedules.length)
  const free = (await freeSlots(scene.target, scene.schedules, scene.today + day * dayMs, each)).slice(0, count)
  return load((i) => bookSlot(scene, at(free, i), i), { connections: scene.target.connections, count: free.length })
}

export type Turn = { readonly ours: Figures; readonly limit?: Figures }

/** One turn of a job: the limit, then ours. */
export async function turn(scene: Scene, job: Job, round: number): Promise<Turn> {
  const { target, limit, seconds } = scene
  const timed = { connections: target.connections, seconds }
  if (job === 'book') {
    const [day, count] = [bookingDays.rounds + round, scene.patients.length]
    const bare = limit && (await load(limit.book(day), { connections: target.connections, count }))
    return { limit: bare, ours: await bookDay(scene, day, count) }
  }
  const bare = limit && (await load(job === 'read' ? limit.read : limit.slots, timed))
  const make = { read: readPatient, slots: searchWeek, find: findWeek }[job]
  return { limit: bare, ours: await load(make(scene), timed) }
}

export type Stampede = { readonly winners: number; readonly losers: Figures }

/** Everyone wants one Slot at once. Each stampede has a day of its own: a patient who won before is then free again. */
export async function stampede(scene: Scene, crowd: number, nth: number): Promise<Stampede> {
  const free = await freeSlots(scene.target, scene.schedules.slice(0, 1), scene.today + (bookingDays.stampede + nth) * dayMs, 1)
  const slot = at(free, 0)
  const answers = await askAll(
    Array.from({ length: crowd }, (_, i) => bookSlot(scene, slot, i)),
    crowd,
  )
  const won = (answer: Answer): boolean => answer.status < 300
  return {
    winners: answers.filter(won).length,
    losers: figuresOf(
      answers.filter((answer) => !won(answer)),
      1,
    ),
  }
}
