/**
 * Bulk Data export, each requirement under the name that the bulk-data-test-kit (inferno-framework) gives it, and what
 * the guide leaves to a server: what is in an export is what was stored at its instant, nothing more and nothing less.
 */

import { exportsUnderWayMax } from '../../src/base/bulk-limits.ts'
import { fault } from '../../src/base/fault.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { type Ask, each, type Loose, made, type RestHouse, restHouse } from '../interactions/rest.ts'

const respondAsync = { prefer: 'respond-async' }

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server.close())

const pathOf = (url: string): string => new URL(url).pathname

async function kickOff(by: Ask, path: string, body?: object, prefer = 'respond-async'): Promise<string> {
  const answer = await by(body ? 'POST' : 'GET', path, { body, headers: { prefer } })
  if (answer.status !== 202) throw new Error(`${path} was answered ${answer.status}: ${answer.text}`)
  return pathOf(String(answer.headers['content-location']))
}

/** Lists what is due as the job does, until the manifest is there. */
async function manifestAt(by: Ask, status: string): Promise<Loose> {
  for (;;) {
    await listExports(server.house)
    const answer = await by('GET', status)
    if (answer.status === 200) return answer.json
    if (answer.status !== 202) throw new Error(`${status} was answered ${answer.status}: ${answer.text}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function linesAt(by: Ask, url: string): Promise<Loose[]> {
  const { status, text } = await by('GET', pathOf(url))
  expect(status).toBe(200)
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

type Exported = { readonly manifest: Loose; readonly of: (type: string) => Loose[] }

async function exported(by: Ask, path: string, body?: object, prefer?: string): Promise<Exported> {
  const manifest = await manifestAt(by, await kickOff(by, path, body, prefer))
  const files = new Map<string, Loose[]>()
  for (const { type, url } of manifest.output) files.set(type, [...(files.get(type) ?? []), ...(await linesAt(by, url))])
  return { manifest, of: (type) => files.get(type) ?? [] }
}

const ids = (resources: readonly Loose[]): string[] => resources.map(({ id }) => id).toSorted()
const patient = (family: string, more: object = {}) => made(ask, { resourceType: 'Patient', name: [{ family }], ...more })
const visit = (who: string, more: object = {}) =>
  made(ask, {
    resourceType: 'Appointment',
    status: 'proposed',
    participant: [{ actor: { reference: `Patient/${who}` }, status: 'accepted' }],
    ...more,
  })

describe('bulk_data_no_auth_reject, bulk_data_kick_off', () => {
  it('rejects a kick-off without a token', async () => {
    expect((await ask('GET', '$export', { token: null, headers: respondAsync })).status).toBe(401)
  })

  it('answers a kick-off 202 with Content-Location', async () => {
    const answer = await ask('GET', '$export?_type=Location', { headers: respondAsync })
    expect([answer.status, answer.headers['content-location']]).toEqual([202, expect.stringContaining(`${server.house.base}/bulk-export/`)])
  })

  it.each(['$export', 'Patient/$export'])('needs Prefer: respond-async at %s', async (path) => {
    const { status, json } = await ask('GET', path)
    expect([status, json.issue[0].code]).toEqual([400, 'required'])
  })

  it.each(['application/fhir%2Bndjson', 'application/fhir+ndjson', 'application/ndjson', 'ndjson'])(
    'takes _outputFormat=%s',
    async (format) => {
      const status = await kickOff(ask, `$export?_type=Location&_outputFormat=${format}`)
      expect((await ask('DELETE', status)).status).toBe(202)
    },
  )

  it.each([
    ['_outputFormat=text/csv', 400],
    ['_since=yesterday', 400],
    ['_type=Nonsense', 400],
    ['_type=AuditEvent', 400],
    ['_elements=id', 400],
    ['includeAssociatedData=LatestProvenanceResources', 400],
    ['_type=Patient&_typeFilter=Appointment%3Fstatus%3Dbooked', 400],
    ['_type=Patient&_typeFilter=Patient%3Fshoe-size%3D42', 400],
    ['_type=Patient&_typeFilter=Patient%3F_count%3D5', 400],
    ['patient=Patient/1', 400],
  ])('refuses %s', async (query, expected) => {
    expect((await ask('GET', `$export?${query}`, { headers: respondAsync })).status).toBe(expected)
  })

  it('leaves what it does not serve aside under handling=lenient, and says so in the error file', async () => {
    const { manifest } = await exported(ask, '$export?_type=Patient,Nonsense&_elements=id', undefined, 'respond-async, handling=lenient')
    const said = (await linesAt(ask, manifest.error[0].url)).map((outcome) => outcome.issue[0].diagnostics)
    expect(said).toEqual([expect.stringContaining('_elements'), expect.stringContaining('Nonsense')])
    expect(manifest.error[0]).toMatchObject({ type: 'OperationOutcome', count: 2 })
  })

  it(`refuses more than ${exportsUnderWayMax} under way with 429 and Retry-After`, async () => {
    const busy = await server.scoped('system/*.rs', { client: 'busy' })
    const places = await Promise.all(Array.from({ length: exportsUnderWayMax }, () => kickOff(busy, '$export?_type=Location')))
    const { status, headers } = await busy('GET', '$export?_type=Location', { headers: respondAsync })
    expect([status, headers['retry-after']]).toEqual([429, expect.stringMatching(/^\d+$/)])
    await each(places, async (place) => void (await busy('DELETE', place)))
    await kickOff(busy, '$export?_type=Location')
  })
})

describe('bulk_data_status_check, bulk_data_status_output, bulk_data_output_type_url', () => {
  it('says progress with X-Progress and Retry-After, then gives a manifest', async () => {
    await patient('Manifest')
    const before = Date.now()
    const place = await kickOff(ask, '$export?_type=Patient')
    const early = await ask('GET', place)
    expect([early.status, early.text]).toEqual([202, ''])
    expect(early.headers['x-progress']?.length).toBeLessThan(100)
    expect(early.headers['retry-after']).toMatch(/^\d+$/)
    const manifest = await manifestAt(ask, place)
    const { headers } = await ask('GET', place)
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(Date.parse(headers.expires ?? '')).toBeGreaterThan(Date.now())
    expect(manifest).toMatchObject({
      request: `${server.house.base}/$export?_type=Patient`,
      requiresAccessToken: true,
      deleted: [],
      error: [],
      output: [{ type: 'Patient', url: expect.stringContaining(server.house.base), count: expect.any(Number) }],
    })
    expect(Date.parse(manifest.transactionTime)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(manifest.transactionTime)).toBeLessThanOrEqual(Date.now())
  })

  it("is nobody else's", async () => {
    const place = await kickOff(ask, '$export?_type=Location')
    const other = await server.scoped('system/*.rs', { client: 'other' })
    expect((await other('GET', place)).status).toBe(404)
    expect((await other('DELETE', place)).status).toBe(404)
    const { output } = await manifestAt(ask, place)
    for (const { url } of output) expect((await other('GET', pathOf(url))).status).toBe(404)
  })

  it('is gone once it has expired', async () => {
    const place = await kickOff(ask, '$export?_type=Location')
    await manifestAt(ask, place)
    await server.house.pool.query({ text: `update bulk_export set expires = now() - interval '1 second'`, values: [] })
    expect((await ask('GET', place)).status).toBe(404)
    await listExports(server.house)
    expect(
      await server.house.pool.query({
        text: 'select 1 from bulk_export_chunk where not exists (select from bulk_export where id = export)',
        values: [],
      }),
    ).toEqual([])
  })
})

describe('bulk_data_cancel', () => {
  it.each([false, true])('answers DELETE 202, and then 404 with an OperationOutcome (done: %s)', async (done) => {
    const place = await kickOff(ask, '$export?_type=Location')
    if (done) await manifestAt(ask, place)
    expect((await ask('DELETE', place)).status).toBe(202)
    const { status, json } = await ask('GET', place)
    expect([status, json.resourceType]).toEqual([404, 'OperationOutcome'])
    expect((await ask('GET', `${place}/1`)).status).toBe(404)
    expect((await ask('DELETE', place)).status).toBe(404)
  })
})

describe('tls_requires_access_token, bulk_data_output_ndjson', () => {
  it('gives a file only with a token that reads its type, and to another says that there is none', async () => {
    const reader = await server.scoped('system/Patient.rs', { client: 'reader' })
    const place = await kickOff(reader, '$export')
    const { output } = await manifestAt(reader, place)
    expect(output.map(({ type }: Loose) => type)).toEqual(['Patient'])
    const file = pathOf(output[0].url)
    expect((await reader('GET', file, { token: null })).status).toBe(401)
    const blind = await server.scoped('system/Location.rs', { client: 'reader' })
    expect((await blind('GET', file)).status).toBe(404)
  })

  it('is application/fhir+ndjson, whatever is accepted, compressed where that is', async () => {
    const { output } = await manifestAt(ask, await kickOff(ask, '$export?_type=Patient'))
    const plain = await ask('GET', pathOf(output[0].url), { headers: { accept: 'application/fhir+ndjson' } })
    expect([plain.status, plain.headers['content-type']]).toEqual([200, expect.stringMatching(/^application\/fhir\+ndjson/)])
    const token = await server.token('system/*.cruds')
    const packed = await fetch(output[0].url, { headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' } })
    expect([packed.headers.get('content-encoding'), await packed.text()]).toEqual(['gzip', plain.text])
  })
})

describe('who may export', () => {
  it.each([
    ['system/Location.rs', '$export?_type=Patient', 403],
    ['system/Patient.r', '$export?_type=Patient', 403],
    ['launch/patient', '$export', 403],
    ['system/Patient.rs', 'Group/any/$export', 403],
  ])('with %s, %s is %i', async (scope, path, expected) => {
    const limited = await server.scoped(scope, { client: 'limited' })
    expect((await limited('GET', path, { headers: respondAsync })).status).toBe(expected)
  })

  it('no patient, not even of the directory', async () => {
    const id = await patient('Curious')
    const confined = await server.scoped('patient/*.rs', { patient: id })
    for (const path of ['$export', '$export?_type=Location', 'Patient/$export'])
      expect((await confined('GET', path, { headers: respondAsync })).status).toBe(403)
  })

  it('a granular scope exports what it matches and no more', async () => {
    const [female] = [await patient('Granular', { gender: 'female' }), await patient('Granular', { gender: 'male' })]
    const granular = await server.scoped('system/Patient.rs?gender=female', { client: 'granular' })
    const { of } = await exported(granular, '$export?_type=Patient&_typeFilter=Patient%3Ffamily%3DGranular')
    expect(ids(of('Patient'))).toEqual([female])
  })
})

describe('what is exported', () => {
  it('is everything that is stored, as it reads, deletions left out', async () => {
    const gone = await patient('Gone')
    await ask('DELETE', `Patient/${gone}`)
    await visit(await patient('Whole'))
    await made(ask, { resourceType: 'Location', name: 'Löwenhaus\nWest' })
    const { manifest, of } = await exported(ask, '$export')
    for (const { type } of manifest.output) {
      const { json } = await ask('GET', `${type}?_count=1000&_sort=_id`)
      const stored = json.entry.flatMap(({ search, resource }: Loose) =>
        search.mode === 'match' && resource.meta?.lastUpdated ? [resource] : [],
      )
      expect(of(type).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(stored)
      expect(manifest.output.filter((file: Loose) => file.type === type).reduce((sum: number, { count }: Loose) => sum + count, 0)).toBe(
        stored.length,
      )
    }
    expect(manifest.output.map(({ type }: Loose) => type)).toEqual(expect.arrayContaining(['Patient', 'Appointment', 'Location']))
  })

  it('is as it was at transactionTime, also where it has been written or deleted since', async () => {
    const [kept, changed, deleted] = [await patient('Stable'), await patient('Stable'), await patient('Stable')]
    const place = await kickOff(ask, '$export?_type=Patient&_typeFilter=Patient%3Ffamily%3DStable')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await ask('PUT', `Patient/${changed}`, {
      body: { resourceType: 'Patient', id: changed, name: [{ family: 'Stable' }], gender: 'other' },
    })
    await patient('Stable')
    const manifest = await manifestAt(ask, place)
    await ask('DELETE', `Patient/${deleted}`)
    const lines = await linesAt(ask, manifest.output[0].url)
    expect(ids(lines)).toEqual([kept, changed, deleted].toSorted())
    expect(lines.every(({ gender, meta }) => gender === undefined && meta.versionId === '1')).toBe(true)
  })

  it('waits for a write that was begun before its instant', async () => {
    const id = server.house.ids.next()
    const place = await server.house.pool.connect(async (db) => {
      await db.query({ text: 'begin', values: [] })
      const at = new Date().toISOString()
      const body = { resourceType: 'Patient', id, name: [{ family: 'Late' }], meta: { versionId: '1', lastUpdated: at } }
      await db.query({
        text: `insert into patient (id, version, updated, body) values ($1, 1, $2::timestamptz, $3::jsonb)`,
        values: [id, at, JSON.stringify(body)],
      })
      const under = await kickOff(ask, '$export?_type=Patient')
      await new Promise((resolve) => setTimeout(resolve, 1_300))
      await listExports(server.house)
      expect((await ask('GET', under)).status).toBe(202)
      await db.query({ text: 'commit', values: [] })
      return under
    })
    const { output } = await manifestAt(ask, place)
    expect(ids(await linesAt(ask, output[0].url))).toContain(id)
  })

  it('since an instant is what was written after it, and what was deleted', async () => {
    const [old, changed, deleted] = [await patient('Since'), await patient('Since'), await patient('Since')]
    const { manifest: first } = await exported(ask, '$export?_type=Patient')
    const fleeting = await patient('Since')
    await ask('DELETE', `Patient/${fleeting}`)
    await ask('PUT', `Patient/${changed}`, { body: { resourceType: 'Patient', id: changed, name: [{ family: 'Since' }], gender: 'other' } })
    await ask('DELETE', `Patient/${deleted}`)
    const added = await patient('Since')
    const { manifest, of } = await exported(ask, `$export?_type=Patient&_since=${first.transactionTime}`)
    expect(ids(of('Patient'))).toEqual([changed, added].toSorted())
    expect(ids(of('Patient'))).not.toContain(old)
    const [bundle] = await linesAt(ask, manifest.deleted[0].url)
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'transaction' })
    expect(bundle.entry.map(({ request }: Loose) => `${request.method} ${request.url}`).toSorted()).toEqual(
      [deleted, fleeting].map((id) => `DELETE Patient/${id}`).toSorted(),
    )
  })

  it('of a type with filters is what matches any of them', async () => {
    const who = await patient('Filter')
    const [arrived, cancelled] = [await visit(who), await visit(who, { status: 'cancelled' })]
    const others = await visit(await patient('Filter'))
    const filters = ['Appointment?status=proposed&patient=Patient/', 'Appointment?status=cancelled&patient=Patient/']
    const text = filters.map((filter) => encodeURIComponent(filter + who)).join(',')
    const { of } = await exported(ask, `$export?_type=Appointment,Patient&_typeFilter=${text}`)
    expect(ids(of('Appointment'))).toEqual([arrived, cancelled].toSorted())
    expect(ids(of('Appointment'))).not.toContain(others)
    expect(ids(of('Patient'))).toContain(who)
  })
})

describe('Patient/$export', () => {
  it('reaches the compartments of all patients and nothing else', async () => {
    const who = await patient('Compartment')
    const theirs = await visit(who)
    const nobodys = await made(ask, {
      resourceType: 'Appointment',
      status: 'proposed',
      participant: [{ actor: { display: 'nobody yet' }, status: 'accepted' }],
    })
    const { manifest, of } = await exported(ask, 'Patient/$export')
    expect(ids(of('Appointment'))).toContain(theirs)
    expect(ids(of('Appointment'))).not.toContain(nobodys)
    expect(manifest.output.map(({ type }: Loose) => type)).not.toContain('Location')
  })

  it('takes patients by POST, with every parameter in a Parameters resource', async () => {
    const [one, two] = [await patient('Named'), await patient('Named')]
    const [first] = [await visit(one), await visit(two)]
    const parameter = [
      { name: 'patient', valueReference: { reference: `Patient/${one}` } },
      { name: '_type', valueString: 'Patient,Appointment' },
      { name: '_outputFormat', valueString: 'application/fhir+ndjson' },
    ]
    const { of } = await exported(ask, 'Patient/$export', { resourceType: 'Parameters', parameter })
    expect([ids(of('Patient')), ids(of('Appointment'))]).toEqual([[one], [first]])
  })

  it('refuses a type of no compartment', async () => {
    expect((await ask('GET', 'Patient/$export?_type=Location', { headers: respondAsync })).status).toBe(400)
  })
})

describe('Group/[id]/$export', () => {
  it('is of its members who are not inactive', async () => {
    const [inside, left, outside] = [await patient('Member'), await patient('Member'), await patient('Member')]
    const theirs = await visit(inside)
    await each([left, outside], async (who) => void (await visit(who)))
    const group = await made(ask, {
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: `Patient/${inside}` } }, { entity: { reference: `Patient/${left}` }, inactive: true }],
    })
    const { of } = await exported(ask, `Group/${group}/$export?_type=Patient,Appointment`)
    expect([ids(of('Patient')), ids(of('Appointment'))]).toEqual([[inside], [theirs]])
    const other = { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${outside}` } }] }
    expect((await ask('POST', `Group/${group}/$export`, { body: other, headers: respondAsync })).status).toBe(400)
  })

  it('of many members finds them all', async () => {
    const members = await Promise.all(Array.from({ length: 250 }, () => patient('Crowd')))
    const theirs = await visit(String(members[249]))
    const group = await made(ask, {
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: members.map((id) => ({ entity: { reference: `Patient/${id}` } })),
    })
    const { of } = await exported(ask, `Group/${group}/$export`)
    expect([ids(of('Patient')), ids(of('Appointment'))]).toEqual([members.toSorted(), [theirs]])
  })

  it('of nobody is empty, and of a Group that is not there 404', async () => {
    const group = await made(ask, { resourceType: 'Group', type: 'person', actual: true })
    expect((await exported(ask, `Group/${group}/$export`)).manifest.output).toEqual([])
    expect((await ask('GET', 'Group/none/$export', { headers: respondAsync })).status).toBe(404)
  })
})

describe('the audit of an export', () => {
  it('has one event for the whole, and for each file the patients that it showed', async () => {
    const who = await patient('Audited')
    const changed = await patient('Audited')
    const place = await kickOff(ask, '$export?_type=Patient&_typeFilter=Patient%3Ffamily%3DAudited')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await ask('PUT', `Patient/${changed}`, { body: { resourceType: 'Patient', id: changed, name: [{ family: 'Audited' }] } })
    const { output } = await manifestAt(ask, place)
    const events = async () =>
      server.house.pool.query<{ query: string | null; patients: string[]; entity: string | null }>({
        text: `select query, patients, entity from audit_event where interaction = 'export' and (query like $1 or entity like $2)`,
        values: ['%Audited: Patient 2', `%${place.split('/').at(-1)}%`],
      })
    expect(await events()).toEqual([{ query: expect.stringContaining('$export?'), patients: [], entity: null }])
    await linesAt(ask, output[0].url)
    const shown = (await events()).flatMap(({ patients }) => patients)
    expect(shown.toSorted()).toEqual([who, changed].toSorted())
    const { json } = await ask('GET', `AuditEvent?patient=Patient/${who}&subtype=export`)
    expect(json.entry[0].resource.action).toBe('E')
  })
})

describe('a job that fails', () => {
  it('is tried again, then given up, and its client is told', async () => {
    const place = await kickOff(ask, '$export?_type=Location')
    await server.house.pool.query({
      text: `update bulk_export set at = at - interval '5 seconds', wish = '{"types":["Nonsense"],"filters":{}}' where state = 'waiting'`,
      values: [],
    })
    for (let i = 0; i < 5; i++) await listExports(server.house)
    const { status, json } = await ask('GET', place)
    expect([status, json.issue[0].code]).toEqual([500, fault('exception', '').issues[0]?.code])
    expect(server.warnings.join()).not.toContain('Nonsense')
  })
})
