/**
 * A search whose `_has` leads through AuditEvents, `Patient?_has:AuditEvent:patient:agent=Practitioner/1`: the audit, which is
 * kept apart, is asked first whom and what its events name. https://hl7.org/fhir/R4/search.html#has
 * One look after the other: each may take seconds, and a search must not take every connection there is for such.
 */
import type { Actor } from '../access/actor.ts'
import { may, mayWhole } from '../access/may.ts'
import { namedByAuditEvents } from '../audit/named-by-audit-events.ts'
import { fault } from '../base/fault.ts'
import { auditLooksMax } from '../base/search-limits.ts'
import type { Criterion } from '../fhir/search-criterion.ts'
import type { SearchQuery } from '../fhir/search-query.ts'
import type { Known } from '../fhir/validate/profiles/known.ts'
import type { House } from '../store/house.ts'
import { auditReach } from './audit-reach.ts'

type Looking = { readonly house: House; readonly actor: Actor; readonly known: Known | undefined; looks: number }

/** Where they may not search AuditEvents such a criterion finds nothing; that it is the only way is refused before (`allowed.ts`). */
export async function throughAudit(house: House, actor: Actor, query: SearchQuery, known: Known | undefined): Promise<SearchQuery> {
  if (!mayWhole(actor, 's', 'AuditEvent').allowed) return query
  const looking: Looking = { house, actor, known, looks: 0 }
  return { ...query, criteria: await oneByOne(query.criteria, (criterion) => looked(looking, criterion)) }
}

async function looked(looking: Looking, criterion: Criterion): Promise<Criterion> {
  switch (criterion.kind) {
    case 'chain': {
      // Of a type that is closed to them nothing is found anyway.
      const isOpen = ({ type }: { readonly type: string }): boolean => may(looking.actor, 's', type).allowed
      const links = await oneByOne(criterion.links, async (link) =>
        isOpen(link) ? { ...link, criterion: await looked(looking, link.criterion) } : link,
      )
      return { ...criterion, links }
    }
    case 'has':
      return { ...criterion, criterion: await looked(looking, criterion.criterion) }
    case 'audited': {
      if (++looking.looks > auditLooksMax) throw tooManyLooks()
      const { house, actor, known } = looking
      return { ...criterion, ids: await namedByAuditEvents(house, auditReach(house, actor), criterion, known) }
    }
    default:
      return criterion
  }
}

const tooManyLooks = (): Error =>
  fault(
    'too-costly',
    `A search looks into the audit at most ${auditLooksMax} times: name the types that a chain leads to, \`subject:Patient._has:AuditEvent:…\`.`,
    '_has',
  )

async function oneByOne<One, Made>(list: readonly One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  for (const one of list) made.push(await make(one))
  return made
}
