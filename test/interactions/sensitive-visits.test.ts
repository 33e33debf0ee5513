/**
 * A visit that is labelled as sensitive is busy time to whoever may not know why, on every way to it: when and whose of the
 * clinic's it is, and nothing of the patient or of what for; nor is it found, followed or ordered by that. Those who may know
 * see it whole.
 */
import { dateIn } from '../support/clinic.ts'
import { eventually, parameters } from '../support/house.ts'
import { type Answer, type Ask, along, below, type Loose, linkOf, matched, type RestHouse, restHouse } from './rest.ts'

/** Wherever something is said that busy time does not say, and nowhere else. */
const mark = 'XQWHYQX'
const ann = 'ann-who-comes'
let server: RestHouse
let system: Ask
let desk: Ask
let doctor: Ask

const ref = (reference: string, display?: string) => ({ reference, ...(display && { display }) })
const coded = (code: string) => [{ coding: [{ system: 'urn:x', code, display: mark }], text: mark }]
const confidentiality = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code })
const act = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code })
const labelled = (...security: object[]) => ({ meta: { security } })
const observation = 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue'

const visit = (id: string, patient: string, more: object = {}): Loose => ({
  resourceType: 'Appointment',
  id,
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  minutesDuration: 15,
  participant: [
    { actor: ref(`Patient/${patient}`, mark), status: 'tentative' },
    { actor: ref('Practitioner/doctor', mark), status: 'accepted', type: coded('seen') },
    { actor: ref('Location/room'), status: 'accepted' },
    { actor: ref('HealthcareService/service'), status: 'accepted' },
    { actor: ref('RelatedPerson/aunt'), status: 'accepted' },
  ],
  ...more,
})

const why = {
  text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${mark}</div>` },
  identifier: [{ system: 'urn:x', value: mark }],
  serviceCategory: coded('cat'),
  serviceType: coded('type'),
  specialty: coded('special'),
  appointmentType: coded('app')[0],
  reasonCode: coded('why'),
  priority: 3,
  description: mark,
  comment: mark,
  patientInstruction: mark,
  extension: [{ url: 'urn:x', valueString: mark }],
  basedOn: [ref('ServiceRequest/order')],
}

const stored: Loose[] = [
  { resourceType: 'Patient', id: ann, name: [{ family: mark }] },
  { resourceType: 'Patient', id: 'bob', name: [{ family: 'Bob' }] },
  { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Doctor' }] },
  { resourceType: 'Practitioner', id: 'clerk' },
  { resourceType: 'Location', id: 'room', name: 'Room' },
  { resourceType: 'HealthcareService', id: 'service', name: 'Service' },
  { resourceType: 'RelatedPerson', id: 'mother', patient: ref(`Patient/${ann}`) },
  { resourceType: 'RelatedPerson', id: 'aunt', patient: ref(`Patient/${ann}`) },
  { resourceType: 'ServiceRequest', id: 'order', status: 'active', intent: 'order', subject: ref(`Patient/${ann}`) },
  // Its first version had no label yet.
  visit('secret', ann, { ...why }),
  visit('secret', ann, { ...why, ...labelled(confidentiality('R'), act('HIV')) }),
  visit('very', ann, { ...why, ...labelled(confidentiality('V')) }),
  visit('plain', 'bob', {
    start: '2020-02-03T11:00:00Z',
    end: '2020-02-03T11:15:00Z',
    reasonCode: [{ text: 'knee' }],
    ...labelled(confidentiality('N')),
    participant: ['Patient/bob', 'Practitioner/doctor', 'Location/room'].map((one) => ({ actor: ref(one), status: 'accepted' })),
  }),
  {
    resourceType: 'Encounter',
    id: 'secret',
    ...labelled(act('PSY')),
    status: 'finished',
    class: { code: 'AMB', display: mark, extension: [{ url: 'urn:x', valueString: mark }] },
    serviceType: coded('type')[0],
    subject: ref(`Patient/${ann}`, mark),
    participant: [{ individual: ref('Practitioner/doctor', mark) }],
    appointment: [ref('Appointment/secret')],
    period: { start: '2020-02-03T10:00:00Z', end: '2020-02-03T10:15:00Z', extension: [{ url: 'urn:x', valueString: mark }] },
    reasonCode: coded('why'),
    location: [{ location: ref('Location/room') }],
  },
]

beforeAll(async () => {
  server = await restHouse()
  system = server.ask
  desk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk' })
  doctor = await server.scoped('user/*.cruds', { user: 'Practitioner/doctor' })
  for (const one of stored) {
    const { status, text } = await system('PUT', `${one.resourceType}/${one.id}`, { body: one })
    if (status !== 201 && status !== 200) throw new Error(`PUT ${one.resourceType}: ${status} ${text.slice(0, 400)}`)
  }
})
afterAll(() => server?.close())

const tells = ({ text, headers }: Answer): string[] =>
  [mark, ann, 'HIV', 'PSY', 'ServiceRequest/order', 'HealthcareService/service', 'RelatedPerson', 'tentative'].filter(
    (word) => text.includes(word) || JSON.stringify(headers).includes(word),
  )
const batch = (url: string): Loose => ({ resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] })

const ways = [
  ['a read', 'Appointment/secret'],
  ['a read of some elements', 'Appointment/secret?_elements=reasonCode,participant,comment'],
  ['a summary', 'Appointment/secret?_summary=true'],
  ['its text', 'Appointment/secret?_summary=text'],
  ['XML', 'Appointment/secret?_format=xml'],
  ['a version', 'Appointment/secret/_history/2'],
  ['a version from before it was labelled', 'Appointment/secret/_history/1'],
  ['some elements of such a version', 'Appointment/secret/_history/1?_elements=reasonCode'],
  ['its history', 'Appointment/secret/_history'],
  ['the history of the type', 'Appointment/_history'],
  ['a search', 'Appointment?date=2020-02-03'],
  ['a search for some elements', 'Appointment?date=2020-02-03&_elements=reasonCode'],
  ['a search with what it refers to', 'Appointment?_id=secret&_include=*&_include:iterate=*'],
  ['what refers to it', 'Appointment?_id=secret&_revinclude=Encounter:appointment&_include:iterate=Encounter:subject'],
  ['a search from its practitioner', 'Practitioner?_id=doctor&_revinclude=Appointment:practitioner&_include:iterate=Appointment:patient'],
  ['its Encounter', 'Encounter/secret'],
  ['its Encounter, searched', 'Encounter?status=finished&_include=Encounter:subject'],
  ['its Encounter’s history', 'Encounter/secret/_history'],
] as const

/** What these ask for the visit that is not sensitive meets too. */
const alsoPlain = [',Practitioner', ':not=', 'patient:missing=false']

describe('a sensitive visit', () => {
  it.each(ways)('is shown as busy time by %s', async (_way, path) => {
    const answer = await desk('GET', path)
    expect([path, answer.status, answer.text.includes('secret'), tells(answer)]).toEqual([path, 200, true, []])
    expect((await desk('HEAD', path)).headers['content-length']).toBe(answer.headers['content-length'])
    if (path.includes('_format')) return
    const { json } = await desk('POST', '', { body: batch(path) })
    expect([json.entry[0].response.status.slice(0, 3), tells({ ...answer, text: JSON.stringify(json) })]).toEqual(['200', []])
    // It is not for nothing that it says nothing: there is something to be told.
    expect(tells(await system('GET', path)).length).toBeGreaterThan(0)
  })

  it('says when, where and whose of the clinic’s, and that it is not all', async () => {
    const { json } = await desk('GET', 'Appointment/secret')
    const { meta, ...rest } = json
    expect(rest).toEqual({
      resourceType: 'Appointment',
      id: 'secret',
      status: 'fulfilled',
      start: '2020-02-03T10:00:00Z',
      end: '2020-02-03T10:15:00Z',
      minutesDuration: 15,
      participant: [
        { actor: ref('Practitioner/doctor'), status: 'accepted' },
        { actor: ref('Location/room'), status: 'accepted' },
      ],
    })
    expect(meta).toEqual({
      versionId: '2',
      lastUpdated: expect.any(String),
      security: [{ system: observation, code: 'REDACTED' }],
      tag: [{ system: observation, code: 'SUBSETTED' }],
    })
    const { meta: _meta, ...encounter } = (await desk('GET', 'Encounter/secret')).json
    expect(encounter).toEqual({
      resourceType: 'Encounter',
      id: 'secret',
      status: 'finished',
      class: { code: 'AMB' },
      period: { start: '2020-02-03T10:00:00Z', end: '2020-02-03T10:15:00Z' },
      participant: [{ individual: ref('Practitioner/doctor') }],
      location: [{ location: ref('Location/room') }],
      appointment: [ref('Appointment/secret')],
    })
    expect((await desk('GET', 'Appointment/plain')).json.reasonCode).toEqual([{ text: 'knee' }])
  })

  it('is whole for its patient, who acts for the patient, whom it is with, and who was cleared', async () => {
    const asked = await Promise.all([
      server.scoped('patient/*.rs', { patient: ann }),
      server.scoped('patient/*.rs', { patient: ann, user: `Patient/${ann}` }),
      server.scoped('patient/*.rs', { patient: ann, user: 'RelatedPerson/mother' }),
      server.scoped('user/*.rs __sensitive-visits', { user: 'Practitioner/clerk' }),
      server.scoped('system/Appointment.rs __sensitive-visits'),
    ])
    for (const ask of [...asked, doctor, system]) {
      const { json } = await ask('GET', 'Appointment/secret')
      expect([json.comment, json.meta.security.map(({ code }: Loose) => code)]).toEqual([mark, ['R', 'HIV']])
      expect(matched(await ask('GET', 'Appointment?reason-code=why&patient=Patient/ann-who-comes')).map(({ id }) => id)).toContain('secret')
    }
    const masked = await Promise.all([
      server.scoped('system/Appointment.rs'),
      server.scoped('user/*.rs', { user: 'Practitioner/clerk', patient: ann }),
      server.scoped('user/Appointment.rs', { user: 'Person/manager' }),
    ])
    for (const ask of masked) expect((await ask('GET', 'Appointment/secret')).json.comment).toBeUndefined()
  })

  it('that is very restricted is nothing to who acts for the patient, and whole for the patient', async () => {
    const mother = await server.scoped('patient/*.cruds', { patient: ann, user: 'RelatedPerson/mother' })
    const own = await server.scoped('patient/*.cruds', { patient: ann, user: `Patient/${ann}` })
    const ids = async (ask: Ask, query: string) =>
      matched(await ask('GET', query))
        .map(({ id }) => id)
        .sort()
    expect([await ids(own, 'Appointment'), await ids(mother, 'Appointment')]).toEqual([['secret', 'very'], ['secret']])
    expect(await ids(mother, 'Appointment?_id=very')).toEqual([])
    expect((await mother('GET', `Patient/${ann}/$everything`)).text).not.toContain('Appointment/very')
    const body = stored.find(({ id }) => id === 'very')
    const answers = [
      await mother('GET', 'Appointment/very'),
      await mother('GET', 'Appointment/very/_history'),
      await mother('GET', 'Appointment/very/_history/1'),
      await mother('PUT', 'Appointment/very', { body }),
      await mother('POST', 'Appointment/very/$cancel'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    const nowhere = await mother('GET', 'Appointment/nowhere')
    expect(answers[0]?.text.replaceAll('very', 'nowhere')).toBe(nowhere.text)
    expect((await own('GET', 'Appointment/very')).status).toBe(200)
  })

  it.each([
    `Appointment?patient=Patient/${ann}`,
    `Appointment?actor=Patient/${ann}`,
    `Appointment?actor=Patient/${ann},Practitioner/doctor`,
    'Appointment?actor=HealthcareService/service',
    `Appointment?patient.name=${mark}`,
    `Appointment?actor:Patient.name=${mark}`,
    'Appointment?patient:missing=false',
    'Appointment?reason-code=why',
    'Appointment?reason-code:not=knee',
    'Appointment?reason-code:missing=false&_id=secret',
    'Appointment?service-type=type',
    'Appointment?service-category=cat',
    'Appointment?specialty=special',
    'Appointment?appointment-type=app',
    'Appointment?part-status=tentative',
    `Appointment?identifier=urn:x|${mark}`,
    'Appointment?based-on=ServiceRequest/order',
    'Appointment?_security=R',
    'Appointment?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|HIV',
    `Patient/${ann}/Appointment`,
    'RelatedPerson/aunt/Appointment',
    `Patient?_has:Appointment:patient:status=fulfilled&_id=${ann}`,
    `Patient?_has:Appointment:actor:date=2020-02-03&_id=${ann}`,
    'HealthcareService?_has:Appointment:actor:status=fulfilled&_has:Appointment:actor:_id=secret',
    'Practitioner?_has:Appointment:practitioner:reason-code=why',
    'ServiceRequest?_has:Appointment:based-on:status=fulfilled',
    'Encounter?appointment.reason-code=why',
    `Encounter?patient=Patient/${ann}`,
    `Encounter?subject:Patient.name=${mark}`,
    'Encounter?reason-code=why',
  ])('is not found by what is masked of it: %s', async (path) => {
    const beside = alsoPlain.some((part) => path.includes(part)) ? 1 : 0
    for (const more of ['', '&_summary=count', '&_total=accurate&_count=0']) {
      const question = path.includes('?') ? path + more : `${path}?${more.slice(1)}`
      const { json } = await desk('GET', question)
      const found = (json.entry ?? []).map(({ resource }: Loose) => resource.id).filter((id: string) => id !== 'plain')
      expect([question, found, json.total]).toEqual([question, [], beside])
      expect((await system('GET', question)).json.total).toBeGreaterThan(beside)
    }
  })

  it.each([
    'Appointment?date=2020-02-03&status=fulfilled',
    'Appointment?practitioner=Practitioner/doctor',
    'Appointment?actor=Practitioner/doctor,Location/room',
    'Appointment?location.name=Room&practitioner.name=Doctor',
    'Appointment?_id=secret,very,plain',
    'Practitioner/doctor/Appointment?date=2020-02-03',
  ])('is found by what is shown of it: %s', async (path) => {
    expect(
      matched(await desk('GET', path))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['plain', 'secret', 'very'])
  })

  it('leads by an include to what is shown of it, and to nothing else', async () => {
    const found = along(await desk('GET', 'Appointment?_id=secret&_include=*')).map(({ resourceType, id }) => `${resourceType}/${id}`)
    expect(found.sort()).toEqual(['Location/room', 'Practitioner/doctor'])
    for (const path of [
      `Patient?_id=${ann}&_revinclude=Appointment:patient&_revinclude=Encounter:subject`,
      'ServiceRequest?_id=order&_revinclude=Appointment:based-on',
    ])
      expect(along(await desk('GET', path))).toEqual([])
    expect((await desk('GET', `Patient/${ann}/$everything`)).text).not.toMatch(/"(?:Appointment|Encounter)"/)
  })

  it.each(['patient', 'reason-code', '-part-status', 'identifier'])('no page ends at what is masked: _sort=%s', async (sort) => {
    const ids: string[] = []
    for (let next: string | undefined = `Appointment?_sort=${sort}&_count=1`; next; ) {
      const page: Answer = await desk('GET', next)
      ids.push(...matched(page).map(({ id }) => id))
      const link = linkOf(page, 'next')
      const cursor = new URL(link ?? 'http://x').searchParams.get('_cursor') ?? ''
      expect(Buffer.from(cursor, 'base64url').toString()).not.toMatch(new RegExp(`${ann}|${mark}|why|tentative`, 'i'))
      next = link && below(link)
    }
    expect(ids.toSorted()).toEqual(['plain', 'secret', 'very'])
  })

  it('is not written over by who does not see what is there', async () => {
    const { json: shown, headers } = await desk('GET', 'Appointment/secret')
    const json = { 'content-type': 'application/json-patch+json' }
    const answers = [
      await desk('PUT', 'Appointment/secret', { body: shown }),
      await desk('PUT', 'Appointment/secret', { body: shown, headers: { 'if-match': 'W/"9"' } }),
      await desk('PATCH', 'Appointment/secret', { body: [{ op: 'test', path: '/comment', value: mark }], headers: json }),
      await desk('PATCH', 'Appointment/secret', { body: [{ op: 'test', path: '/comment', value: 'else' }], headers: json }),
      await desk('DELETE', 'Appointment/secret'),
      await desk('PUT', 'Encounter/secret', { body: { ...stored.at(-1), status: 'cancelled' } }),
    ]
    for (const answer of answers) expect([answer.status, tells(answer)]).toEqual([403, []])
    expect((await desk('PUT', `Appointment?reason-code=why`, { body: visit('x', 'bob') })).json.id).not.toBe('secret')
    expect((await system('GET', 'Appointment/secret')).headers.etag).toBe(headers.etag)
  })

  it('is not answered for by trying out whose it is', async () => {
    const answerFor = (actor: string) =>
      desk('POST', 'AppointmentResponse', {
        body: {
          resourceType: 'AppointmentResponse',
          appointment: ref('Appointment/soon'),
          actor: ref(actor),
          participantStatus: 'tentative',
        },
      })
    const times = { start: '2090-02-03T10:00:00Z', end: '2090-02-03T10:15:00Z', status: 'proposed' }
    await system('PUT', 'Appointment/soon', { body: visit('soon', ann, { ...times, ...labelled(act('HIV')) }) })
    const refused = await Promise.all(['Patient/bob', `Patient/${ann}`, 'HealthcareService/service', 'RelatedPerson/aunt'].map(answerFor))
    expect(new Set(refused.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(refused[0]?.status).toBe(403)
    expect((await answerFor('Practitioner/doctor')).status).toBe(201)
  })

  it('is whole for a practitioner who takes part by a post alone, and for a post by its practitioner', async () => {
    const post = (id: string, practitioner: string) => ({ resourceType: 'PractitionerRole', id, practitioner: ref(practitioner) })
    const withActor = (id: string, actor: string): Loose => ({
      ...visit(id, ann, { ...why, ...labelled(confidentiality('R')) }),
      participant: [`Patient/${ann}`, actor].map((one) => ({ actor: ref(one), status: 'accepted' })),
    })
    const session = {
      ...stored.at(-1),
      id: 'by-post',
      participant: [{ individual: ref('PractitionerRole/post') }],
      appointment: [ref('Appointment/by-post')],
    }
    for (const one of [
      { resourceType: 'Practitioner', id: 'poster' },
      post('post', 'Practitioner/poster'),
      post('other-post', 'Practitioner/clerk'),
      withActor('by-post', 'PractitionerRole/post'),
      withActor('by-name', 'Practitioner/poster'),
      session,
      { resourceType: 'Task', id: 'by-post', status: 'requested', intent: 'order', focus: ref('Appointment/by-post') },
    ])
      expect((await system('PUT', `${one.resourceType}/${one.id}`, { body: one })).status).toBe(201)
    const seen = async (user: string): Promise<unknown[]> => {
      const ask = await server.scoped('user/*.rs', { user })
      const answers = await Promise.all(
        ['Appointment/by-post', 'Encounter/by-post', 'Appointment/by-name', 'Task/by-post'].map((path) => ask('GET', path)),
      )
      const found = matched(await ask('GET', 'Appointment?_id=by-post,by-name&reason-code=why')).map(({ id }) => id)
      return [...answers.map(({ status, json }) => (json.reasonCode || json.focus ? 'whole' : status)), found.sort()]
    }
    expect(await seen('Practitioner/poster')).toEqual(['whole', 'whole', 'whole', 'whole', ['by-name', 'by-post']])
    expect(await seen('PractitionerRole/post')).toEqual(['whole', 'whole', 'whole', 'whole', ['by-name', 'by-post']])
    for (const user of ['Practitioner/clerk', 'PractitionerRole/other-post', 'Person/manager'])
      expect([user, await seen(user)]).toEqual([user, [200, 200, 200, 404, []]])
    expect((await system('DELETE', 'PractitionerRole/post')).status).toBe(204)
    await eventually(60_000, async () => (await seen('Practitioner/poster'))[0] !== 'whole')
    expect(await seen('Practitioner/poster')).toEqual([200, 200, 'whole', 404, ['by-name']])
  })

  it('is whole for the practitioner whose post has the Schedule that it was booked on', async () => {
    const post = { resourceType: 'PractitionerRole', id: 'keeper', practitioner: ref('Practitioner/keeper') }
    const day = dateIn(3)
    const times = { start: `${day}T10:00:00Z`, end: `${day}T10:30:00Z` }
    for (const one of [
      { resourceType: 'Practitioner', id: 'keeper' },
      post,
      { resourceType: 'Schedule', id: 'keeper', actor: [ref('PractitionerRole/keeper')] },
      { resourceType: 'Slot', id: 'keeper', schedule: ref('Schedule/keeper'), status: 'free', ...times },
    ])
      expect((await system('PUT', `${one.resourceType}/${one.id}`, { body: one })).status).toBe(201)
    const proposal = {
      ...{ resourceType: 'Appointment', status: 'proposed', slot: [ref('Slot/keeper')], ...times, comment: mark },
      ...labelled(confidentiality('R')),
      participant: [{ actor: ref(`Patient/${ann}`), status: 'accepted' }],
    }
    const booked = await system('POST', 'Appointment/$book', { body: parameters({ 'appt-resource': proposal }) })
    expect([booked.status, booked.text.slice(0, 300)]).toEqual([201, expect.any(String)])
    const id = booked.json.entry?.[0]?.resource.id ?? booked.json.id
    const commentFor = async (user: string) => (await (await server.scoped('user/*.rs', { user }))('GET', `Appointment/${id}`)).json.comment
    expect([await commentFor('Practitioner/keeper'), await commentFor('Practitioner/clerk')]).toEqual([mark, undefined])
  })
})
