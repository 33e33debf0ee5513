/**
 * Reads the imports that were sent, part by part. One that is cut short goes on with the part it was in, whose lines are
 * then found unchanged as far as they were written, on whichever server asks next.
 */
import { keptFromStandingWishes } from '../access/consent.ts'
import { withPosts } from '../access/masking.ts'
import { importFailuresMax, importHoursKept } from '../base/bulk-limits.ts'
import { failureName } from '../booking/one-by-one.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import { storedActor } from '../operations/bulk-owner.ts'
import {
  finishPart,
  forgetOldImports,
  type ImportPart,
  lockImport,
  nextPart,
  noteImportFailure,
  unlockImport,
  waitingImports,
} from '../store/bulk-imports.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'
import { importLines, type Refusal } from './import-lines.ts'

const importsARound = 20

export async function runImports(house: House): Promise<void> {
  await forgetOldImports(house.pool)
  for (const id of await waitingImports(house.pool, importsARound)) await house.pool.connect((db) => runImport(db, house, id))
}

async function runImport(db: Db, house: House, id: string): Promise<void> {
  if (!(await lockImport(db, id))) return
  try {
    for (let part = await nextPart(house.pool, id); part; part = await nextPart(house.pool, id)) await runPart(house, part)
  } catch (error) {
    house.warn('a part of an import failed; it is tried again', { import: id, why: failureName(error) })
    await noteImportFailure(house.pool, id, importFailuresMax)
  } finally {
    await unlockImport(db, id)
  }
}

async function runPart(house: House, { row, first, lines }: ImportPart): Promise<void> {
  const texts = lines.split('\n').map((text, at) => ({ no: first + at, text }))
  const stored = storedActor(row.actor)
  const masking = await withPosts(house, stored.masking, stored.user)
  const actor = { ...stored, masking, keptFrom: keptFromStandingWishes(await house.keptFrom(stored)) }
  const { refusals, ...tally } = await importLines(house, actor, texts, row.stop)
  const isLast = row.part + 1 >= row.parts || (row.stop && refusals.length > 0)
  const expires = new Date(house.clock.now().getTime() + importHoursKept * 3_600_000).toISOString()
  const kept = refusals.map((refusal) => ({ line: refusal.line, outcome: refusalLine(refusal) }))
  await inTransaction(house.pool, (tx) => finishPart(tx, { id: row.id, part: row.part, ...tally, refusals: kept, isLast, expires }))
}

/** Which line, which resource, and what is wrong with it, as one OperationOutcome. */
export function refusalLine({ line, type, id, fault }: Refusal): string {
  const name = type === undefined ? '' : ` (${type}${id === undefined ? '' : `/${id}`})`
  const issues = fault.issues.map((issue) => ({ ...issue, diagnostics: `Line ${line}${name}: ${issue.diagnostics}` }))
  return JSON.stringify(operationOutcome(issues))
}
