/**
 * Whom and what an Appointment names, read the way the store does: a reference by our own address or to one version means
 * the resource itself. https://hl7.org/fhir/R4/references.html#literal
 * Left out: whom of them a visit claims, which the database says (`claimableActors`).
 */
import { localReference, relativeReference, typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'

type Reference = { readonly reference?: string; readonly display?: string }

export type Participant = {
  readonly actor?: Reference
  readonly status?: string
  readonly required?: string
  readonly [element: string]: unknown
}

export const participantsOf = (resource: Resource | undefined): readonly Participant[] => (resource?.participant ?? []) as Participant[]

/** `Type/id` where it is ours, else as written. */
const actorsOf = (participants: readonly Participant[], base: string): string[] =>
  participants.flatMap(({ actor }) => (actor?.reference === undefined ? [] : [relativeReference(actor.reference, base)]))

/** Declined and information-only participants are never claimed. A contained PractitionerRole is its Practitioner. */
export const takenActors = (resource: Resource, base: string): string[] =>
  actorsOf(
    participantsOf(resource).filter(({ status, required }) => status !== 'declined' && required !== 'information-only'),
    base,
  ).map((actor) => (actor.startsWith('#') ? practitionerOf(resource, actor.slice(1), base) : undefined) ?? actor)

function practitionerOf(resource: Resource, id: string, base: string): string | undefined {
  const contained = (resource.contained ?? []) as (Resource & { practitioner?: Reference })[]
  const role = contained.find((one) => one.id === id && one.resourceType === 'PractitionerRole')
  const reference = role?.practitioner?.reference
  return reference === undefined ? undefined : relativeReference(reference, base)
}

/** `Patient/1`, or the whole URL of a Patient that lives elsewhere. */
export const patientsNamed = (resource: Resource | undefined, base: string): string[] =>
  actorsOf(participantsOf(resource), base).filter((actor) => typeOfReference(actor) === 'Patient')

/** The bare ids of the patients who take part and live here, each once. */
export const patientIds = (resource: Resource | undefined, base: string): string[] => [
  ...new Set(patientsNamed(resource, base).flatMap((patient) => idNamed(patient, 'Patient', base) ?? [])),
]

/** The first HealthcareService that takes part: `HealthcareService/1`. */
export const serviceNamed = (resource: Resource, base: string): string | undefined =>
  actorsOf(participantsOf(resource), base).find((actor) => localReference(actor)?.type === 'HealthcareService')

/** The id that a reference to `type` means; undefined for anything that is not ours. */
export function idNamed(reference: string, type: string, base: string): string | undefined {
  const local = localReference(relativeReference(reference, base))
  return local?.type === type ? local.id : undefined
}

export const idsNamed = (value: unknown, type: string, base: string): string[] =>
  ((value ?? []) as Reference[]).flatMap(({ reference }) => (reference === undefined ? [] : (idNamed(reference, type, base) ?? [])))

/** The same Appointment with its participants named as the Schedule names them, so that nobody is in it twice. */
export function withLocalActors(resource: Resource, base: string): Resource {
  if (!Array.isArray(resource.participant)) return resource
  const participant = participantsOf(resource).map((one) =>
    one.actor?.reference === undefined ? one : { ...one, actor: { ...one.actor, reference: relativeReference(one.actor.reference, base) } },
  )
  return { ...resource, participant }
}
