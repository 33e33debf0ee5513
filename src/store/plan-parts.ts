/**
 * Everything a Schedule hangs on, loaded: its actors, the PractitionerRoles of its practitioners, the places, services and
 * organisations that those name. Runs when one of them is written, never in a booking.
 */
import { wholeLevelsMax } from '../base/limits.ts'
import { relativeReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Db } from './db.ts'
import { currentBodies } from './resources.ts'
import { prepared } from './sql.ts'

type Reference = { reference?: string }

export type GatheredParts = {
  readonly schedule: Resource
  readonly practitioners: Resource[]
  readonly roles: Resource[]
  readonly locations: Resource[]
  readonly services: Resource[]
  readonly organizations: Resource[]
  readonly devices: Resource[]
  /** Every reference that was followed, also those that led nowhere yet. */
  readonly named: readonly string[]
}

const referencesIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((item) => (item as Reference | undefined)?.reference ?? [])

/** The Schedule as it is stored; `base` is our own address, under which a reference is as good as a relative one. */
export async function gatherParts(db: Db, text: string, base: string): Promise<GatheredParts> {
  const parse = parserFor(base)
  const schedule = parse(text)
  const named = new Set(referencesIn(schedule.actor))
  const load = async (type: string): Promise<Resource[]> => (await currentBodies(db, type, idsOf(named, type))).map(parse)

  const practitioners = await load('Practitioner')
  const asActors = await load('PractitionerRole')
  const ofPractitioners = (await rolesOf(db, idsOf(named, 'Practitioner'))).map(parse)
  const roles = unique([...asActors, ...ofPractitioners])
  for (const role of asActors) for (const reference of referencesIn(role.practitioner)) named.add(reference)
  for (const role of roles)
    for (const reference of [...referencesIn(role.location), ...referencesIn(role.healthcareService), ...referencesIn(role.organization)])
      named.add(reference)
  for (const role of roles) named.add(`PractitionerRole/${role.id}`)
  const ofRoles = await load('Practitioner')

  const types = typesOf(schedule.serviceType)
  const matching = types.length > 0 ? (await servicesOfType(db, types)).map(parse) : []
  for (const service of matching) named.add(`HealthcareService/${service.id}`)
  const services = unique([...(await load('HealthcareService')), ...matching])
  for (const service of services)
    for (const reference of [...referencesIn(service.providedBy), ...referencesIn(service.location)]) named.add(reference)
  const locations = await withWholes('Location', named, load)
  for (const location of locations) for (const reference of referencesIn(location.managingOrganization)) named.add(reference)
  const organizations = await withWholes('Organization', named, load)
  const devices = await load('Device')
  const typeParts = types.map(({ system, code }) => `type:${system ?? ''}|${code}`)
  return {
    schedule,
    practitioners: unique([...practitioners, ...ofRoles]),
    roles,
    locations,
    services,
    organizations,
    devices,
    named: [...named, ...typeParts],
  }
}

/** Those that are named, and what they are part of, level by level: a room in a clinic in a hospital. */
async function withWholes(type: string, named: Set<string>, load: (type: string) => Promise<Resource[]>): Promise<Resource[]> {
  let found = await load(type)
  for (let level = 1; level < wholeLevelsMax; level++) {
    const known = named.size
    for (const one of found) for (const reference of referencesIn(one.partOf)) named.add(reference)
    if (named.size === known) return found
    found = await load(type)
  }
  return found
}

const idsOf = (references: ReadonlySet<string>, type: string): string[] =>
  [...references].flatMap((reference) => (reference.startsWith(`${type}/`) ? [reference.slice(type.length + 1)] : []))

/** References to what is ours become `Type/id`, so that everything after compares them as they stand. */
const parserFor = (base: string): ((body: string) => Resource) => {
  const ours = (key: string, value: unknown): unknown =>
    key === 'reference' && typeof value === 'string' ? relativeReference(value, base) : value
  return (body) => JSON.parse(body, ours) as Resource
}

const unique = (resources: readonly Resource[]): Resource[] => [...new Map(resources.map((r) => [r.id, r])).values()]

const typesOf = (concepts: unknown): { system?: string; code: string }[] =>
  ((concepts ?? []) as { coding?: { system?: string; code?: string }[] }[]).flatMap((concept) =>
    (concept.coding ?? []).flatMap(({ system, code }) => (code ? [{ system, code }] : [])),
  )

async function rolesOf(db: Db, practitioners: readonly string[]): Promise<string[]> {
  if (practitioners.length === 0) return []
  const rows = await db.query<{ body: string }>(
    prepared(`select body::text as body from practitioner_role where terms && $1::text[] and not deleted order by id`, [
      practitioners.map((id) => `practitioner=Practitioner/${id}`),
    ]),
  )
  return rows.map((row) => row.body)
}

const servicesPerTypeMax = 200

async function servicesOfType(db: Db, types: readonly { system?: string; code: string }[]): Promise<string[]> {
  const rows = await db.query<{ body: string }>(
    prepared(`select body::text as body from healthcare_service where terms && $1::text[] and not deleted order by id limit $2`, [
      types.map(({ system, code }) => `service-type=${system ?? ''}|${code}`),
      servicesPerTypeMax,
    ]),
  )
  return rows.map((row) => row.body)
}
