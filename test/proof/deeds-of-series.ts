/**
 * What a client may ask of a series: all its visits at once, or those that can be had; one of them and those that follow
 * moved or cancelled. A visit a day, in Slots of one Schedule that begin at the same time of day.
 */
import { mark, parameters } from './ask.ts'
import type { Kind } from './ground.ts'
import { claimed, type Maker, post, recent, type Scene, somebody, somewhere } from './plan.ts'

const template = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceTemplate'
const dayMs = 86_400_000

const daily = (count: number): object => ({
  url: template,
  extension: [
    { url: 'recurrenceType', valueCodeableConcept: { coding: [{ system: 'http://unitsofmeasure.org', code: 'd' }] } },
    { url: 'occurrenceCount', valuePositiveInt: count },
  ],
})

/** From whatever day it begins, to the last one. */
export const bookSeries: Maker = (scene) => {
  const { dice, town, name, deed } = scene
  const at = somewhere(scene, 'short', 'long', 'waiting')
  if (!at) return undefined
  const { place, slot, kind } = at
  const days = place.slots.filter(({ start }) => start >= slot.start && (start - slot.start) % dayMs === 0)
  if (days.length < 2) return undefined
  const skips = dice.below(3) === 0
  const repeats = dice.below(3) === 0
  const resource = {
    resourceType: 'Appointment',
    status: 'proposed',
    extension: [daily(days.length)],
    comment: mark(deed),
    participant: [{ actor: { reference: `Patient/${somebody(scene)}` }, status: 'needs-action' }],
  }
  const said = { 'healthcare-service': town.services[kind], ...(skips && { 'on-clash': 'skip' }) }
  return {
    asked: post(
      `Slot/${slot.id}/$book`,
      parameters(said, [{ name: 'appt-resource', resource }]),
      repeats ? { 'idempotency-key': `${name}-${deed}` } : undefined,
    ),
    makes: days.length,
    orFewer: skips,
    repeats,
    // Which of them could have been had is not known where a rule may have spoken against one.
    wanted: skips ? undefined : [days.flatMap((day) => claimed(place, day))],
  }
}

/** One visit of a series that may still stand, and how far from the last day it was to begin with. */
function member({ dice, known }: Scene): { id: string; kind: Kind; nth: number } | undefined {
  const series = recent(dice, known.series)
  if (!series || series.kind === 'loose') return undefined
  const standing = series.members.filter((id) => known.visits.some((visit) => visit.id === id))
  const id = dice.oneOf(standing)
  return id === undefined ? undefined : { id, kind: series.kind, nth: series.members.indexOf(id) - series.members.length }
}

const scopeOf = ({ dice }: Scene): string => (dice.below(4) === 0 ? 'all' : 'this-and-following')

export const moveSeries: Maker = (scene) => {
  const visit = member(scene)
  const place = visit && scene.dice.oneOf(scene.town.kinds[visit.kind])
  const day = visit && scene.town.days.at(visit.nth)
  const slot = scene.dice.oneOf(place?.slots.filter(({ start }) => Math.floor(start / dayMs) === day) ?? [])
  if (!visit || !slot) return undefined
  const said = { scope: scopeOf(scene), slot: `Slot/${slot.id}`, reason: { text: mark(scene.deed) } }
  return { asked: post(`Appointment/${visit.id}/$reschedule`, parameters(said)), targets: [visit.id], reach: 'series' }
}

export const cancelSeries: Maker = (scene) => {
  const visit = member(scene)
  if (!visit) return undefined
  const said = { scope: scopeOf(scene), reason: { text: mark(scene.deed) } }
  return { asked: post(`Appointment/${visit.id}/$cancel`, parameters(said)), targets: [visit.id], reach: 'series' }
}
