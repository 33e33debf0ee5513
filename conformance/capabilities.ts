/**
 * What a server says of itself.
 * https://hl7.org/fhir/R4/capabilitystatement.html
 */
import type { Loose } from './client.ts'

export type Capabilities = { readonly statement: Loose; readonly rest: Loose; readonly of: (type: string) => Loose }

export function capabilities(statement: Loose): Capabilities {
  const rest = (statement?.rest ?? []).find((one: Loose) => one.mode === 'server') ?? {}
  const types = new Map<string, Loose>((rest.resource ?? []).map((one: Loose) => [one.type, one]))
  return { statement, rest, of: (type) => types.get(type) }
}
