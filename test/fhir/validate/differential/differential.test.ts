/**
 * Whatever Medplum's validator, the package `fhir` or HL7's JSON schema rightly refuses of HL7's examples with one change,
 * we refuse; and what all four have nothing against stays as it is.
 */

import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts'
import { type Resource, servedTypes } from '../../../../src/fhir/resource.ts'
import { validate } from '../../../../src/fhir/validate/validate.ts'
import { page, rows, section } from '../../../docs/markdown.ts'
import { fc } from '../../../support/chance.ts'
import { examplesAreThere, readExamples } from '../examples.ts'
import { type Mutant, mutant, mutationNumbers } from './mutations.ts'
import { type Validator, validators } from './validators.ts'

const suite = examplesAreThere ? describe : describe.skip
const absent = examplesAreThere ? '' : ' (skipped: ../shared/data/r4-examples is not on this machine)'
const definitions = loadDefinitions()
const examples = readExamples().flatMap(([, resource]) => (servedTypes.includes(resource.resourceType) ? [resource] : []))
const mutants = 3_000

const errorsOf = (resource: Resource) =>
  validate(definitions, resource, { type: resource.resourceType }).filter(({ severity }) => severity === 'error')

const tell = ({ kind, path }: Mutant, validator: string, message: string): string =>
  `${validator}: ${kind} at ${path}: ${message.slice(0, 200)}`

/** What the page says that each of them lets pass, by the code of the issue that we raise. */
const told = rows(section(page('docs/validation.md'), '## Beside other validators')).map(([validator, code = '']) => `${validator} ${code}`)

/** What this seed does not draw and another (424242) did: the codes of our issues with what a validator lets pass. */
function drawnByOtherSeeds(refuses: Validator['refuses']): string[] {
  const occurrenceTiming = { repeat: { frequency: 1, period: 1, periodUnit: 'http://a b' } }
  const subject = { reference: 'Patient/1' }
  const resource = { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject, occurrenceTiming }
  const [issue] = errorsOf(resource)
  return issue && refuses(resource) === undefined ? [issue.code] : []
}

suite(`three other validators${absent}`, () => {
  let others: Validator[]
  beforeAll(() => {
    others = validators()
  })

  it('have nothing against the examples as they are, nor have we', () => {
    const complaints = examples.flatMap((resource) => others.flatMap((one) => one.refuses(resource) ?? []))
    expect(complaints).toEqual([])
    expect(examples.flatMap(errorsOf)).toEqual([])
  })

  it(`refuse none of ${mutants} changed examples that we accept, and let pass what the page says`, () => {
    const theirs: string[] = []
    const ours = new Set<string>()
    const counts = { theirs: 0, ours: 0 }
    for (const numbers of fc.sample(mutationNumbers, { seed: 20_261_123, numRuns: mutants })) {
      const one = mutant(examples, numbers)
      if (!one) continue
      const [issue] = errorsOf(one.resource)
      const verdicts = others.map((validator) => ({ name: validator.name, message: validator.refuses(one.resource) }))
      if (issue) counts.ours++
      if (verdicts.some(({ message }) => message !== undefined)) counts.theirs++
      for (const { name, message } of verdicts) {
        if (issue && message === undefined) ours.add(`${name} \`${issue.code}\``)
        if (!issue && message !== undefined) theirs.push(tell(one, name, message))
      }
    }
    for (const { name, refuses } of others) for (const code of drawnByOtherSeeds(refuses)) ours.add(`${name} \`${code}\``)
    expect(theirs).toEqual([])
    expect([...ours].toSorted()).toEqual(told.toSorted())
    // Were the changes harmless, or the others silent, this would show nothing.
    expect(counts.theirs).toBeGreaterThan(mutants / 2)
    expect(counts.ours).toBeGreaterThan(counts.theirs)
  }, 120_000)
})
