/**
 * capabilities: what this server does, open to all. https://hl7.org/fhir/R4/http.html#capabilities
 *
 * The statement is made once, when the first client asks. `mode=terminology` is not served: this is no terminology server.
 */
import { fault } from '../base/fault.ts'
import { capabilityStatement, type Served } from '../fhir/capability-statement.ts'
import type { House } from '../store/house.ts'
import { topics, topicUrl } from '../subscriptions/topics.ts'
import type { Desk } from './desk.ts'

export function capabilities(house: House, served: Omit<Served, 'base'>): Desk {
  const made: string[] = []
  return async (_house, _actor, { query }) => {
    const mode = query.find(([name]) => name === 'mode')?.[1]
    if (mode !== undefined && mode !== 'full' && mode !== 'normative')
      throw fault('value', 'The mode is "full" or "normative"; this is no terminology server.', 'mode')
    made[0] ??= JSON.stringify(capabilityStatement(house.definitions, { ...served, base: house.base, topics: topics.map(topicUrl) }))
    return { status: 200, body: made[0], version: served.version }
  }
}
