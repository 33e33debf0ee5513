/**
 * What a visit is for, in the words of the caller: `reason`, `appointment-type` and `referral-identifier` become elements of
 * the Appointment. They stand on a proposal and pass from it to the hold or the booking that takes it.
 */
import { allOf, conceptIn, firstOf, type Inputs, type Parameter, tokensIn } from '../fhir/parameters.ts'
import type { Resource } from '../fhir/resource.ts'

/** Elements that a proposal passes on. */
const passed = ['reasonCode', 'appointmentType', 'basedOn', 'requestedPeriod'] as const

export function saidOf(inputs: Inputs, referral: string | undefined): Readonly<Record<string, unknown>> {
  const reasons = allOf(inputs, 'reason').map(conceptOf)
  const type = firstOf(inputs, 'appointment-type')
  return {
    ...(reasons.length > 0 && { reasonCode: reasons }),
    ...(type && { appointmentType: conceptOf(type) }),
    ...(referral !== undefined && { basedOn: [{ reference: referral }] }),
  }
}

/** In a query a code is `system|code`; text without a bar is said as it is. */
function conceptOf(parameter: Parameter): Readonly<Record<string, unknown>> {
  if (typeof parameter.value !== 'string' || !parameter.value.includes('|')) return conceptIn(parameter)
  return { coding: tokensIn(parameter) }
}

/** What a taken proposal says, under what the caller says now. */
export const passedOn = (proposed: Resource): Readonly<Record<string, unknown>> =>
  Object.fromEntries(passed.flatMap((name) => (proposed[name] === undefined ? [] : [[name, proposed[name]]])))
