/**
 * AuditEvents against the constraints of IHE Basic Audit Log Patterns 1.1, written down here by hand from its profiles
 * (PatientRead, PatientQuery, PatientCreate, PatientUpdate, PatientDelete) and IHE Scheduling's of ITI-115 to 117.
 */
import { type Ask, type Loose, matched, type RestHouse, restHouse } from '../interactions/rest.ts'
import { clinic } from '../support/clinic.ts'
import { parameters } from '../support/house.ts'

const dcm = 'http://dicom.nema.org/resources/ontology/DCM'
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const profileBase = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient'

type Pattern = {
  readonly action: string
  /** agent.type of client, server and user: each slice of the profile. */
  readonly client: string
  readonly server: string
  readonly user: readonly string[]
  readonly query?: boolean
}

const writers = ['AUT', 'INF', 'CST'].map((code) => `${participation}#${code}`)

// biome-ignore format: a table is read by its columns
const patterns: Readonly<Record<string, Pattern>> = {
  Read:   { action: 'R', client: `${dcm}#110152`, server: `${dcm}#110153`, user: [`${participation}#IRCP`] },
  Query:  { action: 'E', client: `${dcm}#110153`, server: `${dcm}#110152`, user: [`${participation}#IRCP`], query: true },
  Create: { action: 'C', client: `${dcm}#110153`, server: `${dcm}#110152`, user: writers },
  Update: { action: 'U', client: `${dcm}#110153`, server: `${dcm}#110152`, user: writers },
  Delete: { action: 'D', client: `${dcm}#110150`, server: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type#custodian', user: writers },
}

const tokens = (codings: readonly Loose[]): string[] => codings.map(({ system, code }) => `${system}#${code}`)
const restful = (code: string): string => `http://hl7.org/fhir/restful-interaction#${code}`

let server: RestHouse
let clerk: Ask
let place: Awaited<ReturnType<typeof clinic>>

beforeAll(async () => {
  server = await restHouse()
  clerk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk', client: 'front-desk' })
  place = await clinic(server.call)
})
afterAll(() => server?.close())

async function latestOf(patient: string): Promise<Loose> {
  const [event] = matched(await server.ask('GET', `AuditEvent?patient=Patient/${patient}&_count=1`))
  return event
}

function assertPattern(event: Loose, name: string, subtype: readonly string[], entity: { patient: string; data?: string }): void {
  const pattern = patterns[name] as Pattern
  expect(event.meta.profile).toEqual([`${profileBase}${name}`])
  expect(tokens([event.type])).toEqual(['http://terminology.hl7.org/CodeSystem/audit-event-type#rest'])
  expect(tokens(event.subtype)).toEqual(expect.arrayContaining([...subtype]))
  expect([event.action, event.outcome, event.modifierExtension]).toEqual([pattern.action, '0', undefined])
  const agentOf = (types: readonly string[]): Loose[] =>
    event.agent.filter(({ type }: Loose) => types.some((one) => tokens(type.coding).includes(one)))
  const [client, ...clients] = agentOf([pattern.client])
  const [host, ...hosts] = agentOf([pattern.server])
  const [user, ...users] = agentOf(pattern.user)
  expect([clients, hosts, users, event.agent.length]).toEqual([[], [], [], 3])
  expect(client).toMatchObject({ who: { identifier: { value: 'front-desk' } }, network: { address: '127.0.0.1', type: '2' } })
  expect(host).toMatchObject({ who: { identifier: { value: server.house.base } }, network: { address: server.house.base, type: '5' } })
  expect(user).toMatchObject({ who: { reference: 'Practitioner/clerk' }, requestor: true })
  expect([user.network, client.media, host.media, user.media]).toEqual([undefined, undefined, undefined, undefined])
  expect(event.source.observer).toEqual(host.who)
  const entities = (type: string, role: string): Loose[] =>
    event.entity.filter((one: Loose) => one.type.code === type && one.role.code === role)
  expect(entities('1', '1').map(({ what }) => what.reference)).toEqual([entity.patient])
  if (pattern.query) {
    const [query, ...more] = entities('2', '24')
    expect([more, query.what, query.lifecycle, query.detail]).toEqual([[], undefined, undefined, undefined])
    expect(decodeURIComponent(Buffer.from(query.query, 'base64').toString())).toContain(entity.patient.replace('Patient/', ''))
  } else expect(entities('2', '4').map(({ what }) => what.reference)).toEqual([entity.data])
}

const person = async (): Promise<string> => (await clerk('POST', 'Patient', { body: { resourceType: 'Patient' } })).json.id

describe('an AuditEvent of', () => {
  it.each<[string, string, string, (id: string) => Promise<unknown>]>([
    ['a read', 'Read', 'read', (id) => clerk('GET', `Patient/${id}`)],
    ['a read of a version', 'Read', 'vread', (id) => clerk('GET', `Patient/${id}/_history/1`)],
    ['a search', 'Query', 'search-type', (id) => clerk('GET', `Patient?_id=${id}`)],
    ['a create', 'Create', 'create', async () => undefined],
    ['an update', 'Update', 'update', (id) => clerk('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id, gender: 'other' } })],
    ['a delete', 'Delete', 'delete', (id) => clerk('DELETE', `Patient/${id}`)],
  ])('%s has the pattern of one', async (_what, name, interaction, deed) => {
    const id = await person()
    await deed(id)
    const event = await latestOf(id)
    const data = interaction === 'vread' ? `Patient/${id}/_history/1` : `Patient/${id}`
    assertPattern(event, name, [restful(interaction)], { patient: `Patient/${id}`, data })
    const { validate } = await import('../../src/fhir/validate/validate.ts')
    expect(validate(server.house.definitions, event).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('a hold and a booking is one of creation with the name of IHE’s transaction', async () => {
    const id = await person()
    const body = parameters({ patient: `Patient/${id}` })
    const { json: held } = await clerk('POST', `Slot/${(await place.slotAt(2, '09:00')).id}/$hold`, { body })
    const entity = { patient: `Patient/${id}`, data: `Appointment/${held.id}` }
    assertPattern(await latestOf(id), 'Create', [restful('create'), 'urn:ihe:event-type-code#ITI-116'], entity)
    const booked = await clerk('POST', `Slot/${(await place.slotAt(2, '11:00')).id}/$book`, { body })
    const visit = { patient: `Patient/${id}`, data: `Appointment/${booked.json.id}` }
    assertPattern(await latestOf(id), 'Create', [restful('create'), 'urn:ihe:event-type-code#ITI-117'], visit)
  })

  it('finding times for a patient names ITI-115', async () => {
    const id = await person()
    const body = parameters({ patient: `Patient/${id}`, 'healthcare-service': `HealthcareService/${place.service}` })
    await clerk('POST', 'Appointment/$find', { body })
    const event = await latestOf(id)
    expect([event.action, ...tokens(event.subtype)]).toEqual(
      expect.arrayContaining(['C', restful('create'), 'urn:ihe:event-type-code#ITI-115']),
    )
  })

  it('an answer that shows several patients is one for each, and each has the pattern', async () => {
    const [one, two] = [await person(), await person()]
    await clerk('GET', `Patient?_id=${one},${two}`)
    for (const id of [one, two]) assertPattern(await latestOf(id), 'Query', [restful('search-type')], { patient: `Patient/${id}` })
  })

  it('an operation of our own claims no pattern', async () => {
    const one = await person()
    const { json: held } = await clerk('POST', `Slot/${(await place.slotAt(3, '09:00')).id}/$hold`, {
      body: parameters({ patient: `Patient/${one}` }),
    })
    await clerk('POST', `Appointment/${held.id}/$cancel`, { body: parameters({}) })
    const { meta, subtype } = await latestOf(one)
    expect([meta.profile, tokens(subtype)]).toEqual([
      undefined,
      ['https://slotwise.org/fhir/CodeSystem/audit-event#cancel', restful('operation')],
    ])
  })
})
