/**
 * What somebody tries who wants to learn of another patient: every address of the table of routes, for every type and id,
 * every detour of a search, criteria of writes, and operations that are handed what is another's.
 */
import { routes } from '../../src/http/routes.ts'
import { parameters } from '../support/house.ts'
import type { Loose } from './rest.ts'
import { type Attack, belongings, other, own, ownMark, secret, sharedTypes, startIn } from './two-worlds.ts'

/** By types that hold patients' data. */
export const ownedTypes = belongings(own, ownMark).map(({ resourceType }) => resourceType as string)
export const identified = belongings(own, ownMark).flatMap(({ resourceType, identifier }) => (identifier ? [resourceType as string] : []))

export const get = (path: string): Attack => ({ method: 'GET', path })
export const post = (path: string, body: unknown, headers: Record<string, string> = {}): Attack => ({
  method: 'POST',
  path,
  asking: { body, headers },
})
export const form = (path: string, body: string): Attack => post(path, body, { 'content-type': 'application/x-www-form-urlencoded' })

const allIds = (type: string): string[] =>
  type === 'Patient'
    ? [own, other, 'third']
    : [...[own, other, 'handed', 'deleted'].map((whose) => `${whose}-${type}`), ...(sharedTypes.includes(type) ? [`shared-${type}`] : [])]

/** Whose compartments are looked into: of those of the directory, the practitioner whom both patients know. */
const compartmentIds = (type: string): string[] => {
  if (type === 'Patient') return allIds('Patient')
  return [type === 'Practitioner' ? 'doctor' : `${other}-${type}`]
}

const types = [...ownedTypes, 'Slot', 'Practitioner', 'Location', 'Organization', 'AuditEvent', 'Subscription', 'Endpoint', 'Questionnaire']

/** Every reading address of the table of routes, for every type and id. */
export function readings(): Attack[] {
  const paths = routes.flatMap(([method, pattern]): string[] => {
    if (method !== 'GET') return []
    const named = pattern.slice(1)
    const withTypes = named.includes(':type')
      ? types.map((type) => [type, named.replace(':type', type)] as const)
      : [[named.split('/')[0] ?? '', named] as const]
    return withTypes.flatMap(([type, path]) => {
      if (!path.includes(':id')) return [path]
      const ids = named.includes('/:id/:type') ? compartmentIds(named.split('/')[0] ?? '') : allIds(type)
      return ids.flatMap((id) => ['1', '2'].map((vid) => path.replace(':id', id).replace(':vid', vid)))
    })
  })
  return [...new Set(paths)].filter((path) => path !== '').map(get)
}

/** Searches that would find the other patient, or count them, were they not confined. */
export const detours = [
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
  `Practitioner?_has:AuditEvent:agent:entity=Patient/${other},Appointment/${other}-Appointment`,
  `Practitioner?_has:AuditEvent:agent:patient.identifier=urn:x|${secret}`,
  'Patient?_has:AuditEvent:patient:action:not=D&_summary=count',
  `Appointment?_has:AuditEvent:entity:patient=${other}`,
  'Practitioner?_has:Patient:general-practitioner:_has:AuditEvent:patient:action=C',
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
  'AuditEvent?_count=1000&_include=*&_revinclude:iterate=Appointment:patient',
  'Patient?_revinclude=AuditEvent:patient&_revinclude=AuditEvent:entity&_revinclude=AuditEvent:agent',
  'Practitioner?_revinclude=AuditEvent:agent&_include:iterate=AuditEvent:*',
  'Appointment?_revinclude=AuditEvent:entity',
  `Patient?_id=${other}&_revinclude=AuditEvent:patient`,
  `AuditEvent?patient=Patient/${other}`,
  `AuditEvent?entity=Patient/${other}`,
  `AuditEvent?entity=Appointment/${other}-Appointment&_count=0`,
  `AuditEvent?patient=Patient/${other}&entity-role=24`,
  `AuditEvent?entity=Patient/${other}&type=rest&_summary=count`,
  `AuditEvent?patient.identifier=urn:x|${secret}&_summary=count`,
  `AuditEvent?entity:Patient.family=${secret}`,
  `AuditEvent?entity:Appointment.patient=${other}&_count=0`,
  `AuditEvent?agent:Practitioner._has:Appointment:practitioner:_id=${other}-Appointment`,
  `AuditEvent?agent:Patient.family=${secret}`,
  `AuditEvent?entity:below=Encounter/${other}-Encounter`,
  `Patient/${own}/Appointment?_include=*`,
  `Patient/${other}/Appointment`,
  `Patient/${other}/AuditEvent`,
  `Patient/${other}/Coverage?_count=0`,
  `Patient/${other}/*?_count=0`,
  `Patient/${own}/*?_revinclude=*`,
  'Practitioner/doctor/*?_count=0',
  'Practitioner/doctor/*?_sort=-_lastUpdated&_revinclude=*',
  'Practitioner/doctor/Appointment?_total=accurate&_sort=-date&_include=*',
  'Practitioner/doctor/Patient?_count=0',
  `Encounter/${other}-Encounter/*`,
  `RelatedPerson/${other}-RelatedPerson/*?_count=0`,
  `Device/${other}-Device/*?_revinclude=*`,
  `Appointment?patient=Patient/${other}&_content=${secret}`,
  `Appointment?_id=${other}-Appointment,${own}-Appointment&_content=${secret}&_count=0`,
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
export function oracles(): Attack[] {
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

export const bundle = (type: 'batch' | 'transaction', entry: Loose[]) => ({ resourceType: 'Bundle', type, entry })
export const inBundles = (paths: readonly string[], type: 'batch' | 'transaction'): Attack[] =>
  Array.from({ length: Math.ceil(paths.length / 40) }, (_, i) => paths.slice(i * 40, i * 40 + 40)).map((some) =>
    post(
      '',
      bundle(
        type,
        some.map((url) => ({ request: { method: 'GET', url } })),
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

/** Operations that are handed what is not the asker's; what was deleted matrix.test.ts asks for. `slot` is free. */
export function operations(slot: string): Attack[] {
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
        one === 'Slot' ? [slot] : one === 'Schedule' ? ['doctors', `${other}-Schedule`] : allIds(one).filter((id) => id.startsWith(other))
      return ids.map((id) => at.replace(':id', id))
    })
  })
  // Of the other's own resource the address says all, but for what $validate is asked.
  const asked = (path: string) => (path.includes(`/${other}-`) && !path.includes('$validate') ? bodies.slice(0, 4) : bodies)
  return places.flatMap((path) => asked(path).map((body) => post(path, body)))
}

export const finds = [
  'Slot/$find-slots',
  'Schedule/doctors/$find-slots',
  `Schedule/${other}-Schedule/$find-slots`,
  'Appointment/$find',
].flatMap((path) =>
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

/** Who may make Patients is told by a 409 that one is possibly known, so that nobody is made twice; of whom is not said. */
export const makesPatients = ({ asking: { body } = {} }: Attack): boolean => JSON.stringify(body).includes('patient-resource')

/** Writes over what is the asker's and somebody else's too, and what else can be done with it. */
export const overShared: Attack[] = sharedTypes.flatMap((type) => {
  const path = `${type}/shared-${type}`
  const body = { ...belongings(own, 'XQNEWQX').find(({ resourceType }) => resourceType === type), id: `shared-${type}` }
  const patching = { 'content-type': 'application/json-patch+json' }
  return [
    { method: 'PUT', path, asking: { body } },
    { method: 'PUT', path, asking: { body, headers: { 'if-match': 'W/"1"' } } },
    { method: 'PATCH', path, asking: { body: [{ op: 'test', path: '/status', value: 'x' }], headers: patching } },
    { method: 'DELETE', path },
    { method: 'PUT', path: `${type}?_id=shared-${type}`, asking: { body } },
    ...(type === 'Appointment' ? ['$cancel', '$reschedule', '$check-in', '$no-show', '$self-service-link', '$validate'] : []).map((name) =>
      post(`${path}/${name}`, parameters({})),
    ),
  ]
})
