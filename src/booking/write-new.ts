/**
 * Many new resources of one type in one transaction, in few statements where they bear on nobody's time and no Schedule's
 * plan; each else as if it came alone.
 */
import { indexValues } from '../fhir/index-values.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { insertResources } from '../store/resource-sets.ts'
import type { Written } from '../store/resources.ts'
import { type Change, IdIsTaken } from './change.ts'
import { makeSlots, standsOpen } from './make-slots.ts'
import { planTypes } from './plans.ts'
import { assertSlotLength } from './write-resource.ts'

/** Whether `writeNew` may be handed a new resource. Throws `business-rule` where a Slot is too long. */
export function mayBeOneOfMany(house: House, change: Change): boolean {
  if (change.type !== 'Slot') return !answering.has(change.type) && !planTypes.has(change.type)
  assertSlotLength(change.resource)
  return standsOpen(house, change.resource)
}

/** What is written with each of them is somebody's time. */
const answering: ReadonlySet<string> = new Set(['Appointment', 'AppointmentResponse'])

/** In the order of `changes`, all of one type. Throws IdIsTaken. */
export async function writeNew(tx: Tx, house: House, changes: readonly Change[]): Promise<Written[]> {
  if (changes[0]?.type === 'Slot') return makeSlots(tx, house, changes)
  const written = await insertResources(
    tx,
    house.definitions,
    changes.map(({ type, id, text, resource, at, audit }) => ({
      type,
      id,
      text,
      index: indexValues(house.definitions, resource, house.base),
      at,
      audit,
    })),
  )
  return changes.map(({ id }) => {
    const row = written.get(id)
    if (!row) throw new IdIsTaken()
    return row
  })
}
