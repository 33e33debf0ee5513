/** What a search answers with: the Bundle and its links, pages, order, includes, totals, parts of resources. */
import { type Check, r4 } from '../check.ts'
import { hold, linkOf, matched, refused, same, sameSet, searchset, status } from '../expect.ts'
import { allOf, includes, keeps, searches, serves, system } from '../needs.ts'
import { found, people, peopleAreKept } from '../people.ts'
import { asToken, identifier } from '../resources.ts'
import type { Site } from '../site.ts'

const clause = (anchor: string): string => r4('search', anchor)
const byFamily = [peopleAreKept, searches('Patient', 'family')]

/** Every page, by its next links. */
async function pages(site: Site, query: string): Promise<string[][]> {
  const all: string[][] = []
  for (let next: string | undefined = query; next !== undefined && all.length < 20; ) {
    const answer = await site.get(next)
    all.push(matched(answer, next))
    next = linkOf(answer, 'next')
  }
  return all
}

export const results: readonly Check[] = [
  {
    name: 'search.bundle',
    clause: r4('http', 'search'),
    requirement: 'each entry has its fullUrl and search.mode, and the Bundle a self link that says what was searched for',
    needs: byFamily,
    run: async (site) => {
      const { tag, anna } = await site.shared(people)
      const answer = await site.get(`Patient?family=${tag}&given=anna`)
      const [entry, ...others] = searchset(answer, 'search')
      same([entry?.resource?.id, others.length], [anna.id, 0], 'what was found')
      hold(entry.fullUrl?.endsWith(`/Patient/${anna.id}`), `fullUrl: ${entry.fullUrl}`)
      same(entry.search?.mode, 'match', 'search.mode')
      const self = decodeURIComponent(linkOf(answer, 'self') ?? '')
      hold(self.includes(`family=${tag}`) && self.includes('given=anna'), `self link: ${self || 'none'}`)
    },
  },
  {
    name: 'search.post',
    clause: r4('http', 'search'),
    requirement: 'POST _search with a form finds what GET finds',
    needs: byFamily,
    run: async (site) => {
      const { tag } = await site.shared(people)
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const wanted = matched(await site.get(`Patient?family=${tag}kestrel`), 'GET')
      same(wanted.length, 2, 'found by GET')
      sameSet(matched(await site.post('Patient/_search', `family=${tag}kestrel`, form), 'POST'), wanted, 'found by POST')
    },
  },
  {
    name: 'errors.unknown-parameter',
    clause: clause('errors'),
    ids: ['SE24'],
    requirement: 'an unknown parameter is ignored and not in the self link',
    needs: byFamily,
    run: async (site) => {
      const { tag } = await site.shared(people)
      const answer = await site.get(`Patient?family=${tag}kestrel&no-such-parameter=red`)
      same(matched(answer, 'unknown parameter').length, 2, 'found')
      hold(!linkOf(answer, 'self')?.includes('no-such-parameter'), 'the self link says that it was used')
    },
  },
  {
    name: 'search.strict',
    clause: r4('http', 'search'),
    requirement: 'with Prefer: handling=strict an unknown parameter is refused, a known one is not',
    needs: byFamily,
    run: async ({ get }) => {
      const strict = { headers: { prefer: 'handling=strict' } }
      refused(await get('Patient?no-such-parameter=red', strict), 400, 'unknown')
      status(await get('Patient?family=x', strict), 200, 'known')
    },
  },
  {
    name: 'count.pages',
    clause: clause('count'),
    requirement: '_count bounds a page, and the next links show each match once',
    needs: byFamily,
    run: async (site) => {
      const { tag, anna, berta, carl, dora } = await site.shared(people)
      const all = await pages(site, `Patient?family=${tag}&_count=1`)
      hold(all.length >= 4 && all.every((page) => page.length <= 1), `matches of each page: ${all.map((page) => page.length).join(' ')}`)
      sameSet(all.flat(), [anna.id, berta.id, carl.id, dora.id], 'on all pages')
    },
  },
  {
    name: 'count.zero',
    clause: clause('count'),
    requirement: '_count=0 gives the total and no entries, as _summary=count does',
    needs: byFamily,
    run: async (site) => {
      const { tag } = await site.shared(people)
      for (const query of ['_count=0', '_summary=count']) {
        const answer = await site.get(`Patient?family=${tag}&${query}`)
        same([matched(answer, query).length, answer.json.total], [0, 4], query)
      }
    },
  },
  {
    name: 'total.accurate',
    clause: clause('total'),
    requirement: '_total=accurate says how many there are, also where the page shows fewer',
    needs: byFamily,
    run: async (site) => {
      const { tag } = await site.shared(people)
      const answer = await site.get(`Patient?family=${tag}&_total=accurate&_count=2`)
      same([matched(answer, '_total').length, answer.json.total], [2, 4], 'entries and total')
    },
  },
  {
    name: 'sort.keys',
    clause: clause('sort'),
    requirement: '_sort orders by one key or several, - turns it round',
    needs: [...byFamily, searches('Patient', 'birthdate', 'gender')],
    run: async (site) => {
      const { tag } = await site.shared(people)
      const dated = `Patient?family=${tag}&birthdate:missing=false`
      same(await found(site, `${dated}&_sort=birthdate`), ['anna', 'berta', 'carl'], '_sort=birthdate')
      same(await found(site, `${dated}&_sort=-birthdate`), ['carl', 'berta', 'anna'], '_sort=-birthdate')
      same(await found(site, `${dated}&_sort=gender,-birthdate`), ['berta', 'anna', 'carl'], '_sort=gender,-birthdate')
    },
  },
  {
    name: 'sort.pages',
    clause: clause('sort'),
    requirement: 'the order holds from page to page, and what has no value is not lost',
    needs: [...byFamily, searches('Patient', 'birthdate')],
    run: async (site) => {
      const { tag, anna, berta, carl, dora } = await site.shared(people)
      const shown = (await pages(site, `Patient?family=${tag}&_sort=-birthdate&_count=1`)).flat()
      sameSet(shown, [anna.id, berta.id, carl.id, dora.id], 'on all pages')
      same(
        shown.filter((id) => id !== dora.id),
        [carl.id, berta.id, anna.id],
        'order',
      )
    },
  },
  {
    name: 'vsearch.several-types',
    clause: r4('http', 'vsearch'),
    requirement: 'a search of several types finds those, and no others',
    needs: [peopleAreKept, system('search-system'), searches('Patient', '_id'), searches('Practitioner', '_id')],
    run: async (site) => {
      const { anna, stone, dated } = await site.shared(people)
      const ids = [anna.id, stone.id, dated.id].join(',')
      sameSet(matched(await site.get(`?_type=Patient,Practitioner&_id=${ids}`), '_type'), [anna.id, stone.id], 'found')
    },
  },
  {
    name: 'compartment.patient',
    clause: r4('compartmentdefinition', 'compartment'),
    requirement: 'a search of a patient’s compartment finds that patient’s, and no others',
    needs: [
      peopleAreKept,
      allOf(serves('Appointment', 'search-type'), (can) =>
        can.rest.compartment?.some((one: string) => one.endsWith('/patient')) ? undefined : 'the compartment of a patient is not declared',
      ),
    ],
    run: async (site) => {
      const { anna, dora, dated } = await site.shared(people)
      same(matched(await site.get(`Patient/${anna.id}/Appointment`), 'compartment'), [dated.id], 'of the one')
      same(matched(await site.get(`Patient/${dora.id}/Appointment`), 'compartment'), [], 'of the other')
    },
  },
  {
    name: 'search.no-stranger',
    clause: r4('http', 'search'),
    requirement: 'nothing that does not match is called a match, whatever comes along',
    needs: [...byFamily, searches('Patient', 'identifier'), includes('Patient', 'Patient:organization')],
    run: async (site) => {
      const { tag, anna } = await site.shared(people)
      const answer = await site.get(`Patient?identifier=${asToken(identifier(tag, 'Anna'))}&_include=Patient:organization`)
      same(matched(answer, 'search'), [anna.id], 'matches')
      same(
        matched(await site.get(`Patient?identifier=${asToken(identifier(tag, 'nobody'))}`), 'search'),
        [],
        'of an identifier that nobody has',
      )
    },
  },
  {
    name: 'search.read-your-writes',
    clause: r4('http', 'search'),
    requirement: 'a search sees each write that was answered before it began: create, update and delete',
    needs: byFamily,
    run: async ({ make, put, call, get, tag }) => {
      const sees = async (family: string): Promise<boolean> => matched(await get(`Patient?family=${family}`), 'search').length === 1
      for (let round = 0; round < 5; round++) {
        const made = await make({ resourceType: 'Patient', name: [{ family: `${tag}before${round}x` }] })
        hold(await sees(`${tag}before${round}x`), 'a create was not seen')
        await put(`Patient/${made.id}`, { ...made, name: [{ family: `${tag}after${round}x` }] })
        hold((await sees(`${tag}after${round}x`)) && !(await sees(`${tag}before${round}x`)), 'an update was not seen')
        await call('DELETE', `Patient/${made.id}`)
        hold(!(await sees(`${tag}after${round}x`)), 'a delete was not seen')
      }
    },
  },
  {
    name: 'special.near',
    clause: clause('special'),
    requirement: 'near of Location finds within the distance and not beyond',
    needs: [keeps('Location'), searches('Location', 'near')],
    run: async ({ make, get, tag }) => {
      const at = (latitude: number) => make({ resourceType: 'Location', name: tag, position: { latitude, longitude: 20 } })
      const [close, far] = [await at(60), await at(60.5)]
      const within = async (kilometres: number) => matched(await get(`Location?near=60.01|20|${kilometres}|km&name=${tag}`), 'near')
      sameSet(await within(5), [close.id], 'within 5 km')
      sameSet(await within(100), [close.id, far.id], 'within 100 km')
    },
  },
]
