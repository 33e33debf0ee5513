/**
 * The writes of a transaction, done in the order in which they do not get in each other's way, many at once where they may.
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { lockSlotsInTurn } from '../booking/slots-in-turn.ts'
import { writeOrder } from '../booking/write-order.ts'
import { type Names, relinked } from '../fhir/bundle-references.ts'
import type { EntryReply } from '../fhir/bundle-response.ts'
import { allOk } from '../fhir/operation-outcome.ts'
import type { Prefer } from '../fhir/request.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { type LockedRow, lockResources, presentIds } from '../store/resource-sets.ts'
import { atEntry } from './at-entry.ts'
import { createWhereNone } from './create.ts'
import { assertStands } from './may-write.ts'
import { patchLocked, patchWhere } from './patch.ts'
import { patchOf } from './patch-formats.ts'
import { removeLocked, removeWhere } from './remove.ts'
import { answerOf, type Stored, storeNew, storeOver } from './store-change.ts'
import type { Submitted } from './submitted.ts'
import { type Bodies, submittedOf } from './transaction-bodies.ts'
import { namesOf, type Target } from './transaction-targets.ts'
import { slotWrites, takeTurns } from './transaction-turns.ts'
import { judgeOf, updateWhere } from './update.ts'
import { writtenBeside } from './written-beside.ts'

export type Performed = {
  /** By the index of the entry. */
  readonly replies: Map<number, EntryReply>
  readonly stored: Stored[]
  /** Those that something deleted hung on: their Slots must follow. */
  readonly schedules: string[]
}

type Performing = {
  readonly tx: Tx
  readonly house: House
  readonly actor: Actor
  readonly bodies: Bodies
  readonly names: Names
  readonly beside: Beside
  readonly prefer: Prefer
  /** What the Slots of the transaction take and give back is locked. */
  readonly slotsHadTurn: boolean
  readonly done: Performed
}

export async function performed(
  tx: Tx,
  house: House,
  actor: Actor,
  targets: readonly Target[],
  bodies: Bodies,
  prefer: Prefer,
): Promise<Performed> {
  const performing: Performing = {
    tx,
    house,
    actor,
    bodies,
    names: namesOf(targets),
    beside: writtenBeside(house, targets, bodies),
    prefer,
    slotsHadTurn: await takeTurns(tx, house, actor, targets, bodies),
    done: { replies: new Map(), stored: [], schedules: [] },
  }
  for (const group of await groupsOf(tx, targets, bodies)) await performGroup(performing, group)
  return performing.done
}

/** Those of one type that are due together, in order. A reference by search comes after what it may find. */
async function groupsOf(tx: Tx, targets: readonly Target[], bodies: Bodies): Promise<Target[][]> {
  const slots = targets.filter(({ does, type }) => does === 'update' && type === 'Slot').flatMap(({ ids }) => ids)
  const hasVisits = slots.length > 0 && targets.some(({ type }) => type === 'Appointment')
  const present = hasVisits ? await presentIds(tx, 'Slot', slots) : undefined
  const groups = new Map<string, { place: number; type: string; targets: Target[] }>()
  for (const target of targets) {
    const { does, type, ids, entry } = target
    const searches = (bodies.get(entry.index)?.searches.length ?? 0) > 0
    const isAbsent = present !== undefined && !present.has(ids[0] ?? '')
    const place = writeOrder({ does, type, resource: entry.resource, isAbsent }) + (searches ? 0.5 : 0)
    const group = groups.get(`${place} ${type}`) ?? { place, type, targets: [] }
    groups.set(`${place} ${type}`, group)
    group.targets.push(target)
  }
  return [...groups.values()].sort((a, b) => a.place - b.place || (a.type < b.type ? -1 : 1)).map((group) => group.targets)
}

async function performGroup(performing: Performing, group: readonly Target[]): Promise<void> {
  const [{ type, does } = { type: '', does: 'create' }] = group
  const named = group.filter(({ criteria }) => !criteria)
  if (does === 'create') {
    await createNamed(performing, named)
    for (const target of group) if (target.criteria) await atEntry(target.entry.index, () => performOne(performing, target, undefined))
    return
  }
  const rows = await lockGroup(performing, type, named)
  for (const target of group) await atEntry(target.entry.index, () => performOne(performing, target, rows.get(target.ids[0] ?? '')))
}

function lockGroup(
  { tx, house, bodies, slotsHadTurn }: Performing,
  type: string,
  named: readonly Target[],
): Promise<Map<string, LockedRow>> {
  if (type === 'Slot' && !slotsHadTurn && named.length > 0) return lockSlotsInTurn(tx, house, slotWrites(named, bodies))
  return lockResources(
    tx,
    type,
    named.map(({ ids }) => ids[0] ?? ''),
  )
}

/** New ones that wait for nothing are written together. */
async function createNamed(performing: Performing, targets: readonly Target[]): Promise<void> {
  const { tx, house, actor, bodies, beside } = performing
  const submitted: Submitted[] = []
  for (const target of targets) {
    const body = bodies.get(target.entry.index)
    if (body) submitted.push({ ...(await atEntry(target.entry.index, () => submittedOf(tx, house, actor, target, body))), beside })
  }
  const at = <T>(place: number, work: () => T): T => atEntry(targets[place]?.entry.index ?? 0, work)
  for (const [place, one] of (await storeNew(tx, house, actor, submitted, at)).entries())
    told(performing, targets[place]?.entry.index ?? 0, one)
}

async function performOne(performing: Performing, target: Target, row: LockedRow | undefined): Promise<void> {
  const { tx, house, actor, done } = performing
  const { entry, does } = target
  if (does !== 'delete') return told(performing, entry.index, await store(performing, target, row))
  const { type, ids, criteria } = target
  const removed = criteria
    ? await removeWhere(tx, house, actor, criteria, entry.ifMatch)
    : [await removeLocked(tx, house, actor, { type, id: ids[0] ?? '' }, begun(row), entry.ifMatch)]
  done.replies.set(entry.index, { status: 204, version: removed.length === 1 ? removed[0]?.written : undefined })
  done.schedules.push(...removed.flatMap((one) => one?.schedules ?? []))
}

async function store(performing: Performing, target: Target, row: LockedRow | undefined): Promise<Stored> {
  const { tx, house, actor, bodies, beside } = performing
  const { entry, does, criteria } = target
  if (does === 'patch') return patched(performing, target, row)
  const body = bodies.get(entry.index)
  if (!body) throw new Error('transaction: an entry without a body')
  const submitted = { ...(await submittedOf(tx, house, actor, target, body)), beside }
  if (!criteria) {
    await assertStands(tx, house, actor, submitted, row)
    return storeOver(tx, house, actor, begun(row), submitted, judgeOf(entry))
  }
  const stored =
    does === 'create'
      ? await createWhereNone(tx, house, actor, criteria, submitted)
      : await updateWhere(tx, house, actor, criteria, submitted, entry)
  if (stored.id === submitted.id) return stored
  throw fault('value', 'Another entry writes what this one looks for: a transaction writes each resource once.', 'Bundle.entry.request')
}

async function patched(
  { tx, house, actor, names, beside }: Performing,
  { entry, type, ids, criteria }: Target,
  row: LockedRow | undefined,
): Promise<Stored> {
  // What a FHIRPath Patch puts in may refer to other entries; a JSON Patch is data to a Bundle.
  const [body, exact] = [entry.resource, entry.exact].map((sent) => sent && relinked(house.definitions, sent, names, entry.fullUrl))
  const patching = await patchOf(house, { body, text: JSON.stringify(exact) })
  if (criteria) return patchWhere(tx, house, actor, criteria, patching, entry.ifMatch, beside)
  return patchLocked(tx, house, actor, { type, id: ids[0] ?? '', beside }, begun(row), patching, entry.ifMatch)
}

/** As it was when the transaction began, as far as versions go. */
const begun = (row: LockedRow | undefined): LockedRow | undefined => row && { ...row, version: row.begun }

function told({ prefer, done }: Performing, index: number, stored: Stored): void {
  const { status, version, updated, location, body = '' } = answerOf(stored)
  if (!stored.unchanged) done.stored.push(stored)
  done.replies.set(index, { status, version, updated, location, ...shown(prefer, stored, body) })
}

function shown({ return: preferred }: Prefer, { created, unchanged }: Stored, body: string): Pick<EntryReply, 'resource' | 'outcome'> {
  if (preferred === 'minimal') return {}
  if (preferred !== 'OperationOutcome') return { resource: body }
  return { outcome: JSON.stringify(allOk(created ? 'Created.' : unchanged ? 'It was there already.' : 'Updated.')) }
}
