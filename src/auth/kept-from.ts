/**
 * Whose data Consents keep from an actor, and whose are open to them in an emergency, known at the moment of asking. Where no
 * Consent keeps anything and nobody has broken a glass, that is looked at once a second and costs a request nothing else; else
 * each request asks first whether they have changed.
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

type Known = { readonly version: string; readonly rules: readonly ConsentRule[]; readonly glass: boolean; readonly atMs: number }
type Viewer = Parameters<House['keptFrom']>[0]

export function keptFrom(pool: Pool, clock: Clock, base: string): House['keptFrom'] {
  const state: { known?: Known } = {}
  const look = async (): Promise<Known> => {
    const { known } = state
    const now = clock.now()
    const latest = known && known.rules.length > 0 ? await consentVersion(pool, now) : undefined
    if (known && latest?.version === known.version) return { ...known, glass: latest.glass }
    const { version, glass, bodies } = await restrictingConsents(pool, now, restrictingConsentsMax + 1)
    if (bodies.length > restrictingConsentsMax)
      throw fault('exception', `More than ${restrictingConsentsMax} Consents keep data from somebody: no more can be heeded at once.`)
    const rules = bodies.flatMap((body) => consentRule(JSON.parse(body) as Resource, base) ?? [])
    state.known = { version, rules, glass, atMs: now.getTime() }
    return state.known
  }
  return (viewer) => {
    const { known } = state
    if (isUnbound(viewer)) return undefined
    if (known && known.rules.length === 0 && !known.glass && clock.now().getTime() - known.atMs < consentsLookMs) return undefined
    return look().then((latest) => keptOf(pool, latest, viewer, clock.now().getTime()))
  }
}

const someOf = (ids: readonly string[]): readonly string[] | undefined => (ids.length > 0 ? ids : undefined)

/** Patients see their own; the clinic's own programs act for nobody whom a Consent could name, unless they say what for. */
const isUnbound = ({ user, patient, purpose }: Viewer): boolean =>
  patient === undefined ? user === undefined && purpose === undefined : user === undefined || user === `Patient/${patient}`

async function keptOf(pool: Pool, { rules, glass }: Known, viewer: Viewer, nowMs: number): Promise<Kept> {
  if (rules.length === 0 && !glass) return undefined
  const { user, purpose = purposeDefault } = viewer
  const workplaces = user?.startsWith('Practitioner/') && namesWorkplaces(rules) ? await workplacesOf(pool, user) : []
  const names = new Set([...(user === undefined ? [] : [user]), ...workplaces])
  const own = user?.startsWith('Patient/') ? [user.slice('Patient/'.length)] : []
  const kept = patientsKept(rules, { names, purpose }, nowMs).filter((id) => !own.includes(id))
  const open = user === undefined || !glass ? [] : await openGlasses(pool, { user, client: viewer.client, at: new Date(nowMs) })
  if (kept.length + open.length === 0) return undefined
  return { from: someOf(kept.filter((id) => !open.includes(id))), emergency: someOf(open), standing: someOf(kept) }
}
