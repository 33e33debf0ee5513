/** The values of one name, from the query or a Parameters body, as text; a comma in the query means or. */
import type { FhirRequest } from '../fhir/request.ts'

type Parameter = { readonly name?: unknown; readonly [value: string]: unknown }

export function namedIn({ query, body }: FhirRequest, name: string): string[] {
  const asked = query.filter(([key, value]) => key === name && value !== '').flatMap(([, value]) => value.split(','))
  const parameters = (body as { parameter?: unknown } | undefined)?.parameter
  const sent = Array.isArray(parameters) ? (parameters as readonly Parameter[]) : []
  const said = sent
    .filter((one) => typeof one === 'object' && one !== null && one.name === name)
    .flatMap((one) => Object.entries(one).filter(([key]) => key.startsWith('value')))
    .map(([, value]) => String(value))
  return [...asked, ...said]
}
