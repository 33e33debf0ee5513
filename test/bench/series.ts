/**
 * A series as a desk books it: twelve weekly visits with one Schedule, one request at a time. The Schedules are the last of
 * the clinic and the patients too, which nothing else has booked on these days.
 */
import { dayMs } from '../../src/base/durations.ts'
import { recurrence, times } from '../support/recurrence.ts'
import { freeSlots, headersOf } from './clinic.ts'
import { askAll, type Call, type Figures, load } from './load.ts'
import type { Scene } from './measures.ts'

export const visitsOfSeries = 12
const seriesMeasured = 200
const schedulesUsed = 20
/** From today; the last visit stands within the horizon of 90 days. */
const firstDay = 10

/** Undefined: the server books no series. */
export async function bookSeriesOfTwelve(scene: Scene): Promise<Figures | undefined> {
  const schedules = scene.schedules.slice(-schedulesUsed)
  const each = Math.ceil((seriesMeasured + 1) / schedules.length)
  const slots = await freeSlots(scene.target, schedules, scene.today + firstDay * dayMs, each)
  const calls = slots.slice(0, seriesMeasured + 1).map(({ id }, i) => bookSeries(scene, id, i))
  const [first, ...measured] = calls
  const [tried] = first ? await askAll([first], 1) : []
  if (tried?.status !== 200 || !tried.text.includes('originatingAppointment')) return undefined
  return load((i) => measured[i] as Call, { connections: 1, count: measured.length })
}

function bookSeries({ target, patients }: Scene, slot: string, i: number): Call {
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [recurrence('wk', times(visitsOfSeries))],
    participant: [{ actor: { reference: `Patient/${patients.at(-1 - (i % patients.length))}` }, status: 'needs-action' }],
  }
  return {
    url: `${target.base}/Slot/${slot}/$book`,
    method: 'POST',
    headers: headersOf(target),
    body: JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'appt-resource', resource }] }),
  }
}
