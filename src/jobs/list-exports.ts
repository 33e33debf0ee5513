/**
 * Lists what goes into each export that is under way, a batch in a transaction: one that is cut short, by a kill or a
 * fall of the database, goes on after the last batch, on whichever server asks next.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { keptFromStandingWishes } from '../access/consent.ts'
import { withPosts } from '../access/masking.ts'
import { auditOf } from '../audit/audit-of.ts'
import { exportBatchMax, exportFailuresMax, exportFileResourcesMax, exportHoursKept } from '../base/bulk-limits.ts'
import { failureName } from '../booking/one-by-one.ts'
import { parseSearch } from '../fhir/search-query.ts'
import { storedActor } from '../operations/bulk-owner.ts'
import type { ExportWish } from '../operations/export-wish.ts'
import {
  advanceExport,
  type ExportRow,
  finishExport,
  forgetOldExports,
  isSettledAt,
  lockNextExport,
  noteFailure,
} from '../store/bulk-exports.ts'
import type { Tx } from '../store/db.ts'
import { type Listing, listBatch } from '../store/export-chunks.ts'
import type { House } from '../store/house.ts'
import { withoutOwn } from '../store/search/scope.ts'
import { inTransaction } from '../store/transaction.ts'

/** Two numbers a file: one for resources, the next for deletions. */
const filesTogether = 2

/** Works until nothing is left that can be listed now; gives how many batches that took. `only` one export. */
export async function listExports(house: House, only?: string): Promise<number> {
  await forgetOldExports(house.pool)
  for (let batches = 0; ; batches++) {
    const place = { id: '' }
    try {
      if (!(await inTransaction(house.pool, (tx) => listOne(tx, house, only, place)))) return batches
    } catch (error) {
      if (place.id === '') throw error
      house.warn('a batch of an export failed; it is tried again', { export: place.id, why: failureName(error) })
      await noteFailure(house.pool, place.id, exportFailuresMax, keptUntil(house))
      return batches
    }
  }
}

const keptUntil = (house: House): string => new Date(house.clock.now().getTime() + exportHoursKept * 3_600_000).toISOString()

/** False where nothing is left, or where what was true at its instant is not known yet. `place` tells whose batch failed. */
async function listOne(tx: Tx, house: House, only: string | undefined, place: { id: string }): Promise<boolean> {
  const row = await lockNextExport(tx, only)
  if (!row || !(await isSettledAt(tx, row.at))) return false
  place.id = row.id
  const stored = storedActor(row.actor)
  const masking = await withPosts(house, stored.masking, stored.user)
  const actor: Actor = { ...stored, masking, keptFrom: keptFromStandingWishes(await house.keptFrom(stored)) }
  const wish = JSON.parse(row.wish) as ExportWish
  const type = wish.types[row.step]
  if (type === undefined) {
    await finishExport(tx, row.id, keptUntil(house), auditOf(house, actor, 'export'))
    return true
  }
  const { last, count } = await listBatch(tx, house.definitions, listingOf(house, actor, row, wish, type))
  const isFull = (row.part + 1) * exportBatchMax >= exportFileResourcesMax
  const place2 = last === undefined || isFull ? { file: row.file + filesTogether, part: 0 } : { file: row.file, part: row.part + 1 }
  const next = last === undefined ? { step: row.step + 1, after: '' } : { step: row.step, after: last }
  await advanceExport(tx, { id: row.id, ...next, ...place2, listed: count })
  return true
}

function listingOf(house: House, actor: Actor, row: ExportRow, wish: ExportWish, type: string): Listing {
  const filters = wish.filters[type]?.map((query) => parseSearch(house.definitions, type, new URLSearchParams(query), house.base).criteria)
  return {
    export: row.id,
    type,
    at: row.at,
    since: wish.since,
    patients: wish.patients,
    filters,
    // The filters' chains go as far as the first allows. A token that lost its reach between order and listing cannot be: the
    // scopes were kept with the order.
    bounds: (['s', 'r'] as const).map((verb) => withoutOwn(boundsFor(house, actor, verb, type) ?? { anyOf: [] })),
    after: row.after,
    file: row.file,
    part: row.part,
  }
}
