/**
 * FHIR history of one resource: its versions, newest first, deletions among them.
 * https://hl7.org/fhir/R4/http.html#history
 */
import type { Actor } from '../access/actor.ts'
import { type Bounds, boundsFor } from '../access/bounds.ts'
import { isHideable } from '../access/masking.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { bundle, type Link, queryText } from '../fhir/bundle.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { subsetAsked } from '../fhir/subset.ts'
import { auditShown, type VersionsWindow, versionsOf } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { currentResource, type StoredRow } from '../store/resources.ts'
import { allowed } from './allowed.ts'
import { historyEntry } from './history-entry.ts'
import { askedOf, atAsked, countAsked, sinceAsked } from './history-window.ts'
import { read } from './read.ts'
import { isHiddenFrom } from './seen-by.ts'
import { maskedVersions, patientsOf, shownVersions } from './shown-versions.ts'
import { hasOneVersion } from './vread.ts'

export async function historyInstance(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '' } = request
  const permission = allowed(actor, 'r', type)
  if (hasOneVersion(house, type, id)) throw fault('not-found', `${type}/${id} is never changed and has no history: read it.`)
  if (permission.patient !== undefined || permission.queries || actor.keptFrom) await read(house, actor, request)
  // Looked for all the same, under no id: how long it takes shall not tell.
  const stored = (await isHiddenFrom(house.pool, actor, { type, id })) ? '' : id
  const asked = askedOf(request)
  const count = countAsked(asked, type)
  const subset = subsetAsked(request.query)
  const window = { before: versionAsked(asked.get('_before')), since: sinceAsked(asked), at: atAsked(asked), count: count + 1 }
  const { rows, total } = await versionsWithin(house, type, stored, window, boundsFor(house, actor, 'r', type))
  if (rows.length === 0 && !(await currentResource(house.pool, type, stored))) throw fault('not-found', `There is no ${type}/${id}.`)
  const page = rows.slice(0, count)
  if (rows.length > 0)
    await auditShown(house.pool, {
      type,
      id,
      entity: `${type}/${id}/_history`,
      patients: page.flatMap((row) => patientsOf(house, row)),
      audit: auditOf(house, actor, 'history-instance'),
    })
  const asShown = await maskedVersions(house, actor, { type: () => type, id: () => id }, page)
  const entries = asShown.map((row) => historyEntry(house, type, id, row, subset))
  return { status: 200, body: bundle('history', linksOf(house, request, asked, rows, page), entries, total) }
}

/** Confined, one sees only the versions that are within the bounds, and is not told how many there are beside. */
async function versionsWithin(
  house: House,
  type: string,
  id: string,
  window: VersionsWindow,
  bounds: Bounds | undefined,
): Promise<{ rows: StoredRow[]; total?: number }> {
  const mayHide = bounds?.masking !== undefined && isHideable(type)
  if (bounds?.patient === undefined && bounds?.anyOf === undefined && bounds?.except === undefined && !mayHide)
    return versionsOf(house.pool, type, id, window)
  const shown: StoredRow[] = []
  let { before } = window
  for (;;) {
    const { rows } = await versionsOf(house.pool, type, id, { ...window, before })
    shown.push(...(await shownVersions(house, { type, id: () => id, bounds }, rows)))
    if (rows.length < window.count || shown.length >= window.count) return { rows: shown.slice(0, window.count) }
    before = rows.at(-1)?.version
  }
}

function versionAsked(asked: string | undefined): string | undefined {
  if (asked === undefined || /^\d{1,18}$/.test(asked)) return asked
  throw fault('value', '`_before` is a version; follow the `next` link as it was given.', '_before')
}

function linksOf(
  house: House,
  request: FhirRequest,
  asked: ReadonlyMap<string, string>,
  rows: readonly StoredRow[],
  page: readonly StoredRow[],
): Link[] {
  const address = `${house.base}/${request.type}/${request.id}/_history`
  const self: Link = { relation: 'self', url: asked.size > 0 ? `${address}?${queryText([...asked])}` : address }
  const last = page.at(-1)
  if (rows.length === page.length || !last) return [self]
  const next = queryText([...new Map([...asked, ['_before', last.version]])])
  return [self, { relation: 'next', url: `${address}?${next}` }]
}
