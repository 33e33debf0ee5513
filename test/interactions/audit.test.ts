/**
 * Every answer that touches a patient's data has its AuditEvent: which patient, who asked, what was done.
 * https://hl7.org/fhir/R4/auditevent.html
 */
import { clinic } from '../support/clinic.ts'
import { parameters } from '../support/house.ts'
import { type Ask, below, type Loose, linkOf, made, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
let clerk: Ask
let place: Awaited<ReturnType<typeof clinic>>

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  clerk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk' })
  place = await clinic(server.call)
})
afterAll(() => server?.close())

/** The events about a patient, oldest first: interaction, action and who. */
async function eventsOf(patient: string): Promise<Loose[]> {
  return matched(await ask('GET', `AuditEvent?patient=Patient/${patient}&_count=200`)).reverse()
}

const shortly = (event: Loose): string =>
  `${event.action} ${event.subtype[0].code} ${event.agent[0].who.reference ?? event.agent[0].who.identifier.value}`

/** What was written down about the patient while `deed` was done. */
async function during(patient: string, deed: () => Promise<unknown>): Promise<Loose[]> {
  const before = (await eventsOf(patient)).length
  await deed()
  return (await eventsOf(patient)).slice(before)
}

const person = () => made(ask, { resourceType: 'Patient', name: [{ family: 'Audited' }] })
const past = (patient: string) => ({
  resourceType: 'Appointment',
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
})

it('of what concerns no patient nothing is written down, however it is asked for', async () => {
  const nobodys = { ...past('nobody'), participant: [{ actor: { display: 'A guest' }, status: 'accepted' }] }
  const rows = async (): Promise<Loose[]> =>
    server.house.pool.query<Loose>({
      text: `select entity from audit_event where cardinality(patients) = 0 and interaction <> 'login'`,
      values: [],
    })
  const before = (await rows()).length
  const id = await made(ask, nobodys)
  expect((await ask('GET', `Appointment/${id}`)).status).toBe(200)
  expect((await ask('DELETE', `Appointment/${id}`)).status).toBe(204)
  expect((await rows()).length).toBe(before)
})

describe('a patient’s data', () => {
  it.each<[what: string, deed: (id: string) => Promise<unknown>, event: string]>([
    ['read', (id) => clerk('GET', `Patient/${id}`), 'R read'],
    ['vread', (id) => clerk('GET', `Patient/${id}/_history/1`), 'R vread'],
    ['history', (id) => clerk('GET', `Patient/${id}/_history`), 'R history-instance'],
    ['search', (id) => clerk('GET', `Patient?_id=${id}`), 'E search-type'],
    [
      'search by POST',
      (id) => clerk('POST', 'Patient/_search', { body: `_id=${id}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      'E search-type',
    ],
    ['update', (id) => clerk('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id } }), 'U update'],
    ['delete', (id) => clerk('DELETE', `Patient/${id}`), 'D delete'],
  ])('%s leaves one event', async (_what, deed, event) => {
    const id = await person()
    const events = await during(id, () => deed(id))
    expect(events.map(shortly)).toEqual([`${event} Practitioner/clerk`])
    expect(events[0]).toMatchObject({
      resourceType: 'AuditEvent',
      type: { code: 'rest' },
      outcome: '0',
      recorded: expect.stringMatching(/Z$/),
      agent: [{ requestor: true }, { requestor: false, network: { address: '127.0.0.1' } }, { network: { address: server.house.base } }],
      entity: expect.arrayContaining([expect.objectContaining({ what: { reference: `Patient/${id}` } })]),
    })
  })

  it('create leaves one event, by POST and by PUT', async () => {
    const created = await clerk('POST', 'Patient', { body: { resourceType: 'Patient' } })
    expect((await eventsOf(created.json.id)).map(shortly)).toEqual(['C create Practitioner/clerk'])
    await clerk('PUT', 'Patient/by-put', { body: { resourceType: 'Patient', id: 'by-put' } })
    expect((await eventsOf('by-put')).map(shortly)).toEqual(['C create Practitioner/clerk'])
  })

  it('in another resource leaves one event that names both', async () => {
    const id = await person()
    const events = await during(id, async () => {
      const visit = await clerk('POST', 'Appointment', { body: past(id) })
      await clerk('GET', `Appointment/${visit.json.id}`)
    })
    expect(events.map(shortly)).toEqual(['C create Practitioner/clerk', 'R read Practitioner/clerk'])
    for (const { entity } of events)
      expect(entity.map(({ what }: Loose) => what?.reference)).toEqual([`Patient/${id}`, expect.stringMatching(/^Appointment\//)])
  })

  it.each<[string, (visit: string, whose: string) => Promise<unknown>, string]>([
    ['an update', (visit, whose) => clerk('PUT', `Appointment/${visit}`, { body: { ...past(whose), id: visit } }), 'U update'],
    [
      'a patch',
      (visit, whose) =>
        clerk('PATCH', `Appointment/${visit}`, {
          body: [{ op: 'replace', path: '/participant/0/actor/reference', value: `Patient/${whose}` }],
          headers: { 'content-type': 'application/json-patch+json' },
        }),
      'U patch',
    ],
  ])('that becomes another’s by %s is written down for both', async (_how, change, event) => {
    const [one, other] = [await person(), await person()]
    const visit = await made(ask, past(one))
    for (const patient of [one, other]) {
      const events = await during(patient, () => change(visit, patient === one ? other : one))
      expect(events.map(shortly)).toEqual([`${event} Practitioner/clerk`])
      expect(JSON.stringify(events[0].entity)).toContain(`Appointment/${visit}`)
    }
    // Made anew after it was deleted, it is no longer anything of whose it was.
    await clerk('DELETE', `Appointment/${visit}`)
    expect(await during(one, () => clerk('PUT', `Appointment/${visit}`, { body: { ...past(other), id: visit } }))).toEqual([])
  })

  it('in a version from when it was another’s is written down for that one, however the version is read', async () => {
    const [one, other] = [await person(), await person()]
    const visit = await made(ask, past(one))
    await ask('PUT', `Appointment/${visit}`, { body: { ...past(other), id: visit } })
    for (const [path, interaction] of [
      [`Appointment/${visit}/_history/1`, 'R vread'],
      [`Appointment/${visit}/_history`, 'R history-instance'],
      ['Appointment/_history?_count=500', 'R history-type'],
    ]) {
      const events = await during(one, () => clerk('GET', String(path)))
      expect([path, events.map(shortly)]).toEqual([path, [`${interaction} Practitioner/clerk`]])
    }
  })

  it('is written down with what the token is for', async () => {
    const id = await person()
    const research = await server.scoped('system/*.cruds', { client: 'research', purpose: 'HRESCH' })
    const [event] = await during(id, () => research('GET', `Patient/${id}`))
    expect(event.agent[0].purposeOfUse[0].coding[0].code).toBe('HRESCH')
  })

  it('found by a search is written down with what was asked', async () => {
    const id = await person()
    await made(ask, past(id))
    const [event] = await during(id, () => clerk('GET', `Appointment?patient=Patient/${id}`))
    const query = event.entity.find(({ query }: Loose) => query !== undefined)
    expect(decodeURIComponent(Buffer.from(query.query, 'base64').toString())).toBe(`Appointment?patient=Patient/${id}`)
  })

  it('brought along by an include or a revinclude is written down', async () => {
    const id = await person()
    const visit = await made(ask, past(id))
    const events = await during(id, () => clerk('GET', `Appointment?_id=${visit}&_include=Appointment:patient`))
    expect(events.length).toBeGreaterThanOrEqual(2)
    const doctor = await made(ask, { resourceType: 'Practitioner' })
    await ask('PUT', `Patient/${id}`, {
      body: { resourceType: 'Patient', id, generalPractitioner: [{ reference: `Practitioner/${doctor}` }] },
    })
    expect(await during(id, () => clerk('GET', `Practitioner?_id=${doctor}&_revinclude=Patient:general-practitioner`))).toHaveLength(1)
  })

  it('of several patients in one answer tells each of them of themselves alone', async () => {
    const [id, other] = [await person(), await person()]
    await clerk('GET', `Patient?_id=${id},${other}`)
    const me = await server.scoped('patient/*.rs', { patient: id })
    const [event] = matched(await me('GET', `AuditEvent?patient=Patient/${id}&subtype=search-type`))
    for (const text of [JSON.stringify(event), (await me('GET', `AuditEvent/${event?.id}`)).text]) {
      expect(text).toContain(id)
      expect(text).not.toContain(other)
      expect(text).not.toContain('"query"')
    }
  })

  it('of several patients in one answer leaves an event for each', async () => {
    const [one, two] = [await person(), await person()]
    await clerk('GET', `Patient?_id=${one},${two}`)
    const events = [(await eventsOf(one)).at(-1), (await eventsOf(two)).at(-1)]
    const named = events.map(({ entity }) => entity.flatMap(({ what }: Loose) => what?.reference ?? []))
    expect(named).toEqual([[`Patient/${one}`], [`Patient/${two}`]])
    for (const event of events) {
      expect((await ask('GET', `AuditEvent/${event.id}`)).json).toEqual(event)
      expect(matched(await ask('GET', `AuditEvent?_id=${event.id}`))).toEqual([event])
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(2)
  })

  it('$hold, $book and $cancel leave one event each', async () => {
    const id = await person()
    const at = async (time: string) => (await place.slotAt(2, time)).id
    const body = parameters({ patient: `Patient/${id}` })
    const held: string[] = []
    const hold = await during(id, async () => held.push((await clerk('POST', `Slot/${await at('09:00')}/$hold`, { body })).json.id))
    expect(hold.map(shortly)).toEqual(['C hold Practitioner/clerk'])
    expect(
      (await during(id, () => clerk('POST', `Appointment/${held[0]}/$book`, { body: parameters({}) }))).map(
        ({ subtype }) => subtype[0].code,
      ),
    ).toEqual(['book'])
    expect((await during(id, () => clerk('POST', `Appointment/${held[0]}/$cancel`, { body: parameters({}) }))).map(shortly)).toEqual([
      'U cancel Practitioner/clerk',
    ])
    const booked = await during(id, async () => clerk('POST', `Slot/${await at('10:00')}/$book`, { body }))
    expect(booked.map(shortly)).toEqual(['C book Practitioner/clerk'])
    const released = await during(id, async () => {
      const { json } = await clerk('POST', `Slot/${await at('11:00')}/$hold`, { body })
      await clerk('POST', `Appointment/${json.id}/$release`, { body: parameters({}) })
    })
    expect(released.map(({ subtype }) => subtype[0].code)).toEqual(['hold', 'release'])
  })

  it('$find for a patient leaves one event', async () => {
    const id = await person()
    const body = parameters({ patient: `Patient/${id}`, 'healthcare-service': `HealthcareService/${place.service}` })
    const events = await during(id, async () => expect((await clerk('POST', 'Appointment/$find', { body })).json.total).toBeGreaterThan(0))
    expect(events.map(shortly)).toEqual(['C find Practitioner/clerk'])
  })

  it('of a patient’s own token names the patient as who asked', async () => {
    const id = await person()
    const me = await server.scoped('patient/*.rs', { patient: id })
    expect((await during(id, () => me('GET', `Patient/${id}`))).map(shortly)).toEqual([`R read Patient/${id}`])
    expect((await during(id, () => me('GET', 'Patient'))).map(shortly)).toEqual([`E search-type Patient/${id}`])
  })
})

describe('what was not shown', () => {
  it('leaves nothing: refused, not there, not found, not changed', async () => {
    const id = await person()
    const deeds = [
      async () => (await server.scoped('system/Slot.rs'))('GET', `Patient/${id}`),
      async () => (await server.scoped('patient/*.rs', { patient: 'someone-else' }))('GET', `Patient/${id}`),
      async () => (await server.scoped('patient/*.rs', { patient: 'someone-else' }))('GET', `Patient/${id}/_history`),
      async () => clerk('GET', `Patient/${id}/_history/9`),
      async () => clerk('GET', `Patient?_id=${id}&name=nobody`),
      async () => clerk('GET', `Patient?_id=${id}&_count=0`),
      async () => clerk('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id, gender: 'x' } }),
      async () => clerk('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id }, headers: { 'if-match': 'W/"7"' } }),
      async () => clerk('DELETE', `Patient/${id}`, { headers: { 'if-match': 'W/"7"' } }),
      async () => clerk('POST', 'Slot/no-such-slot/$book', { body: parameters({ patient: `Patient/${id}` }) }),
    ]
    for (const deed of deeds) expect(await during(id, deed)).toEqual([])
  })

  it('is the next page: an event names those on the page alone', async () => {
    for (let i = 0; i < 3; i++) await made(ask, { resourceType: 'Patient', name: [{ family: 'Leafed' }] })
    const page = await clerk('GET', 'Patient?family=leafed&_count=2')
    const shown = matched(page).map(({ id }) => `Patient/${id}`)
    expect(shown).toHaveLength(2)
    const latest = matched(await ask('GET', 'AuditEvent?subtype=search-type&agent=Practitioner/clerk&_count=3'))
    const [first] = latest
    const ofTheSame = latest.filter(({ recorded, id }) => recorded === first.recorded && id.split('.')[0] === first.id.split('.')[0])
    expect(ofTheSame.flatMap(({ entity }) => entity.flatMap(({ what }: Loose) => what?.reference ?? [])).sort()).toEqual(shown.sort())
  })

  it('is the directory: a Slot or a Practitioner is nobody’s data', async () => {
    const latest = async () => (await ask('GET', 'AuditEvent?_count=1')).json.entry?.[0]?.resource.id
    const before = await latest()
    await clerk('GET', 'Slot')
    await clerk('GET', 'Practitioner')
    expect(await latest()).toBe(before)
  })
})

describe('AuditEvent', () => {
  let patient: string
  let event: Loose
  beforeAll(async () => {
    patient = await person()
    await clerk('GET', `Patient/${patient}`)
    event = (await eventsOf(patient)).at(-1)
  })

  it('is a valid one, read by its id', async () => {
    const { status, json, headers } = await ask('GET', `AuditEvent/${event.id}`)
    expect([status, headers.etag]).toEqual([200, 'W/"1"'])
    expect(json).toEqual(event)
    const { validate } = await import('../../src/fhir/validate/validate.ts')
    expect(validate(server.house.definitions, json).filter(({ severity }) => severity === 'error')).toEqual([])
    expect((await ask('GET', `AuditEvent/${event.id}/_history/1`)).json).toEqual(event)
    expect((await ask('GET', `AuditEvent/${event.id}/_history`)).status).toBe(404)
    expect((await ask('GET', 'AuditEvent/none')).status).toBe(404)
  })

  it.each<[string, () => string, boolean]>([
    ['patient', () => `patient=Patient/${patient}`, true],
    ['patient by its bare id', () => `patient=${patient}`, true],
    ['entity', () => `entity=Patient/${patient}`, true],
    ['agent', () => 'agent=Practitioner/clerk', true],
    ['action', () => 'action=R', true],
    ['action with its system', () => 'action=http://hl7.org/fhir/audit-event-action%7CR', true],
    ['subtype', () => 'subtype=http://hl7.org/fhir/restful-interaction%7Cread', true],
    ['date', () => `date=ge${event.recorded}&date=le${event.recorded}`, true],
    ['the day', () => `date=${event.recorded.slice(0, 10)}`, true],
    ['an absolute reference', () => `patient=${server.house.base}/Patient/${patient}`, true],
    ['another action', () => 'action=D', false],
    ['another day', () => 'date=lt2020', false],
    ['another agent', () => 'agent=Practitioner/somebody', false],
    ['another patient', () => 'patient=Patient/somebody', false],
  ])('is found by %s', async (_what, query, found) => {
    const { status, json } = await ask('GET', `AuditEvent?_id=${event.id}&${query()}`, { headers: { prefer: 'handling=strict' } })
    expect([status, (json.entry ?? []).length]).toEqual([200, found ? 1 : 0])
  })

  it('comes in pages, newest first, each once', async () => {
    const seen: string[] = []
    let next: string | undefined = 'AuditEvent?_count=7'
    while (next !== undefined && seen.length < 40) {
      const answer = await ask('GET', next)
      seen.push(...matched(answer).map(({ id }) => id))
      const link = linkOf(answer, 'next')
      next = link && below(link)
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual([...seen].sort().reverse())
    expect(seen.length).toBeGreaterThan(30)
  })

  it('is counted where that is asked, as one by one', async () => {
    const whose = await person()
    for (let look = 0; look < 3; look++) await clerk('GET', `Patient/${whose}`)
    const { length } = await eventsOf(whose)
    expect(length).toBeGreaterThan(2)
    const totalOf = async (query: string): Promise<[unknown, number]> => {
      const answer = await ask('GET', `AuditEvent?patient=${whose}&${query}`, { headers: { prefer: 'handling=strict' } })
      return [answer.json.total, matched(answer).length]
    }
    expect(await totalOf('_summary=count')).toEqual([length, 0])
    expect(await totalOf('_summary=count&_count=2')).toEqual([length, 0])
    expect(await totalOf('_count=0')).toEqual([length, 0])
    expect(await totalOf('_count=2')).toEqual([undefined, 2])
    expect(await totalOf('_count=2&_total=accurate')).toEqual([length, 2])
    expect(await totalOf('_total=none')).toEqual([undefined, length])
    expect(await totalOf('subtype=read&_summary=count')).toEqual([3, 0])
    expect((await ask('GET', 'AuditEvent?_total=all')).status).toBe(400)
    const theirs = await server.scoped('patient/*.rs', { patient: whose })
    expect((await theirs('GET', 'AuditEvent?_summary=count')).json.total).toBe(length)
  })

  it('is written by the server alone', async () => {
    expect((await ask('POST', 'AuditEvent', { body: event })).status).toBe(405)
    expect((await ask('PUT', `AuditEvent/${event.id}`, { body: event })).status).toBe(405)
    expect((await ask('DELETE', `AuditEvent/${event.id}`)).status).toBe(405)
  })

  it('names what was not understood, or refuses it', async () => {
    expect((await ask('GET', 'AuditEvent?colour=red', { headers: { prefer: 'handling=strict' } })).status).toBe(400)
    expect((await ask('GET', 'AuditEvent?date=yesterday')).status).toBe(400)
    expect((await ask('GET', 'AuditEvent?_sort=-date&_format=json', { headers: { prefer: 'handling=strict' } })).status).toBe(200)
    const lenient = await ask('GET', 'AuditEvent?colour=red&_count=1')
    expect(JSON.stringify(lenient.json.entry.filter(({ search }: Loose) => search.mode === 'outcome'))).toContain('colour')
  })
})
