/**
 * A joint visit as a clinic asks for it: any of 20 practitioners, any of 10 rooms and any of 5 devices, in two weeks. The
 * days move, so that no two questions in a row are the same.
 */
import { dayMs } from '../../src/base/durations.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { availability, timezone } from '../../src/jobs/demo/extensions.ts'
import { createAll, headersOf, type Target } from './clinic.ts'
import type { Call } from './load.ts'

const sizes = { Practitioner: 20, Location: 10, Device: 5 } as const
const minutesOf = { Practitioner: 15, Location: 30, Device: 15 } as const
type Kind = keyof typeof sizes

const room = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'ro' }] }
const bodies: Readonly<Record<Kind, Resource>> = {
  Practitioner: { resourceType: 'Practitioner', active: true, name: [{ family: 'Bench Joint' }] },
  Location: { resourceType: 'Location', name: 'Bench room', status: 'active', physicalType: room },
  Device: { resourceType: 'Device', status: 'active' },
}

/** One group of actors for each kind, each actor with a Schedule of its own. */
export async function createGroups(target: Target): Promise<string[][]> {
  const groups: string[][] = []
  for (const kind of Object.keys(sizes) as Kind[]) {
    const ids = await createAll(
      target,
      Array.from({ length: sizes[kind] }, () => bodies[kind]),
    )
    const actors = ids.map((id) => `${kind}/${id}`)
    const week = availability({ days: 'mon tue wed thu fri sat sun', from: '09:00', to: '17:00', slotMinutes: minutesOf[kind] })
    const schedules = actors.map((reference) => ({
      resourceType: 'Schedule',
      active: true,
      actor: [{ reference }],
      extension: [timezone('UTC'), week],
    }))
    await createAll(target, schedules)
    groups.push(actors)
  }
  return groups
}

export const findJoint =
  (target: Target, groups: readonly (readonly string[])[], today: number) =>
  (i: number): Call => {
    const from = today + (1 + (i % 14)) * dayMs
    const times = { start: from, end: from + 14 * dayMs }
    const parameter = [
      ...Object.entries(times).map(([name, time]) => ({ name, valueDateTime: new Date(time).toISOString() })),
      { name: 'duration', valueInteger: 30 },
      ...groups.map((group) => ({
        name: 'resource-group',
        part: group.map((reference) => ({ name: 'actor', valueReference: { reference } })),
      })),
    ]
    return {
      url: `${target.base}/Slot/$find-slots`,
      method: 'POST',
      headers: headersOf(target),
      body: JSON.stringify({ resourceType: 'Parameters', parameter }),
    }
  }
