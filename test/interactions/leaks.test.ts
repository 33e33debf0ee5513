/**
 * Somebody whose token reaches one patient alone, or what a granular scope lets through, tries every address and every
 * detour to learn of another patient. Two houses that differ in that patient alone must answer alike (`two-worlds.ts`), and
 * what is shown of the patient who asks has left its AuditEvent.
 */

import { systemIds } from '../../src/base/ids.ts'
import { routes } from '../../src/http/routes.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import { eventually, parameters } from '../support/house.ts'
import { type Answer, type Ask, type Loose, matched } from './rest.ts'
import { type Attack, belongings, keptOut, other, own, ownMark, plain, secret, startIn, twoWorlds, type World } from './two-worlds.ts'

let worlds: readonly [World, World]
let close: () => Promise<void>
let slots: readonly string[]

beforeAll(async () => {
  const built = await twoWorlds()
  worlds = built.worlds
  close = built.close
  const found = await Promise.all(
    worlds.map(async ({ ask }) =>
      (await ask('GET', 'Slot?schedule=Schedule/doctors&_sort=start&_count=200')).json.entry.map(({ resource }: Loose) => resource.id),
    ),
  )
  expect(found[0]).toEqual(found[1])
  slots = found[0] ?? []
}, 60_000)
afterAll(() => close?.())

type Asker = (world: World) => Promise<Ask>

const asking = (scope: string, more: { patient?: string; user?: string } = {}): Asker => {
  const known = new WeakMap<World, Promise<Ask>>()
  return (world) => {
    const ask = known.get(world) ?? world.scoped(scope, more)
    known.set(world, ask)
    return ask
  }
}

const patient = asking('patient/*.cruds', { patient: own })

/** By types that hold patients' data. */
const ownedTypes = belongings(own, ownMark).map(({ resourceType }) => resourceType as string)
const identified = belongings(own, ownMark).flatMap(({ resourceType, identifier }) => (identifier ? [resourceType as string] : []))

/** Everything that carries the mark of what is the asker's, as granular scopes say it, and the clinic's directory. */
const granular = asking(
  [
    ...identified.map((type) => `user/${type}.rs?identifier=urn:x|${ownMark}`),
    `user/Schedule.rs?_id=${own}-Schedule,doctors`,
    ...['Practitioner', 'Location', 'Organization', 'HealthcareService', 'Slot'].map((type) => `user/${type}.rs`),
  ].join(' '),
  { user: 'Practitioner/doctor' },
)

const auditRows = async ({ house }: World, id: string): Promise<number> => {
  const [row] = await house.pool.query<{ n: number }>({
    text: 'select count(*)::int as n from audit_event where patients @> array[$1]',
    values: [id],
  })
  return row?.n ?? 0
}

/** Sends it to both houses, one after the other: in what they differ, or what was not written down. */
async function tried(asker: Asker, { method, path, asking: more = {} }: Attack): Promise<string | undefined> {
  const [first, second] = worlds
  const before = await auditRows(first, own)
  const [one, two] = [await (await asker(first))(method, path, more), await (await asker(second))(method, path, more)]
  const what = `${method} ${path} ${JSON.stringify(more.body ?? '').slice(0, 200)}`
  const [there, here] = [plain(one, first.origin), plain(two, second.origin)]
  if (there !== here) return `${what}: ${differenceOf(there, here)}`
  if (one.status >= 500) return `${what}: ${one.status}`
  const isShown = one.text.includes(ownMark) && !JSON.stringify(more.body ?? '').includes(ownMark) && !path.includes(ownMark)
  if (isShown && one.status < 300 && (await auditRows(first, own)) === before) return `${what}: shown without an AuditEvent`
  return undefined
}

function differenceOf(one: string, two: string): string {
  const at = [...one].findIndex((letter, place) => letter !== two[place])
  const from = Math.max(0, at - 60)
  return `"${one.slice(from, at + 140)}" where the other is not there "${two.slice(from, at + 140)}"`
}

const get = (path: string): Attack => ({ method: 'GET', path })
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Attack => ({
  method: 'POST',
  path,
  asking: { body, headers },
})
const form = (path: string, body: string): Attack => post(path, body, { 'content-type': 'application/x-www-form-urlencoded' })

const allIds = (type: string): string[] =>
  type === 'Patient'
    ? [own, other, 'third', 'nobody']
    : [`${own}-${type}`, `${other}-${type}`, `handed-${type}`, `deleted-${type}`, 'nobody']

const types = [
  ...ownedTypes,
  'Slot',
  'Practitioner',
  'Location',
  'Organization',
  'AuditEvent',
  'Binary',
  'Subscription',
  'Endpoint',
  'Questionnaire',
]

/** Every reading address of the table of routes, for every type and id. */
function readings(): Attack[] {
  const paths = routes.flatMap(([method, pattern]): string[] => {
    if (method !== 'GET') return []
    const named = pattern.slice(1)
    const withTypes = named.includes(':type')
      ? types.map((type) => [type, named.replace(':type', type)] as const)
      : [[named.split('/')[0] ?? '', named] as const]
    return withTypes.flatMap(([type, path]) => {
      if (!path.includes(':id')) return [path]
      const ids = path.startsWith('Patient/') ? allIds('Patient') : allIds(type)
      return ids.flatMap((id) => ['1', '2'].map((vid) => path.replace(':id', id).replace(':vid', vid)))
    })
  })
  return [...new Set(paths)].filter((path) => path !== '').map(get)
}

/** Searches that would find the other patient, or count them, were they not confined. */
const detours = [
  'Patient',
  'Patient?_count=0',
  'Patient?_summary=count',
  'Patient?_total=accurate&_count=1',
  `Patient?_id=${other}`,
  `Patient?identifier=urn:x|${secret}`,
  `Patient?name=${secret}`,
  `Patient?name:contains=SECRET&_count=0`,
  `Patient?phonetic=${secret}`,
  'Patient?_sort=family&_count=1',
  'Patient?_has:Appointment:patient:status=booked&_count=0',
  'Patient?link:missing=true&_count=0',
  `Patient?_has:Group:member:_has:Appointment:patient:_id=${other}-Appointment`,
  'Practitioner?_has:Patient:general-practitioner:family=xqsecretqx',
  `Practitioner?_has:Appointment:practitioner:_id=${other}-Appointment`,
  `Practitioner?_has:Encounter:participant:_id=${other}-Encounter`,
  `Practitioner?_has:ServiceRequest:performer:subject:Patient.identifier=urn:x|${secret}`,
  `Practitioner?_has:Communication:recipient:_id=${other}-Communication`,
  `Practitioner?_has:AuditEvent:agent:patient=${other}`,
  'Practitioner?_revinclude=Patient:general-practitioner&_revinclude=Appointment:practitioner&_revinclude=Encounter:participant&_revinclude=*',
  'Practitioner?_revinclude=*&_include:iterate=*&_revinclude:iterate=*',
  'Organization?_revinclude=Patient:organization&_revinclude=Coverage:payor&_revinclude:iterate=*',
  `Organization?_has:Coverage:payor:identifier=urn:x|${secret}`,
  `Organization?_has:Patient:organization:_id=${other}`,
  `Location?_has:Device:location:_id=${other}-Device`,
  'Location?_revinclude=Device:location&_revinclude=Appointment:location',
  'Appointment?_include=*&_revinclude=*',
  `Appointment?patient=Patient/${other}&_total=accurate`,
  'Appointment?date=ge2019&_sort=-date&_count=2',
  `Appointment?patient.identifier=urn:x|${secret}`,
  `Appointment?actor:Patient._id=${other}`,
  `Appointment?practitioner._has:Patient:general-practitioner:family=${secret}`,
  `Appointment?actor:Practitioner._has:Appointment:practitioner:_id=${other}-Appointment`,
  'Appointment?status:not=proposed&_count=0',
  'Appointment?patient:missing=false&_summary=count',
  'Schedule?_revinclude=Slot:schedule&_include=Schedule:actor&_count=3',
  `Schedule?actor=Patient/${other}`,
  'Schedule?actor:missing=false&_count=0',
  'Device?_count=0',
  `Device?patient=Patient/${other}`,
  `Slot?schedule=Schedule/${other}-Schedule`,
  `Slot?schedule.actor=Patient/${other}&_count=0`,
  `Slot?schedule.actor:Patient.identifier=urn:x|${secret}&_count=0`,
  'Group?_include=Group:member&_include:iterate=*',
  `Group?member=Patient/${other}`,
  'Person?_include=Person:patient&_revinclude=*',
  'Task?_include=*&_count=50',
  `Task?focus.patient=Patient/${other}`,
  'Provenance?_include=Provenance:target',
  `Provenance?target=Patient/${other}`,
  `Consent?patient.family=${secret}`,
  'AuditEvent?_count=1000',
  `AuditEvent?patient=Patient/${other}`,
  `AuditEvent?entity=Patient/${other}`,
  `AuditEvent?entity=Appointment/${other}-Appointment&_count=0`,
  `Patient/${own}/Appointment?_include=*`,
  `Patient/${other}/Appointment`,
  `Patient/${other}/AuditEvent`,
  `Patient/${other}/Coverage?_count=0`,
  `Patient/${other}/*?_count=0`,
  `Patient/${own}/*?_revinclude=*`,
  `Patient/${other}/$everything`,
  'Patient/$everything?_count=5',
  '?_type=Patient,Appointment,Coverage,Group&_count=0',
  '?_type=Patient,Appointment,Coverage,Group&_lastUpdated=gt2020',
  `?_type=Patient,Person&_id=${other}`,
  '_history?_count=200',
  '_history?_count=3&_since=2020-01-01',
  ...ownedTypes.flatMap((type) => [
    type,
    `${type}?_count=0&_total=accurate`,
    `${type}?_count=1&_total=accurate`,
    `${type}?_id=${other}-${type},${own}-${type}`,
    `${type}?_content=${secret}`,
    `${type}?_text=${secret}`,
    `${type}?identifier=urn:x|${secret}&_count=0`,
    `${type}?_has:Provenance:target:_id=${other}-Provenance&_count=0`,
    `${type}?_lastUpdated=gt2020&_summary=count`,
    `${type}/_history`,
    `${type}/_history?_count=1`,
  ]),
]

/** Writes that say by their answer whether something is there that meets criteria. */
function oracles(): Attack[] {
  const mine = belongings(own, 'XQNEWQX')
  const criteria = (type: string) => [
    `identifier=urn:x|${secret}`,
    `_id=${other}-${type}`,
    `_lastUpdated=gt2020&identifier=urn:x|${secret},urn:x|nobody`,
  ]
  return mine.flatMap(({ id: _id, ...resource }) => {
    const type = resource.resourceType
    return criteria(type).flatMap((query): Attack[] => [
      post(type, resource, { 'if-none-exist': query }),
      { method: 'PUT', path: `${type}?${query}`, asking: { body: resource } },
      { method: 'DELETE', path: `${type}?${query}` },
      { method: 'PATCH', path: `${type}?${query}`, asking: { body: [], headers: { 'content-type': 'application/json-patch+json' } } },
      {
        method: 'PATCH',
        path: `${type}?${query}`,
        asking: { body: [], headers: { 'content-type': 'application/json-patch+json', 'if-match': 'W/"7"' } },
      },
    ])
  })
}

const bundle = (type: 'batch' | 'transaction', entry: Loose[]) => ({ resourceType: 'Bundle', type, entry })
const inBundles = (paths: readonly string[]): Attack[] =>
  (['batch', 'transaction'] as const).flatMap((type) =>
    Array.from({ length: Math.ceil(paths.length / 40) }, (_, i) => paths.slice(i * 40, i * 40 + 40)).map((some) =>
      post(
        '',
        bundle(
          type,
          some.map((url) => ({ request: { method: 'GET', url } })),
        ),
      ),
    ),
  )

const visit = (more: object = {}) => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: [own].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
  ...more,
})

const named = (identifier: string) => ({ valueReference: { identifier: { system: 'urn:x', value: identifier } } })

/** Operations that are handed what is not the asker's. */
function operations(): Attack[] {
  const [slot = ''] = slots.slice(40)
  const whole = belongings(other, secret)[0] ?? {}
  const bodies = [
    parameters({ patient: `Patient/${other}` }),
    parameters({ patient: named(secret) }),
    parameters({ patient: named('nobody-at-all') }),
    parameters({ patient: { valueIdentifier: { system: 'urn:x', value: secret } } }),
    parameters({ 'patient-resource': whole }),
    parameters({ 'patient-resource': { ...whole, id: undefined, identifier: undefined } }),
    parameters({ 'appt-id': `Appointment/${other}-Appointment` }),
    parameters({ 'appointment-reference': named(secret) }),
    parameters({ 'appt-id': named(secret) }),
    parameters({ 'cancelled-appt-id': `Appointment/${other}-Appointment` }),
    parameters({ 'referral-identifier': { valueIdentifier: { system: 'urn:x', value: secret } } }),
    parameters({ 'referral-identifier': `urn:x|${secret}` }),
    parameters({ 'insurance-reference': `Coverage/${other}-Coverage` }),
    parameters({ schedule: `Schedule/${other}-Schedule`, start: { valueDateTime: startIn(3) } }),
    parameters({ schedule: named(secret) }),
    parameters({ 'appt-resource': visit({ participant: [{ actor: { reference: `Patient/${other}` }, status: 'accepted' }] }) }),
    parameters({ resource: whole }),
    parameters({ mode: { valueCode: 'delete' } }),
    parameters({ mode: { valueCode: 'update' }, resource: whole }),
  ]
  const places = routes.flatMap(([method, pattern]) => {
    if (method !== 'POST' || !pattern.includes('$')) return []
    const path = pattern.slice(1)
    const type = path.startsWith(':type') ? undefined : path.split('/')[0]
    const typed =
      type === undefined
        ? ['Patient', 'Appointment', 'Group'].map((one) => [one, path.replace(':type', one)] as const)
        : [[type, path] as const]
    return typed.flatMap(([one, at]) => {
      if (!at.includes(':id')) return [at]
      const ids =
        one === 'Slot'
          ? [slot]
          : one === 'Schedule'
            ? ['doctors', `${other}-Schedule`]
            : allIds(one).filter((id) => id.startsWith(other) || id.startsWith('deleted'))
      return ids.map((id) => at.replace(':id', id))
    })
  })
  return places.flatMap((path) => bodies.map((body) => post(path, body)))
}

const finds = ['Slot/$find-slots', 'Schedule/doctors/$find-slots', `Schedule/${other}-Schedule/$find-slots`, 'Appointment/$find'].flatMap(
  (path) =>
    [
      '_count=2',
      '_count=2&_include=Slot:schedule&_include=Schedule:actor',
      '_count=2&_include=*',
      `_count=2&patient=Patient/${other}`,
      `_count=2&patient=urn:x|${secret}`,
      `_count=2&schedule=urn:x|${secret}`,
      `_count=2&referral-identifier=urn:x|${secret}`,
    ].map((query) => get(`${path}?${query}`)),
)

async function learnt(asker: Asker, attacks: readonly Attack[]): Promise<string[]> {
  const found: string[] = []
  for (const attack of attacks) found.push(...[await tried(asker, attack)].flatMap((one) => one ?? []))
  return found
}

const all = async (asker: Asker, attacks: readonly Attack[]): Promise<void> => expect(await learnt(asker, attacks)).toEqual([])

/** Staff who may do anything, but for what a Consent keeps from them. */
const staff = asking('user/*.cruds', { user: keptOut })

/** Who may make Patients is told by a 409 that one is possibly known, so that nobody is made twice; of whom is not said. */
const makesPatients = ({ asking: { body } = {} }: Attack): boolean => JSON.stringify(body).includes('patient-resource')

const askers: readonly [string, Asker][] = [
  // First: what the others have written of people who are not there is no Consent's to keep.
  ['staff from whom a Consent keeps it', staff],
  ['a patient', patient],
  ['a granular scope', granular],
]

describe.each(askers)('%s learns nothing of another patient', (_who, asker) => {
  it('by any reading address', () => all(asker, readings()), 120_000)
  it('by any detour of a search', () => all(asker, detours.map(get)), 120_000)
  it(
    'by searching with POST, in a batch or in a transaction',
    () =>
      all(asker, [
        ...detours
          .filter((one) => /^[A-Z]\w+\?/.test(one))
          .map((one) => form(one.replace('?', '/_search?').split('?')[0] ?? '', one.split('?')[1] ?? '')),
        ...inBundles(detours),
      ]),
    120_000,
  )
  it('by finding times', () => all(asker, finds), 60_000)
  it('by criteria of a write', () => all(asker, oracles()), 120_000)
  it(
    'by an operation',
    () =>
      all(
        asker,
        operations().filter((one) => asker !== staff || !makesPatients(one)),
      ),
    120_000,
  )
})

describe('a patient who brings somebody else along', () => {
  const joint = (days: number, more: object = {}) => ({
    resourceType: 'Appointment',
    status: 'booked',
    start: startIn(days),
    end: startIn(days, '09:15:00'),
    slot: [{ reference: `Slot/doctors-${startIn(days).slice(0, 10).replaceAll('-', '')}0900` }],
    participant: [`Patient/${own}`, `Patient/${other}`, 'Practitioner/doctor'].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    })),
    ...more,
  })

  it('is not told when they have a visit of their own', async () => {
    await all(patient, [
      post('Appointment', joint(5)),
      { method: 'PUT', path: 'Appointment/joint', asking: { body: joint(5, { id: 'joint' }) } },
      post('', bundle('transaction', [{ resource: joint(5), request: { method: 'POST', url: 'Appointment' } }])),
      post('Appointment/$book', joint(5, { status: 'proposed' })),
      post('Appointment', joint(5, { status: 'proposed', slot: undefined })),
    ])
  })
})

/** Whether an id is taken these tell, as any PUT must that may also create; of whom, or which version, they do not. */
function directWrites(type: string): Attack[] {
  const body = { ...belongings(own, 'XQNEWQX').find(({ resourceType }) => resourceType === type), id: `${other}-${type}` }
  const path = `${type}/${other}-${type}`
  const patchBody = { body: [{ op: 'test', path: '/id', value: 'x' }] }
  const matches: Record<string, string>[] = [{}, { 'if-match': 'W/"1"' }, { 'if-match': 'W/"7"' }]
  return matches.flatMap((headers): Attack[] => [
    { method: 'PUT', path, asking: { body, headers } },
    { method: 'PATCH', path, asking: { ...patchBody, headers: { ...headers, 'content-type': 'application/json-patch+json' } } },
    { method: 'DELETE', path, asking: { headers } },
  ])
}

it('A patient is answered alike whatever they write over what is another’s, and changes nothing', async () => {
  const [first] = worlds
  const ask = await patient(first)
  for (const type of ownedTypes.filter((one) => one !== 'Patient')) {
    const versionOf = async () => (await first.ask('GET', `${type}/${other}-${type}`)).headers.etag
    const before = await versionOf()
    for (const { method, path, asking: more } of directWrites(type)) {
      const { status, headers, text } = await ask(method, path, more)
      expect([type, method, status, headers.etag, text.includes(secret)]).toEqual([type, method, 403, undefined, false])
    }
    expect(await versionOf()).toBe(before)
  }
})

/** What only the first house has from here on: the two are not compared any more. */
describe('what is partly another’s', () => {
  it('a Schedule that belongs to another patient too, and its actors, do not come along with free times', async () => {
    const [{ ask }] = worlds
    const schedule = (await ask('GET', 'Schedule/doctors')).json
    const actor = [...schedule.actor, { reference: `Patient/${other}` }]
    expect((await ask('PUT', 'Schedule/theirs', { body: { ...schedule, id: 'theirs', actor } })).status).toBe(201)
    const query = 'Slot/$find-slots?schedule=Schedule/theirs&_count=3&_include=Slot:schedule&_include=Schedule:actor'
    const typesShown = ({ json }: Answer) => new Set(json.entry.map(({ resource }: Loose) => resource.resourceType))
    expect(typesShown(await (await patient(worlds[0]))('GET', query))).toEqual(
      new Set(['Slot', 'Practitioner', 'Location', 'HealthcareService']),
    )
    const ofSlotsAlone = await worlds[0].scoped('patient/Slot.rs', { patient: own })
    expect(typesShown(await ofSlotsAlone('GET', query))).toEqual(new Set(['Slot']))
    const before = await auditRows(worlds[0], other)
    expect(typesShown(await ask('GET', query))).toEqual(new Set(['Slot', 'Schedule', 'Practitioner', 'Location', 'HealthcareService']))
    expect(await auditRows(worlds[0], other)).toBe(before + 1)
  })

  it('an AuditEvent of both names the asker alone, and is not found by the other', async () => {
    const [world] = worlds
    const { pool } = world.house
    const id = systemIds.next()
    const audit = { id, at: new Date().toISOString(), interaction: 'match', action: 'E', client: 'desk' } as const
    await auditPatients(pool, { patients: [other, own], entity: `Patient/${other}`, audit })
    const me = await patient(world)
    const read = await me('GET', `AuditEvent/${id}`)
    expect([read.status, read.text.includes(`Patient/${own}`), read.text.includes(`Patient/${other}`)]).toEqual([200, true, false])
    expect((await me('GET', `AuditEvent?_id=${id}&entity=Patient/${other}`)).json.total).toBe(0)
    expect((await world.ask('GET', `AuditEvent?_id=${id}&entity=Patient/${other}`)).json.total).toBe(1)
  })

  it('a compartment’s AuditEvents are those of its patient', async () => {
    const [{ ask }] = worlds
    const { json } = await ask('GET', `Patient/${own}/AuditEvent?_count=500`)
    expect(json.link[0].url).toMatch(/\/Patient\/own\/AuditEvent\?_count=500$/)
    expect(json.entry.length).toBeGreaterThan(50)
    for (const { resource } of json.entry) expect(JSON.stringify(resource.entity)).toContain(`Patient/${own}`)
    expect((await ask('GET', 'Patient/nobody/AuditEvent')).json.total).toBe(0)
  })

  it('a granular scope on Slot finds the times that its search finds', async () => {
    const [world] = worlds
    const found = async (scope: string) => (await world.scoped(scope))('GET', 'Slot/$find-slots?schedule=Schedule/doctors&_count=5')
    expect((await found('user/Slot.rs?schedule=Schedule/doctors')).json.total ?? 5).toBe(5)
    expect(matched(await found('user/Slot.rs?schedule=Schedule/doctors'))).toHaveLength(5)
    expect(matched(await found('user/Slot.rs?schedule=Schedule/theirs'))).toEqual([])
    expect((await found('user/Appointment.rs?status=booked')).status).toBe(403)
  })

  it('an Idempotency-Key of one patient’s token is not another’s, though one person holds both', async () => {
    const [{ scoped }] = worlds
    const asked = { headers: { 'idempotency-key': 'family' } }
    const path = `Slot/${slots[60]}/$book`
    const mother = await scoped('patient/*.cruds', { patient: own, user: 'RelatedPerson/parent' })
    const again = await scoped('patient/*.cruds', { patient: other, user: 'RelatedPerson/parent' })
    expect((await mother('POST', path, asked)).status).toBe(201)
    expect((await again('POST', path, asked)).status).toBe(409)
    expect((await mother('POST', path, asked)).status).toBe(201)
  })

  it('the stream of events tells the asker of what is theirs, whatever they filter by', async () => {
    const [world] = worlds
    const token = await world.token('patient/*.cruds', { patient: own })
    const filters = [
      '',
      `&filter=${encodeURIComponent(`Appointment?patient=Patient/${other}`)}`,
      `&filter=${encodeURIComponent(`Appointment?patient.identifier=urn:x|${secret}`)}`,
      `&filter=${encodeURIComponent(`Appointment?_id=${other}-Appointment,${own}-Appointment`)}`,
      `&filter=${encodeURIComponent(`Communication?recipient=Patient/${other}`)}`,
    ]
    const ended = new AbortController()
    const heard = await Promise.all(
      filters.map(async (filter) => {
        const topic = `topic=appointment-changed,slot-changed,waitlist-offer${filter}&heartbeat=1`
        const answer = await fetch(`${world.house.base}/$event-stream?${topic}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: ended.signal,
        })
        const line = { status: answer.status, text: '' }
        const read = async () => {
          for await (const chunk of answer.body ?? []) line.text += Buffer.from(chunk as Uint8Array).toString('utf8')
        }
        read().catch(() => undefined)
        return line
      }),
    )
    for (const type of ['Appointment', 'Communication'])
      for (const who of [other, own]) {
        const stored = (await world.ask('GET', `${type}/${who}-${type}`)).json
        await world.ask('PUT', `${type}/${who}-${type}`, { body: { ...stored, language: 'en' } })
      }
    const last = (await world.ask('GET', `Appointment/${own}-Appointment`)).json
    await world.ask('PUT', `Appointment/${own}-Appointment`, { body: { ...last, language: 'de' } })
    await eventually(30_000, async () => heard[0]?.text.split(`Appointment/${own}-Appointment`).length === 3)
    // A line that is told nothing says where it is: past what was written.
    const idsOf = ({ text }: { text: string }) => [...text.matchAll(/^id: (\d+)-/gm)].map(([, xid]) => Number(xid))
    const until = idsOf(heard[0] ?? { text: '' }).at(-1) ?? 0
    await eventually(30_000, async () => heard.every((line) => (idsOf(line).at(-1) ?? 0) >= until))
    ended.abort()
    for (const { status, text } of heard) expect([status, text.includes(`${other}-`), text.includes(secret)]).toEqual([200, false, false])
    expect(heard.slice(1, 3).map(({ text }) => text.includes('event: appointment-changed'))).toEqual([false, false])
  })

  it('files of an export, its progress, and the events of a Subscription are not another’s to fetch', async () => {
    const [world] = worlds
    const begun = await world.ask('GET', '$export?_type=Patient', { headers: { prefer: 'respond-async', accept: 'application/fhir+json' } })
    expect(begun.status).toBe(202)
    const status = String(begun.headers['content-location'])
    await eventually(30_000, async () => {
      await listExports(world.house)
      return (await world.ask('GET', status.slice(status.indexOf('/fhir/')))).status === 200
    })
    const manifest = (await world.ask('GET', status.slice(status.indexOf('/fhir/')))).json
    const paths = [status, manifest.output[0].url].map((url: string) => url.slice(url.indexOf('/fhir/')))
    const subscription = {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'r',
      criteria: 'Appointment?',
      channel: { type: 'rest-hook', endpoint: 'https://example.org/hook', payload: 'application/fhir+json' },
    }
    const { id } = (await world.ask('POST', 'Subscription', { body: subscription })).json
    const others = [
      await await patient(world),
      await await granular(world),
      await world.scoped('system/*.cruds', { client: 'another' }),
      await world.scoped('user/*.cruds', { user: 'Practitioner/doctor', client: 'another' }),
    ]
    for (const [nth, ask] of others.entries()) {
      for (const path of paths)
        for (const method of ['GET', 'DELETE']) {
          const answer = await ask(method, path)
          expect([nth, method, path, answer.status >= 400 && answer.status < 500, answer.text.includes(secret)]).toEqual([
            nth,
            method,
            path,
            true,
            false,
          ])
        }
      if (nth < 2)
        for (const path of [`Subscription/${id}`, `Subscription/${id}/$status`, `Subscription/${id}/$events`, 'Subscription/$status'])
          expect([nth, path, (await ask('GET', path)).status]).toEqual([nth, path, 403])
    }
    expect((await world.ask('GET', paths[1] ?? '')).text).toContain(secret)
  })
})
