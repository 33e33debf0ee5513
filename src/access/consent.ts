/**
 * From whom a patient's Consent keeps their data: by actor, purpose and period. https://hl7.org/fhir/R4/consent.html
 *
 * Active Consents of the scope patient-privacy are heeded. What they deny goes by `provision.type`, at the root by
 * `policyRule` (OPTIN, OPTOUT) where there is none; nested provisions are exceptions, and of several that meet the case a
 * denial wins. Left out: what a rule says of certain data only (class, code, data, labels, actions). It is read for privacy: a
 * denial counts as if it were of everything, a permission not at all.
 */
import { spanOf } from '../fhir/date-time.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'

type Effect = 'deny' | 'permit'

type Provision = {
  readonly effect: Effect
  /** Unix milliseconds, half-open. */
  readonly from: number
  readonly until: number
  /** References; undefined: anybody. */
  readonly actors?: readonly string[]
  /** Codes; undefined: whatever for. */
  readonly purposes?: readonly string[]
  readonly exceptions: readonly Provision[]
}

export type ConsentRule = { readonly patient: string; readonly provision: Provision }

/** Who wants to see something: what they are called, and what for. */
export type Viewer = { readonly names: ReadonlySet<string>; readonly purpose: string }

/** For a token that says nothing else. https://terminology.hl7.org/CodeSystem-v3-ActReason.html */
export const purposeDefault = 'TREAT'

type Fields = Readonly<Record<string, unknown>>
const listOf = (value: unknown): readonly Fields[] =>
  (Array.isArray(value) ? value : []).filter((one): one is Fields => typeof one === 'object' && one !== null)
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const hasCode = (concept: unknown, code: string): boolean => listOf(fieldsOf(concept).coding).some((coding) => coding.code === code)

/** Undefined where it denies nobody anything. */
export function consentRule(consent: Resource, base: string): ConsentRule | undefined {
  const reference = relativeReference(textOf(fieldsOf(consent.patient).reference) ?? '', base)
  if (consent.status !== 'active' || !hasCode(consent.scope, 'patient-privacy') || !reference.startsWith('Patient/')) return undefined
  const optedOut = hasCode(consent.policyRule, 'OPTOUT')
  const provision = provisionOf(fieldsOf(consent.provision), base, 'permit', optedOut ? 'deny' : 'permit')
  return provision && denies(provision) ? { patient: reference.slice('Patient/'.length), provision } : undefined
}

const denies = ({ effect, exceptions }: Provision): boolean => effect === 'deny' || exceptions.some(denies)

const opposite = (effect: Effect): Effect => (effect === 'deny' ? 'permit' : 'deny')

const ofCertainData = ['class', 'code', 'data', 'dataPeriod', 'securityLabel', 'action'] as const

/** Undefined: it permits, under conditions that nobody looks at here. */
function provisionOf(fields: Fields, base: string, within: Effect, otherwise: Effect): Provision | undefined {
  const effect = fields.type === 'deny' || fields.type === 'permit' ? fields.type : otherwise
  const exceptions = listOf(fields.provision).flatMap((one) => provisionOf(one, base, effect, opposite(effect)) ?? [])
  const isNarrow = ofCertainData.some((name) => fields[name] !== undefined)
  if (within === 'deny' && effect === 'permit' && isNarrow) return undefined
  const { start, end } = fieldsOf(fields.period)
  const actors = listOf(fields.actor).map(({ reference }) => relativeReference(textOf(fieldsOf(reference).reference) ?? '', base))
  const purposes = listOf(fields.purpose).flatMap(({ code }) => textOf(code) ?? [])
  return {
    effect,
    from: spanOf(textOf(start) ?? '')?.lower ?? Number.NEGATIVE_INFINITY,
    until: spanOf(textOf(end) ?? '')?.upper ?? Number.POSITIVE_INFINITY,
    actors: actors.length > 0 ? actors : undefined,
    purposes: purposes.length > 0 ? purposes : undefined,
    exceptions,
  }
}

/** The ids of the patients whose data are kept from somebody just now. */
export function patientsKept(rules: readonly ConsentRule[], viewer: Viewer, nowMs: number): readonly string[] {
  return [...new Set(rules.flatMap(({ patient, provision }) => (decided(provision, viewer, nowMs) === 'deny' ? [patient] : [])))]
}

function decided(provision: Provision, viewer: Viewer, nowMs: number): Effect | undefined {
  const { effect, from, until, actors, purposes, exceptions } = provision
  const applies =
    from <= nowMs &&
    nowMs < until &&
    (actors === undefined || actors.some((actor) => viewer.names.has(actor))) &&
    (purposes === undefined || purposes.includes(viewer.purpose))
  if (!applies) return undefined
  const excepted = exceptions.flatMap((one) => decided(one, viewer, nowMs) ?? [])
  if (excepted.includes('deny')) return 'deny'
  return excepted.length > 0 ? 'permit' : effect
}

/** Whether any rule is about an organization or a role, so that one must know whom somebody works for. */
export const namesWorkplaces = (rules: readonly ConsentRule[]): boolean =>
  rules.some(({ provision }) => actorsIn(provision).some((actor) => /^(?:Organization|PractitionerRole)\//.test(actor)))

const actorsIn = ({ actors = [], exceptions }: Provision): string[] => [...actors, ...exceptions.flatMap(actorsIn)]

/** Of what goes on by itself, with nobody at the glass: what is open in an emergency stays closed to it. */
export const keptFromStandingWishes = (kept: { readonly standing?: readonly string[] } | undefined) => kept?.standing
