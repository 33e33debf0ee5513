/**
 * What other people's FHIR clients ask beside the operations: chains, `_has`, long lists of alternatives, XML. One question at
 * a time, over all the Slots and Patients that the run has made by then.
 */
import { dayMs } from '../../src/base/durations.ts'
import { headersOf, type Target } from './clinic.ts'
import { type Call, load } from './load.ts'
import type { Scene } from './measures.ts'
import { type Line, oddCodes } from './report.ts'

const aimP99Ms = 100
const alternatives = 200
const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T

type Make = (i: number) => Call

/** From a day that moves, so that no two questions in a row are the same. */
const from = ({ today }: Scene, i: number): string => encodeURIComponent(new Date(today + (1 + (i % 28)) * dayMs).toISOString())

const search = (target: Target, query: string): Call => ({ url: `${target.base}/${query}&_count=50`, headers: headersOf(target) })

const searches = (scene: Scene): Readonly<Record<string, Make>> => ({
  'Slots by schedule.actor:Practitioner.family, by start': (i) =>
    search(
      scene.target,
      `Slot?schedule.actor:Practitioner.family:exact=Bench%20${i % scene.schedules.length}&status=free&start=ge${from(scene, i)}&_sort=start`,
    ),
  'Appointments by slot.schedule.actor:Practitioner.family': (i) =>
    search(scene.target, `Appointment?slot.schedule.actor:Practitioner.family:exact=Bench%20${i % scene.schedules.length}`),
  'Patients by _has:Appointment:patient:slot.schedule': (i) =>
    search(scene.target, `Patient?_has:Appointment:patient:slot.schedule=Schedule/${at(scene.schedules, i)}`),
  'Patients by _has:Appointment:patient:date': (i) => search(scene.target, `Patient?_has:Appointment:patient:date=ge${from(scene, i)}`),
  [`Slots of any of ${alternatives} Schedules, by start`]: (i) => {
    const schedules = Array.from({ length: alternatives }, (_, n) => `Schedule/${at(scene.schedules, i + n)}`)
    return search(scene.target, `Slot?schedule=${schedules.join(',')}&status=free&start=ge${from(scene, i)}&_sort=start`)
  },
})

export async function restLines(scene: Scene): Promise<Line[]> {
  const lines: Line[] = []
  for (const [name, make] of Object.entries(searches(scene))) {
    const ours = await measured(make, { connections: 1, seconds: scene.seconds })
    const odd = oddCodes([ours])
    const met = odd === '' && ours.p99 < aimP99Ms
    lines.push({ name, ours, figure: odd || `p99 ${ours.p99.toFixed(1)} ms`, aim: `p99 ${aimP99Ms} ms`, met })
  }
  return [...lines, ...(await xmlLine(scene))]
}

/** Of a server that has XML, under the load under which JSON is measured. */
async function xmlLine({ target, patients, seconds }: Scene): Promise<Line[]> {
  const headers = { ...headersOf(target), accept: 'application/fhir+xml' }
  const make: Make = (i) => ({ url: `${target.base}/Patient/${at(patients, i)}`, headers })
  const tried = await load(make, { connections: 1, count: 1 })
  if (!tried.codes[200]) return []
  const ours = await measured(make, { connections: target.connections, seconds })
  return [{ name: 'read a Patient in XML', ours, figure: oddCodes([ours]) || `p99 ${ours.p99.toFixed(1)} ms` }]
}

async function measured(make: Make, timed: { readonly connections: number; readonly seconds: number }) {
  await load(make, { ...timed, seconds: 1 })
  return load(make, timed)
}
