/**
 * A visit of two patients, and whatever else names both: each of them sees it without the other, on every way to it. No
 * reference, name, status or number of the other is shown, nothing is found or ordered by it, and nothing is written over it.
 */
import { type Answer, type Ask, below, type Loose, linkOf, type RestHouse, restHouse } from './rest.ts'

const [own, other] = ['first-of-two', 'another-of-two']
/** Wherever the other patient is written of, and nowhere else. */
const mark = 'XQOTHERQX'
let server: RestHouse
let staff: Ask
let me: Ask

const ref = (reference: string, display?: string) => ({ reference, ...(display && { display }) })
const whose = [ref(`Patient/${own}`), ref(`Patient/${other}`, mark)]
const identified = { identifier: { system: 'urn:x', value: mark }, type: 'Patient', display: mark }
const text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">With ${mark}</div>` }

const resources: Loose[] = [
  {
    resourceType: 'Appointment',
    text,
    status: 'fulfilled',
    start: '2020-02-03T10:00:00Z',
    end: '2020-02-03T10:15:00Z',
    minutesDuration: 15,
    comment: 'both',
    participant: [
      { actor: whose[0], status: 'accepted' },
      { actor: whose[1], status: 'declined', period: { start: '2020-02-03' } },
      { actor: identified, status: 'tentative' },
      { actor: ref('RelatedPerson/mother', mark), status: 'tentative' },
      { actor: ref('Practitioner/doctor', 'Doctor'), status: 'accepted' },
    ],
  },
  { resourceType: 'Group', type: 'person', actual: true, quantity: 2, member: whose.map((entity) => ({ entity })) },
  { resourceType: 'Person', text, name: [{ family: 'Both' }], link: whose.map((target) => ({ target, assurance: 'level2' })) },
  { resourceType: 'Communication', status: 'completed', subject: whose[0], recipient: [...whose, ref('Practitioner/doctor')] },
  {
    resourceType: 'Provenance',
    target: whose,
    recorded: '2020-02-03T10:00:00Z',
    agent: [{ who: whose[1] }, { who: ref('Practitioner/doctor') }],
  },
  { resourceType: 'Coverage', status: 'active', beneficiary: whose[0], policyHolder: whose[1], payor: [ref('Organization/org'), whose[1]] },
].map((one) => ({ ...one, id: `both-${one.resourceType}` }))

beforeAll(async () => {
  server = await restHouse()
  staff = server.ask
  me = await server.scoped('patient/*.cruds', { patient: own })
  for (const one of [
    { resourceType: 'Patient', id: own, name: [{ family: 'Own' }] },
    { resourceType: 'Patient', id: other, name: [{ family: mark }] },
    { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Doctor' }] },
    { resourceType: 'RelatedPerson', id: 'mother', patient: ref(`Patient/${other}`), name: [{ family: mark }] },
    { ...resources[0], id: 'alone', text: undefined, participant: [{ actor: whose[0], status: 'accepted' }] },
    ...resources,
  ]) {
    const { status, text: said } = await staff('PUT', `${one.resourceType}/${one.id}`, { body: one })
    if (status !== 201) throw new Error(`PUT ${one.resourceType}: ${status} ${said.slice(0, 400)}`)
  }
})
afterAll(() => server?.close())

const visit = 'Appointment/both-Appointment'
const tellsOfOther = ({ text: said, headers }: Answer): string[] =>
  [other, mark, 'declined', 'tentative', 'mother'].filter((word) => said.includes(word) || JSON.stringify(headers).includes(word))
const batch = (url: string): Loose => ({ resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] })

const ways = [
  ['a read', visit],
  ['a read of some elements', `${visit}?_elements=participant`],
  ['a summary', `${visit}?_summary=true`],
  ['XML', `${visit}?_format=xml`],
  ['a version', `${visit}/_history/1`],
  ['its history', `${visit}/_history`],
  ['the history of the type', 'Appointment/_history'],
  ['the history of everything', '_history'],
  ['a search', 'Appointment?date=2020-02-03'],
  ['a search of several types', '?_type=Appointment,Group,Person'],
  ['the compartment', `Patient/${own}/Appointment`],
  ['all of the compartment', `Patient/${own}/*`],
  ['$everything', `Patient/${own}/$everything`],
  [
    'an include that leads away and back',
    `Appointment?_id=both-Appointment&_include=*&_revinclude:iterate=Appointment:practitioner&_include:iterate=*`,
  ],
  ['a revinclude', 'Practitioner?_id=doctor&_revinclude=Appointment:practitioner&_revinclude=Communication:recipient&_include:iterate=*'],
  [
    'the other types by themselves',
    `Patient?_id=${own}&_revinclude=Group:member&_revinclude=Person:patient&_revinclude=Communication:recipient&_include:iterate=*`,
  ],
] as const

describe('what names two patients', () => {
  it.each(ways)('is shown to one of them without the other by %s', async (_way, path) => {
    const answer = await me('GET', path)
    expect([path, answer.status, answer.text.includes('both'), tellsOfOther(answer)]).toEqual([path, 200, true, []])
    const head = await me('HEAD', path)
    expect([head.status, head.headers['content-length']]).toEqual([200, answer.headers['content-length']])
    if (/^[_?]|_format|\*$/.test(path)) return
    const { json } = await me('POST', '', { body: batch(path) })
    expect([json.entry[0].response.status.slice(0, 3), tellsOfOther({ ...answer, text: JSON.stringify(json) })]).toEqual(['200', []])
  })

  it('of a visit there are left the patient and the clinic, and a label says that it is not the whole', async () => {
    const [shown, whole] = [(await me('GET', visit)).json, (await staff('GET', visit)).json]
    expect(shown.participant).toEqual([resources[0].participant[0], resources[0].participant[4]])
    expect(shown.meta.security).toEqual([{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'REDACTED' }])
    expect([shown.start, shown.comment, shown.minutesDuration, shown.text]).toEqual([whole.start, 'both', 15, undefined])
    expect([whole.participant, whole.meta.security]).toEqual([resources[0].participant, undefined])
    expect((await me('GET', 'Appointment/alone')).json.meta.security).toBeUndefined()
  })

  it('neither a Group’s number of members nor a single reference tells', async () => {
    const [group, coverage, provenance] = await Promise.all(
      ['Group', 'Coverage', 'Provenance'].map(async (type) => (await me('GET', `${type}/both-${type}`)).json),
    )
    expect([group.member, group.quantity]).toEqual([[{ entity: whose[0] }], undefined])
    const masked = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }] }
    expect([coverage.policyHolder, coverage.payor]).toEqual([masked, [ref('Organization/org')]])
    expect([provenance.target, provenance.agent]).toEqual([[whose[0]], [{ who: ref('Practitioner/doctor') }]])
  })

  it.each([
    `Appointment?patient=Patient/${other}`,
    `Appointment?patient=${other}`,
    `Appointment?actor=Patient/${other}`,
    `Appointment?actor:Patient=${other}`,
    `Appointment?actor:identifier=urn:x|${mark}`,
    'Appointment?actor=RelatedPerson/mother',
    'Appointment?part-status=declined',
    `Communication?_content=${mark}`,
    `Person?_text=${mark}`,
    `Appointment?actor:Patient.name=${mark}`,
    `Patient/${own}/Appointment?patient=Patient/${other}`,
    `Patient/${other}/Appointment?status=fulfilled`,
    `Practitioner?_has:Appointment:practitioner:patient=Patient/${other}`,
    'Practitioner?_has:Appointment:practitioner:part-status=declined',
    `Group?member=Patient/${other}`,
    `Person?patient=Patient/${other}`,
    `Communication?recipient=Patient/${other}`,
    `Provenance?agent=Patient/${other}`,
    `Coverage?policy-holder=Patient/${other}`,
    `Group?_has:Provenance:target:agent=Patient/${other}`,
  ])('is not found by one of them by the other: %s', async (path) => {
    for (const more of ['', '&_summary=count', '&_total=accurate&_count=0']) {
      const { json } = await me('GET', path + more)
      expect([path, json.total, (json.entry ?? []).length]).toEqual([path, 0, 0])
    }
    if (!path.includes(':identifier') && !path.includes('Group?_has')) expect((await staff('GET', path)).json.total).toBeGreaterThan(0)
  })

  it('is found beside the other as it is by itself', async () => {
    const total = async (query: string) => (await me('GET', `Appointment?${query}&_total=accurate`)).json.total
    expect([await total('status=fulfilled'), await total(`patient=Patient/${own},Patient/${other}`)]).toEqual([2, 2])
  })

  it.each(['patient', 'actor', 'part-status', '-patient'])('no page ends at the other: _sort=%s', async (sort) => {
    const ids: string[] = []
    for (let next: string | undefined = `Appointment?_sort=${sort}&_count=1`; next; ) {
      const page: Answer = await me('GET', next)
      ids.push(...page.json.entry.map(({ resource }: Loose) => resource.id))
      const link = linkOf(page, 'next')
      const cursor = new URL(link ?? 'http://x').searchParams.get('_cursor') ?? ''
      expect(Buffer.from(cursor, 'base64url').toString()).not.toMatch(new RegExp(`${other}|declined`))
      next = link && below(link)
    }
    expect(ids.toSorted()).toEqual(['alone', 'both-Appointment'])
  })

  it('is for the clinic to change: what is shown of it, written back, would put the other out', async () => {
    for (const one of resources) {
      const path = `${one.resourceType}/${one.id}`
      const { json: shown, headers } = await me('GET', path)
      const json = { 'content-type': 'application/json-patch+json' }
      const answers = [
        await me('PUT', path, { body: shown }),
        await me('PUT', path, { body: shown, headers: { 'if-match': 'W/"9"' } }),
        await me('PATCH', path, { body: [{ op: 'test', path: '/participant/1/status', value: 'declined' }], headers: json }),
        await me('PATCH', path, { body: [{ op: 'test', path: '/participant/1/status', value: 'accepted' }], headers: json }),
        await me('DELETE', path),
      ]
      for (const answer of answers) expect([path, answer.status, tellsOfOther(answer)]).toEqual([path, 403, []])
      expect((await staff('GET', path)).headers.etag).toBe(headers.etag)
    }
  })

  it('is made by nobody who is confined to one of them', async () => {
    for (const { id: _id, ...one } of resources) {
      const answer = await me('POST', one.resourceType, { body: one })
      expect([one.resourceType, answer.status]).toEqual([one.resourceType, 403])
    }
  })
})
