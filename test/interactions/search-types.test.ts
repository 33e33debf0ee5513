/** Search of several types at once, and all of a patient's compartment, against the list of what was stored. */
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

const names = (resources: Loose[]): string[] => resources.map(({ resourceType, id }) => `${resourceType}/${id}`).toSorted()
const found = async (path: string, asker = ask): Promise<string[]> => names(matched(await asker('GET', path)))

async function pages(path: string): Promise<string[][]> {
  const all: string[][] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await ask('GET', next)
    all.push(names(matched(answer)))
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
    const answer = await ask('GET', '?_type=Patient,Appointment&name=x&_sort=_id')
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
