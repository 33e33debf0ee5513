/** History of a type and of everything: moments, pages, and what cannot be asked. https://hl7.org/fhir/R4/http.html#history */
import { type Check, r4 } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, linkOf, refused, same } from '../expect.ts'
import { ended, entriesOf, lived, newestFirst } from '../lives.ts'
import { keeps, type Need, serves, system } from '../needs.ts'
import { patient } from '../resources.ts'
import type { Site } from '../site.ts'

const clause = r4('http', 'history')
const hour = 3_600_000
const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString()
const asked = (path: string, name: string, when: string): string => `${path}?${name}=${encodeURIComponent(when)}`

/** Which entries are versions of the resource. */
const own = (entries: readonly Loose[], id: string): Loose[] =>
  entries.filter(({ resource, request }) => resource?.id === id || request?.url?.includes(id))

/** A check that holds for the history of a type and for that of everything. */
const both = (name: string, requirement: string, run: (site: Site, path: string) => Promise<void>): Check[] => {
  const places: readonly (readonly [string, string, Need])[] = [
    ['type', 'Patient/_history', serves('Patient', 'history-type')],
    ['system', '_history', system('history-system')],
  ]
  return places.map(([where, path, need]) => ({
    name: `history.${where}-${name}`,
    clause,
    requirement: `${where} history: ${requirement}`,
    needs: [keeps('Patient'), need],
    run: (site) => run(site, path),
  }))
}

const pageSize = 2

export const ofMany: readonly Check[] = [
  ...both('since', '_since takes the versions since then, and none from before', async (site, path) => {
    const { id, first, second } = await lived(site)
    const versions = async (when: string): Promise<string[]> =>
      own(entriesOf(await site.get(`${asked(path, '_since', when)}&_count=100`), '_since'), id).map(
        ({ resource }) => resource?.meta?.versionId,
      )
    same((await versions(second.meta.lastUpdated))[0], second.meta.versionId, 'newest since the update')
    hold(!(await versions(fromNow(hour))).length, 'versions since an hour from now')
    const old = entriesOf(await site.get(`${asked(path, '_since', first.meta.lastUpdated)}&_count=100`), '_since')
    const times = old.map(({ resource, response }) => Date.parse(resource?.meta?.lastUpdated ?? response?.lastModified))
    hold(
      times.every((time) => !(time < Date.parse(first.meta.lastUpdated) - 1)),
      'a version from before',
    )
  }),
  ...both('at', '_at takes the versions that were current then', async (site, path) => {
    const { id, first, second } = await lived(site)
    // The versions of so many others are current too that only a moment before anything was ever written says something of all.
    same(entriesOf(await site.get(asked(path, '_at', '1901-01-01T00:00:00Z')), '_at').length, 0, 'versions before there was one')
    const answer = entriesOf(await site.get(`${asked(path, '_at', second.meta.lastUpdated)}&_count=100`), '_at')
    const versions = own(answer, id).map(({ resource }) => resource?.meta?.versionId)
    same(versions[0], second.meta.versionId, 'current at the time of the update')
    hold(first.meta.lastUpdated === second.meta.lastUpdated || !versions.includes(first.meta.versionId), 'the version before it too')
  }),
  ...both('pages', 'the next links show each version once, newest first', async (site, path) => {
    const { first } = await ended(site)
    for (const family of ['One', 'Two', 'Three']) await site.make(patient(family))
    const entries: Loose[] = []
    let next: string | undefined = `${asked(path, '_since', first.meta.lastUpdated)}&_count=${pageSize}`
    for (let page = 0; page < 3; page++) {
      hold(next, `no next link on page ${page} of more than three`)
      const answer = await site.get(next)
      const shown = entriesOf(answer, next)
      hold(shown.length > 0 && shown.length <= pageSize, `${shown.length} entries on a page of ${pageSize}`)
      entries.push(...shown)
      next = linkOf(answer, 'next')
    }
    newestFirst(entries)
    const versions = entries.map(({ resource, request, response }) =>
      [resource?.resourceType ?? request?.url, resource?.id, resource?.meta?.versionId ?? response?.etag].join(),
    )
    same(new Set(versions).size, versions.length, `different ones of ${versions.join(' ')}`)
  }),
  {
    name: 'history.refuses',
    clause,
    requirement: 'a moment that is none is refused',
    needs: [keeps('Patient'), serves('Patient', 'history-instance')],
    run: async (site) => {
      const { id } = await lived(site)
      for (const query of ['_since=yesterday', '_at=2026-02-30', '_count=some'])
        refused(await site.get(`Patient/${id}/_history?${query}`), [400, 422], query)
    },
  },
]
