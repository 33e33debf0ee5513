/**
 * The clinic that is measured, made over REST alone: practitioners with a week of quarter hours, one service, patients. A
 * server that makes no Slots from rules gets them posted one by one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { dayMs } from '../../src/base/durations.ts'
import { systemIds } from '../../src/base/ids.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { availability, bookingPolicy, timezone } from '../../src/jobs/demo/extensions.ts'
import { type Answer, askAll, type Call } from './load.ts'

export type Target = { readonly base: string; readonly token?: string; readonly connections: number }

const specialists = 200
const everyDay = 'mon tue wed thu fri sat sun'

export const headersOf = (target: Target): Record<string, string> => (target.token ? { authorization: `Bearer ${target.token}` } : {})

const creation = (target: Target, resource: Resource): Call => ({
  url: `${target.base}/${resource.resourceType}`,
  method: 'POST',
  headers: { ...headersOf(target), prefer: 'return=representation' },
  body: JSON.stringify(resource),
})

export async function createAll(target: Target, resources: readonly Resource[]): Promise<string[]> {
  const answers = await askAll(
    resources.map((resource) => creation(target, resource)),
    target.connections,
  )
  return answers.map((answer) => idOf(answer))
}

function idOf({ status, text }: Answer): string {
  if (status !== 201) throw new Error(`A POST was answered ${status}: ${text.slice(0, 400)}`)
  return String((JSON.parse(text) as { id: string }).id)
}

export const createPatients = (target: Target, count: number): Promise<string[]> =>
  createAll(
    target,
    Array.from({ length: count }, (_, i) => ({
      resourceType: 'Patient',
      name: [{ family: 'Bench', given: [`P${i}`] }],
      gender: 'unknown',
      birthDate: '1980-01-01',
    })),
  )

type Coding = { readonly system: string; readonly code: string }

/** The codes are of this run alone: a clinic that is there already, or was left by another run, does not answer to them. */
export type Ground = { readonly location: string; readonly service: string; readonly type: Coding; readonly specialty: Coding }

export async function createGround(target: Target): Promise<Ground> {
  const run = systemIds.next()
  const [type, specialty] = ['service', 'specialty'].map((kind) => ({ system: `urn:slotwise:bench:${kind}`, code: run })) as [
    Coding,
    Coding,
  ]
  const [location = ''] = await createAll(target, [{ resourceType: 'Location', name: 'Bench', extension: [timezone('UTC')] }])
  const policy = bookingPolicy({ durationMinutes: 15, minNoticeMinutes: 0 })
  const [service = ''] = await createAll(target, [
    { resourceType: 'HealthcareService', active: true, name: 'Bench', type: [{ coding: [type] }], extension: [policy] },
  ])
  return { location, service, type, specialty }
}

/** `started` is when the first Schedule was sent, on the clock of performance.now(). */
export type Made = { readonly ids: string[]; readonly started: number }

/** `from` counts schedules already made, so that the first 200 of all have the specialty. */
export async function createSchedules(target: Target, ground: Ground, from: number, count: number, perDay: number): Promise<Made> {
  const numbers = Array.from({ length: count }, (_, i) => from + i)
  const practitioners = await createAll(
    target,
    numbers.map((i) => ({ resourceType: 'Practitioner', active: true, name: [{ family: `Bench ${i}` }] })),
  )
  const minutes = 9 * 60 + perDay * 15
  const closes = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  const schedules = numbers.map((i, at) => ({
    resourceType: 'Schedule',
    active: true,
    extension: [timezone('UTC'), availability({ days: everyDay, from: '09:00', to: closes, slotMinutes: 15 })],
    serviceType: [{ coding: [ground.type] }],
    ...(i < specialists ? { specialty: [{ coding: [ground.specialty] }] } : {}),
    actor: [`Practitioner/${practitioners[at]}`, `Location/${ground.location}`, `HealthcareService/${ground.service}`].map((reference) => ({
      reference,
    })),
  }))
  const started = performance.now()
  return { ids: await createAll(target, schedules), started }
}

export type FreeSlot = { readonly id: string; readonly start: string; readonly end: string }

export const slotSearch = (target: Target, schedule: string, from: number, until: number, count: number): Call => {
  const [ge, lt] = [from, until].map((ms) => encodeURIComponent(new Date(ms).toISOString()))
  return {
    url: `${target.base}/Slot?schedule=Schedule/${schedule}&status=free&start=ge${ge}&start=lt${lt}&_sort=start&_count=${count}`,
    headers: headersOf(target),
  }
}

/** The first free Slots of one day, schedule by schedule: the first of each, then the second of each, and so on. */
export async function freeSlots(target: Target, schedules: readonly string[], dayStart: number, each: number): Promise<FreeSlot[]> {
  const calls = schedules.map((schedule) => slotSearch(target, schedule, dayStart, dayStart + dayMs, each))
  const lists = (await askAll(calls, target.connections)).map(({ text }) => slotsIn(text))
  return Array.from({ length: each }, (_, n) => lists.flatMap((list) => list.slice(n, n + 1))).flat()
}

function slotsIn(text: string): FreeSlot[] {
  const bundle = JSON.parse(text) as { entry?: { resource: FreeSlot & { resourceType: string } }[] }
  return (bundle.entry ?? []).map(({ resource }) => resource).filter(({ resourceType }) => resourceType === 'Slot')
}

/** How many Slots the server says it has. */
export async function countSlots(target: Target): Promise<number> {
  const [answer] = await askAll([{ url: `${target.base}/Slot?_count=1&_total=accurate`, headers: headersOf(target) }], 1)
  return Number((JSON.parse(answer?.text ?? '{}') as { total?: number }).total ?? Number.NaN)
}

/** Waits until the last of these schedules shows free times; posts them where the server makes none by itself. */
export async function ensureSlots(
  target: Target,
  schedules: readonly string[],
  tomorrow: number,
  patienceMs: number,
): Promise<'made' | 'posted'> {
  const last = schedules.slice(-1)
  for (let waited = 0; waited < patienceMs; waited += 200) {
    if ((await freeSlots(target, last, tomorrow + dayMs, 1)).length > 0) return 'made'
    await sleep(200)
  }
  const days = Array.from({ length: 14 }, (_, day) => tomorrow + day * dayMs + 9 * 3_600_000)
  const starts = days.flatMap((nine) => Array.from({ length: 20 }, (_, n) => nine + n * 900_000))
  const slots = schedules.flatMap((schedule) => starts.map((start) => slotOf(schedule, start)))
  await createAll(target, slots)
  return 'posted'
}

export const slotOf = (schedule: string, start: number): Resource => ({
  resourceType: 'Slot',
  schedule: { reference: `Schedule/${schedule}` },
  status: 'free',
  start: new Date(start).toISOString(),
  end: new Date(start + 900_000).toISOString(),
})

/** The clinic that a run begins with: patients, and Schedules whose Slots are there. */
export async function firstClinic(
  target: Target,
  {
    patients,
    schedules,
    perDay,
    tomorrow,
    patienceMs,
  }: {
    readonly patients: number
    readonly schedules: number
    readonly perDay: number
    readonly tomorrow: number
    readonly patienceMs: number
  },
) {
  const ground = await createGround(target)
  const people = await createPatients(target, patients)
  const { ids } = await createSchedules(target, ground, 0, schedules, perDay)
  const filled = await ensureSlots(target, ids, tomorrow, patienceMs)
  return { ground, patients: people, schedules: ids, filled }
}
