/**
 * The profiles, ValueSets and CodeSystems that a resource's validation needs: ours and those that administrators have
 * stored, gathered by canonical with all that they stand on, and kept until one of them changes.
 * https://hl7.org/fhir/R4/conformance-module.html
 * Whether something changed is asked at each use by one statement over three small tables, so that a profile counts from
 * the moment that its write is answered, in every process; a resource that claims no profile never comes here.
 */
import { profilesGatheredMax } from '../base/limits.ts'
import type { Pairs } from '../fhir/query-string.ts'
import type { Resource } from '../fhir/resource.ts'
import { terminologyAsked } from '../fhir/search-codes.ts'
import { canonicalsOfStructure, canonicalsOfValueSet, type Wanted, wantedKey } from '../fhir/validate/profiles/canonicals.ts'
import { extensionUrls } from '../fhir/validate/profiles/extensions.ts'
import { type Known, urlOf, versionOf } from '../fhir/validate/profiles/known.ts'
import { assertProfiles, claimedProfiles } from '../fhir/validate/profiles/profiles.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import { readStructure, type Structure } from '../fhir/validate/profiles/structure-definition.ts'
import type { Db } from './db.ts'
import type { House } from './house.ts'
import { prepared } from './sql.ts'

/** A StructureDefinition is kept as it is read: what is in it for people is far the greater part. */
type Held = {
  readonly type: string
  readonly url: unknown
  readonly version: unknown
  readonly structure?: Structure
  readonly resource?: Resource
  readonly standsOn: readonly Wanted[]
}

type Shelf = {
  readonly mark: string
  /** By type and canonical without version, best first; empty for what is not here. */
  readonly found: Map<string, readonly Held[]>
  readonly known: Known
}

const shelves = new WeakMap<House, Shelf>()

/** What a resource's validation needs, with `profiles` besides those that it claims. In a transaction: as that sees it. */
export async function knownFor(db: Db, house: House, resource: Resource, profiles: readonly string[] = []): Promise<Known> {
  const shelf = await shelfOf(db, house)
  const claimed = [...claimedProfiles(resource), ...profiles, ...extensionUrls(resource)]
  const wanted = claimed.map((canonical): Wanted => ['StructureDefinition', canonical])
  await gather(db, house, shelf, wanted)
  return shelf.known
}

/** The ValueSets and CodeSystems that a search names; undefined where it names none, which costs nothing. */
export async function terminologyFor(db: Db, house: House, pairs: Pairs): Promise<Known | undefined> {
  const wanted = terminologyAsked(pairs)
  if (wanted.length === 0) return undefined
  const shelf = await shelfOf(db, house)
  await gather(db, house, shelf, wanted)
  return shelf.known
}

/** Throws a Fault with everything that breaks a profile which the resource claims. Costs nothing where it claims none. */
export async function assertConforms(db: Db, house: House, resource: Resource, beside?: Beside): Promise<void> {
  if (claimedProfiles(resource).length > 0) assertProfiles(await knownFor(db, house, resource), resource, beside)
}

async function shelfOf(db: Db, house: House): Promise<Shelf> {
  const mark = await conformanceMark(db)
  const current = shelves.get(house)
  if (current?.mark === mark && current.found.size < profilesGatheredMax) return current
  const fresh = emptyShelf(house, mark)
  shelves.set(house, fresh)
  return fresh
}

function emptyShelf({ definitions }: House, mark: string): Shelf {
  const found: Shelf['found'] = new Map()
  const best = (type: Wanted[0], canonical: string): Held | undefined => {
    const version = versionOf(canonical)
    return found.get(wantedKey([type, canonical]))?.find((one) => version === undefined || one.version === version)
  }
  const known: Known = {
    definitions,
    structure: (canonical) => best('StructureDefinition', canonical)?.structure,
    valueSet: (canonical) => best('ValueSet', canonical)?.resource,
    codeSystem: (canonical) => best('CodeSystem', canonical)?.resource,
  }
  return { mark, found, known }
}

function held({ definitions }: House, resource: Resource): Held {
  const { resourceType: type, url, version } = resource
  if (type !== 'StructureDefinition')
    return { type, url, version, resource, standsOn: type === 'ValueSet' ? canonicalsOfValueSet(resource) : [] }
  const structure = readStructure(resource)
  return { type, url, version, structure, standsOn: canonicalsOfStructure(definitions, structure) }
}

/** Fetches what is wanted and not on the shelf, then what that stands on, round by round. */
async function gather(db: Db, house: House, shelf: Shelf, wanted: readonly Wanted[]): Promise<void> {
  const missing = new Map(wanted.map((one) => [wantedKey(one), one]))
  for (const key of missing.keys()) if (shelf.found.has(key)) missing.delete(key)
  if (missing.size === 0 || shelf.found.size > profilesGatheredMax) return
  const stored = await storedConformance(db, [...missing.values()])
  const all = [...oursOf(house), ...stored.map((one) => held(house, one))]
  for (const [key, [type, canonical]] of missing) {
    const url = urlOf(canonical)
    shelf.found.set(
      key,
      all.filter((one) => one.type === type && one.url === url),
    )
  }
  await gather(
    db,
    house,
    shelf,
    [...missing.keys()].flatMap((key) => (shelf.found.get(key) ?? []).flatMap(({ standsOn }) => standsOn)),
  )
}

const parsed = new WeakMap<House['conformance'], Held[]>()

function oursOf(house: House): Held[] {
  const ours = parsed.get(house.conformance) ?? [...house.conformance.values()].map((text) => held(house, JSON.parse(text) as Resource))
  parsed.set(house.conformance, ours)
  return ours
}

/** Whether one of our own conformance resources has the canonical. */
export const isOurs = (house: House, type: string, url: unknown): boolean =>
  oursOf(house).some((one) => one.type === type && one.url === url)

/**
 * Grows with each write and delete of a profile, ValueSet or CodeSystem: versions only ever rise, deleted rows stay. A
 * transaction that has written some itself has a mark of its own, which nobody shares and which goes when it is undone.
 */
async function conformanceMark(db: Db): Promise<string> {
  const [row] = await db.query<{ mark: string }>(
    prepared(
      `select concat_ws(' ', sum(version), count(*),
        case when bool_or(xmin = pg_current_xact_id_if_assigned()::xid) then pg_current_xact_id_if_assigned()::text end) as mark
      from (select version, xmin from structure_definition
        union all select version, xmin from value_set
        union all select version, xmin from code_system) written`,
      [],
    ),
  )
  return row?.mark ?? ''
}

/** Those with one of the canonicals: active ones first, then the one that was written last. */
async function storedConformance(db: Db, wanted: readonly Wanted[]): Promise<Resource[]> {
  const words = (type: Wanted[0]): string[] => wanted.flatMap((one) => (one[0] === type ? [`url=${urlOf(one[1])}`] : []))
  const rows = await db.query<{ body: string }>(
    prepared(
      `select (body - 'text')::text as body from (
        select id, updated, body from structure_definition where terms && $1::text[] and not deleted
        union all select id, updated, body from value_set where terms && $2::text[] and not deleted
        union all select id, updated, body from code_system where terms && $3::text[] and not deleted) found
      order by (body->>'status' = 'active') desc, updated desc, id limit $4::int`,
      [words('StructureDefinition'), words('ValueSet'), words('CodeSystem'), profilesGatheredMax],
    ),
  )
  return rows.map(({ body }) => JSON.parse(body) as Resource)
}
