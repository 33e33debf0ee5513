/**
 * Who may: every interaction of the table of routes under every letter of SMART's scopes, and what a patient's token
 * reaches. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */
import type { Verb } from '../../src/access/scopes.ts'
import { type Method, routes } from '../../src/http/routes.ts'
import { clinic } from '../support/clinic.ts'
import { parameters } from '../support/house.ts'
import { type Answer, type Ask, along, type Loose, made, matched, type RestHouse, restHouse } from './rest.ts'

const verbs: readonly Verb[] = ['c', 'r', 'u', 'd', 's']

let server: RestHouse
let ask: Ask
let own: string
let others: string
let shared: string
let ownVisit: string
let othersVisit: string
let practitioner: string
let slot: string

const visit = (patients: readonly string[], more: object = {}) => ({
  resourceType: 'Appointment',
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  participant: [...patients.map((id) => `Patient/${id}`), `Practitioner/${practitioner}`].map((reference) => ({
    actor: { reference },
    status: 'accepted',
  })),
  ...more,
})

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  const place = await clinic(server.call)
  practitioner = place.practitioners[0] ?? ''
  own = await made(ask, { resourceType: 'Patient', name: [{ family: 'Own' }], identifier: [{ system: 'urn:x', value: 'own' }] })
  others = await made(ask, {
    resourceType: 'Patient',
    name: [{ family: 'Other' }],
    identifier: [{ system: 'urn:x', value: 'other' }],
    generalPractitioner: [{ reference: `Practitioner/${practitioner}` }],
  })
  ownVisit = await made(ask, visit([own]))
  othersVisit = await made(ask, visit([others]))
  shared = await made(ask, visit([own, others]))
  slot = (await place.slotAt(3, '09:00')).id
})
afterAll(() => server?.close())

/** `/Patient/:id/:type`: organizations are in no compartment, and visits in all but an Encounter's. */
const isCompartment = (pattern: string): boolean => pattern.includes('/:id/:type')
const placedIn = (pattern: string): string => (pattern.startsWith('/Encounter/') ? 'ServiceRequest' : 'Appointment')

/** One request for each interaction, on a type that patients own and on one of the clinic's directory. */
function requestFor([method, pattern]: readonly [Method, string, ...unknown[]], type: string, id: string): [Method, string, unknown] {
  const path = pattern
    .slice(1)
    .replace(':type', type)
    .replace(':id', isCompartment(pattern) ? own : id)
    .replace(':vid', '1')
  const resource = type === 'Patient' ? { resourceType: type, name: [{ text: 'x' }] } : { resourceType: type, name: 'x' }
  if (method === 'PATCH') return [method, path, { resourceType: 'Parameters' }]
  return [method, path, method === 'PUT' ? { ...resource, id } : method === 'POST' && !path.endsWith('_search') ? resource : undefined]
}

describe('every interaction', () => {
  // A conditional write searches too: test/interactions/conditional.test.ts.
  const plain = routes.filter(([method, path, verb]) => verb !== '-' && (path !== '/:type' || method === 'GET' || method === 'POST'))
  const cases = plain.flatMap((route) =>
    (isCompartment(route[1]) ? [placedIn(route[1])] : ['Patient', 'Organization']).flatMap((type) =>
      (['system', 'user'] as const).map((level) => [route, type, level] as const),
    ),
  )

  it.each(cases)('%s on %s under %s scopes takes its own letter and no other', async (route, type, level) => {
    const [, , verb] = route
    for (const letter of verbs) {
      const id = await made(ask, type === 'Organization' ? { resourceType: 'Organization', name: 'x' } : { resourceType: 'Patient' })
      const scoped = await server.scoped(`${level}/${type}.${letter}`)
      const [method, path, body] = requestFor(route, type, id)
      const { status } = await scoped(method, path, { body })
      expect([letter, status === 403]).toEqual([letter, letter !== verb])
      if (letter === verb) expect([200, 201, 204]).toContain(status)
      const elsewhere = await server.scoped(`${level}/Slot.cruds`)
      expect((await elsewhere(method, path, { body })).status).toBe(403)
    }
  })

  it('takes the words of version 1', async () => {
    const reader = await server.scoped('user/Patient.read')
    const writer = await server.scoped('user/Patient.write')
    expect([(await reader('GET', `Patient/${own}`)).status, (await reader('GET', 'Patient')).status]).toEqual([200, 200])
    expect((await reader('POST', 'Patient', { body: { resourceType: 'Patient' } })).status).toBe(403)
    expect([
      (await writer('GET', `Patient/${own}`)).status,
      (await writer('POST', 'Patient', { body: { resourceType: 'Patient' } })).status,
    ]).toEqual([403, 201])
  })

  it('is 401 without a token', async () => {
    for (const [method, pattern] of routes) {
      const path = pattern.slice(1).replace(':type', 'Patient').replace(':id', own).replace(':vid', '1')
      const { status, headers } = await ask(method, path, { token: null, body: method === 'PUT' ? {} : undefined })
      expect([path, status, headers['www-authenticate']?.slice(0, 6)]).toEqual([path, 401, 'Bearer'])
    }
  })
})

describe('every operation', () => {
  const start = () => parameters({ patient: `Patient/${own}` })
  it.each([
    ['$find-slots', 'GET', () => 'Slot/$find-slots', 'system/Slot.rs', 'system/Patient.cruds'],
    ['$find', 'GET', () => 'Appointment/$find', 'system/Slot.rs system/Appointment.rs', 'system/Patient.cruds'],
    ['$hold', 'POST', () => `Slot/${slot}/$hold`, 'system/Appointment.c', 'system/Appointment.ruds system/Slot.cruds'],
    ['$book', 'POST', () => `Slot/${slot}/$book`, 'system/Appointment.c', 'system/Appointment.ruds system/Slot.cruds'],
    ['$cancel', 'POST', () => `Appointment/${ownVisit}/$cancel`, 'system/Appointment.u', 'system/Appointment.crds'],
    ['$release', 'POST', () => `Appointment/${ownVisit}/$release`, 'system/Appointment.u', 'system/Appointment.crds'],
  ] as [string, string, () => string, string, string][])('%s is not for every scope', async (_name, method, path, enough, tooLittle) => {
    const body = method === 'POST' ? start() : undefined
    expect((await (await server.scoped(tooLittle))(method, path(), { body })).status).toBe(403)
    expect((await (await server.scoped(enough))(method, path(), { body })).status).not.toBe(403)
  })
})

describe('a patient’s token', () => {
  const mine = (scope: string) => server.scoped(scope, { patient: own })
  const idsIn = (answer: Answer): string[] =>
    matched(answer)
      .map(({ id }: Loose) => id)
      .sort()

  it('reads the patient and what is the patient’s, in every version', async () => {
    const me = await mine('patient/*.rs')
    expect((await me('GET', `Patient/${own}`)).status).toBe(200)
    expect((await me('GET', `Appointment/${shared}`)).status).toBe(200)
    for (const path of [`Patient/${others}`, `Appointment/${othersVisit}`])
      for (const more of ['', '/_history/1', '/_history'])
        expect([path + more, (await me('GET', path + more)).status]).toEqual([path + more, 404])
    for (const more of ['/_history/1', '/_history']) expect((await me('GET', `Appointment/${ownVisit}${more}`)).status).toBe(200)
  })

  it('reads nothing by a Patient that only links to the patient', async () => {
    const linked = await made(ask, { resourceType: 'Patient', link: [{ other: { reference: `Patient/${own}` }, type: 'seealso' }] })
    const me = await mine('patient/*.rs')
    expect((await me('GET', `Patient/${linked}`)).status).toBe(404)
    expect(idsIn(await me('GET', 'Patient'))).toEqual([own])
  })

  it('finds what is the patient’s and nothing else', async () => {
    const me = await mine('patient/*.rs')
    expect(idsIn(await me('GET', 'Appointment?date=lt2021'))).toEqual([ownVisit, shared].sort())
    expect(idsIn(await me('GET', `Appointment?patient=Patient/${others}`))).toEqual([])
    expect((await me('GET', 'Appointment?date=lt2021&_count=0')).json.total).toBe(2)
    expect(idsIn(await me('GET', `Patient?_id=${others}`))).toEqual([])
  })

  it('is not told of another patient by an include, a revinclude or a chain', async () => {
    const me = await mine('patient/*.rs')
    const included = await me('GET', `Appointment?_id=${shared}&_include=Appointment:patient&_include=Appointment:actor`)
    expect(along(included).map(({ id }) => id)).not.toContain(others)
    expect(along(included).map(({ id }) => id)).toContain(own)
    const pointing = await me(
      'GET',
      `Practitioner?_id=${practitioner}&_revinclude=Appointment:practitioner&_revinclude=Patient:general-practitioner`,
    )
    const pointedBy = along(pointing).map(({ id }) => id)
    expect(pointedBy).toEqual(expect.arrayContaining([ownVisit, shared]))
    expect(pointedBy).not.toContain(othersVisit)
    expect(pointedBy).not.toContain(others)
    expect(idsIn(await me('GET', 'Appointment?patient.identifier=urn:x%7Cother'))).toEqual([])
    expect(idsIn(await me('GET', 'Appointment?patient.family=other'))).toEqual([])
    expect(idsIn(await me('GET', 'Appointment?patient.family=own&date=lt2021'))).toEqual([ownVisit, shared].sort())
  })

  it('is not told of another patient by a detour: `_has`, longer chains, includes that iterate', async () => {
    const me = await mine('patient/*.rs')
    const around = along(
      await me(
        'GET',
        `Practitioner?_id=${practitioner}&_revinclude=Appointment:practitioner&_include:iterate=Appointment:patient&_revinclude:iterate=Appointment:patient&_revinclude:iterate=Patient:general-practitioner`,
      ),
    ).map(({ id }) => id)
    expect(around).toEqual(expect.arrayContaining([own, ownVisit, shared]))
    expect(around).not.toContain(others)
    expect(around).not.toContain(othersVisit)
    for (const query of [
      'Practitioner?_has:Appointment:practitioner:patient.family=other',
      `Practitioner?_has:Appointment:practitioner:_id=${othersVisit}`,
      'Practitioner?_has:Patient:general-practitioner:family=other',
      'Appointment?practitioner._has:Patient:general-practitioner:family=other',
    ])
      expect([query, idsIn(await me('GET', query))]).toEqual([query, []])
    expect(idsIn(await me('GET', 'Practitioner?_has:Appointment:practitioner:patient.family=own'))).toEqual([practitioner])
  })

  it('follows of an untyped chain the ways that are open', async () => {
    const me = await mine('patient/Appointment.rs patient/Practitioner.rs')
    const { name } = (await ask('GET', `Practitioner/${practitioner}`)).json
    expect(idsIn(await me('GET', `Appointment?date=lt2021&actor.name=${name[0].family}`))).toEqual([ownVisit, shared].sort())
    expect(idsIn(await me('GET', 'Appointment?date=lt2021&actor.name=own'))).toEqual([])
    expect((await me('GET', 'Practitioner?_has:Patient:general-practitioner:family=own')).status).toBe(403)
  })

  it('includes only types that the scopes reach', async () => {
    const me = await mine('patient/Appointment.rs')
    expect(along(await me('GET', `Appointment?_id=${ownVisit}&_include=Appointment:actor`))).toEqual([])
    expect((await me('GET', 'Appointment?patient.family=own')).status).toBe(403)
  })

  it('writes only what is the patient’s', async () => {
    const me = await mine('patient/*.cruds')
    const proposed = (patient: string) => visit([patient], { status: 'proposed' })
    expect((await me('POST', 'Appointment', { body: proposed(own) })).status).toBe(201)
    expect((await me('POST', 'Appointment', { body: proposed(others) })).status).toBe(403)
    expect((await me('POST', 'Patient', { body: { resourceType: 'Patient' } })).status).toBe(403)
    expect([403, 404]).toContain((await me('PUT', `Patient/${others}`, { body: { resourceType: 'Patient', id: others } })).status)
    expect([403, 404]).toContain((await me('PUT', `Appointment/${othersVisit}`, { body: { ...visit([own]), id: othersVisit } })).status)
    expect((await me('PUT', `Appointment/${ownVisit}`, { body: { ...visit([others]), id: ownVisit } })).status).toBe(403)
    expect([403, 404]).toContain((await me('DELETE', `Appointment/${othersVisit}`)).status)
    const stale = { 'if-match': 'W/"9"' }
    expect([403, 404]).toContain(
      (await me('PUT', `Appointment/${othersVisit}`, { body: { ...visit([own]), id: othersVisit }, headers: stale })).status,
    )
    expect([403, 404]).toContain((await me('DELETE', `Appointment/${othersVisit}`, { headers: stale })).status)
    expect((await me('GET', `Appointment/${ownVisit}`)).json.meta.versionId).toBe('1')
    expect((await ask('GET', `Appointment/${othersVisit}`)).json.meta.versionId).toBe('1')
  })

  it('creates no Patient by PUT, not even one that links to the patient', async () => {
    const me = await mine('patient/*.cruds')
    const body = { resourceType: 'Patient', id: 'intruder', link: [{ other: { reference: `Patient/${own}` }, type: 'replaced-by' }] }
    expect((await me('PUT', 'Patient/intruder', { body })).status).toBe(404)
    expect(
      (
        await me('PUT', `Patient/${own}`, {
          body: { resourceType: 'Patient', id: own, name: [{ family: 'Own' }], identifier: [{ system: 'urn:x', value: 'own' }] },
        })
      ).status,
    ).toBe(200)
  })

  it.each(['Slot', 'Schedule', 'Practitioner', 'PractitionerRole', 'Location', 'HealthcareService', 'Organization'])(
    'reads the clinic’s %s and never writes it',
    async (type) => {
      const me = await mine('patient/*.cruds')
      const found = await me('GET', type)
      expect(found.status).toBe(200)
      expect((await me('POST', type, { body: { resourceType: type } })).status).toBe(403)
      expect((await me('DELETE', `${type}/x`)).status).toBe(403)
    },
  )

  it.each(['Subscription', 'Endpoint'])('does not reach %s', async (type) => {
    expect((await (await mine('patient/*.cruds'))('GET', type)).status).toBe(403)
  })

  it('books for the patient alone', async () => {
    const me = await mine('patient/*.cruds')
    expect((await me('POST', `Slot/${slot}/$hold`, { body: parameters({ patient: `Patient/${others}` }) })).status).toBe(403)
    const reader = await mine('patient/Appointment.rs')
    expect((await reader('POST', `Slot/${slot}/$book`, { body: parameters({}) })).status).toBe(403)
    expect([403, 404]).toContain((await me('POST', `Appointment/${othersVisit}/$cancel`, { body: parameters({}) })).status)
  })

  it('sees the audit of the patient’s own data', async () => {
    const me = await mine('patient/*.rs')
    const found = matched(await me('GET', 'AuditEvent?_count=200'))
    expect(found.length).toBeGreaterThan(0)
    for (const event of found) expect(JSON.stringify(event)).toContain(`Patient/${own}`)
    expect(matched(await me('GET', `AuditEvent?patient=Patient/${others}`))).toEqual([])
  })

  it('without a patient reaches nothing', async () => {
    expect((await (await server.scoped('patient/*.cruds'))('GET', 'Patient')).status).toBe(403)
  })
})

describe('a granular scope', () => {
  it('shows what matches its search, by read, search, include and count', async () => {
    const free = await server.scoped('system/Slot.rs?status=free system/Schedule.rs')
    const busy = await made(ask, {
      resourceType: 'Slot',
      schedule: { reference: 'Schedule/granular' },
      status: 'busy-unavailable',
      start: '2031-01-01T09:00:00Z',
      end: '2031-01-01T09:15:00Z',
    })
    const open = await made(ask, {
      resourceType: 'Slot',
      schedule: { reference: 'Schedule/granular' },
      status: 'free',
      start: '2031-01-01T10:00:00Z',
      end: '2031-01-01T10:15:00Z',
    })
    expect([(await free('GET', `Slot/${open}`)).status, (await free('GET', `Slot/${busy}`)).status]).toEqual([200, 404])
    expect([(await free('GET', `Slot/${busy}/_history/1`)).status, (await free('GET', `Slot/${busy}/_history`)).status]).toEqual([404, 404])
    expect(matched(await free('GET', 'Slot?schedule=Schedule/granular')).map(({ id }) => id)).toEqual([open])
    expect((await free('GET', 'Slot?schedule=Schedule/granular&_count=0')).json.total).toBe(1)
    expect((await free('GET', 'Slot?status=busy-unavailable')).json.total).toBe(0)
    await ask('PUT', 'Schedule/granular', { body: { resourceType: 'Schedule', id: 'granular', actor: [{ reference: 'Practitioner/x' }] } })
    expect(along(await free('GET', 'Schedule?_id=granular&_revinclude=Slot:schedule')).map(({ id }) => id)).toEqual([open])
    expect((await free('PUT', `Slot/${open}`, { body: {} })).status).toBe(403)
  })

  it('does not open the audit, which it cannot narrow', async () => {
    const narrow = await server.scoped('system/AuditEvent.rs?patient=Patient/1')
    expect([(await narrow('GET', 'AuditEvent')).status, (await narrow('GET', 'AuditEvent/x')).status]).toEqual([403, 403])
  })

  it('that cannot be understood shows nothing', async () => {
    const odd = await server.scoped('system/Slot.rs?colour=red')
    expect((await odd('GET', 'Slot?_count=0')).json.total).toBe(0)
  })
})
