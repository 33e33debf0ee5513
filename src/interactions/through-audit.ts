/**
 * A search whose `_has` leads through AuditEvents, `Patient?_has:AuditEvent:patient:agent=Practitioner/1`: the audit, which is
 * kept apart, is asked first whom and what its events name. https://hl7.org/fhir/R4/search.html#has
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { namedByAuditEvents } from '../audit/named-by-audit-events.ts'
import type { Criterion } from '../fhir/search-criterion.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import { terminologyFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { auditReach } from './audit-reach.ts'

/** Where they may not search AuditEvents such a criterion finds nothing; that it is the only way is refused before (bounds.ts). */
export async function throughAudit(house: House, actor: Actor, query: SearchQuery): Promise<SearchQuery> {
  const known = await terminologyFor(house.pool, house, query.applied)
  const look = async (criterion: Criterion): Promise<Criterion> => {
    switch (criterion.kind) {
      case 'chain': {
        const links = criterion.links.map(async (link) => ({ ...link, criterion: await look(link.criterion) }))
        return { ...criterion, links: await Promise.all(links) }
      }
      case 'has':
        return { ...criterion, criterion: await look(criterion.criterion) }
      case 'audited':
        if (!mayWhole(actor, 's', 'AuditEvent').allowed) return criterion
        return { ...criterion, ids: await namedByAuditEvents(house, auditReach(house, actor), criterion, known) }
      default:
        return criterion
    }
  }
  return { ...query, criteria: await Promise.all(query.criteria.map(look)) }
}
