/** Links by which a patient confirms, moves or cancels one visit without signing in (`/a/{secret}`, docs/self-service.md). */
import { createHash } from 'node:crypto'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn } from '../support/clinic.ts'
import { type Answer, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { type JointActor, jointClinic, jointVisit, slotsOf } from '../support/joint-clinic.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { zone: 'America/New_York' })
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

type Part = { name: string; valueCode?: string; valueUrl?: string; valueString?: string; valueInstant?: string }
type Links = Record<string, { url: string; id: string; expires: string }>

const ask = (visit: Body, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  house.call('POST', `Appointment/${visit.id}/$self-service-link`, parameters(more))

async function linksTo(visit: Body, more: Readonly<Record<string, unknown>> = {}): Promise<Links> {
  const { parameter } = made(await ask(visit, more), 200) as Body & { parameter: { part: Part[] }[] }
  const of = (parts: Part[], name: string) => parts.find((one) => one.name === name)
  return Object.fromEntries(
    parameter.map(({ part }) => [
      of(part, 'purpose')?.valueCode ?? '',
      {
        url: of(part, 'url')?.valueUrl ?? '',
        id: of(part, 'id')?.valueString ?? '',
        expires: of(part, 'expires')?.valueInstant ?? '',
      },
    ]),
  )
}

type Shown = {
  purpose: string
  status: string
  start: string
  open: boolean
  timeZone: string
  times: { slot: string; start: string }[]
  with: string[]
  where: string[]
}
type Visited = { status: number; text: string; headers: Headers; json: Shown & { issue?: { code: string; diagnostics: string }[] } }

async function visited(url: string | undefined, init: RequestInit = {}): Promise<Visited> {
  const answer = await fetch(url ?? '', { redirect: 'manual', ...init })
  const text = await answer.text()
  return { status: answer.status, text, headers: answer.headers, json: text.startsWith('{') ? JSON.parse(text) : {} }
}
const post = (url: string | undefined, body: object = {}) =>
  visited(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
const page = { headers: { accept: 'text/html,application/xhtml+xml' } }
const submit = (url: string | undefined, fields: Record<string, string>) =>
  visited(url, { method: 'POST', body: new URLSearchParams(fields), ...page })

const get = async (reference: string): Promise<Body> => made(await house.call('GET', reference), 200)
const booked = async (day: number, time: string): Promise<{ visit: Body; patient: string }> => {
  const patient = await place.patient()
  return { visit: made(await place.book((await place.slotAt(day, time)).id, patient)), patient }
}

describe('a link', () => {
  it('is made by staff, one for each purpose, and only its hash is kept', async () => {
    const { visit, patient } = await booked(1, '15:00')
    const links = await linksTo(visit)
    expect(Object.keys(links)).toEqual(['confirm', 'reschedule', 'cancel'])
    for (const { url } of Object.values(links)) expect(url).toMatch(new RegExp(`^${house.origin}/a/[\\w-]{43}$`))
    const rows = await house.house.pool.query<{ hash: string; row: string }>({
      text: 'select hash, l::text as row from self_service_link l where appointment = $1',
      values: [visit.id],
    })
    const secrets = Object.values(links).map(({ url }) => url.split('/').at(-1) ?? '')
    expect(rows.map(({ hash }) => hash).sort()).toEqual(
      secrets.map((secret) => createHash('sha256').update(secret).digest('base64url')).sort(),
    )
    for (const { row } of rows) for (const secret of secrets) expect(row).not.toContain(secret)
    expect(matches(await house.call('GET', `AuditEvent?patient=${patient}&subtype=self-service-link`))).toHaveLength(1)
    expect(Object.keys(await linksTo(visit, { purpose: 'cancel' }))).toEqual(['cancel'])
  })

  it('is not made for patients, for what is over or not there, nor for longer than it may last', async () => {
    const { visit, patient } = await booked(1, '15:15')
    const mine = house.as(await house.token('patient/*.cruds', { patient }))
    expect((await mine('POST', `Appointment/${visit.id}/$self-service-link`)).status).toBe(403)
    expect((await mine('POST', `Appointment/${visit.id}/$revoke-self-service-links`)).status).toBe(403)
    expect((await ask({ ...visit, id: 'nowhere' })).status).toBe(404)
    expect([
      (await ask(visit, { purpose: 'read' })).status,
      (await ask(visit, { expires: { valueInstant: '2020-01-01T00:00:00Z' } })).status,
    ]).toEqual([400, 400])
    expect((await ask(visit, { patient: `Patient/${await place.patient()}` })).status).toBe(422)
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    expect((await ask(visit)).status).toBe(422)
  })

  it('shows the visit, not its patient, to programs and to people, and is kept and told nowhere', async () => {
    const { visit } = await booked(2, '15:00')
    const { confirm } = await linksTo(visit)
    const { status, json, headers } = await visited(confirm?.url)
    expect([status, json.purpose, json.status, json.start, json.open, json.timeZone]).toEqual([
      200,
      'confirm',
      'booked',
      new Date(visit.start).toISOString(),
      true,
      'America/New_York',
    ])
    expect([json.with, json.where.length]).toEqual([['Doctor0'], 1])
    expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
    const shown = await visited(confirm?.url, page)
    expect(shown.headers.get('content-security-policy')).toMatch(/^default-src 'none';style-src 'sha256-/)
    expect(shown.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(shown.text).toContain('<html lang="en">')
    expect(shown.text).not.toMatch(/<script|Patient/)
    const local = new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeZone: 'America/New_York' }).format(new Date(visit.start))
    expect(shown.text).toContain(local)
  })

  it('that is followed changes nothing, however often', async () => {
    const { visit } = await booked(2, '15:30')
    const links = await linksTo(visit)
    for (const { url } of Object.values(links))
      for (const init of [{}, page, { method: 'HEAD' }]) expect((await visited(url, init)).status).toBe(200)
    const now = await get(`Appointment/${visit.id}`)
    expect([now.status, now.meta.versionId]).toEqual(['booked', '1'])
    expect(matches(await house.call('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`))).toEqual([])
  })

  it('confirms, once', async () => {
    const { visit, patient } = await booked(3, '15:00')
    const unsure = visit.participant.map((one) =>
      one.actor?.reference === `Patient/${patient}` ? { ...one, status: 'needs-action' } : one,
    )
    made(await house.call('PUT', `Appointment/${visit.id}`, { ...visit, participant: unsure }), 200)
    const { confirm } = await linksTo(visit)
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(confirm?.url)))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    const [response, ...more] = matches(await house.call('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`))
    expect([response, more.length]).toMatchObject([{ participantStatus: 'accepted', actor: { reference: `Patient/${patient}` } }, 0])
    const after = await get(`Appointment/${visit.id}`)
    expect(after.participant.find(({ actor }) => actor?.reference === `Patient/${patient}`)?.status).toBe('accepted')
    type Event = Body & { agent: { who: { reference?: string; identifier?: { value: string } } }[] }
    const [event] = matches(
      await house.call('GET', `AuditEvent?patient=${patient}&subtype=create&entity=AppointmentResponse/${response?.id}`),
    ) as Event[]
    expect(event?.agent.slice(0, 2).map(({ who }) => who)).toEqual([
      { reference: `Patient/${patient}` },
      { identifier: { value: 'self-service' } },
    ])
  })

  it('cancels, from a form or by a program, and does nothing else', async () => {
    const { visit } = await booked(4, '15:00')
    const { cancel } = await linksTo(visit)
    const back = await submit(cancel?.url, { comment: 'A cold', slot: 'Slot/x' })
    expect([back.status, back.headers.get('location')]).toEqual([303, '?done'])
    const gone = await get(`Appointment/${visit.id}`)
    expect([gone.status, gone.comment, gone.cancelationReason?.coding?.[0]?.code]).toEqual(['cancelled', 'A cold', 'pat'])
    expect((await visited(`${cancel?.url}?done`, page)).text).toContain('role="status"')
    expect((await post(cancel?.url)).json).toMatchObject({ status: 'cancelled', open: false })
  })

  it('moves the visit to a time that it shows, and says so where that is gone', async () => {
    const { visit } = await booked(5, '15:00')
    const { reschedule } = await linksTo(visit)
    const { json } = await visited(reschedule?.url)
    const [first, second] = json.times
    expect(json.times.length).toBeGreaterThan(10)
    const shown = await visited(reschedule?.url, page)
    expect(shown.text.match(/<fieldset><legend>/g)?.length).toBeGreaterThan(0)
    expect(shown.text).toContain(`value="${first?.slot}"`)
    made(await house.call('POST', `${first?.slot}/$book`, parameters({ patient: `Patient/${await place.patient()}` })))
    const late = await submit(reschedule?.url, { slot: first?.slot ?? '' })
    expect([
      late.status,
      late.text.includes('role="alert"'),
      late.text.includes(`value="${first?.slot}"`),
      late.text.includes(`value="${second?.slot}"`),
    ]).toEqual([409, true, false, true])
    expect((await get(`Appointment/${visit.id}`)).start).toBe(visit.start)
    expect((await post(reschedule?.url)).json.issue?.[0]?.code).toBe('required')
    expect((await post(reschedule?.url, { slot: second?.slot })).json).toMatchObject({ status: 'booked', start: second?.start })
    expect((await get(`Appointment/${visit.id}`)).slot[0]?.reference).toBe(second?.slot)
  })

  it('is bound by the rules that bind its patient', async () => {
    const strict = await clinic(house.call, { policy: { cancelNoticeMinutes: 30 * 24 * 60 } })
    const visit = made(await strict.book((await strict.slotAt(1, '09:00')).id, await strict.patient()))
    const { cancel } = await linksTo(visit)
    const refused = await submit(cancel?.url, {})
    expect([refused.status, refused.text.includes('role="alert"'), (await get(`Appointment/${visit.id}`)).status]).toEqual([
      422,
      true,
      'booked',
    ])
    expect((await post(cancel?.url)).json.issue?.[0]?.code).toBe('business-rule')
  })

  it('opens nothing when it is revoked, has expired, is misspelt, or its visit is gone', async () => {
    const { visit } = await booked(6, '15:00')
    const links = await linksTo(visit)
    const revoked = await house.call('POST', `Appointment/${visit.id}/$revoke-self-service-links`, parameters({ link: links.cancel?.id }))
    expect((made(revoked, 200) as Body & { parameter: unknown }).parameter).toEqual([{ name: 'revoked', valueUnsignedInt: 1 }])
    expect([
      (await visited(links.cancel?.url)).status,
      (await post(links.cancel?.url)).status,
      (await visited(links.confirm?.url)).status,
    ]).toEqual([410, 410, 200])
    await house.house.pool.query({
      text: `update self_service_link set expires = now() - interval '1 second' where id = $1`,
      values: [links.confirm?.id],
    })
    expect([(await post(links.confirm?.url)).status, (await visited(links.confirm?.url, page)).status]).toEqual([410, 410])
    expect([
      (await visited(`${house.origin}/a/nothing`)).status,
      (await visited(`${house.origin}/a/${'A'.repeat(43)}`, page)).status,
    ]).toEqual([404, 404])
    expect((await get(`Appointment/${visit.id}`)).status).toBe('booked')
    expect((await house.call('DELETE', `Appointment/${visit.id}`)).status).toBe(204)
    expect((await visited(links.reschedule?.url)).status).toBe(410)
  })

  it('shows of a visit with several the times that all of them have, and is refused in words where one is gone', async () => {
    const { practitioners, rooms, service } = await jointClinic(house.call, { practitioners: 1, rooms: 1, devices: 0, end: '11:00:00' })
    const [doctor, room] = [practitioners[0], rooms[0]] as [JointActor, JointActor]
    const written = async (day: number, actors: readonly JointActor[]): Promise<Body> => {
      const others = [`Patient/${await place.patient()}`, `HealthcareService/${service}`]
      return jointVisit(house.call, { day, from: '09:00', until: '09:30', actors, others })
    }
    const visit = await written(2, [doctor, room])
    await written(1, [room])
    const { reschedule } = await linksTo(visit)
    const { times } = (await visited(reschedule?.url)).json
    const starts = times.map(({ start }) => start.slice(0, 16)).filter((start) => start.startsWith(dateIn(1)))
    expect(starts).toEqual(['09:30', '09:45', '10:00', '10:15', '10:30'].map((time) => `${dateIn(1)}T${time}`))
    const atNine = (await slotsOf(house.call, doctor.schedule, 1))[0]?.id
    expect((await post(reschedule?.url, { slot: `Slot/${atNine}` })).status).toBe(409)
    const moved = await post(reschedule?.url, { slot: times[0]?.slot })
    expect([moved.status, moved.json.start]).toEqual([200, times[0]?.start])
    expect((await get(`Appointment/${visit.id}`)).slot).toHaveLength(3)
  })

  it('that many follow at once does its one thing once', async () => {
    const { visit } = await booked(8, '15:00')
    const links = await linksTo(visit)
    const times = (await visited(links.reschedule?.url)).json.times.slice(0, 3).map(({ slot }) => slot)
    const said = await Promise.all(Array.from({ length: 6 }, () => post(links.confirm?.url)))
    expect(said.map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect(matches(await house.call('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`))).toHaveLength(1)
    const moves = await Promise.all(times.map((slot) => post(links.reschedule?.url, { slot })))
    expect(moves.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual([])
    const stands = await get(`Appointment/${visit.id}`)
    expect([stands.status, times]).toEqual(['booked', expect.arrayContaining([stands.slot[0]?.reference])])
    const statuses = await Promise.all(times.map(async (slot) => (await get(slot)).status))
    expect(statuses.sort()).toEqual(['busy', 'free', 'free'])
    const ends = await Promise.all(Array.from({ length: 4 }, () => post(links.cancel?.url)))
    expect(ends.map(({ status, json }) => [status, json.status])).toEqual(Array(4).fill([200, 'cancelled']))
    const history = made(await house.call('GET', `Appointment/${visit.id}/_history`), 200).entry ?? []
    expect(history.filter(({ resource }) => resource.status === 'cancelled')).toHaveLength(1)
  })

  it('that is revoked while many follow it does its one thing for whoever is told so, and nothing afterwards', async () => {
    const { visit } = await booked(8, '16:00')
    const links = await linksTo(visit)
    const [revoked, ...ends] = await Promise.all([
      house.call('POST', `Appointment/${visit.id}/$revoke-self-service-links`, parameters({})),
      ...Array.from({ length: 4 }, () => post(links.cancel?.url)),
    ])
    expect([revoked.status, ends.filter(({ status }) => status !== 200 && status !== 410)]).toEqual([200, []])
    const { status } = await get(`Appointment/${visit.id}`)
    // Who cancelled it just before is answered 410 too, where it was revoked before they are shown the visit.
    expect(ends.some((one) => one.status === 200) ? ['cancelled'] : ['booked', 'cancelled']).toContain(status)
    expect(await Promise.all([links.cancel, links.reschedule].map(async (link) => (await post(link?.url)).status))).toEqual([410, 410])
    expect((await get(`Appointment/${visit.id}`)).status).toBe(status)
  })

  it.each([
    ['[]', 'application/json'],
    ['{"slot": 7}', 'application/json'],
    ['{', 'application/json'],
    ['slot=%E0%A4%A', 'application/x-www-form-urlencoded'],
  ])('refuses %s', async (body, type) => {
    const { visit } = await booked(7, '15:00').catch(() => booked(7, '16:00'))
    const { reschedule } = await linksTo(visit)
    expect((await visited(reschedule?.url, { method: 'POST', body, headers: { 'content-type': type } })).status).toBe(400)
    made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
  })

  it('shows names as they are, whatever is in them', async () => {
    const odd = await clinic(house.call)
    const doctor = await get(`Practitioner/${odd.practitioners[0]}`)
    made(await house.call('PUT', `Practitioner/${doctor.id}`, { ...doctor, name: [{ text: '<img src=x onerror="1"> & Co' }] }), 200)
    const visit = made(await odd.book((await odd.slotAt(1, '09:00')).id, await odd.patient()))
    const { confirm } = await linksTo(visit)
    const { text } = await visited(confirm?.url, page)
    expect([text.includes('<img'), text.includes('&lt;img src=x onerror=&quot;1&quot;&gt; &amp; Co')]).toEqual([false, true])
  })
})
