/**
 * To whom sensitive visits are busy time: whoever may see that a time is taken, and not why. Whole they are for the patient,
 * for who acts for the patient (but what is labelled V), for practitioners who take part, for staff and programs that were
 * cleared (`__sensitive-visits`), for the clinic's own program that may do everything, and in an emergency.
 *
 * Worked out once for a token. What is left of a visit is `busy-time.ts`; which labels count is `fhir/sensitivity.ts`.
 */
import { aboutTypes } from '../fhir/about-visits.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import { sensitivityOf } from '../fhir/sensitivity.ts'
import type { Actor, Masking } from './actor.ts'

/** As SMART says how a scope of one's own is written: with two underscores. */
export const clearanceScope = '__sensitive-visits'

/** Visits, and what they became. */
export const maskedTypes: ReadonlySet<string> = new Set(['Appointment', 'Encounter'])

/** What is about one that is masked is as if it were not there. */
export const isHideable = (type: string): boolean => aboutTypes.has(type) && !maskedTypes.has(type)

export const isMaskable = (type: string): boolean => maskedTypes.has(type) || aboutTypes.has(type)

type Asking = Pick<Actor, 'user' | 'patient' | 'purpose' | 'scopes'>

/** Undefined: nothing is masked. `scope`: the token's, as it is written. */
export function maskingOf(actor: Asking, scope: string): Masking | undefined {
  if (scope.split(/\s+/).includes(clearanceScope) || isTheClinics(actor)) return undefined
  const { user, patient } = actor
  const own = patient === undefined ? undefined : `Patient/${patient}`
  if (user === undefined) return { knows: own === undefined ? [] : [own] }
  if (own === undefined || own === user || !actsForOthers.test(user)) return { knows: [user] }
  return { knows: [user], actsFor: own }
}

/** For what goes on by itself, with nobody at the glass: what is open in an emergency stays masked. */
export function standingMasking({ masking, emergency }: Pick<Actor, 'masking' | 'emergency'>): Masking | undefined {
  if (!masking || !emergency) return masking
  const open = emergency.map((id) => `Patient/${id}`)
  return { ...masking, knows: masking.knows.filter((one) => !open.includes(one)) }
}

/** What of it can be kept: which posts somebody has is looked up whenever it is used. */
export function storedMasking(actor: Pick<Actor, 'masking' | 'emergency' | 'user'>): Masking | null {
  const masking = standingMasking(actor)
  return masking ? { ...masking, knows: masking.knows.filter((one) => one === actor.user || !isPost.test(one)) } : null
}

const isPost = /^Practitioner(?:Role)?\//

/** Names under which a person takes part beside their own, from a table perhaps. */
type Posts = { readonly postsOf: (person: string | undefined) => readonly string[] | Promise<readonly string[]> }

/** Visits in which they take part under another name are whole as well. Looked up only where anything is masked. */
export function withPosts(
  house: Posts,
  masking: Masking | undefined,
  user: string | undefined,
): Masking | undefined | Promise<Masking | undefined> {
  if (!masking) return undefined
  const posts = house.postsOf(user)
  return posts instanceof Promise ? posts.then((names) => knowingAs(masking, names)) : knowingAs(masking, posts)
}

const knowingAs = (masking: Masking, names: readonly string[]): Masking =>
  names.length > 0 ? { ...masking, knows: [...masking.knows, ...names] } : masking

/** Of an order or a Subscription that was kept for later. What was kept before there was any masking is judged by its scopes. */
export const keptMasking = (actor: Asking, kept: Masking | null | undefined, scope: string): Masking | undefined =>
  kept === undefined ? maskingOf(actor, scope) : (kept ?? undefined)

const actsForOthers = /^(?:RelatedPerson|Patient)\//

/** Who imports, synchronizes and keeps the record whole: nobody's token, for no purpose of its own, that may do everything. */
const isTheClinics = ({ user, patient, purpose, scopes }: Asking): boolean =>
  user === undefined &&
  patient === undefined &&
  purpose === undefined &&
  scopes.some(({ level, type, verbs, query }) => level === 'system' && type === '*' && verbs.size === 5 && query === undefined)

/** In an emergency: these patients' visits too. */
export const opened = (masking: Masking | undefined, patients: readonly string[] | undefined): Masking | undefined =>
  masking && patients ? { ...masking, knows: [...masking.knows, ...patients.map((id) => `Patient/${id}`)] } : masking

/** Whether the actor may see only that the time is taken. */
export function isMasked({ masking }: Pick<Actor, 'masking'>, resource: Resource, base: string): boolean {
  if (!masking || !maskedTypes.has(resource.resourceType)) return false
  const sensitivity = sensitivityOf(resource)
  if (!sensitivity) return false
  const parties = partiesOf(resource, base)
  if (masking.knows.some((one) => parties.includes(one))) return false
  return sensitivity === 'very' || masking.actsFor === undefined || !parties.includes(masking.actsFor)
}

type Referring = { readonly actor?: unknown; readonly individual?: unknown } | null

function partiesOf({ participant, subject }: Resource, base: string): string[] {
  const named = (Array.isArray(participant) ? (participant as Referring[]) : []).flatMap((one) => [one?.actor, one?.individual])
  return [...named, subject].flatMap((one) => {
    const { reference } = (one ?? {}) as { reference?: unknown }
    return typeof reference === 'string' ? [relativeReference(reference, base)] : []
  })
}
