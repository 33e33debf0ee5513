/**
 * The turns of several Appointments that one transaction writes: all that they lock is locked at its beginning, in the order
 * that everybody keeps (`store/lock-visits.ts`), whatever the order of its entries. One alone takes its turn when it is written.
 */
import type { Resource } from '../fhir/resource.ts'
import { claimableActors, claimsOfSchedules } from '../store/claimable-actors.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockVisits } from '../store/lock-visits.ts'
import { namedSlots } from '../store/named-slots.ts'
import type { SlotTime } from '../store/slots-by-hand.ts'
import { idsNamed, takenActors } from './participants.ts'
import { turnOf } from './slots-in-turn.ts'

type Written = {
  readonly ids: readonly string[]
  readonly resources: readonly Resource[]
  readonly patient?: string
  /** Slots that are written by hand beside them. */
  readonly slots?: readonly SlotTime[]
}

/** `resources` as they are to be, where that is known; `patient`: written under a patient scope. */
export async function visitsInTurn(tx: Tx, { base }: House, { ids, resources, patient, slots: byHand }: Written): Promise<void> {
  const slots = resources.flatMap((resource) => idsNamed(resource.slot, 'Slot', base))
  const schedules = slots.length > 0 ? (await namedSlots(tx, slots)).map(({ schedule }) => schedule) : []
  const named = resources.flatMap((resource) => takenActors(resource, base))
  const actors = [...(await claimsOfSchedules(tx, schedules)), ...(await claimableActors(tx, named, base))]
  await lockVisits(tx, { visits: ids, patients: patient === undefined ? [] : [`Patient/${patient}`], actors, ...turnOf(byHand ?? []) })
}
