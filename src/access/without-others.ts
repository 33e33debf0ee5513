/**
 * What is one patient's own may name another: a visit of two, a Group, a message to several. Whoever is confined to one is
 * shown it without the other: no reference, name, status or number of them. https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 *
 * What was left out of is labelled REDACTED; its narrative, which may say anything, goes with it. Left out: free text, in
 * which whoever wrote it may have named anybody.
 */
import { parseExact } from '../fhir/json.ts'
import type { Actor } from './actor.ts'
import { may } from './may.ts'

type Fields = Record<string, unknown>

const verbs = ['c', 'r', 'u', 'd', 's'] as const
const redacted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'REDACTED' }
const masked = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }] }

/** JSON text of a resource, or of a Bundle of them; as it is, unread, where it names no other Patient. */
export function withoutOthers(actor: Actor, body: string, base: string): string {
  const { patient } = actor
  if (patient === undefined || !namesAnother(body, patient)) return body
  const value = parseExact(body) as Fields
  return shownTo(actor, patient, base, value) ? JSON.stringify(value) : body
}

/** Every place where the text might name a Patient that is not this one. */
function namesAnother(body: string, patient: string): boolean {
  for (let at = body.indexOf('Patient/'); at >= 0; at = body.indexOf('Patient/', at + 1)) {
    const from = at + 'Patient/'.length
    if (!body.startsWith(patient, from) || /[\w.-]/.test(body.charAt(from + patient.length))) return true
  }
  return /"type"\s*:\s*"Patient"/.test(body)
}

/** Changes the resources in it that the actor's scopes confine to the patient. True: something was left out. */
function shownTo(actor: Actor, patient: string, base: string, value: Fields): boolean {
  const { resourceType } = value
  if (resourceType === 'Bundle' || resourceType === 'Parameters')
    return nested(value)
      .map((one) => shownTo(actor, patient, base, one))
      .includes(true)
  if (typeof resourceType !== 'string') return false
  const reach = reachOf(actor, resourceType)
  // Beside the patient's own there is what a search lets through: that is shown as it is, unless it is the patient's too.
  if (reach === 'all' || (reach === 'both' && !names(value, (reference) => isOf(reference, { patient })))) return false
  return leaveOut(value, { patient, base })
}

/** The resources of a Bundle's entries, or of Parameters and their parts. */
function nested({ entry, parameter, part, resource }: Fields): Fields[] {
  const own = fieldsOf(resource) ? [resource as Fields] : []
  return [
    ...own,
    ...[entry, parameter, part].flatMap((list) =>
      (Array.isArray(list) ? list : []).flatMap((one): Fields[] => nested(fieldsOf(one) ?? {})),
    ),
  ]
}

/** `patient`: nothing that the actor may do with the type reaches beyond the one patient. */
function reachOf(actor: Actor, type: string): 'patient' | 'both' | 'all' {
  const granted = verbs.map((verb) => may(actor, verb, type)).filter((permission) => permission.allowed)
  if (granted.every(({ patient }) => patient !== undefined)) return 'patient'
  return granted.every(({ patient, own }) => (patient ?? own) !== undefined) ? 'both' : 'all'
}

/** Whether anything in it is a reference of this kind. */
const names = (value: unknown, isMeant: (reference: Fields) => boolean): boolean =>
  typeof value === 'object' && value !== null && (isMeant(value as Fields) || Object.values(value).some((one) => names(one, isMeant)))

const isOf = ({ reference }: Fields, { patient }: Pick<Whose, 'patient'>): boolean =>
  typeof reference === 'string' && patientNamed.exec(reference)?.[1] === patient

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined

/** The id of the Patient that a reference names. */
const patientNamed = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:$|\/_history\/|#)/

type Whose = { readonly patient: string; readonly base: string }

/** True: the resource named another, and no longer does. */
function leaveOut(resource: Fields, whose: Whose): boolean {
  if (!strip(resource, (reference) => isAnother(reference, whose))) return false
  // Nobody can tell on whose side a relative stands.
  strip(resource, ({ reference }) => typeof reference === 'string' && /(?:^|\/)RelatedPerson\//.test(reference))
  const { contained, meta } = resource
  if (Array.isArray(contained))
    resource.contained = contained.filter((one) => !['Patient', 'RelatedPerson'].includes(String(fieldsOf(one)?.resourceType)))
  if (Array.isArray(resource.contained) && resource.contained.length === 0) delete resource.contained
  // How many they are is a Group's to say.
  if (resource.resourceType === 'Group') delete resource.quantity
  delete resource.text
  const { security } = fieldsOf(meta) ?? {}
  resource.meta = { ...fieldsOf(meta), security: [...(Array.isArray(security) ? security : []), redacted] }
  return true
}

function isAnother({ reference, type, identifier }: Fields, { patient, base }: Whose): boolean {
  if (typeof reference !== 'string') return type === 'Patient' && identifier !== undefined
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
  const [, id] = patientNamed.exec(local) ?? []
  return id !== undefined && (id !== patient || local.indexOf('Patient/') > 0)
}

/** Takes out of every list what is, or by an element of its own names, what is hidden; a single reference says that it is masked. */
function strip(value: unknown, isHidden: (reference: Fields) => boolean): boolean {
  const names = (one: unknown): boolean => {
    const fields = fieldsOf(one)
    return (
      fields !== undefined &&
      (isHidden(fields) || Object.values(fields).some((inner) => fieldsOf(inner) !== undefined && isHidden(inner as Fields)))
    )
  }
  const found: boolean[] = []
  for (const [key, inner] of Object.entries(fieldsOf(value) ?? {})) {
    const fields = value as Fields
    if (Array.isArray(inner)) {
      const kept = inner.filter((one) => !names(one))
      found.push(kept.length < inner.length, ...kept.map((one) => strip(one, isHidden)))
      if (kept.length < inner.length) fields[key] = kept.length > 0 ? kept : [masked]
    } else if (fieldsOf(inner) !== undefined && isHidden(inner as Fields)) {
      fields[key] = masked
      found.push(true)
    } else found.push(strip(inner, isHidden))
  }
  return found.includes(true)
}
