/** Who saw a patient's data, for the patient and for the auditor: all of it, of nobody else, page by page. */
import { type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

type Event = {
  readonly id: string
  readonly recorded: string
  readonly subtype: readonly { readonly code: string }[]
  readonly agent: readonly {
    readonly who: { readonly reference?: string; readonly identifier?: { readonly value: string } }
    readonly purposeOfUse?: readonly { readonly coding: readonly { readonly code: string }[] }[]
  }[]
  readonly entity: readonly { readonly what?: { readonly reference: string }; readonly query?: string }[]
}

let server: TestHouse
let clerk: Call
let auditor: Call

beforeAll(async () => {
  server = await testHouse()
  clerk = server.as(await server.token('user/*.cruds', { user: 'Practitioner/clerk', client: 'front-desk' }))
  auditor = server.as(await server.token('user/AuditEvent.rs', { user: 'Person/auditor' }))
})
afterAll(() => server?.close())

const person = async (family = 'Accounted'): Promise<string> =>
  made(await clerk('POST', 'Patient', { resourceType: 'Patient', name: [{ family }] })).id
const themself = async (id: string): Promise<Call> =>
  server.as(await server.token('patient/*.cruds', { patient: id, user: `Patient/${id}` }))

async function told(call: Call, id: string, query = ''): Promise<Event[]> {
  const answer = await call('GET', `Patient/${id}/$accounting${query}`)
  expect(answer.status).toBe(200)
  return matches(answer) as unknown as Event[]
}

const shortly = ({ subtype, agent }: Event): string =>
  `${subtype[0]?.code} ${agent[0]?.who.reference} ${agent[0]?.purposeOfUse?.[0]?.coding[0]?.code ?? '-'}`

describe('$accounting', () => {
  it('tells the patient who saw and changed their data, and what for; not what they did themself, unless asked', async () => {
    const id = await person()
    const billing = server.as(await server.token('user/*.rs', { user: 'Practitioner/biller', purpose: 'HPAYMT' }))
    await clerk('GET', `Patient/${id}`)
    expect((await billing('GET', `Patient/${id}`)).status).toBe(200)
    expect((await billing('GET', `Patient?_id=${id}`)).status).toBe(200)
    const me = await themself(id)
    await me('GET', `Patient/${id}`)
    const events = await told(me, id)
    expect(events.map(shortly)).toEqual([
      'search-type Practitioner/biller HPAYMT',
      'read Practitioner/biller HPAYMT',
      'read Practitioner/clerk -',
      'create Practitioner/clerk -',
    ])
    expect((await told(me, id, '?own=true')).map(shortly).slice(0, 2)).toEqual([`accounting Patient/${id} -`, `read Patient/${id} -`])
    expect((await told(auditor, id)).map(shortly)).toEqual(events.map(shortly))
    expect((await told(auditor, id)).map(shortly)[0]).toBe('accounting Person/auditor -')
  })

  it('leaves out who signed in', async () => {
    const id = await person()
    const { securityEvent } = await import('../../src/audit/security-event.ts')
    await securityEvent(server.house, { what: 'sign-in', client: 'app', user: `Patient/${id}` })
    expect((await told(await themself(id), id, '?own=true')).map(shortly)).toEqual(['create Practitioner/clerk -'])
  })

  it('names nobody else, whoever was in the same answer', async () => {
    const [id, other] = [await person(), await person()]
    await clerk('GET', `Patient?_id=${id},${other}`)
    const [event] = await told(await themself(id), id)
    expect(event && shortly(event)).toBe('search-type Practitioner/clerk -')
    expect(JSON.stringify(event)).toContain(id)
    expect(JSON.stringify(event)).not.toContain(other)
    expect(event?.entity.map(({ query }) => query)).toEqual([undefined])
    const [seen] = await told(auditor, id)
    expect(seen?.entity.flatMap(({ what }) => what?.reference ?? [])).toEqual([`Patient/${id}`])
  })

  it('is told page by page, each event once, answers that showed several among them', async () => {
    const [id, ...others] = [await person('Paged'), await person('Paged'), await person('Paged')]
    for (let n = 0; n < 3; n++) await clerk('GET', `Patient?_id=${[id, ...others].join()}`)
    for (let n = 0; n < 3; n++) await clerk('GET', `Patient/${id}`)
    const whole = await told(auditor, String(id))
    const ids: string[] = []
    let next: string | undefined = `${server.house.base}/Patient/${id}/$accounting?_count=2`
    while (next && ids.length < 50) {
      const page = await auditor('GET', next)
      ids.push(...matches(page).map((one) => one.id))
      next = page.json.link?.find(({ relation }) => relation === 'next')?.url
    }
    const later = ids.slice(0, ids.length - whole.length)
    expect(ids.slice(later.length)).toEqual(whole.map((one) => one.id))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('keeps to the dates', async () => {
    const id = await person()
    await clerk('GET', `Patient/${id}`)
    const [read] = await told(auditor, id)
    const after = (ms: number): string => new Date(Date.parse(read?.recorded ?? '') + ms).toISOString()
    expect((await told(auditor, id, `?end=${read?.recorded}&own=true`)).map(shortly)).toContain('create Practitioner/clerk -')
    expect((await told(auditor, id, `?start=${after(1)}`)).map(shortly)).not.toContain('read Practitioner/clerk -')
    expect(await told(auditor, id, '?end=2020-01-01')).toEqual([])
    const byPost = await auditor('POST', `Patient/${id}/$accounting`, parameters({ start: '2020-01-01', end: '2020-12-31' }))
    expect([byPost.status, matches(byPost)]).toEqual([200, []])
    const typed = parameters({ own: { valueBoolean: true }, _count: 1 })
    expect(matches(await auditor('POST', `Patient/${id}/$accounting`, typed))).toHaveLength(1)
  })

  it('is refused to whoever may not read the audit, and of a Patient who is not there or not theirs', async () => {
    const [id, other] = [await person(), await person()]
    const me = await themself(id)
    const status = async (call: Call, path: string) => (await call('GET', path)).status
    const narrow = server.as(await server.token(`user/AuditEvent.rs?patient=${id}`, { user: 'Practitioner/narrow' }))
    const desk = server.as(await server.token('user/Patient.rs user/Appointment.rs', { user: 'Practitioner/desk' }))
    expect([await status(narrow, `Patient/${id}/$accounting`), await status(desk, `Patient/${id}/$accounting`)]).toEqual([403, 403])
    expect([await status(me, `Patient/${other}/$accounting`), await status(me, 'Patient/nobody/$accounting')]).toEqual([404, 404])
    expect(await status(auditor, 'Patient/nobody/$accounting')).toBe(404)
    for (const odd of ['start=soon', '_count=many', '_cursor=here', 'own=perhaps'])
      expect([odd, await status(auditor, `Patient/${id}/$accounting?${odd}`)]).toEqual([odd, 400])
  })

  it('tells of a Patient who was deleted', async () => {
    const id = await person()
    expect((await clerk('DELETE', `Patient/${id}`)).status).toBe(204)
    expect((await told(auditor, id)).map(shortly)).toEqual(['delete Practitioner/clerk -', 'create Practitioner/clerk -'])
  })
})
