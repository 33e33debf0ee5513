/**
 * Two records of one patient become one, in one transaction: what refers to the one that goes refers to the one that stays.
 * Who a visit is for changes, and never what time is taken: each keeps its claims and its seat, and what is double then is
 * told, for people to decide. AuditEvents and what was signed stay as they are: they say what was done then.
 */
import { deleted, fault } from '../base/fault.ts'
import { mergedResourcesMax } from '../base/limits.ts'
import { exactText, parseExact } from '../fhir/exact-json.ts'
import { indexValues } from '../fhir/index-values.ts'
import { isReplaced, mergedTarget, renamedPatient, replacedSource } from '../fhir/patient-merge.ts'
import { type Resource, writableTypes } from '../fhir/resource.ts'
import { type AuditRow, auditPatients } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import {
  addMerge,
  addMoved,
  type MergeRow,
  type Moved,
  mergeOf,
  type Referring,
  referringTo,
  renameOffers,
} from '../store/patient-merges.ts'
import { lockResource, replaceResource, type Written } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { doubleVisits } from './double-visits.ts'
import { writeResource } from './write-resource.ts'

export type MergeInput = {
  readonly source: string
  readonly target: string
  /** How the one that stays is to be. */
  readonly result?: Resource
  readonly preview: boolean
  readonly client: string
  /** Patients who are not there for whoever asks, by Consent. */
  readonly keptFrom?: readonly string[]
  readonly audit: () => AuditRow
  /** Of an answer that shows what it leaves as it is. */
  readonly auditRead: () => AuditRow
  /** Throws where the actor may not change resources of the type. */
  readonly assertMay: (type: string) => void
}

export type Merged = {
  /** The Patient that stays, as JSON text. */
  readonly result: string
  /** What followed, or would. */
  readonly moved: readonly { readonly type: string; readonly id: string }[]
  /** What is double now. */
  readonly warnings: readonly string[]
  /** Schedules whose Slots must follow once the transaction is committed. */
  readonly schedules: readonly string[]
}

/** Throws: not-found, gone, business-rule, too-costly. A merge that stands is gone over again: what was written since follows too. */
export const mergePatients = (house: House, input: MergeInput): Promise<Merged> =>
  inTransaction(house.pool, (tx) => mergeInTx(tx, house, input))

async function mergeInTx(tx: Tx, house: House, input: MergeInput): Promise<Merged> {
  const { source, target } = input
  const { [source]: from, [target]: to } = await lockedPatients(tx, [source, target], input.keptFrom)
  if (!from || !to) throw new Error('mergePatients: a Patient was not locked')
  const standing = await mergeOf(tx, source)
  if (standing?.target !== target) assertMayMerge(from, source, 'source-patient')
  assertMayMerge(to, target, 'target-patient')
  const found = await referring(tx, house, input)
  const warnings = await doubleVisits(tx, house, [source, target])
  const result = mergedTarget({ source: from, target: to, base: house.base }, input.result && { ...input.result, id: target })
  if (input.preview || (standing && !input.result)) await shown(tx, input)
  if (input.preview) return { result: exactText(result), moved: found, warnings, schedules: [] }
  const work = { tx, house, input, at: house.clock.now().toISOString() }
  const { moved, schedules } = await moveAll(work, found, source, target)
  if (standing && !input.result) return noted(work, standing, { result: exactText(to), moved, warnings, schedules })
  const stays = await writePatient(work, target, result)
  const goes = standing ? undefined : await writePatient(work, source, replacedSource(from, target))
  const merge = standing ?? mergeRow(house, input, goes, stays)
  if (!standing) await addMerge(tx, merge, work.at)
  return noted(work, merge, { result: stays.body, moved, warnings, schedules })
}

const shown = (tx: Tx, { source, target, auditRead }: MergeInput): Promise<void> =>
  auditPatients(tx, { patients: [source, target], entity: `Patient/${target}`, audit: auditRead() })

const mergeRow = (house: House, { source, target }: MergeInput, goes: Written | undefined, stays: Written): MergeRow => ({
  id: house.ids.next(),
  source,
  target,
  sourceVersion: goes?.version ?? '0',
  targetVersion: stays.version,
})

async function noted({ tx }: Work, { id }: MergeRow, merged: Merged & { readonly moved: readonly Moved[] }): Promise<Merged> {
  await addMoved(tx, id, merged.moved)
  return merged
}

/** Both, in one order whoever merges which into which; numbers keep their digits. */
export async function lockedPatients(tx: Tx, ids: readonly string[], keptFrom: readonly string[] = []): Promise<Record<string, Resource>> {
  const found: Record<string, Resource> = {}
  for (const id of [...ids].sort()) {
    const row = await lockResource(tx, 'Patient', id)
    if (!row || keptFrom.includes(id)) throw fault('not-found', `There is no Patient/${id}.`, 'Patient')
    if (row.body === null) throw deleted(`Patient/${id}`, 'Patient')
    found[id] = parseExact(row.body) as Resource
  }
  return found
}

function assertMayMerge(patient: Resource, id: string, expression: string): void {
  if (isReplaced(patient)) throw fault('business-rule', `Patient/${id} is merged into another already.`, expression)
  if (expression === 'target-patient' && patient.active === false)
    throw fault('business-rule', `Patient/${id} is not active: merge into one that is.`, expression)
}

export type Work = {
  readonly tx: Tx
  readonly house: House
  readonly input: Pick<MergeInput, 'client' | 'audit'>
  readonly at: string
}

type Found = Referring & { readonly type: string }

async function referring(tx: Tx, house: House, input: MergeInput): Promise<Found[]> {
  const { source, assertMay } = input
  const found: Found[] = []
  for (const type of writableTypes) {
    const referring = await referringTo(tx, house.definitions, type, source, mergedResourcesMax + 1)
    const rows = referring.filter((row) => follows(input, type, row))
    if (rows.length > 0) assertMay(type)
    found.push(...rows.map((row) => ({ ...row, type })))
    if (found.length > mergedResourcesMax)
      throw fault('too-costly', `More than ${mergedResourcesMax} resources refer to Patient/${source}: they cannot follow in one step.`)
  }
  return found
}

/** The two are linked with each other. A signature holds for the words that were signed. */
function follows({ source, target }: MergeInput, type: string, { id, body }: Referring): boolean {
  if (type === 'Patient') return id !== source && id !== target
  return type !== 'Provenance' || (JSON.parse(body) as Resource).signature === undefined
}

async function moveAll(work: Work, found: readonly Found[], from: string, to: string): Promise<{ moved: Moved[]; schedules: string[] }> {
  const { tx, house } = work
  const moved: Moved[] = []
  const schedules: string[] = []
  for (const { type, id, body } of found) {
    const before = parseExact(body) as Resource
    const after = renamedPatient(house.definitions, before, from, to, house.base)
    if (after === before) continue
    const written = await rewrite(work, type, id, exactText(after))
    moved.push({ type, id, version: written.version })
    schedules.push(...written.schedules)
  }
  const entries = moved.filter(({ type }) => type === 'Appointment').map(({ id }) => id)
  await renameOffers(tx, entries, from, to)
  return { moved, schedules }
}

/** A row that the caller has locked says something else; the time that an Appointment takes is not touched. */
export async function rewrite(
  work: Work,
  type: string,
  id: string,
  text: string,
): Promise<{ version: string; schedules: readonly string[] }> {
  const { tx, house, input, at } = work
  const resource = { ...(JSON.parse(text) as Resource), id }
  if (type === 'Schedule') {
    const before = JSON.parse((await lockResource(tx, type, id))?.body ?? 'null') as Resource
    const change = { type, id, before, isNew: false, resource, text, at, client: input.client, audit: input.audit() }
    const { written, schedules } = await writeResource(tx, house, change)
    return { version: written.version, schedules }
  }
  const index = indexValues(house.definitions, resource, house.base)
  const { version } = await replaceResource(tx, house.definitions, { type, id, text, index, at, audit: input.audit() })
  return { version, schedules: [] }
}

/** After what followed: the waitlist's follower sees the entries under their new name before the old one is gone. */
export async function writePatient({ tx, house, input, at }: Work, id: string, resource: Resource): Promise<Written> {
  const text = exactText(resource)
  const index = indexValues(house.definitions, { ...(JSON.parse(text) as Resource), id }, house.base)
  return replaceResource(tx, house.definitions, { type: 'Patient', id, text, index, at, audit: input.audit() })
}
