/**
 * Over HTTP, for each writable type: a required element left out, a required code made wrong and an element that nobody
 * knows are refused with that element named, and nothing is stored. The table is read off the specification's pages
 * (https://hl7.org/fhir/R4/appointment.html and its kin), not off our definitions.
 */
import { type Resource, writableTypes } from '../../src/fhir/resource.ts'
import { type Ask, type Loose, type RestHouse, restHouse } from './rest.ts'

const concept = { coding: [{ system: 'urn:x', code: 'y' }] }
const to = (reference: string) => ({ reference })
const time = '2031-01-01T09:00:00Z'

type Row = readonly [type: string, required: object, more: object, codes: readonly string[]]

/** The elements with a minimum of 1; others worth having; those with a required binding to a code. */
const rows: readonly Row[] = [
  ['Schedule', { actor: [to('Practitioner/1')] }, {}, []],
  ['Slot', { schedule: to('Schedule/1'), status: 'free', start: time, end: '2031-01-01T09:15:00Z' }, {}, ['status']],
  ['Appointment', { status: 'proposed', participant: [{ actor: to('Patient/1'), status: 'accepted' }] }, {}, ['status']],
  [
    'AppointmentResponse',
    { appointment: to('Appointment/1'), participantStatus: 'accepted' },
    { actor: to('Patient/1') },
    ['participantStatus'],
  ],
  ['Patient', {}, { gender: 'female' }, ['gender']],
  ['RelatedPerson', { patient: to('Patient/1') }, { gender: 'male' }, ['gender']],
  ['Person', {}, { gender: 'other' }, ['gender']],
  ['Practitioner', {}, { gender: 'unknown' }, ['gender']],
  ['PractitionerRole', {}, { active: true }, []],
  ['Location', {}, { status: 'active', mode: 'instance' }, ['status', 'mode']],
  ['HealthcareService', {}, { active: true }, []],
  ['Organization', {}, { name: 'x' }, []],
  ['Device', {}, { status: 'active' }, ['status']],
  ['Coverage', { status: 'active', beneficiary: to('Patient/1'), payor: [to('Organization/1')] }, {}, ['status']],
  [
    'ServiceRequest',
    { status: 'active', intent: 'order', subject: to('Patient/1') },
    { priority: 'routine' },
    ['status', 'intent', 'priority'],
  ],
  ['Communication', { status: 'completed' }, {}, ['status']],
  ['Consent', { status: 'active', scope: concept, category: [concept] }, { policyRule: concept }, ['status']],
  [
    'Subscription',
    { status: 'requested', reason: 'x', criteria: 'Slot?status=free', channel: { type: 'rest-hook', endpoint: 'https://hook.example/in' } },
    {},
    ['status'],
  ],
  [
    'Endpoint',
    { status: 'active', connectionType: { code: 'hl7-fhir-rest' }, payloadType: [concept], address: 'https://x.example' },
    {},
    ['status'],
  ],
  ['Encounter', { status: 'planned', class: { code: 'AMB' } }, {}, ['status']],
  ['Questionnaire', { status: 'draft' }, {}, ['status']],
  ['QuestionnaireResponse', { status: 'completed' }, {}, ['status']],
  ['Task', { status: 'requested', intent: 'order' }, {}, ['status', 'intent']],
  ['Provenance', { target: [to('Patient/1')], recorded: time, agent: [{ who: to('Practitioner/1') }] }, {}, []],
  ['Binary', { contentType: 'text/plain' }, { data: 'eA==' }, []],
  ['Group', { type: 'person', actual: true }, {}, ['type']],
]

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server?.close())

/** Status, code and the elements named. */
async function refusal(resource: Resource): Promise<[number, string[]]> {
  const { status, json } = await ask('POST', resource.resourceType, { body: resource })
  return [status, (json.issue ?? []).map((issue: Loose) => `${issue.code} ${issue.expression?.[0]}`)]
}

describe.each(rows)('%s', (type, required, more, codes) => {
  const right: Resource = { resourceType: type, ...required, ...more }

  it('is taken as it should be', async () => {
    const { status, text } = await ask('POST', type, { body: right })
    expect([status, text]).toEqual([201, expect.stringContaining(type)])
  })

  it('is refused without what it must have, with a wrong code, and with what it has not', async () => {
    for (const name of Object.keys(required)) {
      const { [name]: _left, ...rest } = right
      expect(await refusal(rest as Resource)).toEqual([400, expect.arrayContaining([`required ${type}.${name}`])])
    }
    for (const name of codes) expect(await refusal({ ...right, [name]: 'no-such-code' })).toEqual([400, [`code-invalid ${type}.${name}`]])
    expect(await refusal({ ...right, nonsense: 1 })).toEqual([400, [`structure ${type}.nonsense`]])
  })

  it('is not stored by a refusal', async () => {
    const before = (await ask('GET', `${type}?_count=0`)).json.total
    await refusal({ ...right, nonsense: 1 })
    expect((await ask('PUT', `${type}/refused`, { body: { ...right, id: 'refused', nonsense: 1 } })).status).toBe(400)
    expect((await ask('GET', `${type}/refused`)).status).toBe(404)
    expect((await ask('GET', `${type}?_count=0`)).json.total).toBe(before)
  })
})

it('no writable type is left out of the table', () => {
  expect(rows.map(([type]) => type).sort()).toEqual([...writableTypes].sort())
})

it('every issue of a resource is told at once', async () => {
  const body: Resource = { resourceType: 'Slot', status: 'nope', start: '2026-02-30T00:00:00Z', colour: 'red' }
  const [status, named] = await refusal(body)
  expect(status).toBe(400)
  expect(named.map((one) => one.split(' ')[1]).sort()).toEqual(['Slot.colour', 'Slot.end', 'Slot.schedule', 'Slot.start', 'Slot.status'])
})
