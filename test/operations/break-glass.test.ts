/** In an emergency staff open what a Consent keeps from them: with a reason, for a while, and every look is told. */
import { glassesOpenMax } from '../../src/base/limits.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { type Answer, type Call, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

type Event = {
  readonly subtype: readonly { readonly code: string }[]
  readonly purposeOfEvent?: readonly { readonly text: string }[]
  readonly agent: readonly { readonly purposeOfUse?: readonly { readonly coding: readonly { readonly code: string }[] }[] }[]
}

let server: TestHouse
let doctor: Call

const reason = 'unconscious in the waiting room'
const past = { status: 'fulfilled', start: '2020-02-03T10:00:00Z', end: '2020-02-03T10:15:00Z' }
const coded = (system: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] })

const staff = async (user: string, client = 'ward', scope = 'user/*.cruds'): Promise<Call> =>
  server.as(await server.token(scope, { user, client }))

/** Somebody whom a Consent keeps from the doctor, with a visit. */
async function guarded(id: string): Promise<void> {
  const patient = { reference: `Patient/${id}` }
  made(await server.call('PUT', `Patient/${id}`, { resourceType: 'Patient', id }))
  const participant = [{ actor: patient, status: 'accepted' }]
  made(await server.call('PUT', `Appointment/${id}`, { resourceType: 'Appointment', id, ...past, participant }))
  made(
    await server.call('PUT', `Consent/${id}`, {
      resourceType: 'Consent',
      id,
      status: 'active',
      scope: coded('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient,
      policyRule: coded('v3-ActCode', 'OPTIN'),
      provision: { type: 'deny', actor: [{ role: coded('v3-ParticipationType', 'PRCP'), reference: { reference: 'Practitioner/one' } }] },
    }),
  )
}

beforeAll(async () => {
  server = await testHouse()
  await guarded('ann')
  await guarded('bob')
  doctor = await staff('Practitioner/one')
})
afterAll(() => server?.close())

const ask = (call: Call, id: string, more: Record<string, unknown> = { reason }): Promise<Answer> =>
  call('POST', `Patient/${id}/$break-glass`, parameters(more))

const statusOf = async (call: Call, path: string): Promise<number> => (await call('GET', path)).status

async function eventsOf(patient: string): Promise<string[]> {
  const events = matches(await server.call('GET', `AuditEvent?patient=${patient}&agent=Practitioner/one&_count=100`)) as unknown as Event[]
  return events.map(({ subtype, agent }) => `${subtype[0]?.code} ${agent[0]?.purposeOfUse?.[0]?.coding[0]?.code ?? '-'}`)
}

describe('$break-glass', () => {
  it('opens one patient to one person in one app, and each look says so in the audit', async () => {
    expect([await statusOf(doctor, 'Patient/ann'), await statusOf(doctor, 'Appointment/ann')]).toEqual([404, 404])
    const answer = await ask(doctor, 'ann')
    expect(answer.status).toBe(200)
    expect(await statusOf(doctor, 'Patient/ann')).toBe(200)
    expect(await statusOf(doctor, 'Appointment/ann')).toBe(200)
    expect(matches(await doctor('GET', 'Appointment?patient=Patient/ann')).map(({ id }) => id)).toEqual(['ann'])
    expect(await statusOf(doctor, 'Appointment/ann/_history')).toBe(200)
    expect(await statusOf(doctor, 'Patient/bob')).toBe(404)
    expect(await statusOf(await staff('Practitioner/one', 'another-app'), 'Patient/ann')).toBe(404)
    const events = await eventsOf('ann')
    expect(new Set(events)).toEqual(new Set(['history-instance ETREAT', 'search-type ETREAT', 'read ETREAT', 'break-glass ETREAT']))
  })

  it('gives whoever reviews a list with the reasons, and the patient theirs', async () => {
    const [event] = matches(await server.call('GET', 'AuditEvent?subtype=110127&patient=ann')) as unknown as Event[]
    expect([event?.purposeOfEvent?.[0]?.text, event?.subtype.map(({ code }) => code)]).toEqual([reason, ['break-glass', '110127']])
    const looks = matches(await server.call('GET', 'AuditEvent?purpose=ETREAT&agent=Practitioner/one&patient=ann'))
    expect(looks.length).toBeGreaterThanOrEqual(5)
    const ann = server.as(await server.token('patient/*.rs', { patient: 'ann', user: 'Patient/ann' }))
    expect(JSON.stringify((await ann('GET', 'Patient/ann/$accounting')).json)).toContain(reason)
  })

  it('does not mark what is done with other patients meanwhile', async () => {
    made(await server.call('PUT', 'Patient/open', { resourceType: 'Patient', id: 'open' }))
    expect(await statusOf(doctor, 'Patient/open')).toBe(200)
    expect(await eventsOf('open')).toEqual(['read -'])
  })

  it('ends by itself', async () => {
    expect((await ask(doctor, 'bob', { reason, minutes: 1 })).status).toBe(200)
    expect(await statusOf(doctor, 'Patient/bob')).toBe(200)
    await server.house.pool.query({ text: `update break_glass set until = now() - interval '1 second' where patient = 'bob'`, values: [] })
    expect(await statusOf(doctor, 'Patient/bob')).toBe(404)
  })

  it('stays closed to an export, which nobody looks through', async () => {
    expect((await ask(doctor, 'ann')).status).toBe(200)
    const begun = await doctor('GET', 'Patient/$export?_type=Appointment', undefined, {
      prefer: 'respond-async',
      accept: 'application/fhir+json',
    })
    expect(begun.status).toBe(202)
    const status = begun.headers.get('content-location') ?? ''
    await eventually(60_000, async () => {
      await listExports(server.house)
      return (await statusOf(doctor, status)) === 200
    })
    expect((await doctor('GET', status)).text).not.toContain('"type":"Appointment"')
    const { text } = await server.call('GET', 'Appointment/ann')
    expect(text).toContain('"Patient/ann"')
  })

  it('answers alike where nothing is kept', async () => {
    const [kept, free] = [await ask(doctor, 'ann'), await ask(await staff('Practitioner/two'), 'ann')]
    const shape = ({ status, text }: Answer) => [status, text.replace(/\d{4}-[^"]+Z/, 'then')]
    expect(shape(kept)).toEqual(shape(free))
  })

  it('is for staff, with a reason, and not for long', async () => {
    const patient = server.as(await server.token('patient/*.cruds', { patient: 'ann', user: 'Patient/ann' }))
    const proxy = server.as(await server.token('user/*.cruds', { user: 'RelatedPerson/r' }))
    const narrow = await staff('Practitioner/one', 'ward', 'user/Patient.rs?_id=ann')
    for (const call of [patient, proxy, narrow, server.call]) expect((await ask(call, 'ann')).status).toBe(403)
    expect((await ask(doctor, 'nobody')).status).toBe(404)
    for (const odd of [{}, { reason: 'short' }, { reason: 'x'.repeat(501) }, { reason, minutes: 241 }, { reason, minutes: 0 }])
      expect([odd, (await ask(doctor, 'ann', odd)).status]).toEqual([odd, 400])
  })

  it('opens no more than so many at once', async () => {
    const curious = await staff('Practitioner/curious')
    for (let n = 0; n <= glassesOpenMax; n++)
      made(await server.call('PUT', `Patient/many${n}`, { resourceType: 'Patient', id: `many${n}` }))
    for (let n = 0; n < glassesOpenMax; n++) expect((await ask(curious, `many${n}`)).status).toBe(200)
    expect((await ask(curious, `many${glassesOpenMax}`)).status).toBe(422)
    expect((await ask(curious, 'many0')).status).toBe(200)
  })
})
