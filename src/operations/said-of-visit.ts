/**
 * What a visit is for, in the words of the caller: `reason`, `appointment-type` and `referral-identifier` become elements of
 * the Appointment. They stand on a proposal and pass from it to the hold or the booking that takes it.
 */
import { allOf, conceptIn, firstOf, type Inputs, type Parameter, textIn, tokensIn } from '../fhir/parameters.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertDatatype } from '../fhir/validate/datatype.ts'
import type { House } from '../store/house.ts'

type Concept = Readonly<Record<string, unknown>>

/** Elements that a proposal passes on. */
const passed = ['reasonCode', 'appointmentType', 'basedOn', 'requestedPeriod'] as const

export function saidOf(house: House, inputs: Inputs, referral: string | undefined): Readonly<Record<string, unknown>> {
  const reasons = allOf(inputs, 'reason').map((reason) => saidConcept(house, reason))
  const type = firstOf(inputs, 'appointment-type')
  return {
    ...(reasons.length > 0 && { reasonCode: reasons }),
    ...(type && { appointmentType: saidConcept(house, type) }),
    ...(referral !== undefined && { basedOn: [{ reference: referral }] }),
  }
}

/** Why a visit is cancelled, moved or was missed. */
export function reasonIn(house: House, inputs: Inputs): Concept | undefined {
  const asked = firstOf(inputs, 'reason')
  return asked && saidConcept(house, asked)
}

export function commentIn({ definitions }: House, inputs: Inputs): string | undefined {
  const asked = firstOf(inputs, 'comment')
  const comment = asked && textIn(asked)
  if (comment !== undefined) assertDatatype(definitions, 'String', comment, 'comment')
  return comment
}

/** A CodeableConcept as it may stand in a resource. */
export function saidConcept({ definitions }: House, parameter: Parameter): Concept {
  const concept = conceptOf(parameter)
  assertDatatype(definitions, 'CodeableConcept', concept, parameter.name)
  return concept
}

/** In a query a code is `system|code`; text without a bar is said as it is. */
function conceptOf(parameter: Parameter): Concept {
  if (typeof parameter.value !== 'string' || !parameter.value.includes('|')) return conceptIn(parameter)
  return { coding: tokensIn(parameter) }
}

/** What a taken proposal says, under what the caller says now. */
export const passedOn = (proposed: Resource): Readonly<Record<string, unknown>> =>
  Object.fromEntries(passed.flatMap((name) => (proposed[name] === undefined ? [] : [[name, proposed[name]]])))
