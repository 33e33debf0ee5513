import { Fault } from '../../../src/base/fault.ts'
import type { Resource } from '../../../src/fhir/resource.ts'
import type { Db, Statement } from '../../../src/store/db.ts'
import { encodeCursor } from '../../../src/store/search/cursor.ts'
import { compileSearch } from '../../../src/store/search/page.ts'
import { preparedSearch } from '../../../src/store/search/prepared-search.ts'
import { wideChains } from '../../../src/store/search/wide-chains.ts'
import { definitions, type Searchable, searchable } from './searchable.ts'

const slot = (id: string, start: string, more: object = {}): Resource => ({
  resourceType: 'Slot',
  id,
  schedule: { reference: 'Schedule/s1' },
  status: 'free',
  start,
  end: '2027-01-01T00:00:00Z',
  ...more,
})

const visit = (id: string, patient: string, more: object = {}): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2026-05-01T09:00:00Z',
  end: '2026-05-01T09:30:00Z',
  slot: [{ reference: 'Slot/a' }],
  participant: [
    { actor: { reference: `Patient/${patient}` }, status: 'accepted' },
    { actor: { reference: 'Practitioner/d1' }, status: 'accepted' },
  ],
  ...more,
})

const rows: Resource[] = [
  slot('a', '2026-05-01T09:00:00Z', { serviceType: [{ coding: [{ system: 'http://svc', code: 'GP' }] }] }),
  slot('b', '2026-05-01T09:30:00Z', { status: 'busy' }),
  slot('c', '2026-05-02T09:00:00.500Z', { serviceType: [{ coding: [{ code: 'GP' }] }] }),
  slot('d', '2026-05-02T09:00:00Z', {
    schedule: { reference: 'Schedule/s2' },
    serviceType: [{ coding: [{ system: 'http://other', code: 'GP' }] }],
  }),
  slot('e', '2026-05-03T09:00:00Z', { schedule: { reference: 'https://ehr.example/Schedule/s1' } }),
  slot('f', '2026-05-03T10:00:00Z', { schedule: { identifier: { system: 'http://sched', value: '9' } } }),
  {
    resourceType: 'Schedule',
    id: 's1',
    actor: [{ reference: 'Practitioner/d1' }, { reference: 'Location/l1' }],
    planningHorizon: { start: '2026-05-01', end: '2026-05-31' },
  },
  { resourceType: 'Schedule', id: 's2', actor: [{ reference: 'Practitioner/d2' }], planningHorizon: { start: '2026-06' } },
  { resourceType: 'Schedule', id: 's3', actor: [{ reference: 'Patient/p2' }] },
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Núñez', given: ['José'] }] },
  { resourceType: 'Practitioner', id: 'd2', name: [{ family: 'Smith', given: ['Ann_e', '100%'] }] },
  { resourceType: 'Practitioner', id: 'd3', name: [{ text: 'Dr. Van der Berg' }] },
  {
    resourceType: 'Patient',
    id: 'p1',
    birthDate: '1980-05-01',
    gender: 'male',
    name: [{ family: 'Schmidt' }],
    identifier: [{ system: 'http://mrn', value: '1' }],
  },
  {
    resourceType: 'Patient',
    id: 'p2',
    birthDate: '1980',
    name: [{ family: 'Jones' }],
    link: [{ other: { reference: 'Patient/p1' }, type: 'seealso' }],
  },
  visit('v1', 'p1'),
  visit('v2', 'p2', { status: 'cancelled', start: '2026-06-01T09:00:00Z' }),
  visit('v3', 'p1', { status: 'proposed', start: undefined, end: undefined, slot: undefined, requestedPeriod: [{ start: '2026-05' }] }),
  {
    resourceType: 'HealthcareService',
    id: 'h1',
    identifier: [{ type: { coding: [{ system: 'http://types', code: 'FILL' }] }, system: 'http://svc', value: 'x|1' }],
    location: [{ reference: 'Location/l2' }],
    meta: { profile: ['https://slotwise.org/fhir/StructureDefinition/service'] },
  },
  {
    resourceType: 'HealthcareService',
    id: 'h2',
    location: [{ reference: 'Location/l1' }],
    meta: { profile: ['https://slotwise.org/fhirs'] },
  },
  { resourceType: 'HealthcareService', id: 'h3', location: [{ reference: 'Location/l5' }], meta: { profile: ['urn:oid:1.2'] } },
  { resourceType: 'Location', id: 'l1', name: 'Boston', position: { latitude: 42.36, longitude: -71.06 } },
  {
    resourceType: 'Location',
    id: 'l2',
    name: 'Cambridge',
    partOf: { reference: 'Location/l1' },
    position: { latitude: 42.375, longitude: -71.1056 },
  },
  {
    resourceType: 'Location',
    id: 'l3',
    name: 'Suva',
    partOf: { reference: 'Location/l2' },
    position: { latitude: -18.1, longitude: 178.4 },
  },
  { resourceType: 'Location', id: 'l4', name: 'Samoa', position: { latitude: -13.8, longitude: -171.8 } },
  { resourceType: 'Location', id: 'l5', name: 'Nowhere' },
]

let db: Searchable
beforeAll(async () => {
  db = await searchable(['Slot', 'Schedule', 'Practitioner', 'Patient', 'Appointment', 'Location', 'HealthcareService', 'RelatedPerson'])
  await db.put(...rows)
})
afterAll(() => db.drop())

describe('each kind of parameter', () => {
  it.each([
    // tokens
    ['Slot', 'status=free', 'a c d e f'],
    ['Slot', 'status=busy,free&schedule=s1', 'a b c'],
    ['Slot', 'status=http://hl7.org/fhir/slotstatus|busy', 'b'],
    ['Slot', 'status:not=free', 'b'],
    ['Slot', 'status=http://elsewhere|busy', ''],
    ['Slot', 'service-type=GP', 'a c d'],
    ['Slot', 'service-type=http://svc|GP', 'a'],
    ['Slot', 'service-type=http://svc|', 'a'],
    ['Slot', 'service-type=|GP', 'c'],
    ['Slot', 'service-type=http://svc|GP,http://other|GP', 'a d'],
    ['Slot', 'service-type:not=http://svc|GP', 'b c d e f'],
    ['Slot', 'service-type:missing=true', 'b e f'],
    ['Slot', 'service-type:missing=false', 'a c d'],
    ['Slot', 'service-type=gp', ''],
    ['Slot', '_id=a,c,zzz', 'a c'],
    ['Patient', 'identifier=http://mrn|1', 'p1'],
    ['Patient', 'phonetic=Smith', 'p1'],
    // references
    ['Slot', 'schedule=Schedule/s1', 'a b c'],
    ['Slot', 'schedule=s1,s2', 'a b c d'],
    ['Slot', 'schedule=https://clinic.example/fhir/Schedule/s2', 'd'],
    ['Slot', 'schedule=https://ehr.example/Schedule/s1', 'e'],
    ['Slot', 'schedule=https://ehr.example/Schedule/s1,s2', 'd e'],
    ['Slot', 'schedule=Patient/s1', ''],
    ['Slot', 'schedule:identifier=http://sched|9', 'f'],
    ['Slot', 'schedule:missing=true', ''],
    ['Appointment', 'patient=p1', 'v1 v3'],
    ['Appointment', 'actor=d1&patient=Patient/p2', 'v2'],
    ['Appointment', 'actor:Location=d1', ''],
    ['Appointment', 'slot:missing=true', 'v3'],
    // chains
    ['Slot', 'schedule.actor=Practitioner/d2', 'd'],
    ['Slot', 'schedule.actor:Location=l1&status=free', 'a c'],
    ['Appointment', 'patient.identifier=http://mrn|1', 'v1 v3'],
    ['Appointment', 'actor:Practitioner.name=nun', 'v1 v2 v3'],
    ['Schedule', 'actor.name=smi', 's2'],
    ['Slot', 'schedule.actor:Location.partof.name=boston', ''],
    ['HealthcareService', 'location.partof.name=boston', 'h1'],
    ['Location', 'partof.partof.name=boston', 'l3'],
    ['Appointment', 'slot.schedule.actor:Practitioner.family=nunez', 'v1 v2'],
    ['Appointment', 'slot.schedule.actor:Location.name=cambridge', ''],
    ['Appointment', 'slot.schedule.actor.name=boston', 'v1 v2'],
    // what points at it
    ['Patient', '_has:Appointment:patient:status=cancelled', 'p2'],
    ['Patient', '_has:Appointment:patient:status:not=cancelled', 'p1'],
    ['Slot', '_has:Appointment:slot:patient.name=jones', 'a'],
    ['Schedule', '_has:Slot:schedule:status=busy', 's1'],
    ['Schedule', '_has:Slot:schedule:_has:Appointment:slot:status=booked', 's1'],
    ['Practitioner', '_has:Schedule:actor:_has:Slot:schedule:start=2026-05-02', 'd1 d2'],
    ['Practitioner', '_has:Schedule:actor:_has:Slot:schedule:_id=d', 'd2'],
    ['Slot', 'schedule._has:Slot:schedule:status=busy', 'a b c'],
    ['Location', '_has:Schedule:actor:actor:Practitioner.family=nunez', 'l1'],
    ['Location', '_has:Schedule:actor:_id=zzz', ''],
    // hierarchies
    ['HealthcareService', 'location:below=Location/l1', 'h1 h2'],
    ['HealthcareService', 'location:below=l2', 'h1'],
    ['HealthcareService', 'location:above=Location/l3', 'h1 h2'],
    ['Location', 'partof:below=l1', 'l2 l3'],
    ['Location', 'partof:below=l2,l5', 'l3'],
    // uris and typed identifiers
    ['HealthcareService', '_profile=https://slotwise.org/fhir', ''],
    ['HealthcareService', '_profile:below=https://slotwise.org/fhir', 'h1'],
    ['HealthcareService', '_profile:below=https://slotwise.org/fhir/', 'h1'],
    ['HealthcareService', '_profile:below=https://slotwise.org', 'h1 h2'],
    ['HealthcareService', '_profile:below=https://slot', ''],
    ['HealthcareService', '_profile:below=urn:oid:1', ''],
    ['HealthcareService', '_profile:below=urn:oid:1.2', 'h3'],
    ['HealthcareService', '_profile:above=https://slotwise.org/fhirs/a/b', 'h2'],
    ['HealthcareService', 'identifier:of-type=http://types|FILL|x\\|1', 'h1'],
    ['HealthcareService', 'identifier:of-type=http://types|FILL|other', ''],
    // strings
    ['Practitioner', 'name=NUN', 'd1'],
    ['Practitioner', 'name=unez', ''],
    ['Practitioner', 'name:contains=UNE', 'd1'],
    ['Practitioner', 'name:exact=Nunez', ''],
    ['Practitioner', 'name:exact=Núñez', 'd1'],
    ['Practitioner', 'family=jos', ''],
    ['Practitioner', 'given=jos,ann', 'd1 d2'],
    ['Practitioner', 'given=ann_', 'd2'],
    ['Practitioner', 'given=annx', ''],
    ['Practitioner', 'given=100%25', 'd2'],
    ['Practitioner', 'given=1%25', ''],
    ['Practitioner', 'name:contains=der%20berg', 'd3'],
    ['Practitioner', 'family:missing=true', 'd3'],
    // dates: instants
    ['Slot', 'start=2026-05-02', 'c d'],
    ['Slot', 'start=2026-05-02T09:00:00Z', 'c d'],
    ['Slot', 'start=2026-05-02T09:00:00.500Z', 'c'],
    ['Slot', 'start=2026-05-02T05:00-04:00', 'c d'],
    ['Slot', 'start=ne2026-05-02', 'a b e f'],
    ['Slot', 'start=gt2026-05-02', 'e f'],
    ['Slot', 'start=sa2026-05-02', 'e f'],
    ['Slot', 'start=ge2026-05-02', 'c d e f'],
    ['Slot', 'start=lt2026-05-02', 'a b'],
    ['Slot', 'start=eb2026-05-02', 'a b'],
    ['Slot', 'start=le2026-05-02', 'a b c d'],
    ['Slot', 'start=ap2026-05-02', 'a b c d e f'],
    ['Slot', 'start=ap2026-04-29', ''],
    ['Slot', 'start=ge2026-05-01T09:30:00Z&start=lt2026-05-03', 'b c d'],
    ['Slot', 'start=2026-05-01,2026-05-03', 'a b e f'],
    ['Appointment', 'date:missing=true', 'v3'],
    ['Appointment', 'date=ne2026-05-01', 'v2'],
    // dates: spans (p2 was born some day in 1980)
    ['Patient', 'birthdate=1980', 'p1 p2'],
    ['Patient', 'birthdate=1980-05', 'p1'],
    ['Patient', 'birthdate=ne1980-05', 'p2'],
    ['Patient', 'birthdate=gt1980-05-01', 'p2'],
    ['Patient', 'birthdate=lt1980-05-01', 'p2'],
    ['Patient', 'birthdate=ge1980-05-01', 'p1 p2'],
    ['Patient', 'birthdate=sa1980-05-01', ''],
    ['Patient', 'birthdate=eb1981', 'p1 p2'],
    ['Patient', 'birthdate=ap1980-06', 'p2'],
    ['Patient', 'birthdate=ap1980-04-30', 'p1 p2'],
    ['Schedule', 'date=2026-05', 's1'],
    ['Schedule', 'date=2026-05-10', ''],
    ['Schedule', 'date=ge2026-07', 's2'],
    ['Schedule', 'date=ap2026-05-10', 's1'],
    ['Schedule', 'date:missing=true', 's3'],
    ['Slot', '_lastUpdated=2026-01-01', 'a b c d e f'],
    ['Slot', '_lastUpdated=gt2026-01-01', ''],
    // places
    ['Location', 'near=42.36|-71.06|1', 'l1'],
    ['Location', 'near=42.36|-71.06|5|km', 'l1 l2'],
    ['Location', 'near=42.36|-71.06|2|mi', 'l1'],
    ['Location', 'near=42.36|-71.06|3|mi', 'l1 l2'],
    ['Location', 'near=-16|-176|900|km', 'l3 l4'],
    ['Location', 'near:missing=true', 'l5'],
  ])('%s?%s finds [%s]', async (type, query, expected) => {
    const ids = expected.split(' ').filter(Boolean)
    expect(await db.ids(type, query)).toEqual(ids)
    expect(await db.total(type, query)).toBe(ids.length)
  })

  it('finds nothing that is deleted', async () => {
    await db.put({ ...slot('gone', '2026-07-01T00:00:00Z') })
    await db.query(`update "slot" set deleted = true, body = null where id = 'gone'`)
    expect(await db.ids('Slot', 'start=2026-07')).toEqual([])
  })
})

describe('rows', () => {
  it('are the stored text with, where asked for, patients', async () => {
    const [row] = await db.page('Appointment', '_id=v1', {}, { patients: true })
    expect(row).toMatchObject({ id: 'v1', patients: ['p1'] })
    expect(JSON.parse(row?.body ?? '')).toEqual(rows.find((resource) => resource.id === 'v1'))
  })
})

describe('a chain that ends at very many rows', () => {
  it.each([
    ['Appointment', 'patient.identifier=http://mrn|1', 'v1 v3'],
    ['Appointment', 'slot.schedule.actor:Practitioner.family=nunez', 'v1 v2'],
    ['Appointment', 'actor:Practitioner.name=nun&status=cancelled', 'v2'],
    ['Schedule', 'actor.name=smi', 's2'],
    ['HealthcareService', 'location.partof.name=boston', 'h1'],
    ['Slot', 'schedule.actor=Practitioner/d2', 'd'],
  ])('%s?%s finds the same [%s], followed row by row', async (type, asked, expected) => {
    const query = db.parse(type, asked)
    const wide = new Set(
      query.criteria.flatMap((criterion) => (criterion.kind === 'chain' ? criterion.links.map((link) => link.criterion) : [])),
    )
    const { text, values } = compileSearch(definitions, type, query, {}, { wide })
    expect((await db.query<{ id: string }>(text, values)).map(({ id }) => id).toSorted()).toEqual(expected.split(' '))
  })

  it('is told from one that ends at few', async () => {
    await db.query(`insert into "practitioner" (id, version, updated, body, terms)
      select 'many' || n, 1, now(), '{}', '{gender=other}' from generate_series(1, 5000) n`)
    const counting = { query: ({ text, values }: Statement) => db.query(text, values) } as Db
    expect((await wideChains(counting, definitions, 'Appointment', db.parse('Appointment', 'actor:Practitioner.gender=other'))).size).toBe(
      1,
    )
    expect((await wideChains(counting, definitions, 'Appointment', db.parse('Appointment', 'actor:Practitioner.family=smith'))).size).toBe(
      0,
    )
    await db.query(`delete from "practitioner" where id like 'many%'`)
  })
})

describe('a _has that leads to very many rows', () => {
  const counting = { query: ({ text, values }: Statement) => db.query(text, values) } as Db
  beforeAll(async () => {
    await db.query(`insert into "patient" (id, version, updated, body, terms)
      select 'h' || lpad(n::text, 4, '0'), 1, now(), '{}', array['gender=' || case when n % 3 = 0 then 'other' else 'unknown' end] from generate_series(1, 5000) n`)
    await db.query(`insert into "appointment" (id, version, updated, body, status, terms)
      select 'h' || n, 1, now(), '{}', case when n % 2 = 0 then 'waitlist' else 'noshow' end,
             array['patient=Patient/h' || lpad(n::text, 4, '0')] from generate_series(1, 5000) n`)
    await db.query(`update "appointment" set status = 'arrived' where id like 'h%' and substr(id, 2)::int > 2500`)
    await db.query('analyze')
  })
  afterAll(async () => {
    await db.query(`delete from "patient" where id like 'h%'`)
    await db.query(`delete from "appointment" where id like 'h%'`)
  })

  it.each([
    ['is soon full', 'waitlist,noshow', '', (n: number) => n <= 2500],
    ['is met further on than is looked', 'arrived', '', (n: number) => n > 2500],
    ['holds beside other criteria', 'waitlist,noshow', '&gender=other', (n: number) => n <= 2500 && n % 3 === 0],
  ])('gives the same pages where it %s', async (_what, status, more, isFound) => {
    const expected = Array.from({ length: 5000 }, (_, at) => at + 1)
      .filter(isFound)
      .map((n) => `h${String(n).padStart(4, '0')}`)
    const found: string[] = []
    let cursor = ''
    for (let page = 0; page < 4; page++) {
      const query = db.parse('Patient', `_has:Appointment:patient:status=${status}${more}&_count=40${cursor && `&_cursor=${cursor}`}`)
      const prepared = await preparedSearch(counting, definitions, 'Patient', query)
      const rows = await prepared.page()
      expect(rows).toHaveLength(41)
      expect(await prepared.total()).toBe(expected.length)
      found.push(...rows.slice(0, 40).map(({ id }) => id))
      cursor = encodeCursor(rows[39]?.sort ?? [])
    }
    expect(found).toEqual(expected.slice(0, 160))
  })
})

describe('a caller confined to one patient', () => {
  const bounds = { patient: 'p1' }

  it.each([
    ['Appointment', '', 'v1 v3'],
    ['Appointment', 'patient=p2', ''],
    ['Patient', '', 'p1'],
    ['Slot', 'status=busy', 'b'],
    ['Practitioner', '', 'd1 d2 d3'],
    ['Schedule', '', 's1 s2'],
    ['Appointment', 'patient.name=jones', ''],
    ['Schedule', 'actor:Patient.name=jones', ''],
    ['Slot', '_has:Appointment:slot:status=cancelled', ''],
    ['Slot', '_has:Appointment:slot:status=booked', 'a'],
    ['Practitioner', '_has:Appointment:actor:patient.name=jones', ''],
    ['Schedule', '_has:Slot:schedule:_has:Appointment:slot:status=cancelled', ''],
  ])('sees of %s?%s only [%s]', async (type, query, expected) => {
    expect(await db.ids(type, query, bounds)).toEqual(expected.split(' ').filter(Boolean))
  })

  it('is held to granular scopes, any of them', async () => {
    const anyOf = ['status=cancelled', 'status=proposed'].map((query) => db.parse('Appointment', query).criteria)
    expect(await db.ids('Appointment', '', { anyOf })).toEqual(['v2', 'v3'])
    expect(await db.ids('Appointment', '', { anyOf: [] })).toEqual([])
    expect(await db.ids('Appointment', '', { anyOf: [[]] })).toEqual([])
  })

  it('follows no chain into a type that may not be read', async () => {
    expect(await db.ids('Appointment', 'patient.name=jones', { of: () => undefined })).toEqual([])
  })
})

describe('order and pages', () => {
  const order = async (type: string, query: string) => (await db.page(type, query)).map((row) => row.id).join(' ')

  it.each([
    ['Slot', '_sort=start', 'a b d c e f'],
    ['Slot', '_sort=-start', 'f e c d b a'],
    ['Slot', '_sort=status,-start', 'b f e c d a'],
    ['Slot', '', 'a b c d e f'],
    ['Slot', '_sort=-_id', 'f e d c b a'],
    ['Appointment', '_sort=date', 'v1 v2 v3'],
    ['Appointment', '_sort=-date', 'v2 v1 v3'],
    ['Practitioner', '_sort=family', 'd1 d2 d3'],
    ['Practitioner', '_sort=-family', 'd2 d1 d3'],
    ['Slot', '_sort=service-type&_id=a,b,d', 'a d b'],
    ['Patient', '_sort=birthdate', 'p2 p1'],
    ['Appointment', 'patient=p1&_sort=-date', 'v1 v3'],
  ])('%s?%s comes as %s', async (type, query, expected) => expect(await order(type, query)).toBe(expected))

  const walk = async (type: string, query: string, between: (page: number) => Promise<void> = async () => {}) => {
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 50; page++) {
      const found = await db.page(type, `${query}&_cursor=${cursor}`)
      const shown = found.slice(0, 2)
      seen.push(...shown.map((row) => row.id))
      if (found.length <= 2) return seen
      cursor = encodeCursor(shown.at(-1)?.sort ?? [])
      await between(page)
    }
    throw new Error('the pages do not end')
  }

  it.each([
    ['Slot', ''],
    ['Slot', '_sort=start'],
    ['Slot', '_sort=-start'],
    ['Slot', '_sort=status,-start'],
    ['Slot', '_sort=-service-type,status'],
    ['Appointment', '_sort=date'],
    ['Appointment', '_sort=-date'],
    ['Appointment', '_sort=-date,-_lastUpdated&patient=p1'],
    ['Practitioner', '_sort=-family'],
    ['Schedule', '_sort=date'],
    ['Schedule', '_sort=-date'],
    ['Slot', '_sort=_lastUpdated'],
  ])('%s?%s in pages of two is the same as at once', async (type, query) => {
    const whole = (await db.page(type, `${query}&_count=1000`)).map((row) => row.id)
    expect(await walk(type, `${query}&_count=2`)).toEqual(whole)
  })

  it('shows each row that stays exactly once while others come and go', async () => {
    const starts = Array.from({ length: 12 }, (_, at) => `2026-08-01T${String(at + 8).padStart(2, '0')}:00:00Z`)
    await db.put(
      ...starts.map((start, at) => slot(`stay-${String(at).padStart(2, '0')}`, start, { schedule: { reference: 'Schedule/paging' } })),
    )
    const seen = await walk('Slot', 'schedule=paging&_sort=start&_count=2', async (page) => {
      await db.put(slot(`new-${page}`, `2026-07-31T${10 + page}:00:00Z`, { schedule: { reference: 'Schedule/paging' } }))
      await db.query(`delete from "slot" where id = $1`, [`stay-${String(page * 2 + 1).padStart(2, '0')}`])
    })
    expect(seen).toEqual(starts.map((_, at) => `stay-${String(at).padStart(2, '0')}`))
    await db.query(`delete from "slot" where schedule = 'paging'`)
  })

  it.each([
    ['not base64 of JSON', '%%%'],
    ['another sort’s', encodeCursor(['a'])],
    ['no timestamp', encodeCursor(['2026-02-30 00:00:00+00', 'a'])],
    ['a NUL', encodeCursor(['2026-02-01 00:00:00+00', 'a\0'])],
    ['a null where none can be', encodeCursor([null, 'a'])],
    ['an object', Buffer.from('{"length":2}').toString('base64url')],
  ])('refuses a cursor that is %s', async (_, cursor) => {
    const query = db.parse('Slot', `_sort=start&start=ge2026&_cursor=${encodeURIComponent(cursor)}`)
    expect(() => compileSearch(definitions, 'Slot', query)).toThrow(Fault)
  })
})

/** The plan of a search, as Postgres tells it. */
async function planOf(type: string, query: string): Promise<string> {
  const { text, values } = compileSearch(definitions, type, db.parse(type, query))
  const lines = await db.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, values)
  return lines.map((line) => line['QUERY PLAN']).join('\n')
}

describe('a search for one patient’s visits', () => {
  it('finds them by their words first, whatever the order', async () => {
    await db.query(`insert into "appointment" (id, version, updated, body, terms, status, starts, ends)
      select 'x' || n, 1, now(), '{}', array['patient=Patient/x' || n % 2000, 'status=booked'], 'booked', timestamptz '2026-01-01' + n * interval '10 minutes', timestamptz '2027-01-01' from generate_series(1, 10000) n`)
    await db.query('analyze "appointment"')
    for (const sort of ['date', '-date', '_id', '-_lastUpdated'])
      expect(await planOf('Appointment', `patient=x7&_sort=${sort}`)).toContain('appointment_terms')
    await db.query(`delete from "appointment" where id like 'x%'`)
  })
})

describe('the hot search for free times', () => {
  const hot = 'schedule=Schedule/s1&status=free&start=ge2026-05-01&start=lt2026-06-01&_sort=start&_count=50'
  it('is one range of slot(schedule, status, starts, id), in its order, and its next page too', async () => {
    await db.query(`insert into "slot" (id, version, updated, body, schedule, status, starts, ends)
      select 'x' || n, 1, now(), '{}', 'busy' || n % 100, 'free', timestamptz '2026-01-01' + n * interval '10 minutes', timestamptz '2026-01-01' from generate_series(1, 20000) n`)
    await db.query('analyze "slot"')
    for (const query of [hot, `${hot}&_cursor=${encodeCursor(['2026-05-01 09:00:00+00', 'a'])}`]) {
      const explained = await planOf('Slot', query)
      expect(explained).toMatch(
        /->\s+Limit\n\s+->\s+Index Scan using slot_time on slot t\n\s+Index Cond: .*schedule = .*status = .*starts >= .*starts < /,
      )
      expect(explained).not.toContain('Sort')
    }
    await db.query(`delete from "slot" where id like 'x%'`)
  })

  it('has one name for every value, and the name is of its text', () => {
    const [first, second] = ['s1', 's2'].map((id) => compileSearch(definitions, 'Slot', db.parse('Slot', hot.replace('s1', id))))
    expect(first?.name).toBeDefined()
    expect(second?.name).toBe(first?.name)
    expect(second?.text).toBe(first?.text)
    expect(compileSearch(definitions, 'Slot', db.parse('Slot', `${hot}&service-type=GP`)).name).toBeUndefined()
  })
})
