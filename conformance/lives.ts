/** Patients with a past, and how a history tells it. https://hl7.org/fhir/R4/http.html#history */
import type { Answer, Loose } from './client.ts'
import { linkOf, same, status } from './expect.ts'
import { patient } from './resources.ts'
import type { Site } from './site.ts'

export type Life = { readonly id: string; readonly first: Loose; readonly second: Loose }

/** Created and updated. */
export async function lived({ make, put }: Site): Promise<Life> {
  const first = await make(patient('Kestrel'))
  const second = status(await put(`Patient/${first.id}`, { ...first, name: [{ family: 'Merlin' }] }), 200, 'update').json
  return { id: first.id, first, second }
}

/** Created, updated and deleted. */
export async function ended(site: Site): Promise<Life> {
  const life = await lived(site)
  status(await site.call('DELETE', `Patient/${life.id}`), [200, 202, 204], 'delete')
  return life
}

export function entriesOf(answer: Answer, what: string): Loose[] {
  status(answer, 200, what)
  same([answer.json?.resourceType, answer.json?.type], ['Bundle', 'history'], `${what}: body`)
  return answer.json.entry ?? []
}

/** Every page, by its next links. */
export async function pages({ get }: Site, path: string): Promise<Loose[][]> {
  const all: Loose[][] = []
  for (let next: string | undefined = path; next !== undefined && all.length < 50; ) {
    const answer = await get(next)
    all.push(entriesOf(answer, next))
    next = linkOf(answer, 'next')
  }
  return all
}

export const methods = (entries: readonly Loose[]): string[] => entries.map(({ request }) => request?.method)

export const families = (entries: readonly Loose[]): string[] => entries.map(({ resource }) => resource?.name?.[0]?.family)

export function newestFirst(entries: readonly Loose[]): void {
  const times = entries
    .map(({ resource, response }) => Date.parse(resource?.meta?.lastUpdated ?? response?.lastModified))
    .filter(Number.isFinite)
  same(
    times,
    [...times].sort((a, b) => b - a),
    'order of lastUpdated',
  )
}
