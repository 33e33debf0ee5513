/**
 * How far somebody may look into the audit, for the searches that lead there: whose events, and what is followed from them.
 * https://hl7.org/fhir/R4/auditevent.html
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import type { AuditReach } from '../audit/audit-wanted.ts'
import type { House } from '../store/house.ts'
import { allowedOfAudit, assertReach } from './allowed.ts'

/** Throws `forbidden` where they may not search it. */
export const auditReach = (house: House, actor: Actor): AuditReach => ({
  patient: allowedOfAudit(actor, 's').patient,
  except: actor.keptFrom,
  boundsOf: (type) => boundsFor(house, actor, 's', type),
  assertReach: (criterion) => assertReach(actor, criterion),
})
