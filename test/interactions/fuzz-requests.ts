/**
 * What the fuzz tests send: requests that are right but for a change or two, at every address of the table of routes, drawn by
 * lot, and as the bytes of HTTP/1.1.
 */

import { routes } from '../../src/http/routes.ts'
import { fc } from '../support/chance.ts'
import { clinic } from '../support/clinic.ts'
import type { RawRequest } from '../support/raw-client.ts'
import { change, changed, oddText } from './odd.ts'
import { made, type RestHouse } from './rest.ts'

/** A clinic, by its ids, and resources that could be written there. */
export type Ground = { readonly ids: Readonly<Record<string, string>>; readonly bodies: Readonly<Record<string, object>> }

export async function ground({ ask, call }: RestHouse): Promise<Ground> {
  const ids: Record<string, string> = {}
  const bodies: Record<string, object> = {}
  const { location, service, practitioners, schedules, type, patient, slotAt, appointment } = await clinic(call)
  const slot = await slotAt(2, '09:00')
  Object.assign(ids, {
    Location: location,
    HealthcareService: service,
    Practitioner: practitioners[0],
    Schedule: schedules[0],
    Slot: slot.id,
    Patient: await patient(),
  })
  ids.Appointment = await made(ask, {
    resourceType: 'Appointment',
    status: 'proposed',
    participant: [{ actor: { reference: `Patient/${ids.Patient}` }, status: 'accepted' }],
  })
  bodies.Patient = {
    resourceType: 'Patient',
    meta: { tag: [{ system: 'urn:x', code: 'y' }] },
    name: [{ family: 'Fuzz', given: ['A', 'B'], period: { start: '2001-01-01' } }],
    birthDate: '1980-01-01',
    telecom: [{ system: 'phone', value: '555', rank: 1 }],
    contained: [{ resourceType: 'Organization', id: 'o', name: 'Ward' }],
    managingOrganization: { reference: '#o' },
    extension: [{ url: 'http://x.example/a', valueQuantity: { value: 1.5, unit: 'kg' } }],
  }
  // A few days of Slots: each Schedule that is written has its own made.
  const planningHorizon = { end: new Date(Date.now() + 5 * 86_400_000).toISOString() }
  bodies.Schedule = { ...(await ask('GET', `Schedule/${ids.Schedule}`)).json, planningHorizon }
  bodies.HealthcareService = { ...(await ask('GET', `HealthcareService/${ids.HealthcareService}`)).json }
  bodies.Location = { ...(await ask('GET', `Location/${ids.Location}`)).json }
  bodies.Slot = {
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${ids.Schedule}` },
    status: 'free',
    start: '2031-01-01T09:00:00Z',
    end: '2031-01-01T09:15:00Z',
  }
  bodies.Appointment = appointment(slot, ids.Patient ?? '')
  bodies.operation = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'start', valueDateTime: new Date().toISOString() },
      { name: 'end', valueDateTime: new Date(Date.now() + 5 * 86_400_000).toISOString() },
      { name: 'patient', valueReference: { reference: `Patient/${ids.Patient}` } },
      { name: 'healthcare-service', valueReference: { reference: `HealthcareService/${service}` } },
      { name: 'service-type', valueCodeableConcept: type[0] },
      { name: 'slot', valueReference: { reference: `Slot/${slot.id}` } },
      { name: 'schedule', valueReference: { reference: `Schedule/${ids.Schedule}` } },
      { name: 'appt-resource', resource: { ...bodies.Appointment, status: 'proposed' } },
      { name: 'duration', valueInteger: 15 },
      { name: 'comment', valueString: 'x' },
    ],
  }
  return { ids, bodies }
}

const names = [
  '_id',
  '_lastUpdated',
  '_count',
  '_sort',
  '_include',
  '_revinclude',
  '_cursor',
  '_total',
  '_summary',
  '_since',
  '_before',
  '_tag',
  'name',
  'identifier',
  'birthdate',
  'status',
  'start',
  'date',
  'schedule',
  'schedule.actor',
  'actor',
  'actor:Practitioner.name',
  'patient',
  'near',
  'specialty',
  'service-type',
  'phonetic',
  'address',
  'practitioner',
  'duration',
  'end',
  'time-from',
  'day-of-week',
  'location-string',
  '_format',
  '_pretty',
  'mode',
]
const modifiers = ['', '', '', ':missing', ':not', ':exact', ':contains', ':identifier', ':Patient', ':', '.name', '.']
const values = [
  'true',
  'free',
  'Patient/1',
  'urn:x|y',
  '|',
  'ge2026-01-01',
  'lt2027',
  '42|-71|10|km',
  'Slot:schedule',
  'Appointment:*',
  '-_lastUpdated',
  '10',
  'a,b\\,c',
  '09:00',
  'mon',
]
const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...modifiers), fc.oneof(fc.constantFrom(...values), oddText))
const headerNames = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'prefer',
  'accept',
  'content-type',
  'idempotency-key',
  'x-request-id',
  'accept-encoding',
]
const headerValue = fc.constantFrom(
  'x',
  '""',
  '*',
  'W/"1"',
  'application/json',
  'application/fhir+json',
  'text/plain',
  'return=minimal',
  'handling=strict',
  'gzip',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  ';;;',
  'é',
  'k'.repeat(300),
)
const typeNames = fc.constantFrom(
  'Patient',
  'Schedule',
  'Slot',
  'Appointment',
  'Location',
  'HealthcareService',
  'AuditEvent',
  'ValueSet',
  'Unicorn',
)

export const requests = fc.record({
  route: fc.constantFrom(...routes),
  type: typeNames,
  id: fc.option(oddText, { freq: 4, nil: undefined }),
  query: fc.array(pair, { maxLength: 3 }),
  header: fc.option(fc.tuple(fc.constantFrom(...headerNames), headerValue), { freq: 3, nil: undefined }),
  changes: fc.array(change, { maxLength: 3 }),
  bare: fc.boolean(),
  // One in four may ask for whole pages of what so many requests have made.
  few: fc.constantFrom(true, true, true, false),
})
export type Request = typeof requests extends fc.Arbitrary<infer One> ? One : never

function pathOf({ ids }: Ground, { route: [, pattern], type, id, query, few }: Request): string {
  const steps = pattern.split('/').filter(Boolean)
  const known = steps[0] === ':type' ? type : (steps[0] ?? '')
  const filled = steps.map((step) =>
    step === ':type' ? type : step === ':id' ? encode(id ?? ids[known] ?? 'x') : step === ':vid' ? encode(id ?? '1') : step,
  )
  const all = few && /_history$|\$everything$/.test(pattern) ? [...query, ['_count', '', '3'] as const] : query
  const search = all.map(([name, modifier, value]) => `${encode(name + modifier)}=${encode(value)}`).join('&')
  return filled.join('/') + (search === '' ? '' : `?${search}`)
}

/** Half a surrogate pair cannot be written as UTF-8: it goes out as the bytes that some programs write. */
const encode = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%BD')

function bodyOf({ ids, bodies }: Ground, { route: [method, pattern], type, id, changes, bare }: Request): object | string | undefined {
  if (method !== 'POST' && method !== 'PUT') return undefined
  if (pattern.endsWith('_search')) return 'name=x'
  if (pattern.includes('$')) return changed(bare ? (bodies.Appointment ?? {}) : (bodies.operation ?? {}), changes)
  const resource = bodies[type] ?? { resourceType: type }
  return changed(method === 'PUT' ? { ...resource, id: id ?? ids[type] ?? 'x' } : resource, changes)
}

/** What a bearer of that token sends; it may be sent by somebody who minds neither addresses nor headers. */
export function rawOf(place: Ground, token: string, request: Request): RawRequest {
  const [method, pattern] = request.route
  const body = bodyOf(place, request)
  const type = pattern.endsWith('_search') ? 'application/x-www-form-urlencoded' : 'application/fhir+json'
  const [name, value] = request.header ?? []
  const odd = name && value !== undefined ? { [name]: Buffer.from(value, 'utf8').toString('latin1') } : {}
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }), ...odd }
  return { method, path: `/fhir/${pathOf(place, request)}`, headers, body: typeof body === 'object' ? JSON.stringify(body) : body }
}
