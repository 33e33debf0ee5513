/**
 * Somebody whose token reaches one patient alone, or what a granular scope lets through, tries every address and every
 * detour to learn of another patient. Two houses that differ in that patient alone must answer alike (`two-worlds.ts`), and
 * what is shown of the patient who asks has left its AuditEvent.
 */

import { directoryTypes } from '../../src/access/compartment.ts'
import { type Role, scopesOfRoles } from '../../src/access/role-scopes.ts'
import { systemIds } from '../../src/base/ids.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import { eventually } from '../support/house.ts'
import {
  bundle,
  detours,
  finds,
  form,
  get,
  identified,
  inBundles,
  makesPatients,
  operations,
  oracles,
  overShared,
  post,
  readings,
} from './attacks.ts'
import { type Answer, type Ask, type Loose, matched } from './rest.ts'
import { type Attack, keptOut, other, own, ownMark, plain, secret, startIn, twoWorlds, type World } from './two-worlds.ts'

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
})
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

/** Whether what was asked since then has left an AuditEvent; nobody else asks meanwhile. */
async function isWrittenDown({ house }: World, id: string, since: Date): Promise<boolean> {
  const text = 'select 1 from audit_event where at >= $2::timestamptz and patients @> array[$1] limit 1'
  return (await house.pool.query({ text, values: [id, since.toISOString()] })).length > 0
}

/** Sends it to both houses: in what they differ, or what was not written down. */
async function tried(asker: Asker, { method, path, asking: more = {} }: Attack): Promise<string | undefined> {
  const [first, second] = worlds
  const since = new Date()
  const [one, two] = await Promise.all([first, second].map(async (world) => (await asker(world))(method, path, more)))
  if (!one || !two) throw new Error('no answer')
  const what = `${method} ${path} ${JSON.stringify(more.body ?? '').slice(0, 200)}`
  const [there, here] = [plain(one, first.origin), plain(two, second.origin)]
  if (there !== here) return `${what}: ${differenceOf(there, here)}`
  if (one.status >= 500) return `${what}: ${one.status}`
  const isShown = one.text.includes(ownMark) && !JSON.stringify(more.body ?? '').includes(ownMark) && !path.includes(ownMark)
  if (isShown && one.status < 300 && !(await isWrittenDown(first, own, since))) return `${what}: shown without an AuditEvent`
  return undefined
}

function differenceOf(one: string, two: string): string {
  const at = [...one].findIndex((letter, place) => letter !== two[place])
  const from = Math.max(0, at - 60)
  return `"${one.slice(from, at + 140)}" where the other is not there "${two.slice(from, at + 140)}"`
}

async function learnt(asker: Asker, attacks: readonly Attack[]): Promise<string[]> {
  const found: string[] = []
  for (const attack of attacks) found.push(...[await tried(asker, attack)].flatMap((one) => one ?? []))
  return found
}

const all = async (asker: Asker, attacks: readonly Attack[]): Promise<void> => expect(await learnt(asker, attacks)).toEqual([])

/** Staff who may do anything, but for what a Consent keeps from them. */
const staff = asking('user/*.cruds', { user: keptOut })

const ofRole = (role: Role, more: { patient?: string; user?: string }): Asker => asking(scopesOfRoles([role]), more)
const directory = [...directoryTypes].map((type) => `system/${type}.rs`).join(' ')

/** Every role that an account may have and every kind of scope; from staff a Consent keeps it. A patient and a manager come below. */
const roles: readonly [string, Asker][] = [
  ['the front desk', ofRole('front-desk', { user: keptOut })],
  ['a practitioner', ofRole('practitioner', { user: keptOut })],
  ['an auditor', ofRole('auditor', { user: 'Practitioner/auditor' })],
  ['a proxy', ofRole('proxy', { user: 'RelatedPerson/parent', patient: own })],
  ['an app with scopes of version 1', asking('patient/*.read', { patient: own })],
  ['an app that reads visits alone', asking('patient/Appointment.rs', { patient: own })],
  ['an app without a patient in context', asking('patient/*.cruds')],
  ['a program for the directory', asking(directory)],
  ['a program for the directory in the name of a patient', asking(`patient/Appointment.rs ${directory}`, { patient: own })],
  ['a program whose granular scopes find nothing', asking('system/*.cruds?_id=nothing')],
  ['a token without scopes', asking('openid')],
]

/** What is another's or nobody's, and every type and detour. An auditor sees of whom there are AuditEvents, and nothing else. */
const everyRole = [...new Set([...readings().map(({ path }) => path), ...detours])].filter(
  (path) => !/AuditEvent|accounting|\*|_history\/2/.test(path) && !new RegExp(`/${own}\\b`).test(path),
)

describe('whatever the role and the scopes', () => {
  it.each(roles)('%s learns nothing of another patient', async (_who, asker) => {
    const batches = inBundles(everyRole, 'batch')
    const [{ path, asking: more } = get('')] = batches
    expect((await (await asker(worlds[0]))('POST', path, more)).json.entry).toHaveLength(40)
    await all(asker, batches)
  })
})

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
    'by searching with POST or in a transaction',
    () =>
      all(asker, [
        ...detours
          .filter((one) => /^[A-Z]\w+\?/.test(one))
          .map((one) => form(one.replace('?', '/_search?').split('?')[0] ?? '', one.split('?')[1] ?? '')),
        ...inBundles(detours, 'transaction'),
      ]),
    120_000,
  )
  it('by finding times', () => all(asker, finds))
  it('by criteria of a write', () => all(asker, oracles()), 120_000)
  it('by writing over what is shared with them', () => all(asker, overShared), 120_000)
  it(
    'by an operation',
    () =>
      all(
        asker,
        operations(slots[40] ?? '').filter((one) => asker !== staff || !makesPatients(one)),
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
    const row = systemIds.next()
    const audit = { id: row, at: new Date().toISOString(), interaction: 'match', action: 'E', client: 'desk' } as const
    await auditPatients(pool, { patients: [other, own], entity: `Patient/${other}`, audit })
    const me = await patient(world)
    const ofRow = (answer: Answer): string[] => matched(answer).flatMap((one) => (one.id.startsWith(row) ? [one.id] : []))
    const both = ofRow(await world.ask('GET', `AuditEvent?patient=${own},${other}&_count=50`))
    const [id = '', ...more] = ofRow(await me('GET', 'AuditEvent?_count=50'))
    const [theirs = ''] = both.filter((one) => one !== id)
    expect([both.length, more, (await me('GET', `AuditEvent/${theirs}`)).status]).toEqual([2, [], 404])
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
    await eventually(60_000, async () => heard[0]?.text.split(`Appointment/${own}-Appointment`).length === 3)
    // A line that is told nothing says where it is: past what was written.
    const idsOf = ({ text }: { text: string }) => [...text.matchAll(/^id: (\d+)-/gm)].map(([, xid]) => Number(xid))
    const until = idsOf(heard[0] ?? { text: '' }).at(-1) ?? 0
    await eventually(60_000, async () => heard.every((line) => (idsOf(line).at(-1) ?? 0) >= until))
    ended.abort()
    for (const { status, text } of heard) expect([status, text.includes(`${other}-`), text.includes(secret)]).toEqual([200, false, false])
    expect(heard.slice(1, 3).map(({ text }) => text.includes('event: appointment-changed'))).toEqual([false, false])
  })

  it('files of an export, its progress, and the events of a Subscription are not another’s to fetch', async () => {
    const [world] = worlds
    const begun = await world.ask('GET', '$export?_type=Patient', { headers: { prefer: 'respond-async', accept: 'application/fhir+json' } })
    expect(begun.status).toBe(202)
    const status = String(begun.headers['content-location'])
    await eventually(60_000, async () => {
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
