/**
 * `referral-identifier`: the ServiceRequest that a visit is based on, by its business identifier (IHE ITI-115, 360X). Whom it
 * asks to perform narrows the search, and the proposals say what they are based on.
 */
import type { Actor } from '../access/actor.ts'
import { isKeptFrom } from '../access/compartment.ts'
import { mayWhole } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { firstOf, type Inputs } from '../fhir/parameters.ts'
import { localReference, relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentBodies } from '../store/resources.ts'
import { idsNamedBy } from './named-resources.ts'

export type Referral = {
  /** `ServiceRequest/1` */
  readonly reference: string
  /** The id of the Patient who is referred. */
  readonly patient?: string
  /** Words of a Schedule's plan; none where the referral asks nobody in particular. */
  readonly performers: readonly string[]
}

/** By the type of a performer, the word that a Schedule's plan has for it. */
const wordOf: Readonly<Record<string, string>> = {
  Practitioner: 'practitioner',
  PractitionerRole: 'practitioner-role',
  Organization: 'organization',
  HealthcareService: 'healthcare-service',
}

/** Undefined: none was asked for. `unknown`: none there, or none that the caller may know. */
export async function referralOf(house: House, actor: Actor, inputs: Inputs): Promise<Referral | 'unknown' | undefined> {
  const asked = firstOf(inputs, 'referral-identifier')
  if (!asked) return undefined
  const { value } = asked
  const known = typeof value === 'object' && value !== null && 'value' in value ? { ...asked, value: { identifier: value } } : asked
  const text = typeof value === 'string' && !value.includes('|') ? { ...asked, value: { identifier: { value } } } : known
  const ids = await idsNamedBy(house, actor, text, 'ServiceRequest')
  const requests = (await currentBodies(house.pool, 'ServiceRequest', ids)).map((body) => JSON.parse(body) as Resource)
  const [request] = requests.filter((one) => mayKnow(house, actor, one))
  if (!request) return 'unknown'
  const performers = ((request.performer ?? []) as { reference?: string }[]).flatMap(({ reference }) => wordFor(reference, house.base))
  return { reference: `ServiceRequest/${request.id}`, patient: patientOf(request, house.base), performers }
}

/** Throws `not-found` where one was asked for and is not there. */
export async function referralNamed(house: House, actor: Actor, inputs: Inputs): Promise<Referral | undefined> {
  const referral = await referralOf(house, actor, inputs)
  if (referral !== 'unknown') return referral
  throw fault('not-found', 'There is no referral with this identifier.', 'referral-identifier')
}

function wordFor(reference: string | undefined, base: string): string[] {
  const local = reference === undefined ? undefined : localReference(relativeReference(reference, base))
  const word = local && wordOf[local.type]
  return word ? [`${word}=${local.type}/${local.id}`] : []
}

function patientOf(request: Resource, base: string): string | undefined {
  const reference = (request.subject as { reference?: string } | undefined)?.reference
  const local = reference === undefined ? undefined : localReference(relativeReference(reference, base))
  return local?.type === 'Patient' ? local.id : undefined
}

/** A granular scope's search is not matched here: it opens none. */
function mayKnow(house: House, actor: Actor, request: Resource): boolean {
  const permission = mayWhole(actor, 's', 'ServiceRequest')
  if (!permission.allowed) return false
  if (isKeptFrom(house.definitions, actor, request, house.base)) return false
  return permission.patient === undefined || patientOf(request, house.base) === permission.patient
}
