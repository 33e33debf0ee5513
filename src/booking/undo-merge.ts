/**
 * A merge of two Patients taken back, in one transaction: what followed goes back to the one that it was of. What was changed
 * since keeps its changes; where it cannot be told whose a reference was, it stays and is named.
 */
import { fault } from '../base/fault.ts'
import { exactText, parseExact } from '../fhir/exact-json.ts'
import { isReplaced, renamedPatient, unmergedSource, unmergedTarget } from '../fhir/patient-merge.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Tx } from '../store/db.ts'
import { versionOf } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { endMerge, type MergeRow, type Moved, mergeOf, movedBy, renameOffers } from '../store/patient-merges.ts'
import { lockResource } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { lockedPatients, type Merged, type MergeInput, rewrite, type Work, writePatient } from './merge-patients.ts'

export type UndoInput = Pick<MergeInput, 'source' | 'target' | 'client' | 'keptFrom' | 'audit' | 'assertMay'>

/** `result` is the Patient that was gone. Throws: not-found, gone, business-rule. */
export const undoMerge = (house: House, input: UndoInput): Promise<Merged> => inTransaction(house.pool, (tx) => undoInTx(tx, house, input))

async function undoInTx(tx: Tx, house: House, input: UndoInput): Promise<Merged> {
  const { source, target } = input
  const { [source]: from, [target]: to } = await lockedPatients(tx, [source, target], input.keptFrom)
  if (!from || !to) throw new Error('undoMerge: a Patient was not locked')
  const merge = await mergeOf(tx, source)
  if (merge?.target !== target) throw fault('business-rule', `Patient/${source} is not merged into Patient/${target}.`, 'source-patient')
  if (isReplaced(to))
    throw fault('business-rule', `Patient/${target} is merged into another itself: undo that merge first.`, 'target-patient')
  const work = { tx, house, input, at: house.clock.now().toISOString() }
  const { moved, warnings, schedules } = await giveBack(work, merge)
  const [wasFrom, wasTo] = [
    await beforeOf(tx, 'Patient', source, merge.sourceVersion),
    await beforeOf(tx, 'Patient', target, merge.targetVersion),
  ]
  const isAsLeft = (patient: Resource, version: string) => patient.meta?.versionId === version
  await writePatient(
    work,
    target,
    isAsLeft(to, merge.targetVersion) ? wasTo : unmergedTarget({ source: wasFrom, target: to, base: house.base }, wasTo),
  )
  const { body } = await writePatient(
    work,
    source,
    isAsLeft(from, merge.sourceVersion) ? wasFrom : unmergedSource(from, target, wasFrom, house.base),
  )
  await endMerge(tx, merge.id, work.at)
  return { result: body, moved, warnings, schedules }
}

/** As it was before the merge wrote this version. */
async function beforeOf(tx: Tx, type: string, id: string, version: string): Promise<Resource> {
  const row = await versionOf(tx, type, id, String(BigInt(version) - 1n))
  return parseExact(row?.body ?? '{}') as Resource
}

async function giveBack(work: Work & { readonly input: UndoInput }, merge: MergeRow): Promise<Omit<Merged, 'result'>> {
  const { tx, input } = work
  const moved: Moved[] = []
  const warnings: string[] = []
  const schedules: string[] = []
  for (const one of await movedBy(tx, merge.id)) {
    const text = await textBack(work, merge, one)
    if (text === 'unclear') warnings.push(`${one.type}/${one.id} was changed since and named both before: whose it is stays as it is.`)
    if (text === undefined || text === 'unclear') continue
    input.assertMay(one.type)
    const written = await rewrite(work, one.type, one.id, text)
    moved.push({ ...one, version: written.version })
    schedules.push(...written.schedules)
  }
  const entries = moved.filter(({ type }) => type === 'Appointment').map(({ id }) => id)
  await renameOffers(tx, entries, merge.target, merge.source)
  return { moved, warnings, schedules }
}

/** The text that gives it back; undefined where there is nothing to give back any more. */
async function textBack({ tx, house }: Work, { source, target }: MergeRow, { type, id, version }: Moved): Promise<string | undefined> {
  const row = await lockResource(tx, type, id)
  if (!row?.body) return undefined
  const before = await beforeOf(tx, type, id, version)
  if (row.version === version) return exactText(before)
  const current = parseExact(row.body) as Resource
  const back = renamedPatient(house.definitions, current, target, source, house.base)
  if (back === current) return undefined
  const namedBoth = renamedPatient(house.definitions, before, target, source, house.base) !== before
  return namedBoth ? 'unclear' : exactText(back)
}
