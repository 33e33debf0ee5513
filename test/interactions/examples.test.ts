/**
 * HL7's own examples over HTTP: each is taken by PUT in any order, given back as it was sent, and found again by every
 * search parameter that it has a value for. What to ask for is worked out from HL7's own SearchParameters (search-values.ts).
 */
import { readBundle, type SourceSearchParameter } from '../../scripts/definitions-source.ts'
import { type Resource, writableTypes } from '../../src/fhir/resource.ts'
import { diceOf } from '../../src/jobs/demo/dice.ts'
import { examplesAreThere, readExamples } from '../fhir/validate/examples.ts'
import { parseExact } from './exact-json.ts'
import { each, type RestHouse, restHouse } from './rest.ts'
import { type Query, queriesFor } from './search-values.ts'

const absent = examplesAreThere ? '' : ' (skipped: ../shared/data/r4-examples is not there)'
const suite = examplesAreThere ? describe : describe.skip

const examples = readExamples().flatMap(([, resource]) =>
  (writableTypes as readonly string[]).includes(resource.resourceType) ? [resource] : [],
)
const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`

/** Every search parameter of docs/rest.md for the types that a booking touches. */
const wanted: Readonly<Record<string, string>> = {
  Schedule: 'active actor date identifier service-category service-type specialty',
  Slot: 'appointment-type identifier schedule service-category service-type specialty start status',
  Appointment:
    'actor appointment-type based-on date identifier location part-status patient practitioner reason-code reason-reference service-category service-type slot specialty status supporting-info',
  Patient:
    'active address address-city address-country address-postalcode address-state address-use birthdate death-date deceased email family gender general-practitioner given identifier language link name organization phone phonetic telecom',
  Practitioner:
    'active address address-city address-country address-postalcode address-state address-use communication email family gender given identifier name phone phonetic telecom',
  PractitionerRole: 'active date email endpoint identifier location organization phone practitioner role service specialty telecom',
  Location:
    'address address-city address-country address-postalcode address-state address-use endpoint identifier name near operational-status organization partof status type',
  HealthcareService:
    'active characteristic coverage-area endpoint identifier location name organization program service-category service-type specialty',
}

type Statement = { rest: { resource: { type: string; searchParam: { name: string; type: string }[] }[] }[] }

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const dice = diceOf(seed)
  const left = [...items]
  return items.flatMap(() => left.splice(dice.below(left.length), 1))
}

suite(`HL7's examples over HTTP${absent}`, () => {
  let server: RestHouse
  let served: Map<string, Map<string, string>>
  let parameters: SourceSearchParameter[]
  beforeAll(async () => {
    server = await restHouse()
    const statement: Statement = (await server.ask('GET', 'metadata')).json
    served = new Map(
      statement.rest[0]?.resource.map(({ type, searchParam }) => [type, new Map(searchParam.map((one) => [one.name, one.type]))]),
    )
    parameters = readBundle<SourceSearchParameter>('search-parameters.json')
  })
  afterAll(() => server?.close())

  it('are taken by PUT in any order', async () => {
    const refused: string[] = []
    await each(shuffled(examples, 20_260_301), async (resource) => {
      const answer = await server.ask('PUT', nameOf(resource), { body: resource })
      if (answer.status !== 201) refused.push(`${nameOf(resource)} ${answer.status} ${answer.text}`)
    })
    expect(refused).toEqual([])
    expect(examples.length).toBeGreaterThan(100)
  })

  it('are given back as they were sent, but for meta.versionId and meta.lastUpdated', async () => {
    await each(examples, async (resource) => {
      const { meta: sentMeta, ...sent } = parseExact(JSON.stringify(resource))
      const { text } = await server.ask('GET', nameOf(resource))
      const { meta, ...got } = parseExact(text)
      expect(got).toEqual(sent)
      expect(meta).toEqual({ ...(sentMeta as object), versionId: '1', lastUpdated: expect.any(String) })
    })
  })

  it.each(Object.keys(wanted))('%s lists every parameter that booking needs', (type) => {
    expect([...(served.get(type)?.keys() ?? [])]).toEqual(expect.arrayContaining(wanted[type]?.split(' ') ?? []))
  })

  const expected = (resource: Resource): { code: string; queries: Query[] }[] => {
    const codes = served.get(resource.resourceType) ?? new Map()
    return (
      parameters
        // When we stored it is ours to say.
        .filter(
          (one) =>
            one.code !== '_lastUpdated' &&
            codes.has(one.code) &&
            (one.base.includes(resource.resourceType) || one.base.includes('Resource') || one.base.includes('DomainResource')),
        )
        .map((one) => ({ code: one.code, queries: queriesFor(resource, one) }))
    )
  }

  const total = async (resource: Resource, query: readonly (readonly [string, string])[]): Promise<unknown> => {
    const asked = new URLSearchParams([['_id', String(resource.id)], ...query.map(([name, value]): [string, string] => [name, value])])
    const { status, json } = await server.ask('GET', `${resource.resourceType}?${asked}`, { headers: { prefer: 'handling=strict' } })
    return status === 200 ? json.total : json.issue
  }

  it('are found by every parameter that they have a value for', async () => {
    const missed: string[] = []
    const tried = new Set<string>()
    await each(examples, async (resource) => {
      for (const query of expected(resource).flatMap(({ queries }) => queries)) {
        tried.add(`${resource.resourceType} ${query[0]}`)
        const found = await total(resource, [query])
        if (found !== 1) missed.push(`${nameOf(resource)} ${query.join('=')} ${JSON.stringify(found)}`)
      }
    })
    expect(missed).toEqual([])
    expect(tried.size).toBeGreaterThan(200)
  })

  it('are with :missing=true where the parameter has no value, and only there', async () => {
    const wrong: string[] = []
    await each(examples, async (resource) => {
      for (const { code, queries } of expected(resource)) {
        // A position, a sound and the words of a whole resource are searched for; they are no values that may be missing.
        if (['phonetic', 'near', '_text', '_content'].includes(code)) continue
        const found = await total(resource, [[`${code}:missing`, 'true']])
        // A value may be there and nothing be asked by it, such as a concept of text alone.
        if (queries.length > 0 ? found !== 0 : found !== 0 && found !== 1)
          wrong.push(`${nameOf(resource)} ${code} ${JSON.stringify(found)}`)
      }
    })
    expect(wrong).toEqual([])
  })

  it('are not found by what none of them says', async () => {
    const wrong: string[] = []
    await each(new Set(examples.map(({ resourceType }) => resourceType)), async (resourceType) => {
      for (const [code, type] of served.get(resourceType) ?? []) {
        if (code.startsWith('_') || type === 'special') continue
        const value = type === 'date' ? '1850-01-01' : type === 'reference' ? 'no-such-one' : 'zzqxkj'
        const { json } = await server.ask('GET', `${resourceType}?${code}=${value}`, { headers: { prefer: 'handling=strict' } })
        if (json.total !== 0) wrong.push(`${resourceType} ${code}=${value} ${JSON.stringify(json.issue ?? json.total)}`)
      }
    })
    expect(wrong).toEqual([])
  })
})
