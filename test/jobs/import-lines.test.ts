/** An import writes what REST would write, many times faster: the rows of both, side by side, and what is refused. */
import type { Actor } from '../../src/access/actor.ts'
import { parseScopes } from '../../src/access/scopes.ts'
import { tooLongMark } from '../../src/fhir/ndjson.ts'
import { writableTypes } from '../../src/fhir/resource.ts'
import { type Imported, importLines, type Refusal } from '../../src/jobs/import-lines.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
beforeAll(async () => {
  server = await testHouse()
})
afterAll(() => server.close())

const importer: Actor = { client: 'importer', scopes: parseScopes('system/*.cruds') }

type Loose = { resourceType: string; id?: string; [element: string]: unknown }

const run = (resources: readonly (Loose | string)[], actor = importer, stop = false): Promise<Imported> =>
  importLines(
    server.house,
    actor,
    resources.map((one, at) => ({ no: at + 1, text: typeof one === 'string' ? one : JSON.stringify(one) })),
    stop,
  )

const tallyOf = ({ created, updated, unchanged, refused }: Imported) => ({ created, updated, unchanged, refused })
const said = ({ refusals }: Imported): string[] => refusals.map(({ line, fault }: Refusal) => `${line} ${fault.kind}`)
const rows = <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> => server.house.pool.query<Row>({ text, values })

const rich = (id: string): Loose => ({
  resourceType: 'Patient',
  id,
  meta: { tag: [{ system: 'urn:t', code: 'a "quoted" \\ code' }], versionId: '7', lastUpdated: '2001-01-01T00:00:00Z' },
  identifier: [{ system: 'urn:mrn', value: 'a,b{c}"d"\\e' }],
  name: [{ family: 'Łukasiewicz', given: ['Zoë', "O'Neil"] }],
  gender: 'female',
  birthDate: '1980-02-29',
  telecom: [{ system: 'phone', value: '+1 555 0100' }],
  address: [{ line: ['1 Main St\nRear'], city: 'Springfield' }],
})

describe('an imported resource', () => {
  it('has the row that the same resource put over REST has, in every column', async () => {
    await server.call('PUT', 'Patient/by-rest', rich('by-rest'))
    expect(tallyOf(await run([rich('by-import')]))).toEqual({ created: 1, updated: 0, unchanged: 0, refused: 0 })
    const [rest, imported] = await rows<{ row: Record<string, unknown> }>(
      `select to_jsonb(p) - 'updated' as row from patient p where id like 'by-%' order by id desc`,
    )
    const plain = (row: unknown): unknown =>
      JSON.parse(
        JSON.stringify(row)
          .replaceAll(/by-(rest|import)/g, '<id>')
          .replaceAll(/"lastUpdated":"[^"]*"/g, '"lastUpdated":""'),
      )
    expect(JSON.stringify(plain(imported?.row)).length).toBeGreaterThan(500)
    expect(plain(imported?.row)).toEqual(plain(rest?.row))
  })

  it('is superseded like any other: a version, its history and its change', async () => {
    await run([rich('twice')])
    expect(tallyOf(await run([{ ...rich('twice'), gender: 'male' }]))).toMatchObject({ updated: 1 })
    const { json } = await server.call('GET', 'Patient/twice/_history')
    expect(json.entry?.map(({ resource }) => [resource.meta.versionId, (resource as unknown as { gender: string }).gender])).toEqual([
      ['2', 'male'],
      ['1', 'female'],
    ])
    expect(await rows(`select version::int, kind from change where id = 'twice' order by version`)).toEqual([
      { version: 1, kind: 'create' },
      { version: 2, kind: 'update' },
    ])
  })

  it('comes back where it had been deleted', async () => {
    await run([rich('phoenix')])
    await server.call('DELETE', 'Patient/phoenix')
    expect(tallyOf(await run([rich('phoenix')]))).toMatchObject({ updated: 1 })
    expect((await server.call('GET', 'Patient/phoenix')).json.meta.versionId).toBe('3')
  })

  it('is found at once, by every way of search', async () => {
    await run([rich('found')])
    for (const query of ['given=zoe', 'identifier=urn:mrn|a%5C%2Cb%7Bc%7D%22d%22%5C%5Ce', 'birthdate=1980-02-29', 'name:contains=neil'])
      expect([query, (await server.call('GET', `Patient?${query}&_id=found`)).json.total]).toEqual([query, 1])
  })

  it('keeps the digits of its numbers', async () => {
    await run(['{"resourceType":"Location","id":"digits","position":{"longitude":1.500,"latitude":42.10}}'])
    expect((await server.call('GET', 'Location/digits')).text).toMatch(/1\.500.*42\.10|42\.10.*1\.500/)
  })

  it('leaves an AuditEvent that names its patient', async () => {
    await run([rich('audited')])
    const { json } = await server.call('GET', 'AuditEvent?patient=Patient/audited&subtype=import')
    expect(json.entry).toHaveLength(1)
  })
})

describe('an import that is run again', () => {
  it('changes nothing, for types of every way', async () => {
    const all: Loose[] = [
      { resourceType: 'Organization', id: 'again', name: 'House' },
      { resourceType: 'Practitioner', id: 'again', name: [{ family: 'Again' }] },
      rich('again'),
      { resourceType: 'Group', id: 'again', type: 'person', actual: true, member: [{ entity: { reference: 'Patient/again' } }] },
    ]
    expect(tallyOf(await run(all))).toEqual({ created: 4, updated: 0, unchanged: 0, refused: 0 })
    const before = await rows(`select count(*) from change`)
    expect(tallyOf(await run(all))).toEqual({ created: 0, updated: 0, unchanged: 4, refused: 0 })
    expect(await rows(`select count(*) from change`)).toEqual(before)
    expect(
      await rows(`select id from patient_history where id = 'again' union all select id from organization_history where id = 'again'`),
    ).toEqual([])
  })

  it('takes the last of two lines of one id', async () => {
    expect(tallyOf(await run([rich('dup'), { ...rich('dup'), gender: 'other' }]))).toEqual({
      created: 1,
      updated: 1,
      unchanged: 0,
      refused: 0,
    })
    expect((await server.call('GET', 'Patient/dup')).text).toContain('"other"')
  })

  it('loses nothing where two import the same at once', async () => {
    const many = Array.from({ length: 300 }, (_, i) => rich(`both-${i}`))
    const [one, two] = await Promise.all([run(many), run(many.toReversed())])
    expect(one.created + two.created).toBe(300)
    expect(one.refused + two.refused).toBe(0)
    expect(await rows(`select count(*)::int from patient where id like 'both-%'`)).toEqual([{ count: 300 }])
  })
})

describe('a line that cannot be imported', () => {
  it('is refused by itself, with its number and what is wrong; the others are written', async () => {
    const result = await run([
      rich('good-1'),
      '{"resourceType":"Patient","id":"bad"',
      '',
      '[]',
      { resourceType: 'Patient' },
      { resourceType: 'Patient', id: 'bad', gender: 'yes' },
      { resourceType: 'Patient', id: 'bad', shoe: 42 },
      { resourceType: 'Basic', id: 'bad' },
      { resourceType: 'AuditEvent', id: 'bad' },
      { resourceType: 'Patient', id: 'a b' },
      tooLongMark,
      { ...rich('bad'), name: [{ family: 'half \ud800 surrogate' }] },
      rich('good-2'),
    ])
    expect(tallyOf(result)).toEqual({ created: 2, updated: 0, unchanged: 0, refused: 10 })
    expect(said(result)).toEqual([
      '2 malformed',
      '4 structure',
      '5 required',
      '6 code-invalid',
      '7 structure',
      '8 value',
      '9 value',
      '10 required',
      '11 too-long',
      '12 value',
    ])
    expect((await server.call('GET', 'Patient/bad')).status).toBe(404)
  })

  it('ends the import where that is asked', async () => {
    const result = await run([rich('before'), '{}', rich('after')], importer, true)
    expect(tallyOf(result)).toMatchObject({ created: 1, refused: 1 })
    expect((await server.call('GET', 'Patient/after')).status).toBe(404)
  })

  it.each(['system/Patient.r', 'system/Patient.c', 'patient/*.cruds', 'system/Patient.cu?gender=female'])(
    'is one that the scope %s does not reach',
    async (scope) => {
      const actor = { client: 'narrow', patient: 'narrow', scopes: parseScopes(scope) }
      expect(said(await run([rich('narrow')], actor))).toEqual(['1 forbidden'])
    },
  )

  it('names types that are written over REST, and no others', async () => {
    const result = await run(writableTypes.map((resourceType) => ({ resourceType, id: 'x', unknown: 1 })))
    expect(new Set(result.refusals.map(({ fault }) => fault.kind))).toEqual(new Set(['structure']))
  })
})

describe('imported time', () => {
  let doctor: Clinic
  beforeAll(async () => {
    doctor = await clinic(server.call)
  })

  it('is taken as a REST write takes it: of two visits at once, one is refused', async () => {
    const slot = await doctor.slotAt(3, '09:00')
    const [ana, ben] = (await doctor.patients(2)) as [string, string]
    const visits = [ana, ben].map((who, i) => ({ id: `imported-${i}`, ...(doctor.appointment(slot, who) as Loose) }))
    const result = await run(visits)
    expect([result.created, said(result).map((line) => line.split(' ')[1])]).toEqual([1, ['conflict']])
    expect((await server.call('GET', `Slot/${slot.id}`)).json.status).toBe('busy')
    expect(await disagreements(server.house.pool)).toEqual([])
  })

  it('comes back as it was: Slots and visits of an export change nothing', async () => {
    const all = [
      ...(await rows<{ body: Loose }>('select body from slot where not deleted')),
      ...(await rows<{ body: Loose }>('select body from appointment where not deleted')),
    ]
    expect(all.length).toBeGreaterThan(100)
    expect(tallyOf(await run(all.map(({ body }) => body)))).toEqual({ created: 0, updated: 0, unchanged: all.length, refused: 0 })
  })

  it('moves to another house: Slots taken there are taken here', async () => {
    const other = await testHouse()
    try {
      const lines = (
        await Promise.all(
          ['location', 'practitioner', 'healthcare_service', 'schedule', 'patient', 'slot', 'appointment'].map((table) =>
            rows<{ body: Loose }>(`select body from "${table}" where not deleted order by id`),
          ),
        )
      ).flat()
      const result = await importLines(
        other.house,
        importer,
        lines.map(({ body }, at) => ({ no: at + 1, text: JSON.stringify(body) })),
      )
      expect(result.refusals.map(({ fault, type }) => `${type} ${fault.message}`)).toEqual([])
      expect(await disagreements(other.house.pool)).toEqual([])
      const statuses = 'select id, status from slot where not deleted order by id'
      expect(await other.house.pool.query({ text: statuses, values: [] })).toEqual(await rows(statuses))
    } finally {
      await other.close()
    }
  })
})

it('ten thousand Patients are imported, every one of them, and a second time not at all', async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({
    resourceType: 'Patient',
    id: `many-${i}`,
    name: [{ family: `Family${i % 997}`, given: [`Given${i}`] }],
    gender: i % 2 ? 'male' : 'female',
    birthDate: `19${String(10 + (i % 90))}-0${1 + (i % 9)}-11`,
    identifier: [{ system: 'urn:mrn', value: String(i) }],
  }))
  expect(tallyOf(await run(many))).toEqual({ created: 10_000, updated: 0, unchanged: 0, refused: 0 })
  const stored = await rows<{ body: { meta?: unknown; id: string } }>(
    `select body from patient where id like 'many-%' order by (substr(id, 6))::int`,
  )
  expect(stored.map(({ body: { meta: _, ...rest } }) => rest)).toEqual(many)
  expect(tallyOf(await run(many))).toEqual({ created: 0, updated: 0, unchanged: 10_000, refused: 0 })
})
