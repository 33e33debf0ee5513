/**
 * A Bundle sent to the base: a batch, whose entries have nothing to do with each other, or a transaction, which happens
 * wholly or not at all. https://hl7.org/fhir/R4/http.html#transaction
 *
 * Each entry is a request. Who answers those is known to the doors alone and handed in as an argument.
 */
import { bundleEntries } from '../fhir/bundle-entries.ts'
import { batch } from './batch.ts'
import type { Desk } from './desk.ts'
import type { Doors } from './doors.ts'
import { transaction } from './transaction.ts'

export const bundles =
  (doors: Doors): Desk =>
  async (house, actor, { body, text = '', headers }) => {
    const { type, entries } = bundleEntries(house.definitions, body, text, house.base)
    return (type === 'batch' ? batch : transaction)(house, actor, entries, headers.prefer, doors)
  }
