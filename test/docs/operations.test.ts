/** The pages on operations and REST against the routes, the OperationDefinitions, the metadata and a running server. */
import { join } from 'node:path'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import { conformanceTypes, type Resource, readOnlyTypes, writableTypes } from '../../src/fhir/resource.ts'
import { isSearchable } from '../../src/fhir/search-criterion.ts'
import { routes, servedOperations } from '../../src/http/routes.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { code, page, root, rows, section } from './markdown.ts'

const readme = page('README.md')
const operations = page('docs/operations.md')
const rest = page('docs/rest.md')

const definitions = loadProfiles(join(root, 'fhir-profiles')).filter(({ resourceType }) => resourceType === 'OperationDefinition')
/** An operation's own name, by the id or the canonical of its definition. */
const codeOf = (definition: string): unknown => definitions.find(({ id, url }) => id === definition || url === definition)?.code
const inputsOf = (definition: Resource): string[] =>
  ((definition.parameter ?? []) as { name: string; use: string }[]).filter(({ use }) => use === 'in').map(({ name }) => name)

/** `Slot/{id}/$book` for each route of an operation. */
const addresses = [
  ...new Set(routes.flatMap(([, path]) => (path.includes('$') ? [path.slice(1).replace(':type', '{type}').replace(':id', '{id}')] : []))),
]

describe('the operations that are told', () => {
  it('are those that are served, in the README, on their page and in OperationDefinitions', () => {
    const served = [...new Set(servedOperations().map(({ definition }) => `$${codeOf(definition)}`))].toSorted()
    const inReadme = rows(section(readme, '## Operations')).map(([name = '']) => code(name)[0])
    const onPage = [...operations.matchAll(/^## (\$[a-z-]+)$/gm)].map(([, name]) => name)
    expect(inReadme.toSorted()).toEqual(served)
    expect(onPage.toSorted()).toEqual(served)
    expect([...new Set(definitions.map(({ code }) => `$${code}`))].toSorted()).toEqual(served)
  })

  it('stand in the README at the addresses where they are', () => {
    const told = rows(section(readme, '## Operations')).flatMap(([name = '', at = '']) => {
      const [operation] = code(name)
      return code(at).map((place) => (place.includes('$') ? place : `${place}/${operation}`))
    })
    expect(told.toSorted()).toEqual(addresses.toSorted())
  })

  it('stand on their page at the addresses where they are', () => {
    const told = [...operations.matchAll(/`((?:(?:[A-Z][A-Za-z]+|\{type\})(?:\/\{id\})?\/)?\$[a-z-]+)`/g)].map(
      ([, address = '']) => address,
    )
    // Without a type it is the operation's name, unless it is one of the whole system.
    const places = told.filter((address) => address.includes('/') || addresses.includes(address))
    expect([...new Set(places)].toSorted()).toEqual(addresses.toSorted())
  })
})

/** The names in the table of parameters, and those that are said to be not served yet. */
function parametersOf(operation: string): { told: string[]; notYet: string[] } {
  const text = section(operations, `## $${operation}`)
  const table = text.slice(Math.max(0, text.indexOf('| parameter |')))
  const told = text.includes('| parameter |') ? rows(table).flatMap(([name = '']) => code(name)) : []
  const notYet = code(/^Defined, and not served yet: (.*)$/m.exec(text)?.[1] ?? '')
  return { told, notYet }
}

const finding = parametersOf('find-slots')
const holding = parametersOf('hold')
const booking = parametersOf('book')
/** Told once where two operations share them. */
const toldOf: Readonly<Record<string, readonly string[]>> = {
  'find-slots': [...finding.told, ...finding.notYet],
  find: [...finding.told, ...parametersOf('find').told, ...parametersOf('find').notYet],
  hold: [...holding.told, ...holding.notYet],
  book: [...holding.told, ...booking.told, ...booking.notYet],
  release: parametersOf('release').told,
  reschedule: parametersOf('reschedule').told,
  cancel: parametersOf('cancel').told,
  'join-waitlist': parametersOf('join-waitlist').told,
  'accept-offer': parametersOf('accept-offer').told,
  'decline-offer': parametersOf('decline-offer').told,
  'check-in': parametersOf('check-in').told,
  'no-show': parametersOf('no-show').told,
  match: parametersOf('match').told,
  merge: parametersOf('merge').told,
  'undo-merge': parametersOf('undo-merge').told,
  statistics: parametersOf('statistics').told,
  accounting: parametersOf('accounting').told,
  'break-glass': parametersOf('break-glass').told,
  'self-service-link': parametersOf('self-service-link').told,
  'revoke-self-service-links': parametersOf('revoke-self-service-links').told,
  everything: parametersOf('everything').told,
  export: parametersOf('export').told,
  'patient-export': parametersOf('export').told,
  'group-export': parametersOf('export').told,
  validate: parametersOf('validate').told,
  'backport-subscription-status': parametersOf('status').told,
  'backport-subscription-events': parametersOf('events').told,
  'event-stream': parametersOf('event-stream').told,
  import: parametersOf('import').told,
  'explain-availability': parametersOf('explain-availability').told,
  'preview-change': parametersOf('preview-change').told,
}
const aliases = ['appointment-reference']

describe('the parameters that are told', () => {
  it.each(definitions.map((definition) => [String(definition.id), definition] as const))(
    'of $%s leave out none that it defines',
    (id, definition) => {
      expect(inputsOf(definition).filter((name) => !toldOf[id]?.includes(name) && !aliases.includes(name))).toEqual([])
    },
  )

  let house: TestHouse
  beforeAll(async () => {
    house = await testHouse()
  })
  afterAll(() => house.close())

  const strict = { prefer: 'handling=strict' }
  const unknown = async (path: string): Promise<boolean> => {
    const { status, json } = await house.call(path.startsWith('Slot/$') ? 'GET' : 'POST', path, undefined, strict)
    return status === 400 && json.issue.some(({ diagnostics = '' }) => diagnostics.endsWith('is not known here.'))
  }
  const askedOf: Readonly<Record<string, string>> = { 'find-slots': 'Slot/$find-slots', hold: 'Slot/x/$hold', book: 'Slot/x/$book' }

  it.each([
    ['find-slots', finding],
    ['hold', holding],
    ['book', { told: [...holding.told, ...booking.told], notYet: booking.notYet }],
  ])('of $%s are understood, and those not served yet are not', async (id, { told, notYet }) => {
    const asked = async (names: readonly string[]) => {
      const answers = await Promise.all(names.map(async (name) => ((await unknown(`${askedOf[id]}?${name}=1`)) ? name : '')))
      return answers.filter((name) => name !== '')
    }
    expect(told.length).toBeGreaterThan(5)
    // A resource cannot stand in a query.
    expect(await asked(told.filter((name) => name !== 'appt-resource' && name !== 'patient-resource'))).toEqual([])
    expect(await asked(notYet)).toEqual(notYet)
  })

  it('of $find-slots have examples that it takes', async () => {
    const examples = rows(section(operations, '## $find-slots')).map(([name = '', example = '']) => [
      code(name)[0] ?? '',
      (code(example)[0] ?? '').replaceAll('\\|', '|'),
    ])
    for (const [name = '', example = ''] of examples.filter(([name]) => name !== 'start' && name !== 'end')) {
      const { status } = await house.call('GET', `Slot/$find-slots?${name}=${encodeURIComponent(example)}`, undefined, strict)
      expect({ name, status }).toEqual({ name, status: 200 })
    }
  })

  it('of search are those of the metadata', async () => {
    const { searchParameters } = loadDefinitions()
    const told = rows(rest.slice(rest.indexOf('| type | parameters |'))).map(([type = '', names = '']) => [type, code(names)])
    const common = ['_id', '_lastUpdated', '_profile', '_security', '_source', '_tag']
    const served = told.map(([type]) => [
      type,
      [...(searchParameters.get(String(type))?.values() ?? [])]
        .filter(isSearchable)
        .flatMap((one) => (common.includes(one.code) ? [] : [one.code])),
    ])
    expect(told).toHaveLength(8)
    expect(told).toEqual(served)
  })
})

it('the types that are told are those that are served', () => {
  const told = rows(section(rest, '## Types')).map(([, types = '']) => types.split(', '))
  expect(told).toEqual([writableTypes, conformanceTypes, readOnlyTypes])
  const count = writableTypes.length + conformanceTypes.length + readOnlyTypes.length
  expect(readme).toContain(`for ${count} resource types`)
  expect(page('CHANGELOG.md')).toContain(`for ${count} resource types`)
})

it('every example call on the page of operations goes to an address that is served', () => {
  const called = [...operations.matchAll(/\$FHIR\/([^"?\s]+)/g)].map(([, path = '']) =>
    path.replace('\\$', '$').replace(/\$SLOT|\/2\//, (id) => id.replace(/\$SLOT|2/, '{id}')),
  )
  expect(called.length).toBeGreaterThan(2)
  expect(called.filter((path) => !addresses.includes(path) && !addresses.includes(path.replace(/^[A-Z][A-Za-z]+/, '{type}')))).toEqual([])
})
