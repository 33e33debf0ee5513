/** Consents at work, over HTTP: who is kept from what, from when until when, at one server and at another beside it. */
import { type Body, type Call, type Entry, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let beside: TestHouse
beforeAll(async () => {
  house = await testHouse()
  beside = await testHouse({ beside: house })
  for (const resource of [
    { resourceType: 'Patient', id: 'ann', name: [{ family: 'Ann' }] },
    { resourceType: 'Patient', id: 'bob', name: [{ family: 'Bob' }] },
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
    { resourceType: 'Practitioner', id: 'one' },
    { resourceType: 'PractitionerRole', id: 'role', practitioner: ref('Practitioner/one'), organization: ref('Organization/clinic') },
    { resourceType: 'Appointment', id: 'ann', ...past, participant: who('Patient/ann', 'Practitioner/one') },
    { resourceType: 'Appointment', id: 'both', ...past, participant: who('Patient/ann', 'Patient/bob') },
    { resourceType: 'Appointment', id: 'bob', ...past, participant: who('Patient/bob', 'Practitioner/one') },
  ])
    made(await house.call('PUT', `${resource.resourceType}/${resource.id}`, resource))
})
afterAll(async () => {
  await beside?.close()
  await house?.close()
})
afterEach(async () => {
  for (const id of ['one', 'two']) await house.call('DELETE', `Consent/${id}`)
})

const past = { status: 'fulfilled', start: '2020-02-03T10:00:00Z', end: '2020-02-03T10:15:00Z' }
const ref = (reference: string) => ({ reference })
const who = (...references: string[]) => references.map((reference) => ({ actor: ref(reference), status: 'accepted' }))
const coded = (system: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] })
const actor = (reference: string) => [{ role: coded('v3-ParticipationType', 'PRCP'), reference: ref(reference) }]

async function consents(provision: object, id = 'one'): Promise<Body> {
  return made(
    await house.call('PUT', `Consent/${id}`, {
      resourceType: 'Consent',
      id,
      status: 'active',
      scope: coded('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: ref('Patient/ann'),
      policyRule: coded('v3-ActCode', 'OPTIN'),
      provision,
    }),
  )
}

const staff = async (user = 'Practitioner/one', scope = 'user/*.cruds'): Promise<Call> => house.as(await house.token(scope, { user }))
const ids = ({ entry = [] }: { entry?: Entry[] }) => entry.map(({ resource }) => `${resource.resourceType}/${resource.id}`).sort()
const found = async (call: Call, query: string): Promise<string[]> => ids((await call('GET', query)).json)
const sees = async (call: Call, path = 'Patient/ann') => (await call('GET', path)).status

describe('a Consent that names a practitioner', () => {
  it('keeps from them the patient, their visits, and those of several with them; from nobody else', async () => {
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    const call = await staff()
    expect(
      await Promise.all(
        ['Patient/ann', 'Appointment/ann', 'Appointment/both', 'Appointment/bob', 'Consent/one'].map((path) => sees(call, path)),
      ),
    ).toEqual([404, 404, 404, 200, 404])
    expect(await found(call, 'Appointment')).toEqual(['Appointment/bob'])
    expect((await call('GET', 'Appointment?_summary=count')).json.total).toBe(1)
    expect(await found(call, 'Patient?_revinclude=Appointment:patient')).toEqual(['Appointment/bob', 'Patient/bob'])
    expect(await found(call, 'Practitioner?_id=one&_revinclude=Appointment:practitioner')).toEqual(['Appointment/bob', 'Practitioner/one'])
    expect(await found(call, 'Appointment?practitioner=Practitioner/one&_include=Appointment:patient')).toEqual([
      'Appointment/bob',
      'Patient/bob',
    ])
    expect(await found(await staff('Practitioner/two'), 'Appointment')).toEqual(['Appointment/ann', 'Appointment/bob', 'Appointment/both'])
    expect(await found(house.call, 'Appointment')).toHaveLength(3)
  })

  it('lets them change nothing of what it keeps', async () => {
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    const call = await staff()
    const version = async () => (await house.call('GET', 'Appointment/ann')).headers.get('etag')
    const before = await version()
    const body = { resourceType: 'Appointment', id: 'ann', ...past, participant: who('Patient/bob') }
    expect((await call('PUT', 'Appointment/ann', body)).status).toBe(403)
    expect((await call('PUT', 'Appointment/ann', body, { 'if-match': String(before) })).status).toBe(412)
    expect((await call('PATCH', 'Appointment/ann', [], { 'content-type': 'application/json-patch+json' })).status).toBe(404)
    expect((await call('DELETE', 'Appointment/ann')).status).toBe(404)
    expect((await call('DELETE', 'Appointment/ann', undefined, { 'if-match': String(before) })).status).toBe(412)
    expect((await call('DELETE', 'Appointment/nothing')).status).toBe(404)
    expect((await call('POST', 'Appointment/ann/$cancel')).status).toBe(404)
    expect(await version()).toBe(before)
  })

  it('is heeded by every server from the moment that it is answered, and no more once it is withdrawn', async () => {
    const token = await house.token('user/*.rs', { user: 'Practitioner/one' })
    const [here, there] = [house.as(token), beside.as(token)]
    const there2: Call = (method, path) => there(method, `${beside.origin}/fhir/${path}`)
    expect([await sees(here), await sees(there2)]).toEqual([200, 200])
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    expect([await sees(here), await sees(there2)]).toEqual([404, 404])
    await house.call('DELETE', 'Consent/one')
    expect([await sees(here), await sees(there2)]).toEqual([200, 200])
  })
})

describe('a Consent', () => {
  it('that names an organization keeps it from whoever has a role there', async () => {
    await consents({ type: 'deny', actor: actor('Organization/clinic') })
    expect([await sees(await staff()), await sees(await staff('Practitioner/two'))]).toEqual([404, 200])
  })

  it('that opts out of everything leaves the patient, and those whom it excepts', async () => {
    await consents({ type: 'deny', provision: [{ type: 'permit', actor: actor('Practitioner/one') }] })
    const own = house.as(await house.token('patient/*.rs', { patient: 'ann' }))
    expect([await sees(await staff()), await sees(await staff('Practitioner/two')), await sees(own)]).toEqual([200, 404, 200])
  })

  it('that denies a purpose keeps it from tokens for that purpose, also from a program’s', async () => {
    await consents({ type: 'deny', purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }] })
    const token = (purpose?: string, user?: string) => house.token('system/*.rs', { purpose, user })
    const asked = [token('HRESCH'), token('HPAYMT'), token(), token('HRESCH', 'Practitioner/one'), token(undefined, 'Practitioner/one')]
    expect(await Promise.all(asked.map(async (one) => sees(house.as(await one))))).toEqual([404, 200, 200, 404, 200])
  })

  it('is not in the way of the clinic’s own programs, which can withdraw it', async () => {
    await consents({ type: 'deny' })
    expect([await sees(house.call), await sees(await staff())]).toEqual([200, 404])
    expect((await house.call('DELETE', 'Consent/one')).status).toBe(204)
    expect(await sees(await staff())).toBe(200)
  })

  it('whose time is over, or not yet come, keeps nothing', async () => {
    await consents({ type: 'deny', period: { end: '2020-01-01' } })
    await consents({ type: 'deny', period: { start: '2100-01-01' } }, 'two')
    expect(await sees(await staff())).toBe(200)
  })

  it('keeps AuditEvents that name the patient too', async () => {
    await house.call('GET', 'Patient/ann')
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    const call = await staff()
    expect((await call('GET', 'AuditEvent?patient=Patient/ann')).json.total).toBe(0)
    expect((await call('GET', 'AuditEvent?patient=Patient/bob')).json.entry?.length).toBeGreaterThan(0)
    expect((await call('GET', 'AuditEvent?_count=1000')).text).not.toContain('Patient/ann')
  })

  it('keeps the AuditEvents of several with them from every list and every count of the others', async () => {
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    const call = await staff()
    const lists = ['AuditEvent?patient=Patient/bob&_count=1000', 'Patient/bob/AuditEvent?_count=1000']
    const counts = [
      ...['_summary=count', '_count=0', '_count=1&_total=accurate'].map((one) => `AuditEvent?patient=Patient/bob&${one}`),
      'AuditEvent?patient=Patient/bob,Patient/ann&_summary=count',
      'AuditEvent?_summary=count',
      'AuditEvent?entity-role=1&_summary=count',
      'Patient/bob/AuditEvent?_summary=count',
    ]
    const total = async (path: string) => (await call('GET', path)).json.total
    const told = async () => [
      ...(await Promise.all(lists.map(async (path) => (await found(call, path)).length))),
      ...(await Promise.all(counts.map(total))),
    ]
    const accounted = () => found(call, 'Patient/bob/$accounting?own=true&_count=1000')
    const before = await told()
    const known = await accounted()
    await house.call('GET', 'Patient?_id=ann,bob')
    await house.call('GET', 'Appointment/both')
    // An accounting is itself accounted for: one of bob alone more than was known, and nothing else.
    const now = await accounted()
    expect([now.length, await total('Patient/bob/$accounting?own=true&_count=0')]).toEqual([known.length + 1, known.length + 2])
    expect(await told()).toEqual(before.map((n) => Number(n) + 3))
    await house.call('GET', 'Patient/bob')
    expect((await accounted()).length).toBe(now.length + 3)
  })

  it('keeps earlier versions of what was the patient’s once', async () => {
    const visit = { resourceType: 'Appointment', id: 'handed', ...past }
    made(await house.call('PUT', 'Appointment/handed', { ...visit, participant: who('Patient/ann') }))
    made(await house.call('PUT', 'Appointment/handed', { ...visit, participant: who('Patient/bob') }), 200)
    await consents({ type: 'deny', actor: actor('Practitioner/one') })
    const call = await staff()
    expect([await sees(call, 'Appointment/handed/_history/1'), await sees(call, 'Appointment/handed/_history/2')]).toEqual([404, 200])
    expect((await call('GET', 'Appointment/handed/_history')).json.entry).toHaveLength(1)
    expect((await call('GET', 'Appointment/_history?_count=200')).text).not.toContain('Patient/ann')
  })
})
