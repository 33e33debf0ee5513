/**
 * `override-reason`: staff book against the clinic's rules and say why, by a code. Never under a patient scope.
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import type { Override } from '../booking/override.ts'
import { firstOf, type Inputs } from '../fhir/parameters.ts'
import { assertCodedOverride, codedOverride } from '../scheduling/override-reasons.ts'
import type { House } from '../store/house.ts'
import { saidConcept } from './said-of-visit.ts'

/** Undefined where the rules shall bind. */
export function overrideOf(house: House, actor: Actor, inputs: Inputs, isPatient: boolean): Override | undefined {
  const asked = firstOf(inputs, 'override-reason')
  if (!asked) return undefined
  if (isPatient)
    throw fault(
      'forbidden',
      'Only the clinic may book against its rules: override-reason takes a user/ or system/ scope.',
      'override-reason',
    )
  const reason = (typeof asked.value === 'string' && codedOverride(asked.value)) || saidConcept(house, asked)
  assertCodedOverride(reason, asked.name)
  return { reason, audit: auditOf(house, actor, 'override') }
}
