/**
 * A resource held against the profiles that it claims in `meta.profile`, and against others that somebody asks for; what it
 * contains is held against what it claims likewise. https://hl7.org/fhir/R4/profiling.html
 * A profile that is not here cannot be checked: a warning, and no reason to refuse.
 */
import { type Findings, noFindings } from '../findings.ts'
import type { JsonObject } from '../invariants.ts'
import { isObject } from '../scope.ts'
import { throwErrors } from '../validate.ts'
import { walk } from './check-node.ts'
import { checkExtensions } from './extensions.ts'
import { resourceItem } from './items.ts'
import { coreType, type Known } from './known.ts'
import { planOf } from './plan.ts'
import { type Beside, note, type Run, refuse, remark } from './run.ts'
import { noVerdicts } from './verdicts.ts'

/** The profiles that a resource says it conforms to. */
export function profilesOf(resource: JsonObject): string[] {
  const profiles = isObject(resource.meta) ? resource.meta.profile : undefined
  return Array.isArray(profiles) ? profiles.filter((one) => typeof one === 'string') : []
}

const containedIn = (resource: JsonObject): JsonObject[] => (Array.isArray(resource.contained) ? resource.contained.filter(isObject) : [])

/** Every profile claimed in a resource; mostly none, and then there is nothing to do. */
export const claimedProfiles = (resource: JsonObject): string[] =>
  resource.contained === undefined ? profilesOf(resource) : [resource, ...containedIn(resource)].flatMap(profilesOf)

export type Asked = {
  /** Besides those that the resource claims. */
  readonly profiles?: readonly string[]
  /** Also say what is absent and what could not be checked. */
  readonly notes?: boolean
  readonly beside?: Beside
}

const nothing: Beside = () => undefined

export function checkProfiles(
  known: Known,
  resource: JsonObject,
  { profiles = [], notes = false, beside = nothing }: Asked = {},
): Findings {
  const findings = noFindings()
  const roots = { resource, root: resource }
  const fresh = { findings, verdicts: noVerdicts(), said: new Set<string>() }
  const run: Run = { walk, known, notes, beside, whole: resource, roots, profile: '', depth: 0, ...fresh }
  checkOne(run, resource, String(resource.resourceType), [...profilesOf(resource), ...profiles])
  for (const [index, one] of containedIn(resource).entries()) {
    const path = `${resource.resourceType}.contained[${index}]`
    checkOne({ ...run, roots: { resource: one, root: resource } }, one, path, profilesOf(one))
  }
  return findings
}

function checkOne(run: Run, resource: JsonObject, path: string, profiles: readonly string[]): void {
  if (!run.known.definitions.types.has(String(resource.resourceType))) return
  for (const profile of new Set(profiles)) checkProfile(run, profile, resource, path)
  checkExtensions(run, resource, path)
}

function checkProfile(run: Run, profile: string, resource: JsonObject, path: string): void {
  const own = String(resource.resourceType)
  const plan = planOf(run.known, profile)
  const type = plan?.structure.type ?? coreType(run.known.definitions, profile)
  if (type === undefined)
    remark(run, 'warning', 'not-found', `The profile ${profile} is not known here: it was not checked.`, `${path}.meta.profile`)
  else if (type !== own && type !== 'Resource' && type !== 'DomainResource')
    refuse(run, 'value', `The profile ${profile} is for ${type}, not for ${own}.`, `${path}.meta.profile`)
  else run.walk.checkConformance(run, profile, resourceItem(resource, path))
  if (plan?.missing)
    note(run, 'warning', 'not-found', `${profile} stands on ${plan.missing}, which is not known here.`, `${path}.meta.profile`)
}

/** Throws a Fault with every error found, as `assertValid` does. */
export const assertProfiles = (known: Known, resource: JsonObject, beside?: Beside): void =>
  throwErrors(checkProfiles(known, resource, { beside }).issues)
