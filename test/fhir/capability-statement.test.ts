/** The CapabilityStatement says what is served, and is itself valid FHIR. */
import { capabilityStatement } from '../../src/fhir/capability-statement.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { servedTypes } from '../../src/fhir/resource.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { servedOperations } from '../../src/http/routes.ts'
import { profiles } from '../http/door.ts'

type Rest = {
  type: string
  interaction: { code: string }[]
  searchParam: { name: string; type: string; definition?: string }[]
  searchInclude?: string[]
  searchRevInclude?: string[]
  operation?: { name: string; definition: string }[]
  supportedProfile?: string[]
}

const definitions = loadDefinitions()
const served = { base: 'http://x/fhir', version: '1.2.3', date: '2026-01-01T00:00:00.000Z', operations: servedOperations(), profiles }
const statement = capabilityStatement(definitions, served)
const [rest] = statement.rest as { resource: Rest[] }[]
const of = (type: string): Rest => rest?.resource.find((one) => one.type === type) as Rest

describe('capabilityStatement', () => {
  it('is valid', () => {
    const errors = validate(definitions, statement).filter((issue) => issue.severity !== 'warning')
    expect(errors).toEqual([])
  })

  it('lists every served type once', () => {
    expect(rest?.resource.map((one) => one.type)).toEqual([...servedTypes])
  })

  it('claims no write for what the server alone writes', () => {
    expect(of('AuditEvent').interaction.map((one) => one.code)).toEqual(['read', 'search-type'])
    expect(of('Appointment').interaction.map((one) => one.code)).toContain('create')
  })

  it('lists search parameters with their types', () => {
    const types = Object.fromEntries(of('Slot').searchParam.map(({ name, type }) => [name, type]))
    expect(types).toMatchObject({
      _id: 'token',
      _lastUpdated: 'date',
      schedule: 'reference',
      start: 'date',
      status: 'token',
      'service-type': 'token',
    })
    expect(Object.fromEntries(of('Location').searchParam.map(({ name, type }) => [name, type]))).toMatchObject({
      near: 'special',
      name: 'string',
    })
  })

  it('lists includes both ways', () => {
    expect(of('Slot').searchInclude).toContain('Slot:schedule')
    expect(of('Slot').searchRevInclude).toContain('Appointment:slot')
    expect(of('Schedule').searchInclude).toContain('Schedule:actor')
    expect(of('Schedule').searchRevInclude).toContain('Slot:schedule')
  })

  it('names our operations by definitions that we have, and our profiles', () => {
    expect(of('Slot').operation?.map((one) => one.name)).toEqual([
      'validate',
      'find-slots',
      'find',
      'prefetch',
      'explain-availability',
      'hold',
      'release',
      'book',
    ])
    const urls = profiles.map((one) => one.url)
    for (const { operation } of rest?.resource ?? []) for (const { definition } of operation ?? []) expect(urls).toContain(definition)
    expect(of('Appointment').supportedProfile).toContain('https://slotwise.org/fhir/StructureDefinition/slotwise-appointment')
    expect(of('Organization').supportedProfile).toBeUndefined()
  })
})

/** What the server statements of the guides demand: interactions, parameters, operations, includes, by type. */
const demanded = {
  'Argonaut Scheduling 1.0': {
    Appointment: {
      interactions: 'read search-type patch',
      parameters: '_id patient status date practitioner',
      operations: 'find hold book',
    },
    Slot: { operations: 'prefetch find' },
    Patient: { interactions: 'search-type create' },
    Coverage: { interactions: 'create update' },
    Subscription: { interactions: 'create delete' },
  },
  'IHE ITI Scheduling 1.0': {
    Appointment: {
      interactions: 'read search-type',
      parameters: '_id identifier patient date specialty appointment-type practitioner',
      operations: 'find hold book',
    },
    Patient: { interactions: 'read search-type', parameters: '_id identifier birthdate family gender given name' },
  },
  'gematik ISiK Terminplanung': {
    Schedule: {
      interactions: 'read search-type',
      parameters: '_id _tag _count active service-type specialty actor',
      includes: 'Schedule:actor Slot:schedule',
    },
    Slot: { interactions: 'read search-type', parameters: '_id schedule status start', includes: 'Slot:schedule Appointment:slot' },
    Appointment: {
      interactions: 'read search-type patch',
      parameters: '_id status service-type specialty date slot actor',
      operations: 'book',
      includes: 'Appointment:slot Appointment:actor',
    },
    HealthcareService: {
      interactions: 'read search-type',
      parameters: '_id active service-type specialty name',
      includes: 'Schedule:actor Communication:recipient',
    },
    Communication: {
      interactions: 'read create update search-type',
      parameters: '_id subject recipient sender',
      includes: 'Communication:recipient Communication:sender Communication:subject',
    },
    Binary: { interactions: 'read create' },
  },
}

type Demand = { interactions?: string; parameters?: string; operations?: string; includes?: string }

describe('what the guides demand', () => {
  it.each(Object.entries(demanded))('of a server is declared: %s', (_guide, types) => {
    const missing = Object.entries(types as Record<string, Demand>).flatMap(
      ([type, { interactions, parameters, operations, includes }]) => {
        const declared = of(type)
        const lacks = (wanted = '', have: readonly string[]) => wanted.split(' ').filter((one) => one !== '' && !have.includes(one))
        return [
          ...lacks(
            interactions,
            declared.interaction.map(({ code }) => code),
          ),
          ...lacks(
            parameters,
            declared.searchParam.map(({ name }) => name),
          ),
          ...lacks(
            operations,
            (declared.operation ?? []).map(({ name }) => name),
          ),
          ...lacks(includes, [...(declared.searchInclude ?? []), ...(declared.searchRevInclude ?? [])]),
        ].map((one) => `${type} ${one}`)
      },
    )
    expect(missing).toEqual([])
    expect(statement.format).toEqual(expect.arrayContaining(['application/fhir+json', 'application/fhir+xml']))
  })

  it('makes it an instance of Argonaut’s server, of ISiK’s, and of IHE’s, which searches the whole system', () => {
    const { interaction } = (statement.rest as { interaction: { code: string }[] }[])[0] ?? { interaction: [] }
    expect(interaction.map(({ code }) => code)).toContain('search-system')
    expect(statement.instantiates).toEqual(
      expect.arrayContaining([
        'http://fhir.org/guides/argonaut-scheduling/CapabilityStatement/server',
        'https://profiles.ihe.net/ITI/Scheduling/CapabilityStatement/IHE.Scheduling.server',
        'https://gematik.de/fhir/isik/CapabilityStatement/ISiKCapabilityStatementTerminplanungServer',
      ]),
    )
    expect(statement.patchFormat).toEqual(expect.arrayContaining(['application/json-patch+json', 'application/xml-patch+xml']))
  })
})
