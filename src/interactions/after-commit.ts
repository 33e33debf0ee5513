/**
 * What can only be done once everybody sees what a transaction has written.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { consentRule } from '../access/consent.ts'
import { consentsLookMs } from '../base/limits.ts'
import { settleSlots } from '../booking/make-slots.ts'
import { remakeSlots } from '../booking/write-resource.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'

type Committed = {
  readonly type: string
  readonly id: string
  readonly resource: Resource
  /** Those whose Slots must follow. */
  readonly schedules: readonly string[]
}

/** The Slots of changed Schedules are made anew, and new ones settled with what was taken beside them. */
export async function afterCommit(house: House, written: readonly Committed[], schedules: readonly string[] = []): Promise<void> {
  await remakeSlots(house, [...new Set([...schedules, ...written.flatMap((one) => one.schedules)])])
  const slots = written.filter(({ type }) => type === 'Slot')
  if (slots.length > 0) await settleSlots(house, slots)
  // Every process looks so often: once the write is answered, all of them heed it.
  if (written.some(({ type, resource }) => type === 'Consent' && consentRule(resource, house.base))) await sleep(consentsLookMs)
}
