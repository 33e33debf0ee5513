/** Odd values by lot, resources with a change or two that a careless program could make, and texts with something cut out. */
import { fc } from '../support/chance.ts'

/** Fuzzed requests in all; over their seeds and tests they are this many. */
export const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 50_000)

/** Values that somebody's program sends one day. */
const oddTexts = [
  '',
  ' ',
  '\0',
  '%',
  '\ud83d',
  'null',
  '-1',
  '1e400',
  '2026-02-30',
  'Patient/',
  '/',
  '#',
  '$',
  '|',
  ',',
  '\\',
  '__proto__',
  'constructor',
  "'; drop table patient; --",
  'x'.repeat(3_000),
  '٣',
  '0000-00-00',
  '9999-12-31T23:59:59Z',
  '10000-01-01',
  'ge',
  'urn:uuid:x',
  'http://x.example/fhir/Patient/1',
  '24:00:00',
]
export const oddText = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 12 }))
const oddValue = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    [],
    {},
    [null],
    [[]],
    { a: 1 },
    { reference: 5 },
    { coding: 'x' },
    { coding: [null] },
    [{ url: 'x' }],
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

export type Change = { readonly at: number; readonly value: unknown; readonly kind: 'replace' | 'remove' | 'add' | 'list' }
export const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(400),
  value: oddValue,
  kind: fc.constantFrom('replace', 'remove', 'add', 'list'),
})

/** Every place in a value: the object or list that holds it, and its key there. */
function placesIn(value: unknown): [holder: Record<string, unknown>, key: string][] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key): [Record<string, unknown>, string][] => [[holder, key], ...placesIn(holder[key])])
}

export function changed(body: object, changes: readonly Change[]): object {
  const copy = structuredClone(body)
  for (const { at, value: odd, kind } of changes) {
    const value = structuredClone(odd)
    const places = placesIn(copy)
    const [holder, key] = places[at % places.length] ?? [copy as Record<string, unknown>, 'x']
    if (kind === 'remove') delete holder[key]
    else if (kind === 'add') holder[typeof value === 'string' ? value : 'extra'] = value
    else holder[key] = kind === 'list' ? [holder[key], value] : value
  }
  return copy
}

/** Something taken out of a text and something put in its place; `at` is a part of the whole. */
export type Cut = { readonly at: number; readonly length: number; readonly put: string }
/** `texts` are put in beside odd ones. */
export const cuts = (...texts: readonly string[]): fc.Arbitrary<Cut[]> =>
  fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(12),
      put: fc.oneof(oddText, fc.constantFrom(...texts)),
    }),
    { maxLength: 3 },
  )

export const spoilt = (text: string, all: readonly Cut[]): string =>
  all.reduce((now, { at, length, put }) => {
    const from = Math.floor(at * now.length)
    return now.slice(0, from) + put + now.slice(from + length)
  }, text)
