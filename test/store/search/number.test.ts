/**
 * Numbers, quantities and composites: what the specification's own examples say of each prefix and precision.
 * https://hl7.org/fhir/R4/search.html#number, #quantity and #composite
 */
import type { Resource } from '../../../src/fhir/resource.ts'
import { parseNumbers } from '../../../src/fhir/search-number.ts'
import { encodeCursor } from '../../../src/store/search/cursor.ts'
import { digitsCondition } from '../../../src/store/search/number.ts'
import { type Searchable, searchable } from './searchable.ts'

const ucum = 'http://unitsofmeasure.org'

const encounter = (id: string, length?: object): Resource => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  ...(length && { length }),
})
const minutes = (value: number, more: object = {}) => ({ value, unit: 'minutes', system: ucum, code: 'min', ...more })
const coded = (system: string, code: string) => ({ coding: [{ system, code }] })
const group = (id: string, ...pairs: [string, object][]): Resource => ({
  resourceType: 'Group',
  id,
  characteristic: pairs.map(([code, value]) => ({ code: coded('http://c', code), ...value })),
})
const valueSet = (id: string, ...useContext: object[]): Resource => ({ resourceType: 'ValueSet', id, status: 'active', useContext })
const context = (code: string, value: object) => ({ code: { system: 'http://u', code }, ...value })
const age = (low?: number, high?: number) =>
  context('age', {
    valueRange: { ...(low !== undefined && { low: { value: low } }), ...(high !== undefined && { high: { value: high } }) },
  })

const rows: Resource[] = [
  encounter('e99', minutes(99.4)),
  encounter('e100', minutes(100)),
  encounter('e1002', minutes(100.2)),
  encounter('e104', minutes(104, { unit: 'min', code: 'minute', system: undefined })),
  encounter('ehour', { value: 100, system: ucum, code: 'h' }),
  encounter('elong', minutes(200, { comparator: '>' })),
  encounter('enone'),
  group('g1', ['size', { valueCodeableConcept: coded('http://v', 'big') }], ['tall', { valueBoolean: true }]),
  group('g2', ['size', { valueCodeableConcept: coded('http://v', 'small') }], ['tall', { valueBoolean: false }]),
  group('g3', ['tall', { valueCodeableConcept: coded('http://v', 'big') }]),
  valueSet('young', age(0, 18)),
  valueSet('adult', age(18)),
  valueSet('dose', context('dose', { valueQuantity: { value: 5.4, system: ucum, code: 'mg' } }), age(60)),
  valueSet('focus', context('focus', { valueCodeableConcept: coded('http://v', 'x$y') })),
]

let db: Searchable
beforeAll(async () => {
  db = await searchable(['Encounter', 'Group', 'ValueSet'])
  await db.put(...rows)
})
afterAll(() => db.drop())

it.each([
  // to the digits that were written
  ['Encounter', 'length=100', 'e100 e1002 ehour'],
  ['Encounter', 'length=100.0', 'e100 ehour'],
  ['Encounter', 'length=1e2', 'e100 e1002 e104 e99 ehour'],
  ['Encounter', 'length=100.2', 'e1002'],
  ['Encounter', 'length=ne100', 'e104 e99 elong'],
  // the number itself
  ['Encounter', 'length=gt100', 'e1002 e104 elong'],
  ['Encounter', 'length=ge100', 'e100 e1002 e104 ehour elong'],
  ['Encounter', 'length=lt100', 'e99'],
  ['Encounter', 'length=le100', 'e100 e99 ehour'],
  ['Encounter', 'length=sa104', 'elong'],
  ['Encounter', 'length=eb100', 'e99'],
  ['Encounter', 'length=ap95', 'e100 e1002 e104 e99 ehour'],
  ['Encounter', 'length=gt1000', 'elong'],
  // with its unit
  ['Encounter', `length=100|${ucum}|min`, 'e100 e1002'],
  ['Encounter', `length=100|${ucum}|h`, 'ehour'],
  ['Encounter', 'length=ge100||min', 'e100 e1002 e104 elong'],
  ['Encounter', 'length=ge100||minutes', 'e100 e1002 elong'],
  ['Encounter', 'length=99.4,104', 'e104 e99'],
  ['Encounter', 'length:missing=true', 'enone'],
  ['Encounter', 'length:missing=false&length=lt100', 'e99'],
  // ranges
  ['ValueSet', 'context-quantity=ge60', 'adult dose'],
  ['ValueSet', 'context-quantity=lt5', 'young'],
  ['ValueSet', `context-quantity=5.4|${ucum}|mg`, 'dose'],
  // pairs of one element, never of two
  ['Group', 'characteristic-value=size$big', 'g1'],
  ['Group', 'characteristic-value=http://c|size$http://v|big', 'g1'],
  ['Group', 'characteristic-value=tall$true', 'g1'],
  ['Group', 'characteristic-value=tall$big', 'g3'],
  ['Group', 'characteristic-value=size$true', ''],
  ['Group', 'characteristic-value=size$small,tall$big', 'g2 g3'],
  ['ValueSet', 'context-type-quantity=age$gt59', 'adult dose'],
  ['ValueSet', 'context-type-quantity=http://u|dose$lt6', 'dose'],
  ['ValueSet', 'context-type-quantity=dose$gt59', ''],
  ['ValueSet', 'context-type-value=focus$x\\$y', 'focus'],
  ['ValueSet', 'context-type-value=focus$x', ''],
])('%s?%s finds [%s]', async (type, query, expected) => {
  const ids = expected.split(' ').filter(Boolean)
  expect(await db.ids(type, query)).toEqual(ids)
  expect(await db.total(type, query)).toBe(ids.length)
})

it.each(['length=many', 'length=5||', 'length=5|min', 'length=1|2|3|4', 'length:exact=5'])('refuses %s', (query) =>
  expect(() => db.parse('Encounter', query)).toThrow(expect.objectContaining({ kind: 'value' })),
)

it('sorts by number, what has none last, page by page', async () => {
  const walk = async (sort: string): Promise<string[]> => {
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const page = await db.page('Encounter', `_sort=${sort}&_count=2&_cursor=${cursor}`)
      const shown = page.slice(0, 2)
      seen.push(...shown.map((row) => row.id))
      if (page.length <= 2) return seen
      cursor = encodeCursor(shown.at(-1)?.sort ?? [])
    }
  }
  expect(await walk('length')).toEqual(['e99', 'e100', 'ehour', 'e1002', 'e104', 'elong', 'enone'])
  expect(await walk('-length')).toEqual(['elong', 'e104', 'e1002', 'ehour', 'e100', 'e99', 'enone'])
})

it('refuses numbers that are kept as words and asked for with very many digits, many times', () => {
  const parameter = { code: 'n', type: 'number', expression: 'Appointment.minutesDuration', targets: [], url: 'urn:n' } as const
  const asked = (count: number) =>
    parseNumbers({ parameter, name: 'n', values: Array.from({ length: count }, (_, n) => `ne${n + 1}.${'7'.repeat(29)}`) })
  expect(digitsCondition('t', asked(5)).text).toContain('&&')
  expect(() => digitsCondition('t', asked(500))).toThrow(expect.objectContaining({ kind: 'too-costly' }))
})
