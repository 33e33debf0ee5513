import { compileIncludes } from '../../../src/store/search/include.ts'
import type { FoundRow } from '../../../src/store/search/page.ts'
import type { Bounds } from '../../../src/store/search/scope.ts'
import { base, definitions, type Searchable, searchable } from './searchable.ts'

let db: Searchable
beforeAll(async () => {
  db = await searchable(['Slot', 'Schedule', 'Practitioner', 'Location', 'Patient', 'Appointment'])
  const visit = (id: string, patient: string, slot: string) => ({
    resourceType: 'Appointment',
    id,
    status: 'booked',
    slot: [{ reference: slot }],
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
  })
  await db.put(
    ...['a', 'b'].map((id) => ({
      resourceType: 'Slot',
      id,
      schedule: { reference: 'Schedule/s1' },
      status: 'busy',
      start: '2026-05-01T09:00:00Z',
      end: '2026-05-01T10:00:00Z',
    })),
    {
      resourceType: 'Schedule',
      id: 's1',
      actor: [{ reference: `${base}/Practitioner/d1` }, { reference: 'Location/l1' }, { reference: 'Practitioner/missing' }],
    },
    { resourceType: 'Practitioner', id: 'd1' },
    { resourceType: 'Location', id: 'l1', partOf: { reference: 'Location/l2' } },
    { resourceType: 'Location', id: 'l2', partOf: { reference: 'Location/l2' } },
    { resourceType: 'Patient', id: 'p1' },
    { resourceType: 'Patient', id: 'p2' },
    visit('v1', 'p1', 'Slot/a'),
    visit('v2', 'p2', 'Slot/b'),
    visit('v3', 'p2', 'Slot/other'),
  )
})
afterAll(() => db.drop())

/** What comes with a page, as `Type/id`. */
async function included(type: string, query: string, bounds: Bounds = {}): Promise<string[]> {
  const rows = await db.page(type, query, bounds)
  const found = compileIncludes(definitions, type, db.parse(type, query), rows, bounds).map(async ({ type: reached, statement }) =>
    (await db.query<FoundRow>(statement.text, statement.values)).map((row) => `${reached}/${row.id}`),
  )
  return (await Promise.all(found)).flat().toSorted()
}

describe('_include and _revinclude', () => {
  it.each([
    ['Slot', '_include=Slot:schedule', ['Schedule/s1']],
    ['Slot', '_include=Slot:*', ['Schedule/s1']],
    ['Schedule', '_include=Schedule:actor', ['Location/l1', 'Practitioner/d1']],
    ['Schedule', '_include=Schedule:actor:Location', ['Location/l1']],
    ['Slot', '_id=a&_revinclude=Appointment:slot', ['Appointment/v1']],
    ['Slot', '_include=Slot:schedule&_revinclude=Appointment:slot', ['Appointment/v1', 'Appointment/v2', 'Schedule/s1']],
    ['Schedule', '_revinclude=Slot:schedule', ['Slot/a', 'Slot/b']],
    ['Location', '_id=l1&_include=Location:partof', ['Location/l2']],
    ['Location', '_include=Location:partof', []],
    ['Slot', '_id=none&_include=Slot:schedule', []],
  ])('%s?%s brings %j', async (type, query, expected) => expect(await included(type, query)).toEqual(expected))

  it('brings nothing of another patient', async () => {
    expect(await included('Slot', '_revinclude=Appointment:slot', { patient: 'p1' })).toEqual(['Appointment/v1'])
    expect(await included('Appointment', '_include=Appointment:patient', { patient: 'p2' })).toEqual(['Patient/p2'])
  })

  it('brings nothing of a type that may not be read', async () => {
    const of = (type: string) => (type === 'Appointment' ? undefined : {})
    expect(await included('Slot', '_include=Slot:schedule&_revinclude=Appointment:slot', { of })).toEqual(['Schedule/s1'])
  })
})
