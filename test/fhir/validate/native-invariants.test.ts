/**
 * The hand-written invariants and FHIRPath's reading of the same words give the same answer, over values made at random
 * from the elements that each invariant speaks of.
 */

import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import type { ElementDefinition } from '../../../src/fhir/definitions/types.ts'
import { fhirpathRule } from '../../../src/fhir/validate/invariants.ts'
import { nativeInvariants } from '../../../src/fhir/validate/native-invariants.ts'
import { fc } from '../../support/chance.ts'

const definitions = loadDefinitions()

type Place = { readonly base: string; readonly elements: readonly ElementDefinition[]; readonly said: string }

/** Where each invariant is stated: `key expression` → the type or backbone element. */
function placesIn(base: string, elements: readonly ElementDefinition[]): Place[] {
  return elements.flatMap((element) => {
    const path = `${base}.${element.name}`
    const type = definitions.types.get(element.types[0]?.code ?? '')
    const inner = element.elements ?? type?.elements ?? []
    const here = (element.invariants ?? []).map((one) => ({ base: path, elements: inner, said: `${one.key} ${one.expression}` }))
    return [...here, ...placesIn(path, element.elements ?? [])]
  })
}

const places = new Map(
  [...definitions.types.values()]
    .flatMap((type) => [
      ...type.invariants.map((one) => ({ base: type.name, elements: type.elements, said: `${one.key} ${one.expression}` })),
      ...placesIn(type.name, type.elements),
    ])
    .map((place) => [place.said, place]),
)

const dates = [
  '2026',
  '2025-12',
  '2026-03',
  '2026-03-01',
  '2026-03-02',
  '2026-03-01T09:00:00Z',
  '2026-03-01T23:30:00-05:00',
  '2026-03-01T09:00:00.5Z',
]
const scopes = ['research', 'treatment', 'adr', 'patient-privacy'].map((code) => ({
  coding: [{ code: 'x' }, { system: 'something', code }],
}))

const byType: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false],
  dateTime: dates,
  instant: dates.filter((date) => date.includes('T')),
  decimal: [-1, 0, 1.5],
  unsignedInt: [0, 3],
  positiveInt: [1, 3],
  uri: ['urn:a', 'http://unitsofmeasure.org', 'http://a.example/Patient/1/_history/2'],
  CodeableConcept: [{ text: 'x' }, { coding: [{ code: 'adr' }] }, ...scopes],
  string: ['x', '#', '#x'],
  Resource: [
    { resourceType: 'Basic', meta: { versionId: '1' } },
    { resourceType: 'Basic' },
    { resourceType: 'Composition' },
    { resourceType: 'MessageHeader' },
  ],
}

function valuesOf(element: ElementDefinition, type: string, depth: number): fc.Arbitrary<unknown> {
  const codes = element.binding ? [...(definitions.valueSets.get(element.binding) ?? [])] : []
  const inner = element.elements ?? definitions.types.get(type)?.elements ?? []
  if (codes.length > 0) return fc.constantFrom(...codes)
  const known = byType[type]
  if (known) return fc.constantFrom(...known)
  return inner.length > 0 && depth === 0 ? objectOf(inner, depth + 1) : fc.constant(inner.length > 0 ? { id: 'a' } : 'x')
}

/** Some of the elements: an invariant is applied only once those required are there. */
function objectOf(elements: readonly ElementDefinition[], depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const members = elements.flatMap((element) => {
    const type = element.types[0]?.code ?? ''
    const key = element.choice ? `${element.name}${type.charAt(0).toUpperCase()}${type.slice(1)}` : element.name
    const one = element.contentReference ? fc.constant({ id: 'a' }) : valuesOf(element, type, depth)
    const values: fc.Arbitrary<unknown> = element.max === 1 ? one : fc.array(one, { minLength: 1, maxLength: 3 })
    return [[key, values]] as [string, fc.Arbitrary<unknown>][]
  })
  return fc.record(Object.fromEntries(members), {
    requiredKeys: elements.filter((one) => one.min > 0 && !one.choice).map((one) => one.name),
  })
}

/** Only what the words of the invariant mention, and enough of it that both answers come up. */
function relevant(expression: string, elements: readonly ElementDefinition[]): ElementDefinition[] {
  const words = new Set(expression.match(/\w+/g))
  return elements.filter((element) => words.has(element.name))
}

const unreadable = new Set(['eld-16', 'eld-19', 'eld-20'])

describe('hand-written invariants', () => {
  it('each stand for an invariant of the definitions, word for word', () => {
    expect(nativeInvariants.filter((one) => !places.has(`${one.key} ${one.expression}`)).map((one) => one.key)).toEqual([])
  })

  it.each(nativeInvariants.filter((one) => !unreadable.has(one.key)).map((one) => [one.key, one.expression, one] as const))(
    '%s agrees with FHIRPath: %s',
    (_key, expression, native) => {
      const place = places.get(`${native.key} ${expression}`)
      if (!place) throw new Error('see above')
      const holds = fhirpathRule(expression, place.base)
      const isType = /^[A-Z]\w*$/.test(place.base)
      const seen = new Set<boolean>()
      fc.assert(
        fc.property(objectOf(relevant(expression, place.elements)), (made) => {
          const value = isType ? { resourceType: place.base, ...made } : made
          const roots = { resource: value, root: value }
          const answer = native.holds(value, value)
          seen.add(answer)
          expect(answer).toBe(holds(value, roots))
        }),
        { numRuns: 300, seed: 7 },
      )
      expect([...seen].toSorted()).toEqual([false, true])
    },
  )

  // FHIRPath's evaluator throws on these three patterns, so the words are checked by hand.
  it.each([
    ['eld-16', { sliceName: 'a/b-c_d[x]@e' }, true],
    ['eld-16', { sliceName: 'two words' }, false],
    ['eld-16', {}, true],
    ['eld-19', { path: 'Appointment.participant.actor' }, true],
    ['eld-19', { path: 'Extension.value[x]' }, true],
    ['eld-19', { path: 'Appointment participant' }, false],
    ['eld-19', { path: `${'a'.repeat(65)}.b` }, false],
    ['eld-20', { path: 'Extension.value[x]' }, true],
    ['eld-20', { path: 'Appointment.Participant' }, false],
  ])('%s of %j is %s', (key, value, expected) => {
    const native = nativeInvariants.find((one) => one.key === key)
    expect(native?.holds(value, value)).toBe(expected)
  })
})
