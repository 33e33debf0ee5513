/**
 * capabilities: what this server does, open to all. https://hl7.org/fhir/R4/http.html#capabilities
 *
 * The statement is made when the first client asks, and again when an administrator's search parameter comes or goes.
 * `mode=terminology` is not served: this is no terminology server.
 */
import { createHash } from 'node:crypto'
import { fault } from '../base/fault.ts'
import { capabilityStatement, type Served } from '../fhir/capability-statement.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { House } from '../store/house.ts'
import { topics, topicUrl } from '../subscriptions/topics.ts'
import type { Desk } from './desk.ts'

export function capabilities(house: House, served: Omit<Served, 'base'>): Desk {
  const made = new Map<Definitions, string>()
  return async (_house, _actor, { query }) => {
    const mode = query.find(([name]) => name === 'mode')?.[1]
    if (mode !== undefined && mode !== 'full' && mode !== 'normative')
      throw fault('value', 'The mode is "full" or "normative"; this is no terminology server.', 'mode')
    const { definitions } = house
    const body =
      made.get(definitions) ??
      JSON.stringify(capabilityStatement(definitions, { ...served, base: house.base, topics: topics.map(topicUrl) }))
    if (!made.has(definitions)) made.clear()
    made.set(definitions, body)
    return { status: 200, body, version: versionOf(served.version, definitions) }
  }
}

/** The server's own, and what administrators have added to it. */
function versionOf(version: string, { searchParameters }: Definitions): string {
  const revisions = [...searchParameters.values()].flatMap((parameters) =>
    [...parameters.values()].flatMap(({ custom }) => (custom?.served ? [custom.revision] : [])),
  )
  if (revisions.length === 0) return version
  return `${version}-${createHash('sha256').update(revisions.join()).digest('hex').slice(0, 12)}`
}
