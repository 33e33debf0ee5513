/**
 * Requests that are right but for a change or two, at every address of the table of routes: whatever the change, the server
 * answers, never with a 5xx, and a refusal is an OperationOutcome. fast-check says which change it was, at its smallest.
 */
import fc from 'fast-check'
import { routes } from '../../src/http/routes.ts'
import { clinic } from '../support/clinic.ts'
import { change, changed, oddText } from './odd.ts'
import { type Answer, type Ask, made, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const ids: Record<string, string> = {}
const bodies: Record<string, object> = {}

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  const { location, service, practitioners, schedules, type, patient, slotAt } = await clinic(server.call)
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
  bodies.Schedule = { ...(await ask('GET', `Schedule/${ids.Schedule}`)).json }
  bodies.HealthcareService = { ...(await ask('GET', `HealthcareService/${ids.HealthcareService}`)).json }
  bodies.Location = { ...(await ask('GET', `Location/${ids.Location}`)).json }
  bodies.Slot = {
    resourceType: 'Slot',
    schedule: { reference: `Schedule/${ids.Schedule}` },
    status: 'free',
    start: '2031-01-01T09:00:00Z',
    end: '2031-01-01T09:15:00Z',
  }
  bodies.Appointment = {
    resourceType: 'Appointment',
    status: 'booked',
    start: slot.start,
    end: slot.end,
    slot: [{ reference: `Slot/${slot.id}` }],
    serviceType: type,
    participant: [`Patient/${ids.Patient}`, `Practitioner/${ids.Practitioner}`].map((reference) => ({
      actor: { reference },
      status: 'accepted',
    })),
  }
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
})
afterAll(() => server?.close())

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

const requests = fc.record({
  route: fc.constantFrom(...routes),
  type: typeNames,
  id: fc.option(oddText, { freq: 4, nil: undefined }),
  query: fc.array(pair, { maxLength: 3 }),
  header: fc.option(fc.tuple(fc.constantFrom(...headerNames), headerValue), { freq: 3, nil: undefined }),
  changes: fc.array(change, { maxLength: 3 }),
  bare: fc.boolean(),
})
type Request = typeof requests extends fc.Arbitrary<infer One> ? One : never

function pathOf({ route: [, pattern], type, id, query }: Request): string {
  const steps = pattern.split('/').filter(Boolean)
  const known = steps[0] === ':type' ? type : (steps[0] ?? '')
  const filled = steps.map((step) =>
    step === ':type' ? type : step === ':id' ? encode(id ?? ids[known] ?? 'x') : step === ':vid' ? encode(id ?? '1') : step,
  )
  const search = query.map(([name, modifier, value]) => `${encode(name + modifier)}=${encode(value)}`).join('&')
  return filled.join('/') + (search === '' ? '' : `?${search}`)
}

/** Half a surrogate pair cannot be written as UTF-8: it goes out as the bytes that some programs write. */
const encode = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%BD')

function bodyOf({ route: [method, pattern], type, id, changes, bare }: Request): unknown {
  if (method !== 'POST' && method !== 'PUT') return undefined
  if (pattern.endsWith('_search')) return 'name=x'
  if (pattern.includes('$')) return changed(bare ? (bodies.Appointment ?? {}) : (bodies.operation ?? {}), changes)
  const resource = bodies[type] ?? { resourceType: type }
  return changed(method === 'PUT' ? { ...resource, id: id ?? ids[type] ?? 'x' } : resource, changes)
}

async function send(request: Request): Promise<Answer> {
  const [method, pattern] = request.route
  const form: Record<string, string> = pattern.endsWith('_search') ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
  const headers = request.header ? { ...form, [request.header[0]]: Buffer.from(request.header[1], 'utf8').toString('latin1') } : form
  return ask(method, pathOf(request), { body: bodyOf(request), headers })
}

describe('a request with something odd in it', () => {
  it.each([1, 2, 3, 4])(
    'is answered, and never with a 5xx (seed %i)',
    async (seed) => {
      const statuses = new Map<number, number>()
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          const { status, json } = await send(request)
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          if (status >= 500) throw new Error(`${status} ${pathOf(request)} ${server.warnings.at(-1)}`)
          if (status >= 400) expect(json?.resourceType).toMatch(/OperationOutcome|Bundle/)
        }),
        { numRuns: Number(process.env.FUZZ_RUNS ?? 300), seed },
      )
      // The changes are small enough that much is still taken, and odd enough that much is not.
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404]))
    },
    1_800_000,
  )
})
