/**
 * Rows of the log of changes with the resource as it was after each and before it, and what search knows of it: what
 * subscriptions and streams are judged by.
 */
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import { type ChangeRow, versionsNamed } from '../store/changes.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { currentBodies } from '../store/resources.ts'
import type { JudgedVersion } from '../store/search/judge.ts'
import type { Happened } from './topics.ts'

/** One change, and the version by which filters and rights judge it: the new one, or the last there was. */
export type Happening = Happened & { readonly change: ChangeRow; readonly judged: JudgedVersion }

/** Of the changes of the types that somebody asks for; Slots made in bulk are a change of their Schedule. */
export async function happeningsOf(db: Db, house: House, changes: readonly ChangeRow[], types: ReadonlySet<string>): Promise<Happening[]> {
  const wanted = changes.filter(({ type, kind }) => types.has(kind === 'slots' ? 'Slot' : type))
  const bodies = await bodiesOf(db, wanted)
  return wanted.flatMap((change) => {
    const after = bodies.get(keyOf(change, change.version))
    const before = bodies.get(keyOf(change, previous(change.version)))
    const resource = after ?? before
    if (!resource) return []
    const index = indexValues(house.definitions, resource, house.base)
    return [{ kind: change.kind, change, before, after, judged: { id: change.id, updated: change.at.toISOString(), resource, index } }]
  })
}

const keyOf = ({ type, id }: Pick<ChangeRow, 'type' | 'id'>, version: string): string => `${type}/${id}/${version}`
const previous = (version: string): string => String(BigInt(version) - 1n)

/** Each version that a change made, and the one that it took the place of. Of a Schedule whose Slots were made, the current. */
async function bodiesOf(db: Db, changes: readonly ChangeRow[]): Promise<Map<string, Resource>> {
  const bodies = new Map<string, Resource>()
  const plain = changes.filter(({ kind }) => kind !== 'slots')
  for (const type of new Set(plain.map((change) => change.type))) {
    const named = plain
      .filter((change) => change.type === type)
      .flatMap(({ id, version }) => [
        { id, version },
        { id, version: previous(version) },
      ])
    for (const { id, version, body } of await versionsNamed(db, type, named))
      if (body !== null) bodies.set(keyOf({ type, id }, version), JSON.parse(body) as Resource)
  }
  const remade = changes.filter(({ kind }) => kind === 'slots')
  for (const body of await schedules(db, remade)) {
    const schedule = JSON.parse(body) as Resource
    bodies.set(keyOf({ type: 'Schedule', id: String(schedule.id) }, '0'), schedule)
  }
  return bodies
}

const schedules = (db: Db, changes: readonly ChangeRow[]): Promise<string[]> =>
  changes.length === 0 ? Promise.resolve([]) : currentBodies(db, 'Schedule', [...new Set(changes.map(({ id }) => id))])
