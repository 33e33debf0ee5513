import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { compileExpression, typesOfExpression } from '../../src/fhir/search-expression.ts'

const definitions = loadDefinitions()
const examples = join(import.meta.dirname, '../../../shared/data/r4-examples')
const present = existsSync(examples)

/** FHIRPath cannot resolve here; the type in the reference's text stands in for it, as HL7's examples write it. */
const unresolved = (expression: string) => expression.replace(/where\(resolve\(\) is (\w+)\)/g, "where(reference.contains('$1/'))")

describe('compiled expressions', () => {
  it('need FHIRPath for none of R4’s own', () => {
    for (const [type, parameters] of definitions.searchParameters) {
      for (const parameter of parameters.values()) {
        if (['composite', 'special'].includes(parameter.type)) continue
        expect([type, parameter.code, typesOfExpression(definitions, type, parameter)?.size]).not.toEqual([type, parameter.code, undefined])
      }
    }
  })

  it('fall back to FHIRPath for a shape of somebody else’s', () => {
    const walk = compileExpression(definitions, 'Patient', {
      code: 'x',
      type: 'string',
      expression: 'Patient.name.select(family)',
      targets: [],
      url: 'http://x',
    })
    const found: unknown[] = []
    walk({ resourceType: 'Patient', name: [{ family: 'A' }, { family: 'B' }] }, (value) => found.push(value))
    expect(found).toEqual(['A', 'B'])
  })

  const agree = present ? it : it.skip
  agree('find in every R4 example what FHIRPath finds (skipped where ../shared/data/r4-examples is absent)', () => {
    const compiled = new Map<string, (resource: object) => unknown>()
    for (const file of readdirSync(examples).filter((name) => name.endsWith('.json'))) {
      const resource = JSON.parse(readFileSync(join(examples, file), 'utf8')) as Resource
      for (const parameter of definitions.searchParameters.get(resource.resourceType)?.values() ?? []) {
        const expression = unresolved(parameter.expression)
        const evaluate = compiled.get(expression) ?? fhirpath.compile(expression, r4, { traceFn: () => {}, async: false })
        compiled.set(expression, evaluate as (resource: object) => unknown)
        const walked: unknown[] = []
        compileExpression(definitions, resource.resourceType, parameter)(resource, (value) => walked.push(value))
        expect([file, parameter.code, unique(walked)]).toEqual([file, parameter.code, unique(evaluate(resource) as unknown[])])
      }
    }
  })
})

/** A union has no repeats in FHIRPath; a walker may visit a value twice. */
const unique = (values: unknown[]) => [...new Set(values.map((value) => JSON.stringify(value)))].toSorted()
