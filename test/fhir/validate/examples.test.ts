/**
 * HL7's examples are valid, and stop being so with one change each, derived from the definitions: a required element taken
 * away, a code that is not in its ValueSet, an element that does not belong, a value in the wrong shape.
 */
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import type { ElementDefinition } from '../../../src/fhir/definitions/types.ts'
import { validate } from '../../../src/fhir/validate/validate.ts'
import { examplesAreThere, readExamples } from './examples.ts'

const definitions = loadDefinitions()
const examples = readExamples()
const suite = examplesAreThere ? describe : describe.skip
const absent = examplesAreThere ? '' : ' (skipped: ../shared/data/r4-examples is not on this machine)'

type Json = Record<string, unknown>
type Found = { readonly object: Json; readonly path: string; readonly elements: readonly ElementDefinition[]; readonly isResource: boolean }

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const capital = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1)

/** The JSON names that an element may have. */
const keysOf = (element: ElementDefinition): string[] =>
  element.choice ? element.types.map((type) => element.name + capital(type.code)) : [element.name]

function childrenAt(path: string): readonly ElementDefinition[] {
  const [type = '', ...steps] = path.split('.')
  return steps.reduce<readonly ElementDefinition[]>(
    (elements, step) => elements.find((one) => one.name === step)?.elements ?? [],
    definitions.types.get(type)?.elements ?? [],
  )
}

/** Every object in a resource with the definitions that it answers to; what is in types that are not served is left out. */
function objectsIn(object: Json, path: string, elements: readonly ElementDefinition[], isResource: boolean): Found[] {
  const inner = elements.flatMap((element) =>
    keysOf(element).flatMap((key, index) => {
      const given = object[key]
      const values: unknown[] = Array.isArray(given) ? given : [given]
      return values.flatMap((value, at) => {
        if (!isJson(value)) return []
        const inside = `${path}.${element.name}${Array.isArray(given) ? `[${at}]` : ''}`
        const type = element.types[index]?.code
        if (type === 'Resource') return resourceIn(value, inside)
        const backbone = element.contentReference ? childrenAt(element.contentReference.slice(1)) : element.elements
        return objectsIn(value, inside, backbone ?? definitions.types.get(type ?? '')?.elements ?? [], false)
      })
    }),
  )
  return [{ object, path, elements, isResource }, ...inner]
}

function resourceIn(resource: Json, path: string): Found[] {
  const type = definitions.types.get(String(resource.resourceType))
  return type ? objectsIn(resource, path, type.elements, true) : []
}

/** What is said of a resource in which one property is changed for a moment. */
function saidWith(resource: Json, object: Json, key: string, value: unknown): { code: string; expression?: string }[] {
  const before = { ...object }
  if (value === undefined) delete object[key]
  else object[key] = value
  const errors = validate(definitions, resource).filter((issue) => issue.severity === 'error')
  for (const one of Object.keys(object)) delete object[one]
  Object.assign(object, before)
  return errors
}

/** The ways to break an object at an element, each with the issue that must name it. */
type Breakage = { readonly key: string; readonly value: unknown; readonly code: string; readonly at: string }

function* withoutRequired({ object, path, elements, isResource }: Found): Generator<Breakage> {
  for (const element of elements.filter((one) => one.min > 0)) {
    const key = keysOf(element).find((one) => object[one] !== undefined)
    const isAll = !isResource && Object.keys(object).every((one) => one === key || one === 'id')
    if (key === undefined || object[`_${key}`] !== undefined) continue
    yield { key, value: undefined, code: isAll ? 'structure' : 'required', at: isAll ? path : `${path}.${element.name}` }
  }
}

function* withWrongCode({ object, path, elements }: Found): Generator<Breakage> {
  for (const { binding, name } of elements) {
    const given = object[name]
    if (binding === undefined || !definitions.valueSets.has(binding) || given === undefined) continue
    const value = Array.isArray(given) ? given.map(() => 'no-such-code') : 'no-such-code'
    yield { key: name, value, code: 'code-invalid', at: `${path}.${name}${Array.isArray(given) ? '[0]' : ''}` }
  }
}

function* withUnknown({ path }: Found): Generator<Breakage> {
  yield { key: 'nonsense', value: 'x', code: 'structure', at: `${path}.nonsense` }
}

function* inWrongShape({ object, path, elements }: Found): Generator<Breakage> {
  for (const element of elements) {
    const key = keysOf(element).find((one) => object[one] !== undefined)
    if (key === undefined) continue
    const at = `${path}.${element.name}`
    const given = object[key]
    yield { key, value: Array.isArray(given) ? given[0] : [given], code: 'structure', at }
    yield { key, value: null, code: 'structure', at }
    if (Array.isArray(given)) yield { key, value: [], code: 'structure', at }
  }
}

function notRefused(breakages: (found: Found) => Generator<Breakage>): { tried: number; missed: string[] } {
  const missed: string[] = []
  let tried = 0
  for (const [name, resource] of examples) {
    for (const found of resourceIn(resource, resource.resourceType)) {
      for (const { key, value, code, at } of breakages(found)) {
        tried++
        const said = saidWith(resource, found.object, key, value)
        if (!said.some((issue) => issue.code === code && issue.expression === at)) missed.push(`${name} ${at} ${JSON.stringify(said)}`)
      }
    }
  }
  return { tried, missed }
}

suite(`HL7's examples${absent}`, () => {
  it('are valid, each of the type that its file is named for', () => {
    const refused = examples.flatMap(([name, resource]) => {
      const issues = validate(definitions, resource, { type: name.slice(0, name.indexOf('-')) })
      return issues.filter((issue) => issue.severity !== 'information').map((issue) => `${name} ${JSON.stringify(issue)}`)
    })
    expect(refused).toEqual([])
    expect(examples.length).toBeGreaterThan(100)
  })

  it.each([
    ['a required element removed', withoutRequired, 700],
    ['a required code made wrong', withWrongCode, 500],
    ['an unknown element added', withUnknown, 1_900],
    ['a value in the wrong shape', inWrongShape, 10_000],
  ] as const)('%s is refused, and the element is named', (_what, breakages, least) => {
    const { tried, missed } = notRefused(breakages)
    expect(missed).toEqual([])
    expect(tried).toBeGreaterThan(least)
  })

  it('are the same after all that', () => {
    expect(readExamples()).toEqual(examples)
  })
})
