/**
 * `referralRequired`: the visit is based on an active ServiceRequest of the patient's for that service.
 * https://hl7.org/fhir/R4/appointment-definitions.html#Appointment.basedOn
 */
import type { Resource } from '../../fhir/resource.ts'
import type { BookingRule } from '../booking-request.ts'
import { conceptsMatch, conceptsOf } from '../concept.ts'
import { referencesOf, typeOf } from '../plan-parts.ts'
import type { SchedulePlan } from '../schedule-plan.ts'
import type { ServiceOffer } from '../service-offers.ts'

export const referral: BookingRule = ({ policy, referred }) =>
  policy.referralRequired && referred !== true
    ? {
        rule: 'referral',
        message:
          'A referral is needed: name an active ServiceRequest of the patient for this service in basedOn, or by referral-identifier.',
        expression: 'Appointment.basedOn',
      }
    : undefined

/** By the type of a performer, the word that a plan has for it. */
const words: Readonly<Record<string, string>> = {
  Practitioner: 'practitioner',
  PractitionerRole: 'practitioner-role',
  Organization: 'organization',
  HealthcareService: 'healthcare-service',
}

/**
 * Whether a ServiceRequest is for that service here: whom it asks to perform decides, else its code; one that says neither
 * is for any. Of several services of a Schedule a performer names all but a HealthcareService, which names itself.
 */
export function isReferral(request: Resource, patient: string, plan: SchedulePlan, service: ServiceOffer | undefined): boolean {
  if (request.status !== 'active' || !referencesOf(request.subject).includes(`Patient/${patient}`)) return false
  const performers = referencesOf(request.performer)
  const named = performers.filter((performer) => words[typeOf(performer) ?? ''] !== undefined)
  if (named.length > 0) return named.some((performer) => isHere(performer, plan, service))
  const codes = conceptsOf(request.code)
  return codes.length === 0 || conceptsMatch(codes, [...(service?.types ?? plan.template.serviceType ?? []), ...(service?.specialty ?? [])])
}

function isHere(performer: string, plan: SchedulePlan, service: ServiceOffer | undefined): boolean {
  const type = typeOf(performer) ?? ''
  if (type === 'HealthcareService' && service) return service.reference === performer
  return plan.terms.includes(`${words[type]}=${performer}`)
}
