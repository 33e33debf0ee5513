/**
 * Which resource each write of a transaction is about, and what the Bundle calls it: ids given to what is new, criteria
 * answered, nothing meant twice. https://hl7.org/fhir/R4/http.html#trules
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { conditionalDeletesMax } from '../base/limits.ts'
import type { Names } from '../fhir/bundle-references.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { atEntry } from './at-entry.ts'
import { matchesOf, oneMatch, takeTurns } from './conditional.ts'
import type { Write } from './transaction-deeds.ts'

export type Target = Write & {
  /** One, but for a delete by criteria, which may mean several or none. */
  readonly ids: readonly string[]
  /** Of a create by criteria: they are met already, and nothing is written. */
  readonly isThere?: boolean
}

/** Those whose ids are known without asking. */
export const knownTargets = (writes: readonly Write[]): Target[] =>
  writes.map((write) => ({ ...write, ids: write.id === undefined ? [] : [write.id] }))

/** Answers the criteria, one conditional transaction after the other. Throws `multiple-matches`. */
export async function targetsOf(tx: Tx, house: House, actor: Actor, writes: readonly Write[]): Promise<Target[]> {
  const turns = writes.flatMap(({ criteria, does, entry }) =>
    criteria && entry.resource && (does === 'create' || does === 'update') ? [{ criteria, resource: entry.resource }] : [],
  )
  if (turns.length > 0) await takeTurns(tx, house, turns)
  const targets: Target[] = []
  for (const write of writes) targets.push({ ...write, ...(await atEntry(write.entry.index, () => meantBy(tx, house, actor, write))) })
  return targets
}

type Meant = Pick<Target, 'ids' | 'isThere'>

async function meantBy(tx: Tx, house: House, actor: Actor, { id, criteria, does, entry }: Write): Promise<Meant> {
  if (id !== undefined || !criteria) return { ids: id === undefined ? [] : [id] }
  if (does === 'delete') return { ids: (await matchesOf(tx, house, actor, criteria, conditionalDeletesMax)).map((match) => match.id) }
  const match = await oneMatch(tx, house, actor, criteria)
  if (does === 'patch') return { ids: match ? [match.id] : [] }
  const own = does === 'update' ? entry.resource?.id : undefined
  return { ids: [match?.id ?? own ?? house.ids.next()], isThere: does === 'create' && match !== undefined }
}

/** Throws `value`: a resource is written once in a transaction. */
export function assertNoneTwice(targets: readonly Target[]): void {
  const seen = new Map<string, number>()
  for (const { entry, type, ids } of targets)
    for (const id of ids) {
      const name = `${type}/${id}`
      const before = seen.get(name)
      if (before !== undefined)
        throw atEntryFault(entry.index, `Bundle.entry[${before}] is about the same resource: a transaction writes each one once.`)
      seen.set(name, entry.index)
    }
}

const atEntryFault = (index: number, said: string): Error => fault('value', said, `Bundle.entry[${index}]`)

/** What the Bundle calls each resource that it writes, and what it is called here. */
export const namesOf = (targets: readonly Target[]): Names =>
  new Map(
    targets.flatMap(({ entry, does, type, ids }): [string, string][] =>
      entry.fullUrl !== undefined && does !== 'delete' && ids[0] !== undefined ? [[entry.fullUrl, `${type}/${ids[0]}`]] : [],
    ),
  )
