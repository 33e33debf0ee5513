/**
 * Every primitive, right and wrong, as the value of an extension. https://hl7.org/fhir/R4/datatypes.html#primitive
 */
import { setFlagsFromString } from 'node:v8'
import { stringLengthMax } from '../../../src/base/limits.ts'
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import { validate } from '../../../src/fhir/validate/validate.ts'

const definitions = loadDefinitions()

function isAccepted(type: string, value: unknown): boolean {
  const key = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
  const issues = validate(definitions, { resourceType: 'Patient', extension: [{ url: 'urn:a', [key]: value }] })
  const right = issues.every((issue) => issue.expression === 'Patient.extension[0].value')
  if (!right) throw new Error(JSON.stringify(issues))
  return issues.length === 0
}

const right: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false],
  integer: [0, -1, 2_147_483_647, -2_147_483_648],
  unsignedInt: [0, 2_147_483_647],
  positiveInt: [1, 2_147_483_647],
  decimal: [0, -1.5, 1e-10, 12345.678],
  string: ['a', ' a ', 'línea\n\tdos', 'a\u00a0b', '診察', '🦷'],
  markdown: ['# a\n\nb'],
  code: ['a', 'a b', 'in-progress'],
  id: ['1', 'A-b.9', 'x'.repeat(64)],
  uri: ['urn:a', 'http://a.example/b?c#d', 'relative'],
  url: ['https://a.example'],
  canonical: ['http://a.example/b|1.0', '#c'],
  oid: ['urn:oid:1.2.840.113619'],
  uuid: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
  base64Binary: ['AAAA', 'AA==', 'AAA=', 'AAAA AAAA\nAA=='],
  date: ['2026', '2026-02', '2026-02-28', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'],
  dateTime: ['2026', '2026-02', '2026-02-28', '2026-02-28T23:59:59Z', '2026-02-28T00:00:00.123456-05:00', '2016-12-31T23:59:60Z'],
  instant: ['2026-02-28T23:59:59Z', '2026-02-28T00:00:00.1+14:00', '2026-03-08T02:30:00-05:00'],
  time: ['00:00:00', '23:59:59.999'],
}

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  boolean: ['true', 0, 'false'],
  integer: [1.5, '1', 2_147_483_648, -2_147_483_649, true],
  unsignedInt: [-1, 0.5, '0'],
  positiveInt: [0, -1, '1'],
  decimal: ['1.5', true, Number.POSITIVE_INFINITY],
  string: ['', 'a\u0000', 'a\u0007', '\ud800', 7, true, 'x'.repeat(stringLengthMax + 1)],
  markdown: ['\u0001'],
  code: [' a', 'a ', 'a  b', 'a\n\nb', 1],
  id: ['a b', 'a_b', 'x'.repeat(65), 'é', '1\n'],
  uri: ['a b', ' urn:a'],
  url: ['https://a. example'],
  canonical: ['a b|1'],
  oid: ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02'],
  uuid: ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:C757873D-EC9A-4326-A141-556F43239520'],
  base64Binary: ['A', 'AAAAA', 'A===', '=AAA', 'AA=A', 'AA-_', ' '],
  date: [
    '2026-02-30',
    '2026-02-29',
    '1900-02-29',
    '2026-13',
    '2026-00',
    '2026-04-31',
    '0000',
    '26',
    '2026-2-1',
    '2026-02-28T00:00:00Z',
    20260228,
  ],
  dateTime: [
    '2026-02-30T00:00:00Z',
    '2026-02-28T10:00:00',
    '2026-02-28T10:00Z',
    '2026-02-28T24:00:00Z',
    '2026-02-28 10:00:00Z',
    '2026-02-28T10:00:00+15:00',
    'today',
  ],
  instant: ['2026', '2026-02-28', '2026-02-28T10:00:00', '2026-02-30T10:00:00Z', '2025-02-29T10:00:00Z', '2026-02-28T10:60:00Z', 1],
  time: ['24:00:00', '10:00', '10:00:00Z', '1:00:00'],
}

const table = (values: Readonly<Record<string, readonly unknown[]>>): [string, unknown][] =>
  Object.entries(values).flatMap(([type, all]) => all.map((value): [string, unknown] => [type, value]))

/** Long values are named by their length. */
const named = (values: [string, unknown][]): [string, string, unknown][] =>
  values.map(([type, value]) => [type, String(JSON.stringify(value)).slice(0, 40), value])

// First of all: what has been compiled stays as it is.
describe('base64', () => {
  // V8 turns to this by itself where much has been compiled.
  beforeAll(() => setFlagsFromString('--no-regexp-optimization'))
  afterAll(() => setFlagsFromString('--regexp-optimization'))

  it('has any length, also where regular expressions are not optimized', () => {
    expect(isAccepted('base64Binary', 'AAAA'.repeat(2_000_000))).toBe(true)
    expect(isAccepted('base64Binary', `${'AAAA'.repeat(2_000_000)}AAA-`)).toBe(false)
    expect(isAccepted('base64Binary', `AAAA${' '.repeat(8_000_000)}AAAA`)).toBe(true)
  })
})

describe('primitives', () => {
  it.each(named(table(right)))('%s %s is accepted', (type, _text, value) => {
    expect(isAccepted(type, value)).toBe(true)
  })

  it.each(named(table(wrong)))('%s %s is refused', (type, _text, value) => {
    expect(isAccepted(type, value)).toBe(false)
  })

  it('are all in both tables', () => {
    const types = [...definitions.primitives.keys()].filter((type) => type !== 'xhtml').toSorted()
    expect(Object.keys(right).toSorted()).toEqual(types)
    expect(Object.keys(wrong).toSorted()).toEqual(types)
  })

  it('say what would be right', () => {
    const [issue] = validate(definitions, { resourceType: 'Patient', birthDate: '2026-02-30' })
    expect(issue?.diagnostics).toBe('This element must be a real date: YYYY, YYYY-MM or YYYY-MM-DD.')
  })
})
