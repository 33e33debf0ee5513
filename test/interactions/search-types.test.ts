/** Search of several types at once, and all of a patient's compartment, against the list of what was stored. */
import { conformanceTypes, storedTypes } from '../../src/fhir/resource.ts'
import { type Ask, below, type Loose, linkOf, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const visit = (id: string, patient: string) => ({
  resourceType: 'Appointment',
  id,
  status: 'proposed',
  participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
})
const stored = [
  { resourceType: 'Patient', id: 'ada' },
  { resourceType: 'Patient', id: 'ben' },
  { resourceType: 'Location', id: 'room', status: 'active' },
  { resourceType: 'Organization', id: 'org', name: 'Clinic', identifier: [{ value: '7' }] },
  { resourceType: 'RelatedPerson', id: 'mum', patient: { reference: 'Patient/ada' }, identifier: [{ value: '7' }] },
  visit('a1', 'ada'),
  visit('a2', 'ada'),
  visit('b1', 'ben'),
]
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  for (const one of stored) {
    const answer = await ask('PUT', `${one.resourceType}/${one.id}`, { body: one })
    if (answer.status !== 201) throw new Error(answer.text)
  }
})
afterAll(() => server?.close())

const inOrder = (resources: Loose[]): string[] => resources.map(({ resourceType, id }) => `${resourceType}/${id}`)
const names = (resources: Loose[]): string[] => inOrder(resources).toSorted()
const found = async (path: string, asker = ask): Promise<string[]> => names(matched(await asker('GET', path)))

async function pages(path: string, asker = ask): Promise<string[][]> {
  const all: string[][] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await asker('GET', next, { headers: { prefer: 'handling=strict' } })
    if (answer.status !== 200) throw new Error(`${next}: ${answer.text}`)
    all.push(inOrder(matched(answer)))
    const link = linkOf(answer, 'next')
    next = link && below(link.replace('/fhir?', '/fhir/?'))
  }
  return all
}

describe('several types', () => {
  it('are searched at once, and counted', async () => {
    const answer = await ask('GET', '?_type=Patient,Appointment')
    expect(names(matched(answer))).toEqual(['Appointment/a1', 'Appointment/a2', 'Appointment/b1', 'Patient/ada', 'Patient/ben'])
    expect([answer.json.type, answer.json.total]).toEqual(['searchset', 5])
    expect((await ask('GET', '?_type=Patient,Appointment&_summary=count')).json).toMatchObject({ total: 5 })
  })

  it('by a parameter that each of them has', async () => {
    expect(await found('?_type=Organization,RelatedPerson,Appointment&identifier=7')).toEqual(['Organization/org', 'RelatedPerson/mum'])
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(names(matched(await ask('POST', '_search', { body: '_type=Organization,Patient&_id=ada,org', headers: form })))).toEqual([
      'Organization/org',
      'Patient/ada',
    ])
  })

  it('another parameter is named and ignored, or refused', async () => {
    const answer = await ask('GET', '?_type=Patient,Appointment&name=x&_sort=name')
    expect(matched(answer)).toHaveLength(5)
    expect(answer.json.entry.at(-1).resource.issue.map(({ diagnostics }: Loose) => diagnostics)).toEqual([
      expect.stringContaining(' name '),
      expect.stringContaining(' _sort '),
    ])
    expect((await ask('GET', '?_type=Patient,Appointment&name=x', { headers: { prefer: 'handling=strict' } })).status).toBe(400)
  })

  it.each([1, 2, 3])('come in pages of %i without gap or repeat', async (count) => {
    const all = await pages(`?_type=Patient,Appointment,Location&_count=${count}`)
    expect(all.every((page) => page.length <= count)).toBe(true)
    expect(all.flat().toSorted()).toEqual([
      'Appointment/a1',
      'Appointment/a2',
      'Appointment/b1',
      'Location/room',
      'Patient/ada',
      'Patient/ben',
    ])
  })

  it.each([
    ['', 400],
    ['?_type=', 400],
    ['?_type=Nothing', 400],
    ['?_type=AuditEvent', 400],
    ['?_type=Patient&_cursor=Slot', 400],
    ['?_type=Patient&_cursor=Patient.x', 400],
  ])('%s is refused', async (query, status) => {
    expect((await ask('GET', query)).status).toBe(status)
  })

  it('are those that the token may search', async () => {
    const ada = await server.scoped('patient/*.rs', { patient: 'ada' })
    expect(await found('?_type=Patient,Appointment,Location', ada)).toEqual([
      'Appointment/a1',
      'Appointment/a2',
      'Location/room',
      'Patient/ada',
    ])
    const some = await server.scoped('system/Patient.rs')
    expect((await some('GET', '?_type=Patient,Appointment')).status).toBe(403)
  })
})

describe('a whole compartment', () => {
  it('is everything that is the patient’s', async () => {
    expect(await found('Patient/ada/*')).toEqual(['Appointment/a1', 'Appointment/a2', 'RelatedPerson/mum'])
    expect(await found('Patient/ada/*?_type=RelatedPerson')).toEqual(['RelatedPerson/mum'])
    expect((await pages('Patient/ada/*?_count=1')).flat()).toHaveLength(3)
  })

  it('opens nothing that a search would not', async () => {
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    expect(await found('Patient/ada/*', ben)).toEqual([])
    const persons = await server.scoped('system/RelatedPerson.rs')
    expect(await found('Patient/ada/*', persons)).toEqual(['RelatedPerson/mum'])
    const none = await server.scoped('system/Location.rs')
    expect((await none('GET', 'Patient/ada/*')).status).toBe(403)
  })

  it('leaves its record', async () => {
    await ask('GET', 'Patient/ada/*?_count=9')
    const rows = await server.house.pool.query<{ patients: string[] }>({
      text: `select distinct patients from audit_event where interaction = 'search-system' and query like 'Patient/ada/*%=9%'`,
      values: [],
    })
    expect(rows.map(({ patients }) => patients)).toEqual([['ada']])
  })
})

describe('several types in one order', () => {
  it.each([1, 2, 3, 50])('by when each was written, in pages of %i', async (count) => {
    const written = await Promise.all(
      stored.map(async ({ resourceType, id }) => {
        const { json } = await ask('GET', `${resourceType}/${id}`)
        return [json.meta.lastUpdated, `${resourceType}/${id}`] as const
      }),
    )
    const newest = written.toSorted(([a, one], [b, other]) => (a === b ? (one < other ? 1 : -1) : a < b ? 1 : -1)).map(([, name]) => name)
    const types = [...new Set(stored.map(({ resourceType }) => resourceType))]
    const all = await pages(`?_type=${types.join(',')}&_sort=-_lastUpdated&_count=${count}`)
    expect(all.every((page) => page.length <= count)).toBe(true)
    expect(all.flat()).toEqual(newest)
  })

  it('by several keys, those without a value last either way', async () => {
    const more = [
      { resourceType: 'Organization', id: 'sort-c', name: 'c', identifier: [{ value: '9' }] },
      { resourceType: 'RelatedPerson', id: 'sort-a', patient: { reference: 'Patient/ada' }, identifier: [{ value: '8' }] },
      { resourceType: 'RelatedPerson', id: 'sort-d', patient: { reference: 'Patient/ada' }, identifier: [{ value: '9' }] },
      { resourceType: 'Organization', id: 'sort-b', name: 'b' },
    ]
    for (const one of more) expect((await ask('PUT', `${one.resourceType}/${one.id}`, { body: one })).status).toBe(201)
    const asked = '?_type=RelatedPerson,Organization&_id=sort-a,sort-b,sort-c,sort-d&_count=1'
    const [a, b, c, d] = ['RelatedPerson/sort-a', 'Organization/sort-b', 'Organization/sort-c', 'RelatedPerson/sort-d']
    expect((await pages(`${asked}&_sort=identifier,_id`)).flat()).toEqual([a, c, d, b])
    expect((await pages(`${asked}&_sort=-identifier,_id`)).flat()).toEqual([c, d, a, b])
    expect((await pages(`${asked}&_sort=-identifier,-_id`)).flat()).toEqual([d, c, a, b])
    // Alike in all: by type, then by id.
    expect((await pages(`${asked}&_sort=identifier`)).flat()).toEqual([a, c, d, b])
  })

  it('by any parameter that they share, as each of them by itself', async () => {
    const { searchParameters } = server.house.definitions
    const sharing = new Map<string, string[]>()
    for (const type of storedTypes.filter((one) => !conformanceTypes.includes(one as never)))
      for (const code of searchParameters.get(type)?.keys() ?? []) sharing.set(code, [...(sharing.get(code) ?? []), type])
    const strict = { headers: { prefer: 'handling=strict' } }
    let sorted = 0
    for (const [code, types] of sharing) {
      const answer = await ask('GET', `?_type=${types.join(',')}&_sort=${code}&_count=2`, strict)
      if (answer.status === 400) continue
      expect([code, answer.status]).toEqual([code, 200])
      sorted++
      if (matched(answer).length === 0) continue
      const all = (await pages(`?_type=${types.join(',')}&_sort=${code}&_count=3`)).flat()
      for (const type of types) {
        const own = inOrder(matched(await ask('GET', `${type}?_sort=${code}&_count=1000`, strict)))
        expect([code, all.filter((name) => name.startsWith(`${type}/`))]).toEqual([code, own])
      }
    }
    expect(sorted).toBeGreaterThan(100)
  })

  it('are counted, with what they include, and show what the token may see', async () => {
    const answer = await ask('GET', '?_type=Appointment,RelatedPerson&_sort=-_id&_count=2&_total=accurate&_elements=status')
    expect([answer.json.total, inOrder(matched(answer))]).toEqual([expect.any(Number), ['RelatedPerson/sort-d', 'RelatedPerson/sort-a']])
    expect(matched(answer)[0].meta.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })])
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    expect((await pages('?_type=Patient,Appointment,RelatedPerson&_sort=_id&_count=1', ben)).flat()).toEqual([
      'Appointment/b1',
      'Patient/ben',
    ])
    expect((await pages('Patient/ada/*?_sort=-_id&_type=Appointment,RelatedPerson&_count=3')).flat().slice(-2)).toEqual([
      'Appointment/a2',
      'Appointment/a1',
    ])
  })

  it('a page leaves the record of whom it showed, and of nobody else', async () => {
    const [first] = await pages('?_type=Patient,Appointment&_sort=_id&_count=1&_tag:not=urn:x|sorted')
    expect(first).toEqual(['Appointment/a1'])
    const rows = await server.house.pool.query<{ patients: string[] }>({
      text: `select patients from audit_event where interaction = 'search-system' and query like '%sorted%' and query not like '%_cursor%'`,
      values: [],
    })
    expect(rows.map(({ patients }) => patients)).toEqual([['ada']])
  })

  it.each(['_cursor=x', '_cursor=Patient', `_cursor=${Buffer.from('["a","Patient","b"]').toString('base64url')}`])(
    'and %s is no end of a page',
    async (cursor) => {
      expect((await ask('GET', `?_type=Patient,Appointment&_sort=_lastUpdated&${cursor}`)).status).toBe(400)
    },
  )
})
