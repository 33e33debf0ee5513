/** Guarantee 5: a moved visit is never without a time. */
import { byId, takesTime } from './held-time.ts'
import type { Broken, History } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 5, what })
const ended: ReadonlySet<string> = new Set(['cancelled', 'entered-in-error'])

export function movedVisitsKeepATime({ deeds, after }: History): Broken[] {
  const versions = byId(after.versions)
  const timeless = [...versions].flatMap(([id, list]) => {
    const first = list.findIndex(takesTime)
    const gone = list.findIndex((one, n) => n > first && !takesTime(one))
    const rest = gone < 0 ? [] : list.slice(gone)
    const without = list.filter((one) => takesTime(one) && !(one.start !== undefined && one.end !== undefined && one.start < one.end))
    return [
      ...without.map(({ version }) => broken(`Appointment/${id} has no time in version ${version}`)),
      ...(first >= 0 && rest.some(takesTime) ? [broken(`Appointment/${id} was without a time in version ${list[gone]?.version}`)] : []),
    ]
  })
  const replaced = after.versions
    .filter(({ version, replaces }) => version === 1 && replaces)
    .filter(({ replaces = '' }) => !ended.has(versions.get(replaces)?.at(-1)?.status ?? ''))
    .map(({ id, replaces }) => broken(`Appointment/${id} replaces Appointment/${replaces}, which still stands`))
  const refused = deeds
    .filter(({ outcome, replaces }) => outcome === 'refused' && replaces !== undefined)
    .filter(({ id, replaces = '' }) => (versions.get(replaces) ?? []).some(({ marks, status }) => ended.has(status) && marks.includes(id)))
    .map(({ id, replaces }) => broken(`deed ${id} was refused, and Appointment/${replaces} was cancelled for it`))
  return [...timeless, ...replaced, ...refused, ...replacedOnce(history(after.versions))]
}

type Replacing = { readonly id: string; readonly replaces: string }

const history = (versions: readonly { id: string; version: number; replaces?: string }[]): Replacing[] =>
  versions.flatMap(({ id, version, replaces }) => (version === 1 && replaces ? [{ id, replaces }] : []))

/** Of two who replace one visit at once, one does. */
const replacedOnce = (replacing: readonly Replacing[]): Broken[] =>
  [...Map.groupBy(replacing, ({ replaces }) => replaces)]
    .filter(([, list]) => list.length > 1)
    .map(([id, list]) => broken(`Appointment/${id} was replaced by each of ${list.map((one) => one.id)}`))
