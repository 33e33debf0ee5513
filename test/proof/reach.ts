/**
 * Deeds that change more than they name: an accepted offer moves the later visit that its patient has, and a scope means the
 * other visits of a series. Which Appointments that can have been is told by what was stored, and they are targets of the
 * deed like those that it names.
 */
import type { Deed, History, Version } from './history.ts'

export function withReach(history: History): History {
  const versions = [...history.after.versions, ...history.deeds.flatMap(({ shown }) => shown)]
  const beside = {
    patient: sharing(versions, ({ patients }) => patients),
    series: sharing(versions, ({ series }) => (series === undefined ? [] : [series])),
  }
  const reached = (deed: Deed): readonly string[] =>
    deed.reach ? [...new Set(deed.targets.flatMap((id) => [id, ...(deed.reach ? beside[deed.reach](id) : [])]))] : deed.targets
  return { ...history, deeds: history.deeds.map((deed) => (deed.reach ? { ...deed, targets: reached(deed) } : deed)) }
}

/** The Appointments that ever had one of these in common with that one. */
function sharing(versions: readonly Version[], of: (version: Version) => readonly string[]): (id: string) => string[] {
  const [values, ids] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()]
  for (const version of versions)
    for (const value of of(version)) {
      values.set(version.id, (values.get(version.id) ?? new Set()).add(value))
      ids.set(value, (ids.get(value) ?? new Set()).add(version.id))
    }
  return (id) => [...(values.get(id) ?? [])].flatMap((value) => [...(ids.get(value) ?? [])])
}
