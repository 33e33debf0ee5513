/**
 * The demo clinic, as data: Riverside Health with three sites in three time zones, its people, their weeks, two hundred
 * patients and their visits. The same for everyone who loads it on the same day: dates move with `now`, chance is a fixed
 * seed. Pure; `slotwise seed` writes the resources in this order and books the visits.
 */
import type { Resource } from '../fhir/resource.ts'
import { diceOf } from './demo/dice.ts'
import { patients } from './demo/patients.ts'
import { places } from './demo/places.ts'
import { practitioners } from './demo/practitioners.ts'
import { healthcareServices } from './demo/services.ts'
import { type DemoVisit, demoVisits } from './demo/visits.ts'

/** Changing it changes every name, and the README's tour with them. */
const seed = 20_260_101

/** Every site names its zone, so this is never read. */
const defaults = { timeZone: 'UTC' }

export type { DemoVisit }

/** `resources` in an order in which each refers only to those before it. */
export function demoClinic(now: Date): { resources: Resource[]; visits: DemoVisit[] } {
  const clinic = [...places(now), ...healthcareServices(), ...practitioners(now)]
  const resources = [...clinic, ...patients(diceOf(seed), now)]
  return { resources, visits: demoVisits(resources, defaults, diceOf(seed + 1), now) }
}
