import { indexValues } from '../../src/fhir/index-values.ts'
import { storedTypes } from '../../src/fhir/resource.ts'
import { notBegun, type Progress, reindexType, replanAll } from '../../src/jobs/reindex.ts'
import { tableOf } from '../../src/store/layout.ts'
import { renewColumns } from '../../src/store/reindex.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { made, matches, type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
beforeAll(async () => {
  server = await testHouse()
})
afterAll(() => server.close())

const sql = (text: string) => server.house.pool.query<Record<string, unknown>>({ text, values: [] })
const whole = (type: string): Promise<Progress> => reindexType(server.house, type, notBegun, async () => true)
const idsOf = async (path: string): Promise<string[]> =>
  matches(await server.call('GET', path))
    .map(({ id }) => id)
    .toSorted()

/** Every row, with its words in one order; what it was last written by does not matter. */
const rowsOf = (type: string) =>
  sql(
    `select to_jsonb(t) || jsonb_build_object('terms', (select array_agg(w order by w) from unnest(t.terms) w)) as row from ${tableOf(type)} t order by id`,
  )
const numbers = () => sql('select * from search_number order by type, id, code, lower')

const resources = [
  {
    resourceType: 'Patient',
    id: 'p',
    name: [{ family: 'Ito', given: ['Aoi'] }],
    birthDate: '1980-02-03',
    identifier: [{ system: 'urn:s', value: '7' }],
  },
  { resourceType: 'Location', id: 'l', name: 'North', position: { latitude: 42, longitude: -71 } },
  {
    resourceType: 'Encounter',
    id: 'e',
    status: 'planned',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: 'Patient/p' },
    length: { value: 20, unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' },
    period: { start: '2026-05-01T09:00:00Z', end: '2026-05-01T09:20:00Z' },
  },
  { resourceType: 'Practitioner', id: 'd', name: [{ family: 'Ozu' }] },
  {
    resourceType: 'Schedule',
    id: 's',
    actor: [{ reference: 'Practitioner/d' }, { reference: 'Location/l' }],
    serviceType: [{ coding: [{ system: 'urn:t', code: 'a' }] }],
    extension: [
      {
        url: 'https://slotwise.org/fhir/StructureDefinition/availability',
        extension: [
          { url: 'daysOfWeek', valueCode: 'mon' },
          { url: 'startTime', valueTime: '09:00:00' },
          { url: 'endTime', valueTime: '12:00:00' },
        ],
      },
    ],
  },
  {
    resourceType: 'Slot',
    id: 'own',
    schedule: { reference: 'Schedule/s' },
    status: 'busy-unavailable',
    start: '2031-01-01T09:00:00Z',
    end: '2031-01-01T10:00:00Z',
  },
]

const asked = [
  'Patient?family=ito',
  'Patient?birthdate=1980-02-03',
  'Patient?identifier=urn:s|7',
  'Location?near=42|-71|1|km',
  'Encounter?length=20',
  'Encounter?date=2026-05-01',
  'Encounter?patient=Patient/p',
  'Schedule?actor=Practitioner/d',
  'Slot?service-type=urn:t|a&_count=1',
]

it('makes rows findable whose columns were written before anybody knew of them, and no version', async () => {
  for (const resource of resources) made(await server.call('PUT', `${resource.resourceType}/${resource.id}`, resource))
  const types = ['Patient', 'Location', 'Encounter', 'Schedule', 'Slot', 'Practitioner']
  const before = await Promise.all([...types.map(rowsOf), numbers()])
  const found = await Promise.all(asked.map(idsOf))
  expect(found.every((ids) => ids.length > 0)).toBe(true)

  for (const type of types) await sql(`update ${tableOf(type)} set terms = '{stale}'`)
  await sql(`update patient set strings = '', birthdate_lower = null, birthdate_upper = null`)
  await sql(`update location set latitude = 0, strings = ''`)
  await sql(`update practitioner set strings = ''`)
  await sql(`update encounter set date_lower = '-infinity'`)
  await sql('update search_number set lower = 1, upper = 1')
  expect((await Promise.all(asked.map(idsOf))).every((ids) => ids.length === 0)).toBe(true)

  const progress = await Promise.all(types.map(whole))
  expect(progress.every(({ seen, renewed, done }) => seen === renewed && done)).toBe(true)
  expect(await Promise.all([...types.map(rowsOf), numbers()])).toEqual(before)
  expect(await Promise.all(asked.map(idsOf))).toEqual(found)
})

it('touches nothing that is as every way of writing leaves it', async () => {
  const encounter = (id: string, value: number) => ({ ...resources[2], id, length: { value, unit: 'min' } })
  const entry = [1, 2, 3].map((n) => ({ resource: encounter(`many-${n}`, n), request: { method: 'PUT', url: `Encounter/many-${n}` } }))
  expect((await server.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(200)
  expect(await idsOf('Encounter?length=2')).toEqual(['many-2'])
  for (const type of storedTypes) expect(await whole(type)).toMatchObject({ renewed: 0, done: true })
})

it('leaves a row to whoever has written it since it was read', async () => {
  made(await server.call('PUT', 'Patient/twice', { resourceType: 'Patient', id: 'twice', name: [{ family: 'Newer' }] }))
  made(await server.call('PUT', 'Patient/twice', { resourceType: 'Patient', id: 'twice', name: [{ family: 'Newest' }] }), 200)
  const older = indexValues(server.house.definitions, { resourceType: 'Patient', id: 'twice', name: [{ family: 'Newer' }] })
  const renew = (version: string) =>
    inTransaction(server.house.pool, (tx) =>
      renewColumns(tx, server.house.definitions, 'Patient', [{ id: 'twice', version, index: older }]),
    )
  expect(await renew('1')).toBe(0)
  expect(await idsOf('Patient?family=newest')).toEqual(['twice'])
  expect(await renew('2')).toBe(1)
})

it('goes on where it stopped, and loses nothing that is written meanwhile', async () => {
  await sql(`insert into patient (id, version, updated, body, terms)
    select 'old-' || lpad(n::text, 4, '0'), 1, now(), jsonb_build_object('resourceType', 'Patient', 'id', 'old-' || lpad(n::text, 4, '0'), 'gender', 'other'), '{}'
      from generate_series(1, 900) n`)
  const stopped = await reindexType(server.house, 'Patient', notBegun, async () => false)
  expect(stopped).toMatchObject({ seen: 200, done: false })
  const writes = Array.from({ length: 60 }, async (_, n) => {
    const id = `old-${String(1 + n * 15).padStart(4, '0')}`
    made(await server.call('PUT', `Patient/${id}`, { resourceType: 'Patient', id, gender: n % 2 ? 'male' : 'unknown' }), 200)
  })
  const [finished] = await Promise.all([reindexType(server.house, 'Patient', stopped, async () => true), ...writes])
  expect(finished.done).toBe(true)
  const count = async (query: string) => (await server.call('GET', `Patient?_summary=count&${query}`)).json.total
  expect([await count('gender=other'), await count('gender=male'), await count('gender=unknown')]).toEqual([840, 30, 30])
})

it('plans every Schedule anew', async () => {
  await sql(`update schedule_plan set terms = '{}', stale = false`)
  expect(await replanAll(server.house, () => {})).toBe(1)
  const [plan] = await sql('select terms, stale from schedule_plan')
  expect(plan).toMatchObject({ stale: true, terms: expect.arrayContaining(['part=Schedule/s', 'part=Practitioner/d']) })
})
