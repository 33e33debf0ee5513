/**
 * The CapabilityStatement says what is served, no more and no less: each parameter, operation and interaction that it lists
 * is tried. https://hl7.org/fhir/R4/capabilitystatement.html
 */
import { servedTypes } from '../../src/fhir/resource.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { layoutOf } from '../../src/store/layout.ts'
import { type Ask, each, type Loose, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
let statement: Loose
let resources: Loose[]
const strict = { prefer: 'handling=strict' }

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  statement = (await ask('GET', 'metadata', { token: null })).json
  resources = statement.rest[0].resource
})
afterAll(() => server?.close())

/** A value that a parameter of the kind takes. */
const sample: Readonly<Record<string, string>> = {
  token: 'x',
  reference: 'Patient/x',
  string: 'x',
  date: '2026-01-01',
  uri: 'urn:x',
  special: '42%7C-71',
  number: '10',
  quantity: '10',
  // A second part that is a number will do for a code, too.
  composite: 'x$10',
}

describe('the CapabilityStatement', () => {
  it('is a valid one, open to all, with an ETag', async () => {
    const { status, headers } = await ask('GET', 'metadata', { token: null })
    expect([status, headers.etag]).toEqual([200, expect.stringMatching(/^W\//)])
    expect(statement).toMatchObject({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', kind: 'instance', status: 'active' })
    if (server.house.definitions.types.has('CapabilityStatement'))
      expect(validate(server.house.definitions, statement).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('names every type once', () => {
    expect(resources.map(({ type }) => type).sort()).toEqual([...servedTypes].sort())
  })

  it('lists parameters that are all understood', async () => {
    const misunderstood: string[] = []
    const all = resources.flatMap(({ type, searchParam }) => searchParam.map((one: Loose) => [type, one.name, one.type]))
    await each(all, async ([type, name, kind]) => {
      const { status, text } = await ask('GET', `${type}?${name}=${sample[kind]}`, { headers: strict })
      if (status !== 200) misunderstood.push(`${type}?${name} ${status} ${text.slice(0, 200)}`)
    })
    expect(misunderstood).toEqual([])
    expect(all.length).toBeGreaterThan(300)
  })

  it('lists every parameter that is understood', () => {
    const unlisted = resources.flatMap(({ type, searchParam }) => {
      const listed = searchParam.map(({ name }: Loose) => name)
      return type === 'AuditEvent'
        ? []
        : [...layoutOf(server.house.definitions, type).keys()].filter((name) => !listed.includes(name)).map((name) => `${type} ${name}`)
    })
    expect(unlisted).toEqual([])
    for (const { searchParam } of resources)
      expect(searchParam.map(({ name }: Loose) => name)).toEqual(expect.arrayContaining(['_id', '_lastUpdated', '_count']))
  })

  it('lists includes that are all understood', async () => {
    const misunderstood: string[] = []
    const all = resources.flatMap(({ type, searchInclude = [], searchRevInclude = [] }) => [
      ...searchInclude.map((value: string) => [type, '_include', value]),
      ...searchRevInclude.map((value: string) => [type, '_revinclude', value]),
    ])
    await each(all, async ([type, name, value]) => {
      const { status } = await ask('GET', `${type}?${name}=${value}&_count=1`, { headers: strict })
      if (status !== 200) misunderstood.push(`${type}?${name}=${value} ${status}`)
    })
    expect(misunderstood).toEqual([])
  })

  it('lists operations that are there, each with its OperationDefinition', async () => {
    const operations = resources.flatMap(({ type, operation = [] }) => operation.map((one: Loose) => ({ type, ...one })))
    expect(operations.map(({ type, name }) => `${type} ${name}`)).toEqual(
      expect.arrayContaining([
        'Slot find-slots',
        'Schedule find-slots',
        'Appointment find',
        'Appointment hold',
        'Appointment book',
        'Appointment cancel',
        'Slot hold',
        'Slot book',
        'Slot prefetch',
        'Slot find',
      ]),
    )
    for (const { definition } of operations) {
      const found = await ask('GET', `OperationDefinition?url=${definition}`)
      expect([definition, found.json.total]).toEqual([definition, 1])
    }
  })

  it('lists interactions that are there, and none that is not', async () => {
    for (const { type, interaction } of resources) {
      const codes = interaction.map(({ code }: Loose) => code)
      const allowed = async (method: string, path: string, body?: object) =>
        ![404, 405].includes((await ask(method, path, { body })).status)
      expect([type, 'create', codes.includes('create')]).toEqual([type, 'create', await allowed('POST', type, {})])
      expect([type, 'update', codes.includes('update')]).toEqual([type, 'update', await allowed('PUT', `${type}/x`, {})])
      expect([type, 'delete', codes.includes('delete')]).toEqual([type, 'delete', await allowed('DELETE', `${type}/x`)])
      expect([type, 'search-type', codes.includes('search-type')]).toEqual([type, 'search-type', await allowed('GET', type)])
    }
  })

  it('names our profiles, which can be read', async () => {
    const profiles = resources.flatMap(({ supportedProfile = [] }) => supportedProfile)
    for (const url of profiles) expect((await ask('GET', `StructureDefinition?url=${url}`)).json.total).toBe(1)
    const listed = await ask('GET', 'StructureDefinition?_count=200')
    expect(listed.json.total).toBeGreaterThan(3)
    const [{ resource }] = listed.json.entry
    expect((await ask('GET', `StructureDefinition/${resource.id}`)).status).toBe(200)
    expect((await ask('PUT', `StructureDefinition/${resource.id}`, { body: resource })).status).toBe(403)
    expect((await ask('DELETE', `StructureDefinition/${resource.id}`)).status).toBe(403)
  })
})
