/**
 * What is sent to each route of the table to learn of somebody, by its desk: the same for one who is another's patient, for one
 * who was deleted and for one who never was. A desk without a rule does not compile, and a route that none of its rules
 * reaches fails a test, so that a new route comes with one.
 */
import type { DeskName, Route } from '../../src/http/routes.ts'
import { parameters } from '../support/house.ts'
import type { Loose } from './rest.ts'
import { belongings, startIn } from './two-worlds.ts'

/** Somebody to be learnt of: other patients' ids begin with theirs. */
export type Target = { readonly patient: string; readonly mark: string; readonly job: string; readonly subscription: string }

/** As much of a request as an entry of a Bundle says too. */
export type Probe = {
  readonly desk: DeskName
  readonly method: string
  readonly path: string
  readonly body?: Loose
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly ifNoneExist?: string
  readonly async?: true
}

/** `name`: what the work that it makes is found by. */
export const headersOf = ({ ifMatch, ifNoneMatch, ifNoneExist, async: later }: Probe, name: string): Record<string, string> => ({
  'x-probe': name,
  ...(ifMatch !== undefined && { 'if-match': ifMatch }),
  ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
  ...(ifNoneExist !== undefined && { 'if-none-exist': ifNoneExist }),
  ...(later && { prefer: 'respond-async' }),
})

type Sent = Omit<Probe, 'desk' | 'method' | 'path'> & { readonly query?: string }
type Rule = (to: Target, type: string) => readonly Sent[]

/** By types that hold patients' data. */
export const ownedTypes: readonly string[] = belongings('x', 'x').map(({ resourceType }) => resourceType)

export const theirs = (to: Target, type: string): string => (type === 'Patient' ? to.patient : `${to.patient}-${type}`)
const identifier = (to: Target): string => `identifier=urn:x|${to.mark}`
const byIdentifier = (to: Target) => ({ valueReference: { identifier: { system: 'urn:x', value: to.mark } } })

/** A resource of theirs, as anybody may make one up. */
function made(to: Target, type: string): Loose {
  const { id: _id, ...resource } = belongings(to.patient, 'XQNEWQX').find(({ resourceType }) => resourceType === type) ?? {}
  return { ...resource, identifier: undefined }
}

const asQueries =
  (...queries: ((to: Target) => string)[]): Rule =>
  (to) =>
    queries.map((query) => ({ query: query(to) }))
const asBodies =
  (...bodies: ((to: Target) => Readonly<Record<string, unknown>>)[]): Rule =>
  (to) =>
    bodies.map((body) => ({ body: parameters(body(to)) }))
const both =
  (...rules: Rule[]): Rule =>
  (to, type) =>
    rules.flatMap((rule) => rule(to, type))
/** The address says whose it is. */
const asked: Rule = () => [{}]
const patient = (to: Target): string => `Patient/${to.patient}`
const visit = (to: Target): string => `Appointment/${to.patient}-Appointment`

const times = both(
  asQueries(
    (to) => `_count=1&patient=${patient(to)}`,
    (to) => `_count=1&schedule=Schedule/${to.patient}-Schedule`,
    (to) => `_count=1&patient=urn:x|${to.mark}`,
    (to) => `_count=1&referral-identifier=urn:x|${to.mark}`,
  ),
)

const taking = asBodies(
  (to) => ({ patient: patient(to) }),
  (to) => ({ patient: byIdentifier(to) }),
  (to) => ({ 'appt-id': visit(to) }),
  (to) => ({ 'appointment-reference': byIdentifier(to) }),
  (to) => ({ 'cancelled-appt-id': visit(to) }),
  (to) => ({ 'insurance-reference': `Coverage/${to.patient}-Coverage` }),
  (to) => ({ 'referral-identifier': { valueIdentifier: { system: 'urn:x', value: to.mark } } }),
  (to) => ({ schedule: `Schedule/${to.patient}-Schedule`, start: { valueInstant: startIn(3) } }),
  (to) => ({ 'appt-resource': { ...made(to, 'Appointment'), status: 'proposed' } }),
)

const merging = asBodies(
  (to) => ({ 'source-patient': patient(to), 'target-patient': 'Patient/pat-own' }),
  (to) => ({ 'source-patient': 'Patient/pat-own', 'target-patient': patient(to), preview: { valueBoolean: true } }),
)

const conditions = (to: Target, type: string): string[] => [identifier(to), `_id=${theirs(to, type)}`]
const versions = [{}, { ifMatch: 'W/"1"' }, { ifMatch: 'W/"7"' }, { ifNoneMatch: '*' }]
/** Changes nothing of what has no language, which all of them are without. */
const patching = (type: string): Loose =>
  parameters({
    operation: {
      part: [
        { name: 'type', valueCode: 'delete' },
        { name: 'path', valueString: `${type}.language` },
      ],
    },
  })

/** A write goes to an id, or where criteria lead. */
const writing =
  (send: (to: Target, type: string) => Sent): Rule =>
  (to, type) =>
    versions.map((version) => ({ ...send(to, type), ...version }))

/** Words: why nobody is named. What it shows of whom is compared by two houses that differ in the other patient (leaks.test.ts). */
export const rules: Readonly<Record<DeskName, Rule | string>> = {
  bundle: (to) =>
    (['batch', 'transaction'] as const).flatMap((type) =>
      [
        { request: { method: 'GET', url: patient(to) } },
        {
          resource: { ...made(to, 'Appointment'), id: `${to.patient}-Appointment` },
          request: { method: 'PUT', url: visit(to), ifMatch: 'W/"1"' },
        },
        { request: { method: 'DELETE', url: visit(to) } },
      ].map((entry) => ({ body: { resourceType: 'Bundle', type, entry: [entry] } })),
    ),
  search: (to, type) =>
    [...conditions(to, type), `_summary=count&${identifier(to)}`, `_include=*&_revinclude=*&_id=${theirs(to, type)}`].map((query) => ({
      query: type === '' ? `_type=Patient,Appointment,Group&_id=${theirs(to, 'Patient')},${theirs(to, 'Appointment')}` : query,
    })),
  create: (to, type) => [
    { body: made(to, type) },
    ...conditions(to, type).map((ifNoneExist) => ({ body: { ...made(to, type), ...belongsToOwn(type) }, ifNoneExist })),
  ],
  update: writing((to, type) => ({ body: { ...made(to, type), id: theirs(to, type) } })),
  patch: writing((_to, type) => ({ body: patching(type) })),
  remove: writing(() => ({})),
  read: () => [{}, { ifNoneMatch: 'W/"1"' }],
  historyInstance: both(asked, () => [{ query: '_count=1&_since=2020-01-01' }]),
  vread: asked,
  historyType: 'every one of a type',
  historySystem: 'everything',
  validate: (to, type) => [
    { body: { ...made(to, type), id: theirs(to, type) } },
    { body: parameters({ mode: { valueCode: 'delete' } }) },
    { body: parameters({ mode: { valueCode: 'update' }, resource: { ...made(to, type), id: theirs(to, type) } }) },
  ],
  findSlots: times,
  explainAvailability: times,
  find: times,
  previewOfChange: asBodies(() => ({ 'not-available': { valuePeriod: { start: startIn(2), end: startIn(3) } } })),
  hold: taking,
  book: taking,
  release: asBodies(
    (to) => ({ 'appt-id': visit(to) }),
    (to) => ({ 'appointment-reference': byIdentifier(to) }),
  ),
  reschedule: asBodies(
    () => ({ slot: 'Slot/none' }),
    () => ({ start: { valueInstant: startIn(6) } }),
  ),
  cancel: both(
    asked,
    asBodies(() => ({ comment: 'x' })),
  ),
  checkIn: asked,
  noShow: asked,
  selfServiceLink: both(
    asked,
    asBodies((to) => ({ purpose: { valueCode: 'confirm' }, patient: patient(to) })),
  ),
  revokeSelfServiceLinks: asked,
  joinWaitlist: asBodies(
    (to) => ({ patient: patient(to), 'service-type': { valueCodeableConcept: { coding: [{ system: 'urn:x', code: 'c' }] } } }),
    (to) => ({ patient: byIdentifier(to) }),
  ),
  acceptWaitlistOffer: asBodies(
    (to) => ({ 'appt-id': visit(to) }),
    (to) => ({ offer: visit(to) }),
  ),
  declineWaitlistOffer: asBodies(
    (to) => ({ 'appt-id': visit(to) }),
    (to) => ({ offer: visit(to) }),
  ),
  match: asBodies(
    (to) => ({ resource: { resourceType: 'Patient', identifier: [{ system: 'urn:x', value: to.mark }] } }),
    (to) => ({ resource: { resourceType: 'Patient', name: [{ family: to.mark, given: [to.mark] }], birthDate: '1980-01-01' } }),
  ),
  merge: merging,
  undoMerge: merging,
  statistics: asked,
  accounting: asked,
  breakGlass: asBodies(() => ({ reason: 'They lie on the floor' })),
  everything: both(asked, () => [{ query: '_count=1&_type=Appointment' }]),
  exportResources: (to, type) => {
    if (type === 'Group') return [{ async: true }]
    if (type === 'Patient') return [{ async: true, body: parameters({ patient: patient(to) }) }]
    return [{ async: true, query: `_type=Patient&_typeFilter=Patient%3F${identifier(to)}` }]
  },
  exportStatus: asked,
  cancelExport: asked,
  exportFile: asked,
  importResources: 'what is sent is looked at later',
  importStatus: asked,
  cancelImport: asked,
  importErrors: asked,
  subscriptionStatus: both(asked, (to) => [{ query: `id=${to.subscription}` }]),
  subscriptionEvents: asked,
  eventStream: 'goes on for as long as somebody listens',
}

const belongsToOwn = (type: string): object => {
  const {
    id: _id,
    identifier: _identifier,
    ...mine
  } = belongings('pat-own', 'XQNEWQX').find(({ resourceType }) => resourceType === type) ?? {}
  return mine
}

const often: readonly string[] = ['Patient', 'Appointment']

/** What is sent to one route; a GET and a DELETE have no body, and criteria find whose id the body does not say. */
export function probesOf([method, pattern, , desk]: Route, to: Target, whole = false): Probe[] {
  const rule = rules[desk]
  if (typeof rule === 'string') return []
  const isConditional = /^(PUT|PATCH|DELETE)$/.test(method) && !pattern.includes(':id')
  return typesAt(pattern, whole).flatMap((type) =>
    someOf(type, rule(to, type), whole).flatMap(({ query, body, ...more }): Probe[] => {
      const path = pathOf(pattern, type, to)
      const hasBody = method !== 'GET' && method !== 'DELETE' && body !== undefined
      const sent = hasBody ? { ...more, body: isConditional ? { ...body, id: undefined } : body } : more
      const queries = isConditional ? conditions(to, type) : [query]
      return queries.map((one) => ({ desk, method, path: one === undefined ? path : `${path}?${one}`, ...sent }))
    }),
  )
}

/** Whose compartment it is matters more than what is looked for there. */
function typesAt(pattern: string, whole: boolean): readonly string[] {
  const [, first = ''] = pattern.split('/')
  if (!pattern.includes('/:type')) return [/^[A-Z]/.test(first) ? first : '']
  return whole && first === ':type' ? ownedTypes : often
}

/** Every variant of it for the two that most is asked of; else so many that each rule is tried. */
const someOf = (type: string, sent: readonly Sent[], whole: boolean): readonly Sent[] =>
  whole && (often.includes(type) || !ownedTypes.includes(type)) ? sent : sent.slice(0, 2)

function pathOf(pattern: string, type: string, to: Target): string {
  const [, first = ''] = pattern.split('/')
  const isBulk = first.startsWith('bulk')
  const whose = pattern.includes('/:id/:type') ? first : type
  const id = isBulk ? to.job : type === 'Subscription' ? to.subscription : theirs(to, whose)
  return pattern
    .slice(1)
    .replace(':type', type)
    .replace(':id', id)
    .replace(':vid', isBulk ? 'Patient-1.ndjson' : '1')
}
