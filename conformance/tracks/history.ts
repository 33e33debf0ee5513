/** History of one resource, of a type and of everything, and single versions. https://hl7.org/fhir/R4/http.html#history */
import { r4, type Track } from '../check.ts'
import { hold, refused, same, status } from '../expect.ts'
import { ended, entriesOf, families, lived, methods, newestFirst, pages } from '../lives.ts'
import { keeps, serves, system } from '../needs.ts'
import { patient } from '../resources.ts'
import { ofMany } from './history-of-many.ts'

const clause = r4('http', 'history')
const needs = [keeps('Patient'), serves('Patient', 'history-instance')]

export const history: Track = {
  name: 'history',
  checks: [
    {
      name: 'history.instance',
      clause,
      ids: ['X040'],
      requirement: 'instance history has each version once, newest first, as it was',
      needs,
      run: async (site) => {
        const { id } = await lived(site)
        const answer = await site.get(`Patient/${id}/_history`)
        const entries = entriesOf(answer, 'history')
        same(families(entries), ['Merlin', 'Kestrel'], 'families')
        newestFirst(entries)
        same(answer.json.total ?? 2, 2, 'total, where it is said')
      },
    },
    {
      name: 'history.requests',
      clause,
      ids: ['HI01', 'HI01.1'],
      requirement: 'each entry has the request that made the version, a deletion no resource',
      needs,
      run: async (site) => {
        const { id } = await ended(site)
        const entries = entriesOf(await site.get(`Patient/${id}/_history`), 'history')
        same(methods(entries), ['DELETE', 'PUT', 'POST'], 'request.method')
        same(families(entries), [undefined, 'Merlin', 'Kestrel'], 'families')
        hold(
          entries.every(({ request, response }) => request?.url && response?.status),
          'an entry without request.url or response.status',
        )
      },
    },
    {
      name: 'history.since',
      clause,
      ids: ['HI02'],
      requirement: '_since leaves out what is older',
      needs,
      run: async (site) => {
        const { id, second } = await lived(site)
        const since = async (when: string) =>
          entriesOf(await site.get(`Patient/${id}/_history?_since=${encodeURIComponent(when)}`), '_since')
        same((await since(new Date(Date.now() - 3_600_000).toISOString())).length, 2, 'versions since an hour ago')
        same((await since(new Date(Date.now() + 3_600_000).toISOString())).length, 0, 'versions since an hour from now')
        same(families(await since(second.meta.lastUpdated))[0], 'Merlin', 'newest since the update')
      },
    },
    {
      name: 'history.at',
      clause,
      requirement: '_at gives the version that was current then',
      needs,
      run: async (site) => {
        const { id, first, second } = await lived(site)
        const at = async (when: string) =>
          entriesOf(await site.get(`Patient/${id}/_history?_at=${encodeURIComponent(when)}`), '_at').map(
            ({ resource }) => resource?.meta?.versionId,
          )
        hold((await at(second.meta.lastUpdated)).includes(second.meta.versionId), 'the second version is not there at its own time')
        same(await at('2001-01-01T00:00:00Z'), [], 'versions before there was one')
        hold(
          !(await at(new Date(Date.now() + 3_600_000).toISOString())).includes(first.meta.versionId),
          'the first version after the second',
        )
      },
    },
    {
      name: 'vread.versions',
      clause: r4('http', 'vread'),
      ids: ['HI03', 'X050', 'X055'],
      requirement: 'each version can be read by itself, as it was; one never made is 404',
      needs: [keeps('Patient'), serves('Patient', 'vread')],
      run: async (site) => {
        const { id, first, second } = await lived(site)
        for (const version of [first, second]) {
          const { json } = status(await site.get(`Patient/${id}/_history/${version.meta.versionId}`), 200, 'vread')
          same([json.name[0].family, json.meta.versionId], [version.name[0].family, version.meta.versionId], 'vread')
        }
        refused(await site.get(`Patient/${id}/_history/9999`), 404, 'a version that never was')
      },
    },
    {
      name: 'vread.deletion',
      clause: r4('http', 'vread'),
      ids: ['HI03'],
      requirement: 'the version that is a deletion is 410',
      needs: [...needs, serves('Patient', 'vread')],
      run: async (site) => {
        const { id } = await ended(site)
        const deletion = entriesOf(await site.get(`Patient/${id}/_history`), 'history')[0]?.response?.etag
        const version = /"(.+)"/.exec(deletion ?? '')?.[1]
        hold(version, 'the deletion has no response.etag')
        refused(await site.get(`Patient/${id}/_history/${version}`), 410, 'the version that is the deletion')
      },
    },
    {
      name: 'history.missing',
      clause,
      ids: ['HI04'],
      requirement: 'history of what was never there is 404',
      needs,
      run: async ({ get, tag }) => void refused(await get(`Patient/${tag}/_history`), 404, 'history of an unknown id'),
    },
    {
      name: 'history.again',
      clause,
      requirement: 'what was deleted and written again is there, with its whole history',
      needs: [...needs, (can) => (can.of('Patient')?.updateCreate ? undefined : 'updateCreate of Patient is not declared')],
      run: async (site) => {
        const { id } = await ended(site)
        status(await site.put(`Patient/${id}`, patient('Osprey', { id })), [200, 201], 'update of what was deleted')
        same((await site.get(`Patient/${id}`)).json?.name?.[0]?.family, 'Osprey', 'read')
        const entries = entriesOf(await site.get(`Patient/${id}/_history`), 'history')
        same(families(entries), ['Osprey', undefined, 'Merlin', 'Kestrel'], 'families')
      },
    },
    {
      name: 'history.paging',
      clause,
      ids: ['HI09'],
      requirement: '_count bounds a page, and the next links show each version once',
      needs,
      run: async (site) => {
        const { id } = await lived(site)
        const all = await pages(site, `Patient/${id}/_history?_count=1`)
        same(
          all.filter((page) => page.length > 0).map((page) => page.length),
          [1, 1],
          'entries of each page',
        )
        same(families(all.flat()), ['Merlin', 'Kestrel'], 'families')
      },
    },
    {
      name: 'history.type',
      clause,
      ids: ['HI06'],
      requirement: 'type history has the versions of the type since a moment, newest first, and of no other type',
      needs: [...needs, serves('Patient', 'history-type')],
      run: async (site) => {
        const { id, first } = await lived(site)
        const entries = (await pages(site, `Patient/_history?_since=${encodeURIComponent(first.meta.lastUpdated)}&_count=100`)).flat()
        newestFirst(entries)
        hold(
          entries.every(({ resource, request }) => (resource ? resource.resourceType === 'Patient' : request?.url?.includes('Patient'))),
          'an entry of another type',
        )
        const own = entries.filter(({ resource, request }) => resource?.id === id || request?.url?.includes(id))
        hold(own.length >= 2, `${own.length} versions of Patient/${id} in the type's history`)
        same(
          (await site.get(`Patient/_history?_since=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}`)).json?.entry
            ?.length ?? 0,
          0,
          'versions since an hour from now',
        )
      },
    },
    {
      name: 'history.system',
      clause,
      ids: ['HI08', 'HI11'],
      requirement: 'system history has the versions of all types, newest first',
      needs: [...needs, keeps('Practitioner'), system('history-system')],
      run: async (site) => {
        const { id, first } = await lived(site)
        const other = await site.make({ resourceType: 'Practitioner', name: [{ family: 'Stone' }] })
        const entries = (await pages(site, `_history?_since=${encodeURIComponent(first.meta.lastUpdated)}&_count=100`)).flat()
        newestFirst(entries)
        const has = (wanted: string): boolean =>
          entries.some(({ resource, request }) => resource?.id === wanted || request?.url?.includes(wanted))
        hold(has(id) && has(other.id), 'a version of either type is missing')
      },
    },
    ...ofMany,
  ],
}
