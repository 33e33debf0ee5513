/**
 * The row that is written, held until the transaction ends. A Slot's is locked after all that writing it may take or give back.
 */
import { lockSlotsInTurn, type SlotWrite } from '../booking/slots-in-turn.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource, type StoredRow } from '../store/resources.ts'

export async function lockToWrite(tx: Tx, house: House, type: string, write: SlotWrite): Promise<StoredRow | undefined> {
  if (type !== 'Slot') return lockResource(tx, type, write.id)
  return (await lockSlotsInTurn(tx, house, [write])).get(write.id)
}
