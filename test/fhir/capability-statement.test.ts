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
    expect(of('Slot').operation?.map((one) => one.name)).toEqual(['validate', 'find-slots', 'find', 'prefetch', 'hold', 'release', 'book'])
    const urls = profiles.map((one) => one.url)
    for (const { operation } of rest?.resource ?? []) for (const { definition } of operation ?? []) expect(urls).toContain(definition)
    expect(of('Appointment').supportedProfile).toContain('https://slotwise.org/fhir/StructureDefinition/slotwise-appointment')
    expect(of('Organization').supportedProfile).toBeUndefined()
  })
})
