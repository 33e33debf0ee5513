/**
 * Search of the compartments of a Practitioner, a RelatedPerson, an Encounter and a Device, against a table made by hand from
 * R4's definitions. https://hl7.org/fhir/R4/compartmentdefinition-practitioner.html (and -relatedPerson -encounter -device)
 * The Patient's is in search-types.test.ts.
 */
import { type Ask, below, type Loose, linkOf, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask

const ref = (reference: string) => ({ reference })
const visit = (...actors: string[]) => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: actors.map((actor) => ({ actor: ref(actor), status: 'accepted' })),
})
const encounter = (more: object) => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { code: 'AMB' },
  subject: ref('Patient/ada'),
  ...more,
})
const message = (more: object) => ({ resourceType: 'Communication', status: 'completed', subject: ref('Patient/ada'), ...more })
const answers = (more: object) => ({ resourceType: 'QuestionnaireResponse', status: 'completed', subject: ref('Patient/ada'), ...more })
const order = (more: object) => ({
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: ref('Patient/ada'),
  ...more,
})
const cover = (more: object) => ({
  resourceType: 'Coverage',
  status: 'active',
  beneficiary: ref('Patient/ada'),
  payor: [ref('Organization/org')],
  ...more,
})
const signed = (who: string) => ({
  resourceType: 'Provenance',
  target: [ref('Patient/ada')],
  recorded: '2026-01-01T00:00:00Z',
  agent: [{ who: ref(who) }],
})
const group = (member: string, type: string) => ({ resourceType: 'Group', type, actual: true, member: [{ entity: ref(member) }] })
const answered = (visited: string, actor: string) => ({
  resourceType: 'AppointmentResponse',
  appointment: ref(`Appointment/${visited}`),
  actor: ref(actor),
  participantStatus: 'accepted',
})

/** By id: each is in the compartments that the tables below say, and in no other of them. */
const stored: Readonly<Record<string, Loose>> = {
  org: { resourceType: 'Organization', name: 'Clinic' },
  ada: { resourceType: 'Patient' },
  ben: {
    resourceType: 'Patient',
    generalPractitioner: [ref('Practitioner/doc')],
    link: [{ other: ref('RelatedPerson/mum'), type: 'seealso' }],
  },
  doc: { resourceType: 'Practitioner' },
  other: { resourceType: 'Practitioner' },
  mum: { resourceType: 'RelatedPerson', patient: ref('Patient/ada') },
  scan: { resourceType: 'Device' },
  role: { resourceType: 'PractitionerRole', practitioner: ref('Practitioner/doc') },
  plan: { resourceType: 'Schedule', actor: [ref('Practitioner/doc')] },
  times: { resourceType: 'Schedule', actor: [ref('Device/scan')] },
  one: visit('Patient/ada', 'Practitioner/doc', 'Device/scan'),
  two: visit('Patient/ben', 'Practitioner/doc', 'RelatedPerson/mum'),
  three: visit('Patient/ada', 'Practitioner/other'),
  yes: answered('one', 'Practitioner/doc'),
  'yes-mum': answered('two', 'RelatedPerson/mum'),
  past: encounter({ participant: [{ individual: ref('Practitioner/doc') }, { individual: ref('RelatedPerson/mum') }] }),
  alone: encounter({}),
  sent: message({ sender: ref('Practitioner/doc'), encounter: ref('Encounter/past') }),
  got: message({ recipient: [ref('Practitioner/doc'), ref('RelatedPerson/mum')] }),
  told: message({ sender: ref('Device/scan'), recipient: [ref('Practitioner/other')] }),
  team: group('Practitioner/doc', 'practitioner'),
  machines: group('Device/scan', 'device'),
  human: { resourceType: 'Person', link: [{ target: ref('Practitioner/doc') }] },
  relative: { resourceType: 'Person', link: [{ target: ref('RelatedPerson/mum') }] },
  seal: signed('Practitioner/doc'),
  stamp: signed('Device/scan'),
  wrote: answers({ author: ref('Practitioner/doc'), encounter: ref('Encounter/past') }),
  said: answers({ source: ref('RelatedPerson/mum') }),
  asked: order({ requester: ref('Practitioner/doc'), encounter: ref('Encounter/past') }),
  done: order({ performer: [ref('Practitioner/doc')] }),
  helps: order({ performer: [ref('RelatedPerson/mum')], requester: ref('Device/scan') }),
  holds: cover({ policyHolder: ref('RelatedPerson/mum') }),
  subscribes: cover({ subscriber: ref('RelatedPerson/mum') }),
  pays: cover({ payor: [ref('RelatedPerson/mum')] }),
}

/** First what others refer to. */
const inOrder = Object.entries(stored).toSorted(([, a], [, b]) => Number(hasOthers(a)) - Number(hasOthers(b)))
function hasOthers(resource: Loose): boolean {
  return JSON.stringify(resource).includes('"reference"')
}

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  for (const [id, one] of inOrder) {
    const answer = await ask('PUT', `${one.resourceType}/${id}`, { body: { ...one, id } })
    if (answer.status !== 201) throw new Error(answer.text)
  }
})
afterAll(() => server?.close())

const ids = (resources: Loose[]): string[] => resources.map(({ id }) => id).toSorted()
const strict = { headers: { prefer: 'handling=strict' } }

async function pages(path: string, asker = ask): Promise<string[]> {
  const all: Loose[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await asker('GET', next, strict)
    if (answer.status !== 200) throw new Error(`${next}: ${answer.text}`)
    all.push(...matched(answer))
    const link = linkOf(answer, 'next')
    next = link && below(link)
  }
  return ids(all)
}

const compartments: readonly [string, Readonly<Record<string, readonly string[]>>][] = [
  [
    'Practitioner/doc',
    {
      Appointment: ['one', 'two'],
      AppointmentResponse: ['yes'],
      Communication: ['got', 'sent'],
      Encounter: ['past'],
      Group: ['team'],
      Patient: ['ben'],
      Person: ['human'],
      Practitioner: ['doc'],
      PractitionerRole: ['role'],
      Provenance: ['seal'],
      QuestionnaireResponse: ['wrote'],
      Schedule: ['plan'],
      ServiceRequest: ['asked', 'done'],
    },
  ],
  [
    'RelatedPerson/mum',
    {
      Appointment: ['two'],
      AppointmentResponse: ['yes-mum'],
      Communication: ['got'],
      Coverage: ['holds', 'pays', 'subscribes'],
      Encounter: ['past'],
      Patient: ['ben'],
      Person: ['relative'],
      Provenance: [],
      QuestionnaireResponse: ['said'],
      RelatedPerson: ['mum'],
      Schedule: [],
      ServiceRequest: ['helps'],
    },
  ],
  ['Encounter/past', { Communication: ['sent'], Encounter: ['past'], QuestionnaireResponse: ['wrote'], ServiceRequest: ['asked'] }],
  [
    'Device/scan',
    {
      Appointment: ['one'],
      AppointmentResponse: [],
      Communication: ['told'],
      Group: ['machines'],
      Provenance: ['stamp'],
      QuestionnaireResponse: [],
      Schedule: ['times'],
      ServiceRequest: ['helps'],
    },
  ],
  ['Practitioner/nobody', { Appointment: [], Practitioner: [], Encounter: [] }],
]

describe.each(compartments)('the compartment of %s', (whose, placed) => {
  it('holds of each type what R4 puts there', async () => {
    for (const [type, expected] of Object.entries(placed)) {
      const answer = await ask('GET', `${whose}/${type}?_total=accurate`, strict)
      expect([type, answer.status, ids(matched(answer)), answer.json.total]).toEqual([type, 200, expected, expected.length])
      const self = linkOf(answer, 'self') ?? ''
      expect(self.slice(self.indexOf('/fhir/'))).toBe(`/fhir/${whose}/${type}?_total=accurate`)
    }
  })

  it('is searched as a whole, page by page and in an order', async () => {
    const all = Object.values(placed).flat().toSorted()
    expect(await pages(`${whose}/*`)).toEqual(all)
    expect(await pages(`${whose}/*?_count=2`)).toEqual(all)
    expect(await pages(`${whose}/*?_sort=-_lastUpdated&_count=3`)).toEqual(all)
    expect((await ask('GET', `${whose}/*?_summary=count`)).json.total).toBe(all.length)
  })
})

it('takes the parameters, the includes and the ways of any search', async () => {
  const found = async (path: string) => ids(matched(await ask('GET', path, strict)))
  expect(await found('Practitioner/doc/Appointment?patient=Patient/ben')).toEqual(['two'])
  expect(await found('Practitioner/doc/Communication?sender=Practitioner/doc')).toEqual(['sent'])
  expect(await found('Practitioner/doc/Communication?encounter:missing=true')).toEqual(['got'])
  expect(await found('Practitioner/doc/*?_type=Schedule,Group')).toEqual(['plan', 'team'])
  expect(await found('Practitioner/doc/Practitioner?_id=other')).toEqual([])
  const along = await ask('GET', 'Practitioner/doc/Appointment?patient=Patient/ben&_include=Appointment:patient', strict)
  expect(along.json.entry.map(({ resource }: Loose) => resource.id)).toEqual(['two', 'ben'])
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const posted = await ask('POST', 'Encounter/past/ServiceRequest/_search', { body: 'status=active', headers: form })
  expect(ids(matched(posted))).toEqual(['asked'])
  const batch = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Device/scan/Appointment' } }] }
  expect(ids(matched({ ...posted, json: (await ask('POST', '', { body: batch })).json.entry[0].resource }))).toEqual(['one'])
})

it.each([
  ['Practitioner/doc/Slot', 404],
  ['Practitioner/doc/Coverage', 404],
  ['Encounter/past/Appointment', 404],
  ['Encounter/past/AuditEvent', 404],
  ['Practitioner/doc/Nothing', 404],
  ['Location/org/Appointment', 404],
  ['Practitioner/doc/Appointment?_id', 200],
])('%s is %i', async (path, status) => {
  const answer = await ask('GET', path)
  expect([answer.status, answer.json.resourceType]).toEqual([status, status === 200 ? 'Bundle' : 'OperationOutcome'])
})

it('opens nothing that the search by itself would not', async () => {
  const ada = await server.scoped('patient/*.rs', { patient: 'ada' })
  expect(await pages('Practitioner/doc/Appointment', ada)).toEqual(['one'])
  expect(await pages('Practitioner/doc/Patient', ada)).toEqual([])
  for (const [path, plain] of [
    ['RelatedPerson/mum/Appointment', 'Appointment?actor=RelatedPerson/mum'],
    ['RelatedPerson/mum/Encounter', 'Encounter?participant=RelatedPerson/mum'],
    ['Encounter/past/ServiceRequest', 'ServiceRequest?encounter=Encounter/past'],
    ['Practitioner/doc/Group', 'Group?member=Practitioner/doc'],
  ] as const)
    expect([path, await pages(path, ada)]).toEqual([path, await pages(plain, ada)])
  const visits = await server.scoped('user/Appointment.rs')
  expect((await visits('GET', 'Practitioner/doc/Schedule')).status).toBe(403)
  expect(await pages('Practitioner/doc/*', visits)).toEqual(['one', 'two'])
  const granular = await server.scoped('user/Appointment.rs?patient=Patient/ben')
  expect(await pages('Practitioner/doc/Appointment', granular)).toEqual(['two'])
})

it('leaves its record, which says at which address it was asked', async () => {
  await ask('GET', 'Practitioner/doc/Appointment?_count=7')
  const rows = await server.house.pool.query<{ patients: string[] }>({
    text: `select distinct patients from audit_event where query = 'Practitioner/doc/Appointment?_count=7'`,
    values: [],
  })
  expect(rows.map(({ patients }) => patients.toSorted())).toEqual([['ada', 'ben']])
})

it('of AuditEvents are those of what its Practitioner did', async () => {
  const doctor = await server.scoped('user/*.rs', { user: 'Practitioner/doc' })
  await doctor('GET', 'Patient/ada')
  const { json } = await ask('GET', 'Practitioner/doc/AuditEvent')
  expect(json.entry.map(({ resource }: Loose) => resource.agent[0].who.reference)).toEqual(['Practitioner/doc'])
  expect((await ask('GET', 'Practitioner/doc/AuditEvent?agent=Practitioner/other')).json.total).toBe(0)
  expect((await ask('GET', 'Practitioner/other/AuditEvent')).json.total).toBe(0)
})
