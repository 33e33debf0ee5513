/**
 * A parameter that means one value may be said again, as dialects do that have two names for it; said otherwise the second time,
 * one of the two would be passed over.
 */
import { fault } from '../base/fault.ts'
import { allOf, type Inputs, type Parameter } from '../fhir/parameters.ts'

/** Throws `value`. */
export function assertSaidOnce(inputs: Inputs, names: Iterable<string>): void {
  for (const name of names) {
    const [first, ...others] = allOf(inputs, name)
    if (!first || others.every((one) => saidIn(one) === saidIn(first))) continue
    throw fault('value', `The parameter ${first.name} is sent twice, with two values: one is meant.`, first.name)
  }
}

/** `Type/id`, an id and a Reference mean the same. */
function saidIn({ value, resource, parts }: Parameter): string {
  const { reference } = (typeof value === 'object' && value !== null ? value : {}) as { reference?: unknown }
  const said = reference ?? value ?? resource ?? parts
  return typeof said === 'string' ? said.replace(/^(.*\/)?[A-Z][A-Za-z]+\/([A-Za-z0-9\-.]{1,64})$/, '$2') : JSON.stringify(said)
}
