/**
 * Every route of the table × every role and kind of scope × what is another's, what was deleted and what never was: status,
 * headers, body and the statements that the database is told are the same for all three, so that nobody learns of another
 * patient by any of them. Statements stand for time, which a test cannot trust.
 *
 * What is shown of one's own and of what is shared is compared by two houses that differ in the other patient (leaks.test.ts).
 */
import { type Role, scopesOfRoles } from '../../src/access/role-scopes.ts'
import { type Route, routes } from '../../src/http/routes.ts'
import { parameters } from '../support/house.ts'
import { headersOf, ownedTypes, type Probe, probesOf, rules, type Target } from './matrix-rules.ts'
import { each, type Loose, type RestHouse, restHouse } from './rest.ts'
import { belongings, plain } from './two-worlds.ts'
import { type WorkTold, workTold } from './work-told.ts'

let server: RestHouse
let work: WorkTold
const own = 'pat-own'
const keptOut = 'Practitioner/kept-out'
const breaker = 'Practitioner/breaker'

const target = (name: string, mark: string, job: string): Target => ({
  patient: `pat-${name}`,
  mark,
  job,
  subscription: `sub-${name}`,
})
let [other, gone] = [target('other', 'XQMANAQX', ''), target('gone', 'XQMONAQX', '')]
const never = target('never', 'XQMINAQX', '0199aaaa-0000-7000-8000-000000000000')

const ref = (reference: string) => ({ reference })
const code = (system: string, one: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code: one }] })
const research = 'HRESCH'

/** Keeps all of a patient's from some people, and from whoever asks for research. */
const keeping = (patient: string, people: readonly string[]): Loose[] =>
  [
    { actor: people.map((one) => ({ role: code('v3-ParticipationType', 'PRCP'), reference: ref(one) })) },
    { purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: research }] },
  ].map((provision, at) => ({
    resourceType: 'Consent',
    id: `${patient}-keeping-${at}`,
    status: 'active',
    scope: code('consentscope', 'patient-privacy'),
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: ref(`Patient/${patient}`),
    policyRule: code('v3-ActCode', 'OPTIN'),
    provision: { type: 'deny', ...provision },
  }))

const telling = (id: string): Loose => ({
  resourceType: 'Subscription',
  id,
  status: 'requested',
  reason: 'r',
  criteria: 'Appointment?',
  channel: { type: 'rest-hook', endpoint: 'https://example.org/hook', payload: 'application/fhir+json' },
})

async function answered(status: number, method: string, path: string, asking: Parameters<RestHouse['ask']>[2] = {}): Promise<Loose> {
  const answer = await server.ask(method, path, asking)
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`)
  return answer
}

async function stored(resources: readonly Loose[]): Promise<void> {
  const entry = resources.map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }))
  await answered(200, 'POST', '', { body: { resourceType: 'Bundle', type: 'transaction', entry } })
}

/** An export of somebody else's, that is there or was. */
async function exported(): Promise<string> {
  const { headers } = await answered(202, 'GET', '$export?_type=Organization', { headers: { prefer: 'respond-async' } })
  return String(headers['content-location']).split('/').at(-1) ?? ''
}

beforeAll(async () => {
  server = await restHouse()
  ;[other, gone] = [
    { ...other, job: await exported() },
    { ...gone, job: await exported() },
  ]
  await answered(202, 'DELETE', `bulk-export/${gone.job}`)
  await stored([
    { resourceType: 'Organization', id: 'org', name: 'Clinic' },
    { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Doctor' }] },
    { resourceType: 'Location', id: 'place', name: 'Place', status: 'active' },
    ...belongings(own, 'XQOWNQX'),
    ...[other, gone].flatMap(({ patient, mark, subscription }) => [...belongings(patient, mark), telling(subscription)]),
  ])
  for (const type of ownedTypes.toReversed())
    await answered(204, 'DELETE', `${type}/${type === 'Patient' ? gone.patient : `${gone.patient}-${type}`}`)
  await answered(204, 'DELETE', `Subscription/${gone.subscription}`)
  await stored([...[other, gone].flatMap(({ patient }) => keeping(patient, [keptOut, breaker])), ...keeping(own, [breaker])])
  const glass = await server.scoped('user/*.cruds', { user: breaker })
  const { status } = await glass('POST', `Patient/${own}/$break-glass`, { body: parameters({ reason: 'They lie on the floor' }) })
  expect(status).toBe(200)
  work = workTold(server.house.pool)
})
afterAll(async () => {
  work?.close()
  await server?.close()
})

type Asker = {
  readonly scope: string
  readonly patient?: string
  readonly user?: string
  readonly purpose?: string
  /** A token that is no good, or none. */
  readonly token?: string | null
  /** Of every type that patients own, in every variant; else one of each kind is enough. */
  readonly whole?: true
  /** Of what was deleted too; else what is another's is enough. */
  readonly past?: true
}

const ofRole = (role: Role, more: Omit<Asker, 'scope'>): Asker => ({ scope: scopesOfRoles([role]), ...more })
const family = { user: 'RelatedPerson/parent', patient: own }

const askers: readonly [string, Asker][] = [
  ['a patient', { ...ofRole('patient', { user: `Patient/${own}`, patient: own }), whole: true, past: true }],
  ['a proxy', ofRole('proxy', family)],
  ['a proxy who reads', ofRole('proxy-reader', family)],
  ['a front desk', ofRole('front-desk', { user: keptOut })],
  ['a practitioner', ofRole('practitioner', { user: keptOut })],
  ['a manager', { ...ofRole('manager', { user: keptOut }), whole: true, past: true }],
  ['an auditor', ofRole('auditor', { user: keptOut })],
  ['somebody who has broken the glass for one patient', { scope: 'user/*.cruds', user: breaker, past: true }],
  ['a program that asks for research', { scope: 'system/*.cruds', purpose: research }],
  ['an app with scopes of version 1', { scope: 'patient/*.read', patient: own }],
  ['an app for visits alone', { scope: 'patient/Appointment.cruds', patient: own }],
  ['an app whose scopes find its own', { scope: 'user/*.cruds?identifier=urn:x|XQOWNQX', user: 'Practitioner/doctor', past: true }],
  ['a program whose scopes find nothing', { scope: 'system/*.cruds?_id=nothing' }],
  ['an app without a patient', { scope: 'patient/*.cruds' }],
  ['a program for the directory', { scope: 'system/Slot.rs system/Schedule.s system/Practitioner.rs system/Location.rs' }],
  ['a token without scopes', { scope: 'openid' }],
  ['a token that is none', { scope: '', token: 'none' }],
  ['nobody', { scope: '', token: null }],
]

/** As an id or a mark of this one alone, so that what one probe leaves is nothing to the next. Vowels: a name sounds the same. */
function fresh(probe: Probe, n: number): Probe {
  const letters = n.toString(5).replace(/\d/g, (digit) => 'AEIOU'[Number(digit)] ?? '')
  const text = JSON.stringify(probe)
    .replaceAll(never.patient, `${never.patient}-${n}`)
    .replaceAll(never.mark, never.mark.replace('QX', `${letters}QX`))
    .replaceAll(never.subscription, `${never.subscription}-${n}`)
    .replaceAll('8000-000000000000', `8000-${n.toString(16).padStart(12, '0')}`)
  return JSON.parse(text)
}

const sameFor = (text: string): string =>
  text
    .replace(/pat-(other|gone|never-\d+)/g, 'pat-x')
    .replace(/sub-(other|gone|never-\d+)/g, 'sub-x')
    .replace(/XQM[AEIOU]N[AEIOU]+QX/gi, 'XQ')

let asked = 0
type Told = { readonly answer: string; readonly work: string }

async function send(token: string | null, probe: Probe): Promise<Told> {
  const { method, path, body } = probe
  const name = String(++asked)
  const answer = await server.ask(method, path, { token, body, headers: headersOf(probe, name) })
  return { answer: sameFor(plain(answer, server.origin)), work: work.of(name).join('\n') }
}

/** Which ids Schedules have, the clinic's or a patient's, the plans at hand may tell by the time; of whose they are nothing. */
const isDirectorys = ({ desk, path }: Probe): boolean => (desk === 'findSlots' || desk === 'find') && path.includes('-Schedule')

const isAlike = (told: Told, nothing: Told, probe: Probe): boolean =>
  told.answer === nothing.answer && (told.work === nothing.work || isDirectorys(probe))

type Pair = readonly [one: Probe, none: Probe]

/** Which of them are answered otherwise than what never was. */
async function suspects(token: string | null, probes: readonly Probe[], absent: Probe): Promise<Pair[]> {
  const none = fresh(absent, ++asked)
  const nothing = await send(token, none)
  const found: Pair[] = []
  for (const one of probes) if (!isAlike(await send(token, one), nothing, one)) found.push([one, none])
  return found
}

/**
 * Asked with nobody beside it: those who ask at once share statements, which are told as the first one's work alone. What the
 * first of a kind makes and keeps, a statement's shape or a profile, the next finds.
 */
async function stillDiffers(token: string | null, [one, none]: Pair): Promise<string[]> {
  for (let tried = 1; ; tried++) {
    const [told, nothing] = [await send(token, one), await send(token, none)]
    if (isAlike(told, nothing, one)) return []
    if (tried < 3) continue
    const { method, path, desk: _desk, ...more } = one
    const what = `${method} ${path} ${JSON.stringify(more).slice(0, 160)}`
    if (told.answer !== nothing.answer) return [`${what}\n${told.answer}\nwhere nothing is\n${nothing.answer}`]
    return [`${what} is more work, or less:\n${told.work}\nwhere nothing is\n${nothing.work}`]
  }
}

/** What can be told all the same, and why (docs/consent.md). */
function isToldAnyway({ user, purpose, patient, scope }: Asker, { desk, path, ifMatch, ifNoneExist }: Probe): boolean {
  const isBound = (user !== undefined || purpose !== undefined) && patient === undefined && !scope.includes('?')
  if (!isBound) return false
  // By a PUT that an id is taken; by what is new that nobody finds it afterwards.
  if ((desk === 'update' && !path.includes('?') && !ifMatch) || (desk === 'create' && !ifNoneExist)) return true
  // The glass is for who knows of the patient, and a Subscription is the clinic's.
  return desk === 'breakGlass' || desk === 'subscriptionStatus' || desk === 'subscriptionEvents'
}

it.each(askers)(
  '%s is told of nobody else',
  async (_who, asker) => {
    const token = asker.token === undefined ? await server.token(asker.scope, asker) : asker.token
    const all = (to: Target) =>
      routes.flatMap((route: Route) => probesOf(route, to, asker.whole)).filter((one) => !isToldAnyway(asker, one))
    const ofOthers = [all(other), ...(asker.past ? [all(gone)] : [])]
    const suspected: Pair[] = []
    await each(all(never).entries(), async ([at, nothing]) => {
      const probes = ofOthers.flatMap((probes) => probes[at] ?? [])
      suspected.push(...(await suspects(token, probes, nothing)))
    })
    const differing: string[] = []
    for (const pair of suspected) differing.push(...(await stillDiffers(token, pair)))
    expect(differing.slice(0, 5)).toEqual([])
  },
  300_000,
)

it('every route is asked of somebody, or says why it names nobody', () => {
  const unasked = routes.filter((route) => typeof rules[route[3]] !== 'string' && probesOf(route, other).length === 0)
  expect(unasked).toEqual([])
})
