/**
 * A transaction: all of its entries or none, references between them, conditions judged as of its start, and the answer.
 * https://hl7.org/fhir/R4/http.html#trules
 */
import { parseExact } from './exact-json.ts'
import { type Answer, type Ask, type Loose, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
beforeAll(async () => {
  server = await restHouse()
})
afterAll(() => server.close())

const urn = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const post = (resource: { resourceType: string }, more: object = {}, fullUrl?: string): object => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
})
const put = (resource: { resourceType: string; id: string }, more: object = {}, fullUrl?: string): object => ({
  fullUrl,
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
})
const get = (url: string): object => ({ request: { method: 'GET', url } })
const remove = (url: string, more: object = {}): object => ({ request: { method: 'DELETE', url, ...more } })
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more })
const identified = (value: string) => ({ identifier: [{ system: 'urn:slotwise:test', value }] })

const transact = (entry: readonly object[], headers: Record<string, string> = {}, ask: Ask = server.ask): Promise<Answer> =>
  ask('POST', '', { body: { resourceType: 'Bundle', type: 'transaction', entry }, headers })

function done({ status, json, text }: Answer): Loose[] {
  if (status !== 200) throw new Error(`answered ${status}: ${text.slice(0, 800)}`)
  expect([json.resourceType, json.type]).toEqual(['Bundle', 'transaction-response'])
  return json.entry
}
const statuses = (entries: readonly Loose[]): string[] => entries.map(({ response }) => response.status)
const refusal = ({ status, json }: Answer): unknown[] => [status, json.issue[0].code, json.issue[0].expression?.[0]]
const read = async (reference: string): Promise<Loose> => (await server.ask('GET', reference)).json
const counted = async (query: string): Promise<number> => (await server.ask('GET', `${query}&_total=accurate`)).json.total

describe('a transaction', () => {
  it('answers its entries in the order in which they were sent', async () => {
    const [changed, gone] = [await made(server.ask, patient('Old')), await made(server.ask, patient('Gone'))]
    const entries = done(
      await transact([
        get(`Patient/${changed}`),
        put({ ...patient('New'), id: changed }),
        post(patient('Fresh')),
        remove(`Patient/${gone}`),
        put({ ...patient('Named'), id: 'transaction-named' }),
        get('Patient?family=Fresh'),
      ]),
    )
    expect(statuses(entries)).toEqual(['200', '200', '201', '204', '201', '200'])
    expect(entries[0].resource).toMatchObject({ name: [{ family: 'New' }], meta: { versionId: '2' } })
    expect(entries[1].response).toMatchObject({ etag: 'W/"2"', location: `${server.house.base}/Patient/${changed}/_history/2` })
    expect(entries[5].resource.entry.map(({ resource }: Loose) => resource.id)).toEqual([entries[2].resource.id])
    expect(entries[2].response.lastModified).toBe(entries[2].resource.meta.lastUpdated)
    expect((await server.ask('GET', `Patient/${gone}`)).status).toBe(410)
  })

  it('leaves nothing behind where one of its entries fails, and says which', async () => {
    const before = await counted('Patient?family=Halfway')
    const wrong = await transact([post(patient('Halfway')), post({ ...patient('Halfway'), gender: 'none' } as never)])
    expect(refusal(wrong)).toEqual([400, 'code-invalid', 'Bundle.entry[1].resource.gender'])
    const stale = await transact([post(patient('Halfway')), put({ ...patient('Halfway'), id: 'transaction-stale' }, { ifMatch: 'W/"3"' })])
    expect(refusal(stale)).toEqual([412, 'conflict', 'Bundle.entry[1]'])
    const unread = await transact([post(patient('Halfway')), get('Patient/nowhere')])
    expect(refusal(unread)).toEqual([404, 'not-found', 'Bundle.entry[1]'])
    expect(await counted('Patient?family=Halfway')).toBe(before)
  })

  it('of no entries is answered with none', async () => {
    const answer = await server.ask('POST', '', { body: { resourceType: 'Bundle', type: 'transaction' } })
    expect([answer.status, answer.json]).toEqual([200, { resourceType: 'Bundle', type: 'transaction-response' }])
  })

  it('shows what is preferred', async () => {
    const [minimal] = done(await transact([post(patient('Quiet'))], { prefer: 'return=minimal' }))
    expect([minimal.resource, minimal.response.status, minimal.response.etag]).toEqual([undefined, '201', 'W/"1"'])
    const [told] = done(await transact([post(patient('Told'))], { prefer: 'return=OperationOutcome' }))
    expect([told.resource, told.response.outcome.resourceType]).toEqual([undefined, 'OperationOutcome'])
  })

  it('keeps the digits of decimals, also where references are renamed', async () => {
    const location = (text: string) =>
      `{"fullUrl":"${urn(1)}","resource":{"resourceType":"Location","name":"Exact","position":{"longitude":8.50,"latitude":47.3800}${text}},"request":{"method":"POST","url":"Location"}}`
    const other = `{"fullUrl":"${urn(2)}","resource":{"resourceType":"Organization","name":"Owner"},"request":{"method":"POST","url":"Organization"}}`
    const body = `{"resourceType":"Bundle","type":"transaction","entry":[${location(`,"managingOrganization":{"reference":"${urn(2)}"}`)},${other}]}`
    const [entry] = done(await server.ask('POST', '', { body }))
    const stored = parseExact((await server.ask('GET', entry.response.location.slice(server.house.base.length + 1))).text)
    expect(stored).toMatchObject({ position: { longitude: 'number 8.50', latitude: 'number 47.3800' } })
  })
})

describe('references between the entries of a transaction', () => {
  it('become what the resources are called here, wherever they stand', async () => {
    const oid = 'urn:oid:1.2.3.4'
    const narrative = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn(1)}">them</a> <img src='${urn(1)}' alt="x"/> ${urn(1)}</div>`
    const questionnaire = 'Questionnaire'
    const entries = done(
      await transact([
        post(
          {
            ...patient('Referring'),
            text: { status: 'generated', div: narrative },
            managingOrganization: { reference: oid },
            extension: [
              { url: 'https://example.org/of', valueReference: { reference: urn(2) } },
              { url: 'https://example.org/uri', valueUri: urn(2) },
              { url: 'https://example.org/url', valueUrl: urn(2) },
              { url: 'https://example.org/oid', valueOid: oid },
              { url: 'https://example.org/uuid', valueUuid: urn(2) },
              { url: 'https://example.org/canonical', valueCanonical: urn(2) },
              { url: 'https://example.org/string', valueString: urn(2) },
            ],
            link: [{ other: { reference: urn(1) }, type: 'seealso' }],
          } as never,
          {},
          urn(1),
        ),
        post({ resourceType: 'Practitioner', name: [{ family: 'Referred' }] } as never, {}, urn(2)),
        put({ resourceType: 'Organization', id: 'transaction-org', name: 'By oid' } as never, {}, oid),
        post({ resourceType: questionnaire, status: 'draft', subjectType: ['Patient'] } as never, {}, urn(3)),
      ]),
    )
    const [me, them] = [entries[0].resource.id, entries[1].resource.id]
    const stored = await read(`Patient/${me}`)
    expect(stored.managingOrganization.reference).toBe('Organization/transaction-org')
    expect(stored.link[0].other.reference).toBe(`Patient/${me}`)
    // An element of type oid or uuid holds nothing else: what it says stays, and the resource is valid.
    const said = stored.extension.map(
      ({ url: _url, valueReference, ...value }: Loose) => valueReference?.reference ?? Object.values(value)[0],
    )
    const name = `Practitioner/${them}`
    expect(said).toEqual([name, name, name, oid, urn(2), urn(2), urn(2)])
    expect(stored.text.div).toContain(`href="Patient/${me}"`)
    expect(stored.text.div).toContain(`src="Patient/${me}"`)
    expect(stored.text.div).toContain(` ${urn(1)}</div>`)
  })

  it('resolve against the address that the Bundle gives a resource', async () => {
    const at = (reference: string) => `https://elsewhere.test/fhir/${reference}`
    const entries = done(
      await transact([
        post(
          { ...patient('Child'), link: [{ other: { reference: 'Patient/parent' }, type: 'seealso' }] } as never,
          {},
          at('Patient/child'),
        ),
        post(patient('Parent'), {}, at('Patient/parent')),
        post({
          resourceType: 'Coverage',
          status: 'active',
          beneficiary: { reference: at('Patient/child') },
          payor: [{ display: 'x' }],
        } as never),
      ]),
    )
    const [child, parent, coverage] = entries.map(({ resource }) => resource)
    expect(child.link[0].other.reference).toBe(`Patient/${parent.id}`)
    expect(coverage.beneficiary.reference).toBe(`Patient/${child.id}`)
  })

  it('are refused where no entry has the name, and where the one that has it is of a type that does not fit', async () => {
    const to = (reference: string) => post({ ...patient('Lost'), link: [{ other: { reference }, type: 'seealso' }] } as never)
    expect(refusal(await transact([post(patient('Here'), {}, urn(1)), to(urn(9))]))).toEqual([400, 'value', 'Bundle.entry[1].resource'])
    const organization = post({ resourceType: 'Organization', name: 'Wrong' } as never, {}, urn(1))
    expect(refusal(await transact([organization, to(urn(1))]))).toEqual([400, 'value', 'Bundle.entry[1].resource.link[0].other'])
  })

  it('may be searches, which find exactly one, also one that the transaction makes', async () => {
    await made(server.ask, patient('Known', identified('known')))
    const to = (reference: string) =>
      ({ resourceType: 'Coverage', status: 'active', beneficiary: { reference }, payor: [{ display: 'x' }] }) as never
    const search = (value: string) => `Patient?identifier=urn:slotwise:test|${value}`
    const entries = done(await transact([post(to(search('known'))), post(to(search('made'))), post(patient('Made', identified('made')))]))
    expect(entries[1].resource.beneficiary.reference).toBe(`Patient/${entries[2].resource.id}`)
    const found = await server.ask('GET', search('known'))
    expect(entries[0].resource.beneficiary.reference).toBe(`Patient/${found.json.entry[0].resource.id}`)
    expect(refusal(await transact([post(patient('Other')), post(to(search('nobody')))]))).toEqual([404, 'not-found', 'Bundle.entry[1]'])
    await made(server.ask, patient('Known again', identified('known')))
    expect(refusal(await transact([post(to(search('known')))]))).toEqual([412, 'multiple-matches', 'Bundle.entry[0]'])
  })
})

describe('a rule of a profile that goes from one entry of a transaction to another', () => {
  const profile = 'https://example.org/StructureDefinition/of-an-active-clinic'
  const claiming = { ...patient('Ruled'), meta: { profile: [profile] } }
  const of = (reference: string) => ({ ...claiming, managingOrganization: { reference } })
  const clinic = (active: boolean, more: object = {}) => ({ resourceType: 'Organization', name: 'Clinic', active, ...more })
  const inactive = [422, 'invariant', 'Bundle.entry[0].resource']
  beforeAll(async () => {
    const expression = 'managingOrganization.all(resolve().active and resolve().id.exists())'
    const constraint = [{ key: 'own-1', severity: 'error', human: 'The clinic is active.', expression }]
    const { status } = await server.ask('PUT', 'StructureDefinition/of-an-active-clinic', {
      body: {
        resourceType: 'StructureDefinition',
        id: 'of-an-active-clinic',
        url: profile,
        name: 'OfAnActiveClinic',
        status: 'active',
        kind: 'resource',
        abstract: false,
        type: 'Patient',
        baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
        derivation: 'constraint',
        differential: { element: [{ id: 'Patient', path: 'Patient', constraint }] },
      },
    })
    expect(status).toBe(201)
  })

  const named = 'Organization/transaction-ruled'
  const updated = (active: boolean) => put({ ...clinic(active), id: 'transaction-ruled' })
  it.each<[how: string, reference: string, clinic: (active: boolean) => object]>([
    ['by what the Bundle calls it', urn(1), (active) => post(clinic(active), {}, urn(1))],
    ['by the name that it is updated under', named, updated],
    ['by its address', `{base}/${named}`, updated],
  ])('finds it as it will be stored: %s', async (_, reference, other) => {
    const from = of(reference.replace('{base}', server.house.base))
    expect(refusal(await transact([post(from), other(false)]))).toEqual(inactive)
    expect(statuses(done(await transact([post(from), other(true)])))).toContain('201')
  })

  it('finds it from what is updated or patched, and where it is made as nothing met the criteria', async () => {
    const id = await made(server.ask, claiming)
    const sent = (method: string, contentType: string, change: object) => ({
      resource: { resourceType: 'Binary', contentType, data: Buffer.from(JSON.stringify(change)).toString('base64') },
      request: { method, url: `Patient/${id}` },
    })
    const patched = sent('PATCH', 'application/json-patch+json', [
      { op: 'add', path: '/managingOrganization', value: { reference: named } },
    ])
    const once = { ifNoneExist: 'identifier=urn:slotwise:test|transaction-clinic' }
    const unless = (active: boolean) => post(clinic(active, identified('transaction-clinic')), once, urn(1))
    expect(refusal(await transact([patched, updated(false)]))).toEqual([422, 'invariant', expect.stringContaining('Bundle.entry[0]')])
    expect(refusal(await transact([put({ ...of(urn(1)), id }), unless(false)]))).toEqual(inactive)
    expect(statuses(done(await transact([put({ ...of(urn(1)), id }), unless(true)])))).toEqual(['200', '201'])
    // What is there already stays: what was sent in its place says nothing of it.
    expect(statuses(done(await transact([post(of(urn(1))), unless(false)])))).toEqual(['201', '200'])
  })
})

describe('conditions in a transaction', () => {
  it('make what is not there, and give what is, under the name that the Bundle has for it', async () => {
    const to = (reference: string) =>
      ({ resourceType: 'Coverage', status: 'active', beneficiary: { reference }, payor: [{ display: 'x' }] }) as never
    const entry = [
      post(patient('Once', identified('once')), { ifNoneExist: 'identifier=urn:slotwise:test|once' }, urn(1)),
      {
        fullUrl: urn(2),
        resource: patient('Upserted', identified('upserted')),
        request: { method: 'PUT', url: 'Patient?identifier=urn:slotwise:test|upserted' },
      },
      post(to(urn(1))),
      post(to(urn(2))),
    ]
    const [first, again] = [done(await transact(entry)), done(await transact(entry))]
    expect([statuses(first), statuses(again)]).toEqual([
      ['201', '201', '201', '201'],
      ['200', '200', '201', '201'],
    ])
    for (const at of [0, 1]) {
      expect(again[at].resource.id).toBe(first[at].resource.id)
      expect(again[at].resource.meta.versionId).toBe('1')
      for (const entries of [first, again]) expect(entries[at + 2].resource.beneficiary.reference).toBe(`Patient/${first[at].resource.id}`)
    }
  })

  it('delete by search, all or none', async () => {
    const ids = [
      await made(server.ask, patient('Doomed', identified('doomed'))),
      await made(server.ask, patient('Doomed', identified('doomed'))),
    ]
    const search = remove('Patient?identifier=urn:slotwise:test|doomed')
    expect(refusal(await transact([search, get('Patient/nowhere')]))).toEqual([404, 'not-found', 'Bundle.entry[1]'])
    for (const id of ids) expect((await server.ask('GET', `Patient/${id}`)).status).toBe(200)
    expect(statuses(done(await transact([search])))).toEqual(['204'])
    for (const id of ids) expect((await server.ask('GET', `Patient/${id}`)).status).toBe(410)
  })

  it('of many at once make one resource', async () => {
    const entry = [
      post(patient('Crowd', identified('crowd')), { ifNoneExist: 'identifier=urn:slotwise:test|crowd' }),
      post(patient('Crowd', identified('crowd-2')), { ifNoneExist: 'identifier=urn:slotwise:test|crowd-2' }),
    ]
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => transact(n % 2 === 0 ? entry : entry.toReversed())))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(await counted('Patient?family=Crowd')).toBe(2)
  })

  it('a PUT that says what is stored makes no version', async () => {
    const id = await made(server.ask, patient('Same'))
    const [entry] = done(await transact([put({ ...patient('Same'), id }, { ifMatch: 'W/"1"' })]))
    expect([entry.response.status, entry.response.etag]).toEqual(['200', 'W/"1"'])
  })
})

describe('a patch in a Bundle', () => {
  const jsonPatch = (operations: readonly object[]) => ({
    resourceType: 'Binary',
    contentType: 'application/json-patch+json',
    data: Buffer.from(JSON.stringify(operations)).toString('base64'),
  })
  const patch = (url: string, family: string, more: object = {}): object => ({
    resource: jsonPatch([{ op: 'replace', path: '/name/0/family', value: family }]),
    request: { method: 'PATCH', url, ...more },
  })

  it('is done with the rest of a transaction, over the version from before it, or not at all', async () => {
    const [id, other] = [await made(server.ask, patient('Raw', identified('patched'))), await made(server.ask, patient('Other'))]
    const entries = done(
      await transact([patch(`Patient/${id}`, 'Done', { ifMatch: 'W/"1"' }), put({ ...patient('Next to it'), id: other })]),
    )
    expect(entries[0]).toMatchObject({ resource: { name: [{ family: 'Done' }] }, response: { status: '200', etag: 'W/"2"' } })
    const late = await transact([put({ ...patient('Not'), id: other }), patch(`Patient/${id}`, 'Not', { ifMatch: 'W/"1"' })])
    expect(refusal(late)).toEqual([412, 'conflict', 'Bundle.entry[1]'])
    expect((await read(`Patient/${other}`)).name[0].family).toBe('Next to it')
    const [found] = done(await transact([patch('Patient?identifier=urn:slotwise:test|patched', 'Found')]))
    expect(found.resource).toMatchObject({ id, name: [{ family: 'Found' }] })
    expect((await transact([patch('Patient?identifier=urn:slotwise:test|unpatched', 'Lost')])).status).toBe(404)
  })

  it('is done in a batch', async () => {
    const id = await made(server.ask, patient('Raw'))
    const bare = { resource: patient('Raw'), request: { method: 'PATCH', url: `Patient/${id}` } }
    const entry = [patch(`Patient/${id}`, 'Cooked'), bare, patch('Patient/nowhere', 'X')]
    const answer = await server.ask('POST', '', { body: { resourceType: 'Bundle', type: 'batch', entry } })
    expect(statuses(answer.json.entry)).toEqual(['200', '415', '404'])
    expect((await read(`Patient/${id}`)).name[0].family).toBe('Cooked')
  })
})

describe('what is refused in a transaction', () => {
  it('a resource that is written twice, whichever way it is named', async () => {
    const id = await made(server.ask, patient('Twice', identified('twice')))
    const twice = [400, 'value', 'Bundle.entry[1]']
    expect(refusal(await transact([put({ ...patient('A'), id }), remove(`Patient/${id}`)]))).toEqual(twice)
    const bySearch = {
      resource: patient('B', identified('twice')),
      request: { method: 'PUT', url: 'Patient?identifier=urn:slotwise:test|twice' },
    }
    expect(refusal(await transact([put({ ...patient('A'), id }), bySearch]))).toEqual(twice)
    const make = post(patient('C', identified('once-only')), { ifNoneExist: 'identifier=urn:slotwise:test|once-only' })
    expect((await transact([make, make])).status).toBe(400)
    expect(await counted('Patient?identifier=urn:slotwise:test|once-only')).toBe(0)
    expect((await read(`Patient/${id}`)).meta.versionId).toBe('1')
  })

  const refused: [what: string, entry: object, status: number][] = [
    ['an operation', { request: { method: 'GET', url: 'Slot/$find-slots' } }, 422],
    ['a Bundle', { resource: { resourceType: 'Bundle', type: 'batch' }, request: { method: 'POST', url: '/' } }, 400],
    ['a type that is not served', post({ resourceType: 'Unicorn' }), 404],
    ['what the server alone writes', post({ resourceType: 'AuditEvent' }), 405],
    ['a POST to an id', { resource: patient('X'), request: { method: 'POST', url: 'Patient/1' } }, 405],
    ['a PUT to a type', { resource: patient('X'), request: { method: 'PUT', url: 'Patient' } }, 400],
    ['a PUT without a resource', { request: { method: 'PUT', url: 'Patient/1' } }, 400],
    ['a body of another id', { resource: { ...patient('X'), id: 'b' }, request: { method: 'PUT', url: 'Patient/a' } }, 400],
    ['a body of another type', { resource: patient('X'), request: { method: 'POST', url: 'Practitioner' } }, 400],
    ['reading what is not of a type', get('metadata'), 404],
  ]
  it.each(refused)('%s', async (_what, entry, status) => {
    const answer = await transact([post(patient('Beside')), entry])
    expect([answer.status, answer.json.issue[0].expression[0]]).toEqual([status, expect.stringMatching(/^Bundle\.entry\[1\]/)])
    expect(await counted('Patient?family=Beside')).toBe(0)
  })

  it('a fullUrl that is the address of another resource', async () => {
    const answer = await transact([post(patient('Beside')), put({ ...patient('X'), id: 'a' }, {}, `${server.house.base}/Patient/b`)])
    expect(refusal(answer)).toEqual([400, 'value', 'Bundle.entry[1].fullUrl'])
    expect(await counted('Patient?family=Beside')).toBe(0)
  })

  it('what the scopes of one entry do not reach', async () => {
    const mine = await made(server.ask, patient('Mine'))
    const ask = await server.scoped('patient/Coverage.c', { patient: mine })
    const coverage = (who: string) =>
      post({ resourceType: 'Coverage', status: 'active', beneficiary: { reference: `Patient/${who}` }, payor: [{ display: 'x' }] } as never)
    expect((await transact([coverage(mine), coverage(mine)], {}, ask)).status).toBe(200)
    const other = await transact([coverage(mine), coverage('transaction-named')], {}, ask)
    expect(refusal(other)).toEqual([403, 'forbidden', 'Bundle.entry[1]'])
    expect(refusal(await transact([coverage(mine), get(`Patient/${mine}`)], {}, ask))).toEqual([403, 'forbidden', 'Bundle.entry[1]'])
    expect(await counted(`Coverage?beneficiary=Patient/${mine}`)).toBe(2)
  })
})

it('each entry leaves the AuditEvent that the same request by itself would', async () => {
  const known = await made(server.ask, patient('Watched'))
  const entries = done(
    await transact([
      post(patient('Watched')),
      post(patient('Watched too')),
      put({ ...patient('Seen'), id: known }),
      get(`Patient/${known}`),
    ]),
  )
  const kinds = async (id: string) =>
    (await server.ask('GET', `AuditEvent?patient=Patient/${id}`)).json.entry
      .map(({ resource }: Loose) => resource.subtype[0].code)
      .toSorted()
  expect(await kinds(known)).toEqual(['create', 'read', 'update'])
  for (const at of [0, 1]) expect(await kinds(entries[at].resource.id)).toEqual(['create'])
})
