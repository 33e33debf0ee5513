/**
 * Whose data Consents keep from an actor, known at the moment of asking. Where no Consent keeps anything, that is looked at
 * once a second and costs a request nothing else; where some do, each request asks first whether they have changed.
 *
 * Left out: what a Consent means (`access/consent.ts`).
 */
import { type ConsentRule, consentRule, namesWorkplaces, patientsKept, purposeDefault } from '../access/consent.ts'
import type { Clock } from '../base/clock.ts'
import { fault } from '../base/fault.ts'
import { consentsLookMs, restrictingConsentsMax } from '../base/limits.ts'
import type { Resource } from '../fhir/resource.ts'
import { openGlasses } from '../store/break-glass.ts'
import { consentVersion, restrictingConsents, workplacesOf } from '../store/consents.ts'
import type { Pool } from '../store/db.ts'
import type { House, Kept } from '../store/house.ts'

type Known = { readonly version: string; readonly rules: readonly ConsentRule[]; readonly atMs: number }
type Viewer = Parameters<House['keptFrom']>[0]

export function keptFrom(pool: Pool, clock: Clock, base: string): House['keptFrom'] {
  const state: { known?: Known } = {}
  const look = async (): Promise<Known> => {
    const { known } = state
    const atMs = clock.now().getTime()
    if (known && known.rules.length > 0 && (await consentVersion(pool)) === known.version) return known
    const { version, bodies } = await restrictingConsents(pool, restrictingConsentsMax + 1)
    if (bodies.length > restrictingConsentsMax)
      throw fault('exception', `More than ${restrictingConsentsMax} Consents keep data from somebody: no more can be heeded at once.`)
    const rules = bodies.flatMap((body) => consentRule(JSON.parse(body) as Resource, base) ?? [])
    state.known = { version, rules, atMs }
    return state.known
  }
  return (viewer) => {
    const { known } = state
    if (isUnbound(viewer)) return undefined
    if (known && known.rules.length === 0 && clock.now().getTime() - known.atMs < consentsLookMs) return undefined
    return look().then(({ rules }) => keptOf(pool, rules, viewer, clock.now().getTime()))
  }
}

/** Patients see their own; the clinic's own programs act for nobody whom a Consent could name, unless they say what for. */
const isUnbound = ({ user, patient, purpose }: Viewer): boolean =>
  patient === undefined ? user === undefined && purpose === undefined : user === undefined || user === `Patient/${patient}`

async function keptOf(pool: Pool, rules: readonly ConsentRule[], viewer: Viewer, nowMs: number): Promise<Kept> {
  if (rules.length === 0) return undefined
  const { user, purpose = purposeDefault } = viewer
  const workplaces = user?.startsWith('Practitioner/') && namesWorkplaces(rules) ? await workplacesOf(pool, user) : []
  const names = new Set([...(user === undefined ? [] : [user]), ...workplaces])
  const own = user?.startsWith('Patient/') ? [user.slice('Patient/'.length)] : []
  const kept = patientsKept(rules, { names, purpose }, nowMs).filter((id) => !own.includes(id))
  if (kept.length === 0) return undefined
  const open = user === undefined ? [] : await openGlasses(pool, { user, client: viewer.client, at: new Date(nowMs) })
  const [still, emergency] = [kept.filter((id) => !open.includes(id)), kept.filter((id) => open.includes(id))]
  return { from: still.length > 0 ? still : undefined, emergency: emergency.length > 0 ? emergency : undefined }
}
