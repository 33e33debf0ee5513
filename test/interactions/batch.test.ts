/**
 * A batch: each entry is answered as the same request by itself would be, and what becomes of one is nothing to the others.
 * https://hl7.org/fhir/R4/http.html#transaction
 */
import { type Clinic, clinic } from '../support/clinic.ts'
import { parseExact } from './exact-json.ts'
import { type Ask, type Loose, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let place: Clinic

beforeAll(async () => {
  server = await restHouse()
  place = await clinic(server.call)
})
afterAll(() => server.close())

const bundleOf = (type: 'batch' | 'transaction', entry: readonly object[]): object => ({ resourceType: 'Bundle', type, entry })

const get = (url: string, more: object = {}): object => ({ request: { method: 'GET', url, ...more } })
const post = (resource: { resourceType: string }, more: object = {}): object => ({
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
})
const put = (resource: { resourceType: string; id: string }, more: object = {}): object => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
})
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more })

async function batch(entries: readonly object[], ask: Ask = server.ask, headers: Record<string, string> = {}): Promise<Loose[]> {
  const answer = await ask('POST', '', { body: bundleOf('batch', entries), headers })
  expect([answer.status, answer.json.resourceType, answer.json.type]).toEqual([200, 'Bundle', 'batch-response'])
  expect(answer.json.entry ?? []).toHaveLength(entries.length)
  return answer.json.entry ?? []
}

const statuses = (entries: readonly Loose[]): string[] => entries.map(({ response }) => response.status)

describe('a batch', () => {
  it('refuses what comes after more answers than one text can be', async () => {
    const data = Buffer.alloc(3_000_000, 'slotwise').toString('base64')
    const id = await made(server.ask, { resourceType: 'Binary', contentType: 'text/plain', data })
    // Sixteen such are just under 64 MB, seventeen above; the eighteenth is not asked for any more.
    const entries = await batch([...Array.from({ length: 17 }, () => get(`Binary/${id}`)), get('Patient/nowhere'), get(`Binary/${id}`)])
    expect(statuses(entries)).toEqual([...Array.from({ length: 17 }, () => '200'), '400', '400'])
    expect(entries[17].response.outcome.issue[0].code).toBe('too-costly')
  })

  it('answers each entry in order, as the request by itself', async () => {
    const id = await made(server.ask, patient('Before'))
    const alone = await server.ask('GET', `Patient/${id}`)
    const entries = await batch([
      get(`Patient/${id}`),
      post(patient('Fresh')),
      put({ ...patient('Changed'), id }),
      get('Patient?family=Fresh'),
      get(`Patient/${id}/_history/1`),
      { request: { method: 'DELETE', url: `Patient/${id}` } },
      get(`Patient/${id}`),
      get('Patient/nowhere'),
    ])
    expect(statuses(entries)).toEqual(['200', '201', '200', '200', '200', '204', '410', '404'])
    expect(entries[0].resource).toEqual(alone.json)
    expect(entries[0].response).toMatchObject({ etag: 'W/"1"', lastModified: alone.json.meta.lastUpdated })
    expect(entries[1].response.location).toBe(`${server.house.base}/Patient/${entries[1].resource.id}/_history/1`)
    expect(entries[2].resource).toMatchObject({ id, name: [{ family: 'Changed' }], meta: { versionId: '2' } })
    expect(entries[3].resource).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1 })
    expect(entries[4].resource.name).toEqual([{ family: 'Before' }])
    expect(entries[7].response.outcome.issue[0]).toMatchObject({ severity: 'error', code: 'not-found' })
  })

  it('books, finds and cancels by operations', async () => {
    const slot = await place.slotAt(3, '09:00')
    const who = await place.patient()
    const booking = { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${who}` } }] }
    const book = { resource: booking, request: { method: 'POST', url: `Slot/${slot.id}/$book` } }
    const found = get(`Schedule/${place.schedules[0]}/$find-slots?start=${slot.start}&end=${slot.end}`)
    const entries = await batch([found, book, book, found])
    expect(statuses(entries)).toEqual(['200', '201', '409', '200'])
    expect(entries[0].resource.entry[0].resource.id).toBe(slot.id)
    expect(entries[3].resource.entry.map(({ resource }: Loose) => resource.resourceType)).toEqual(['OperationOutcome'])
    expect(entries[2].response.outcome.issue[0].code).toBe('conflict')
    expect(entries[1].resource.status).toBe('booked')
    const cancelled = await batch([{ request: { method: 'POST', url: `Appointment/${entries[1].resource.id}/$cancel` } }])
    expect(cancelled[0].resource.status).toBe('cancelled')
  })

  it('holds, books what is held, and moves by operations, each for itself', async () => {
    const [first, second, third] = [await place.slotAt(4, '09:00'), await place.slotAt(4, '10:00'), await place.slotAt(4, '11:00')]
    const who = await place.patient()
    const patientOf = { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${who}` } }] }
    const hold = (id: string) => ({ resource: patientOf, request: { method: 'POST', url: `Slot/${id}/$hold` } })
    const act = (path: string, resource: object = { resourceType: 'Parameters' }) => ({ resource, request: { method: 'POST', url: path } })
    const held = await batch([hold(first.id), hold(second.id), hold(first.id)])
    expect(statuses(held)).toEqual(['201', '201', '409'])
    const [one, two] = [held[0].resource.id, held[1].resource.id]
    const done = await batch([act(`Appointment/${one}/$book`), act(`Appointment/${two}/$release`), act('Appointment/nowhere/$book')])
    expect(statuses(done)).toEqual(['200', '200', '404'])
    const to = { resourceType: 'Parameters', parameter: [{ name: 'slot', valueReference: { reference: `Slot/${third.id}` } }] }
    const [moved] = await batch([act(`Appointment/${one}/$reschedule`, to)])
    expect([moved.response.status.slice(0, 3), Date.parse(moved.resource.start)]).toEqual(['200', Date.parse(third.start)])
    const slots = await Promise.all([first, second, third].map(({ id }) => server.ask('GET', `Slot/${id}`)))
    expect(slots.map(({ json }) => json.status)).toEqual(['free', 'free', 'busy'])
  })

  it('keeps what is right beside what is wrong, and says of each what it is', async () => {
    const entries = await batch([
      post({ ...patient('Wrong'), nonsense: true } as never),
      post(patient('Right')),
      { request: { method: 'POST', url: 'Patient' } },
      { request: { method: 'GET', url: 'Unicorn/1' } },
      post(patient('Elsewhere'), { url: 'Practitioner' }),
      { resource: bundleOf('batch', []), request: { method: 'POST', url: '/' } },
      put({ ...patient('Stale'), id: 'batch-stale' }, { ifMatch: 'W/"7"' }),
    ])
    expect(statuses(entries)).toEqual(['400', '201', '400', '404', '400', '400', '412'])
    expect(entries[0].response.outcome.issue[0].expression).toEqual(['Patient.nonsense'])
    expect((await server.ask('GET', `Patient/${entries[1].resource.id}`)).status).toBe(200)
  })

  it('heeds the conditions of each entry and what is preferred of all', async () => {
    const id = await made(server.ask, patient('Condition'))
    const same = await batch([get(`Patient/${id}`, { ifNoneMatch: 'W/"1"' }), put({ ...patient('Next'), id }, { ifMatch: 'W/"1"' })])
    expect(statuses(same)).toEqual(['304', '200'])
    expect(same[0].resource).toBeUndefined()
    const [minimal] = await batch([post(patient('Minimal'))], server.ask, { prefer: 'return=minimal' })
    expect([minimal.resource, minimal.response.status, minimal.response.etag]).toEqual([undefined, '201', 'W/"1"'])
    const [told] = await batch([post(patient('Told'))], server.ask, { prefer: 'return=OperationOutcome' })
    expect([told.resource, told.response.outcome.resourceType]).toEqual([undefined, 'OperationOutcome'])
    const [head] = await batch([{ request: { method: 'HEAD', url: `Patient/${id}` } }])
    expect([head.resource, head.response.status, head.response.etag]).toEqual([undefined, '200', 'W/"2"'])
  })

  it('takes an entry that names this server wholly, and none of another', async () => {
    const id = await made(server.ask, patient('Wholly'))
    const entries = await batch([
      get(`${server.house.base}/Patient/${id}`),
      get(`/Patient/${id}`),
      get(`https://elsewhere.test/Patient/${id}`),
    ])
    expect(statuses(entries)).toEqual(['200', '200', '404'])
  })

  it('keeps the digits of decimals', async () => {
    const body = `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Location","name":"Exact","position":{"longitude":8.50,"latitude":47.3800}},"request":{"method":"POST","url":"Location"}}]}`
    const answer = await server.ask('POST', '', { body })
    const stored = await server.ask('GET', answer.json.entry[0].response.location.slice(server.house.base.length + 1))
    expect(parseExact(stored.text)).toMatchObject({ position: { longitude: 'number 8.50', latitude: 'number 47.3800' } })
  })

  it('asks for the scopes of each entry, and shows nobody what is not theirs', async () => {
    const [mine, other] = [await made(server.ask, patient('Mine')), await made(server.ask, patient('Other'))]
    const ask = await server.scoped('patient/Patient.r patient/Appointment.rs', { patient: mine })
    const entries = await batch(
      [get(`Patient/${mine}`), get(`Patient/${other}`), get('Patient'), post(patient('No')), get('Coverage')],
      ask,
    )
    expect(statuses(entries)).toEqual(['200', '404', '403', '403', '403'])
    expect((await server.ask('POST', '', { body: bundleOf('batch', []), token: null })).status).toBe(401)
  })

  it('writes an AuditEvent for each entry that shows or changes a patient’s data', async () => {
    const id = await made(server.ask, patient('Audited'))
    await batch([get(`Patient/${id}`), get('Patient/nowhere'), put({ ...patient('Again'), id }), get(`Patient?_id=${id}`)])
    const events = await server.ask('GET', `AuditEvent?patient=Patient/${id}&_count=50`)
    const kinds = events.json.entry.map(({ resource }: Loose) => resource.subtype[0].code)
    expect(kinds.toSorted()).toEqual(['create', 'read', 'search-type', 'update'])
  })

  it('is told what the server is, by the statement that stands at its address', async () => {
    const { text, headers } = await server.ask('GET', 'metadata')
    const [whole, head, same, mode] = await batch([
      get('metadata?mode=full'),
      { request: { method: 'HEAD', url: 'metadata' } },
      get('metadata', { ifNoneMatch: headers.etag }),
      get('metadata?mode=terminology'),
    ])
    expect(whole.resource).toEqual(JSON.parse(text))
    expect([whole, head, same, mode].map(({ response }) => response.status)).toEqual(['200', '200', '304', '400'])
    expect(head.resource).toBeUndefined()
  })

  it('takes no entry whose fullUrl is another address of this server', async () => {
    const [here, id] = [server.house.base, 'named']
    const at = (fullUrl: string, entry: object): object => ({ fullUrl, ...entry })
    const entries = await batch([
      at(`${here}/Patient/other`, put({ ...patient('Misnamed'), id })),
      at(`${here}/Practitioner/${id}`, put({ ...patient('Misnamed'), id })),
      at(`${here}/Patient/another`, post({ ...patient('Misnamed'), id } as { resourceType: string })),
      at(`${here}/Patient/${id}`, put({ ...patient('Named'), id })),
      at(`${here}/Patient/new`, post(patient('Named'))),
      at('https://elsewhere.example/fhir/Patient/other', post({ ...patient('Named'), id } as { resourceType: string })),
    ])
    expect(statuses(entries)).toEqual(['400', '400', '400', '201', '201', '201'])
    expect(entries[0].response.outcome.issue[0].expression).toEqual(['Bundle.entry.fullUrl'])
    expect((await server.ask('GET', 'Patient?family=Misnamed&_summary=count')).json.total).toBe(0)
  })

  it('of no entries is answered with none', async () => {
    const bare = await server.ask('POST', '', { body: { resourceType: 'Bundle', type: 'batch' } })
    expect([bare.status, bare.json.entry]).toEqual([200, undefined])
  })
})

describe('what is no batch', () => {
  const refused: [what: string, body: unknown, status: number, expression: string][] = [
    ['a resource', patient('Lost'), 400, 'Bundle.resourceType'],
    ['a Bundle that asks for nothing', { resourceType: 'Bundle', type: 'searchset' }, 400, 'Bundle.type'],
    ['an entry without a request', bundleOf('batch', [{ resource: patient('Lost') }]), 400, 'Bundle.entry[0]'],
    [
      'an entry that only has a name',
      bundleOf('batch', [{ fullUrl: 'urn:uuid:1b6e4ae5-6bd1-4c3c-9a01-0a3c3f2c0a10' }]),
      422,
      'Bundle.entry[0]',
    ],
    [
      'a method that is none',
      bundleOf('batch', [{ request: { method: 'COPY', url: 'Patient/1' } }]),
      400,
      'Bundle.entry[0].request.method',
    ],
    [
      'too many entries',
      bundleOf(
        'batch',
        Array.from({ length: 1001 }, () => get('Patient/1')),
      ),
      400,
      'Bundle.entry',
    ],
  ]
  it.each(refused)('%s', async (_what, body, status, expression) => {
    const answer = await server.ask('POST', '', { body })
    expect([answer.status, answer.json.issue[0].expression]).toEqual([status, [expression]])
  })

  it('says of an entry without a request what it lacks', async () => {
    const answer = await server.ask('POST', '', { body: bundleOf('batch', [get('Patient/1'), { resource: patient('Lost') }]) })
    const [issue] = answer.json.issue
    expect([issue.code, issue.expression, issue.diagnostics]).toEqual([
      'required',
      ['Bundle.entry[1]'],
      expect.stringContaining('no request'),
    ])
  })

  it('is told where there is no body at all, and at other methods', async () => {
    expect((await server.ask('POST', '')).status).toBe(400)
    const answer = await server.ask('PUT', '', { body: bundleOf('batch', []) })
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, GET, HEAD'])
  })
})
