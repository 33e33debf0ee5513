/** History of one resource, of a type and of everything (https://hl7.org/fhir/R4/http.html#history), against a list of what was done. */
import { type Answer, type Ask, below, type Loose, linkOf, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const patients = { ada: '', ben: '' }
/** When half of it was done. */
let half = ''

const appointment = (id: string, patient: string, comment: string) => ({
  resourceType: 'Appointment',
  id,
  status: 'proposed',
  comment,
  participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
})
const put = async (id: string, patient: string, comment: string) =>
  (await ask('PUT', `Appointment/${id}`, { body: appointment(id, patient, comment) })).json.meta.lastUpdated as string

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  patients.ada = await made(ask, { resourceType: 'Patient', active: true })
  await ask('PUT', 'Patient/ben', { body: { resourceType: 'Patient', id: 'ben' } })
  patients.ben = 'ben'
  await put('a', patients.ada, 'one')
  await put('b', 'ben', 'one')
  half = await put('a', patients.ada, 'two')
  await put('moved', patients.ada, 'mine')
  await put('moved', 'ben', 'theirs')
  await ask('DELETE', 'Appointment/a')
  await put('c', patients.ada, 'one')
})
afterAll(() => server?.close())

const told = (bundle: Loose): string[] =>
  (bundle.entry ?? []).map(
    (entry: Loose) => `${entry.request.method} ${entry.fullUrl.split('/fhir/')[1]} ${entry.response.etag} ${entry.response.status}`,
  )

const appointments = [
  'PUT Appointment/c W/"1" 201',
  'DELETE Appointment/a W/"3" 204',
  'PUT Appointment/moved W/"2" 200',
  'PUT Appointment/moved W/"1" 201',
  'PUT Appointment/a W/"2" 200',
  'PUT Appointment/b W/"1" 201',
  'PUT Appointment/a W/"1" 201',
]
const everything = (): string[] => [...appointments, 'PUT Patient/ben W/"1" 201', `POST Patient/${patients.ada} W/"1" 201`]

describe('of a type', () => {
  it('is everything that was done to it, newest first', async () => {
    const { status, json } = await ask('GET', 'Appointment/_history')
    expect([status, json.resourceType, json.type, json.total]).toEqual([200, 'Bundle', 'history', 7])
    expect(told(json)).toEqual(appointments)
    expect(json.entry[1].resource).toBeUndefined()
    expect(json.entry.map((entry: Loose) => entry.request.url)).toEqual(appointments.map((line) => line.split(' ')[1]))
    expect(json.entry[4].resource).toMatchObject({ comment: 'two', meta: { versionId: '2' } })
    expect(json.entry[0].response.lastModified).toBe(json.entry[0].resource.meta.lastUpdated)
  })

  it('says POST of what the server named', async () => {
    const { json } = await ask('GET', 'Patient/_history')
    expect(json.entry.map((entry: Loose) => [entry.request.method, entry.request.url])).toEqual([
      ['PUT', 'Patient/ben'],
      ['POST', 'Patient'],
    ])
    expect(told((await ask('GET', 'Patient/ben/_history')).json)).toEqual(['PUT Patient/ben W/"1" 201'])
  })

  it.each([1, 2, 3, 6])('comes in pages of %i without gap or repeat', async (count) => {
    const seen: string[] = []
    let path: string | undefined = `Appointment/_history?_count=${count}`
    while (path !== undefined) {
      const answer = await ask('GET', path)
      expect(answer.json.entry.length).toBeLessThanOrEqual(count)
      seen.push(...told(answer.json))
      const next = linkOf(answer, 'next')
      path = next && below(next)
    }
    expect(seen).toEqual(appointments)
  })

  it('can begin at a time', async () => {
    expect(told((await ask('GET', `Appointment/_history?_since=${encodeURIComponent(half)}`)).json)).toEqual(appointments.slice(0, 5))
    expect(told((await ask('GET', 'Appointment/_history?_since=2999')).json)).toEqual([])
  })

  it('can be of what was current at a time', async () => {
    expect(told((await ask('GET', `Appointment/_history?_at=${encodeURIComponent(half)}`)).json)).toEqual([
      'PUT Appointment/a W/"2" 200',
      'PUT Appointment/b W/"1" 201',
    ])
    expect(told((await ask('GET', `Appointment/a/_history?_at=${encodeURIComponent(half)}`)).json)).toEqual(['PUT Appointment/a W/"2" 200'])
    expect((await ask('GET', 'Appointment/_history?_at=1999')).json.entry).toBeUndefined()
  })

  it.each(['_list=1', '_sort=x', '_since=2020&colour=red'])('%s is not known to it', async (query) => {
    for (const path of ['_history', 'Appointment/_history', 'Appointment/a/_history']) {
      const { json } = await ask('GET', `${path}?${query}`)
      expect([path, json.total, linkOf({ json } as Answer, 'self')?.includes(query)]).toEqual([
        path,
        (await ask('GET', path)).json.total,
        false,
      ])
      expect((await ask('GET', `${path}?${query}`, { headers: { prefer: 'handling=strict' } })).status).toBe(400)
    }
  })

  it.each([
    '_since=soon',
    '_at=soon',
    '_count=-1',
    '_before=x',
    `_before=${Buffer.from('["2026-99-01 00:00:00+00","Slot","a","1"]').toString('base64url')}`,
  ])('%s is refused', async (query) => {
    expect((await ask('GET', `Appointment/_history?${query}`)).status).toBe(400)
  })

  it('is none of records that never change, and of types that are not', async () => {
    expect((await ask('GET', 'AuditEvent/_history')).status).toBe(404)
    expect((await ask('GET', 'Nothing/_history')).status).toBe(404)
    expect((await ask('POST', 'Appointment/_history')).status).toBe(405)
  })
})

/** What R4 says of `_at`: the versions that were current at some point of the time that is said. */
describe('at a time', () => {
  type Version = { readonly line: string; readonly from: number; readonly until: number }

  /** Of every version in the list how long it was current, from the times that the list itself tells. */
  const versionsOf = ({ entry }: Loose): Version[] => {
    const lines = told({ entry })
    const from = entry.map(({ response }: Loose) => Date.parse(response.lastModified))
    const whose = lines.map((line) => line.split(' ')[1])
    // Newest first: what came next of the same resource stands before it.
    return lines.map((line, at) => ({
      line,
      from: from[at],
      until: from[whose.slice(0, at).lastIndexOf(whose[at])] ?? Number.POSITIVE_INFINITY,
    }))
  }
  const second = (ms: number) => new Date(ms).toISOString().slice(0, 19)

  it.each([
    ['one resource', 'Appointment/a/_history'],
    ['one that was handed on', 'Appointment/moved/_history'],
    ['a type', 'Appointment/_history'],
    ['everything', '_history'],
  ])('the history of %s holds what was current then', async (_what, path) => {
    const versions = versionsOf((await ask('GET', path)).json)
    const moments = [...new Set(versions.map(({ from }) => from))]
    const windows = moments.flatMap((ms): [string, number, number][] => [
      ...[ms - 1, ms, ms + 1].map((at): [string, number, number] => [new Date(at).toISOString(), at, at + 1]),
      [`${second(ms)}Z`, Date.parse(`${second(ms)}Z`), Date.parse(`${second(ms)}Z`) + 1000],
    ])
    const day = new Date(moments[0] ?? 0).toISOString().slice(0, 10)
    windows.push([day, Date.parse(day), Date.parse(day) + 86_400_000], ['1999', 0, 0], ['2999-01-01T00:00:00Z', 4e13, 4e13])
    for (const [asked, lower, upper] of windows) {
      const expected = versions.filter(({ from, until }) => from < upper && until > lower).map(({ line }) => line)
      expect([asked, told((await ask('GET', `${path}?_at=${asked}`)).json)]).toEqual([asked, expected])
    }
  })

  it('comes in pages, and together with a beginning', async () => {
    const all = versionsOf((await ask('GET', '_history')).json)
    const seen: string[] = []
    const year = new Date(all[0]?.from ?? 0).getUTCFullYear()
    let path: string | undefined = `_history?_count=2&_at=${year}`
    while (path !== undefined) {
      const answer = await ask('GET', path)
      seen.push(...told(answer.json))
      const next = linkOf(answer, 'next')
      path = next && below(next)
    }
    expect(seen).toEqual(all.filter(({ until }) => until > Date.UTC(year, 0)).map(({ line }) => line))
    const since = encodeURIComponent(half)
    const later = told((await ask('GET', `Appointment/_history?_since=${since}&_at=${since}`)).json)
    expect(later).toEqual(['PUT Appointment/a W/"2" 200'])
  })
})

describe('of everything', () => {
  it('is every type’s, by time', async () => {
    const { json } = await ask('GET', '_history')
    expect(told(json)).toEqual(everything())
    expect(json.link).toEqual([{ relation: 'self', url: `${server.house.base}/_history` }])
  })

  it('comes in pages, and HEAD says what GET would', async () => {
    const seen: string[] = []
    let path: string | undefined = '_history?_count=4'
    while (path !== undefined) {
      const answer = await ask('GET', path)
      seen.push(...told(answer.json))
      const next = linkOf(answer, 'next')
      path = next && below(next)
    }
    expect(seen).toEqual(everything())
    expect((await ask('HEAD', '_history')).status).toBe(200)
  })
})

describe('under a scope', () => {
  it('of one patient holds what is theirs, and not what was another’s before or since', async () => {
    const ada = await server.scoped('patient/*.rs', { patient: patients.ada })
    expect(told((await ada('GET', '_history')).json)).toEqual([
      'PUT Appointment/c W/"1" 201',
      'DELETE Appointment/a W/"3" 204',
      'PUT Appointment/a W/"2" 200',
      'PUT Appointment/a W/"1" 201',
      `POST Patient/${patients.ada} W/"1" 201`,
    ])
    const ben = await server.scoped('patient/Appointment.rs', { patient: 'ben' })
    expect(told((await ben('GET', 'Appointment/_history')).json)).toEqual([
      'PUT Appointment/moved W/"2" 200',
      'PUT Appointment/b W/"1" 201',
    ])
    expect((await ben('GET', 'Patient/_history')).status).toBe(403)
  })

  it('of some types holds those', async () => {
    const some = await server.scoped('system/Patient.r')
    expect(told((await some('GET', '_history')).json)).toEqual(everything().slice(-2))
    const none = await server.scoped('openid')
    expect((await none('GET', '_history')).status).toBe(403)
    expect((await ask('GET', '_history', { token: null })).status).toBe(401)
  })

  it('with a query in it holds the versions that match', async () => {
    const granular = await server.scoped('system/Appointment.rs?patient=ben')
    expect(told((await granular('GET', 'Appointment/_history')).json)).toEqual([
      'PUT Appointment/moved W/"2" 200',
      'PUT Appointment/b W/"1" 201',
    ])
    expect(told((await granular('GET', 'Appointment/moved/_history')).json)).toEqual(['PUT Appointment/moved W/"2" 200'])
    expect((await granular('GET', 'Appointment/moved/_history')).json.total).toBeUndefined()
    expect((await granular('GET', 'Appointment/moved/_history/1')).status).toBe(404)
    expect((await granular('GET', 'Appointment/moved/_history/2')).status).toBe(200)
  })
})

it('leaves its record, of every patient whose data it shows', async () => {
  await ask('GET', 'Appointment/_history?_count=2')
  const [row] = await server.house.pool.query<{ patients: string[]; action: string; query: string }>({
    text: `select patients, action, query from audit_event where interaction = 'history-type' order by at desc, id desc limit 1`,
    values: [],
  })
  expect(row).toEqual({ patients: [patients.ada], action: 'R', query: '_count=2' })
})
