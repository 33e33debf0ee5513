/**
 * FHIR history of a type and of the whole server: every version of everything, newest first, deletions among them.
 * https://hl7.org/fhir/R4/http.html#history
 *
 * What a token may not read is left out, a version that was another patient's too; a page may then be shorter than it was
 * asked to be. `total` is said where one page holds all. AuditEvents are never changed and have no history.
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { fewBinaries } from '../base/few-binaries.ts'
import { bundle, type Link, queryText } from '../fhir/bundle.ts'
import { spanOf } from '../fhir/date-time.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern, storedTypes } from '../fhir/resource.ts'
import { subsetAsked } from '../fhir/subset.ts'
import { auditVersions, type HistoryKey, type HistoryRow, historyKeys, historyRows } from '../store/history-page.ts'
import type { House } from '../store/house.ts'
import { allowed } from './allowed.ts'
import { historyEntry } from './history-entry.ts'
import { type Asked, askedOf, atAsked, countAsked, sinceAsked } from './history-window.ts'
import { maskedVersions, patientsOf, shownVersions } from './shown-versions.ts'

export async function historyType(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '' } = request
  allowed(actor, 'r', type)
  if (!storedTypes.includes(type)) throw fault('not-found', `A ${type} is never changed and has no history: search it.`)
  return historyOf(house, actor, [type], request, 'history-type')
}

/** Of every type that the token reads. */
export const historySystem = (house: House, actor: Actor, request: FhirRequest): Promise<Reply> =>
  historyOf(house, actor, storedTypes, request, 'history-system')

async function historyOf(
  house: House,
  actor: Actor,
  types: readonly string[],
  request: FhirRequest,
  interaction: 'history-type' | 'history-system',
): Promise<Reply> {
  const { type, query } = request
  const asked = askedOf(request)
  const readable = types.flatMap((one) => {
    const bounds = boundsFor(house, actor, 'r', one)
    return bounds ? [{ type: one, bounds }] : []
  })
  if (readable.length === 0) throw fault('forbidden', "The token's scopes allow reading of nothing here.")
  const most = countAsked(asked, type)
  const subset = subsetAsked(query)
  const window = { count: most + 1, since: sinceAsked(asked), at: atAsked(asked), before: keyAsked(asked) }
  const keys = await historyKeys(house.pool, house.definitions, readable, window)
  const count = fewBinaries(
    keys.map((key) => key.type),
    most,
  )
  const rows = await historyRows(house.pool, keys.slice(0, count))
  const within = await Promise.all(
    readable.map((one) =>
      shownVersions(
        house,
        { ...one, id: (row) => row.id },
        rows.filter((row) => row.type === one.type),
      ),
    ),
  )
  const shown = new Set(within.flat())
  const page = rows.filter((row) => shown.has(row))
  const address = `${house.base}/${type === undefined ? '' : `${type}/`}_history`
  await auditVersions(
    house.pool,
    page.flatMap((row) => concernedBy(house, row)),
    auditOf(house, actor, interaction, queryText([...asked])),
  )
  const asShown = await maskedVersions(house, actor, { type: (row) => row.type, id: (row) => row.id }, page)
  const entries = asShown.map((row) => historyEntry(house, row.type, row.id, row, subset))
  const isWhole = keys.length <= count && window.before === undefined
  return { status: 200, body: bundle('history', linksOf(address, asked, keys, count), entries, isWhole ? page.length : undefined) }
}

const concernedBy = (house: House, row: HistoryRow): string[] =>
  row.type === 'Patient' ? [row.id] : [...row.concerned, ...patientsOf(house, row)]

/** Where the last page ended, as an opaque word in the `next` link. */
const keyText = ({ updated, type, id, version }: HistoryKey): string =>
  Buffer.from(JSON.stringify([updated, type, id, version])).toString('base64url')

function keyAsked(asked: Asked): HistoryKey | undefined {
  const word = asked.get('_before')
  if (word === undefined) return undefined
  const [updated, type, id, version] = parsed(word)
  const isKey = isTimestamp(updated) && typeof type === 'string' && isId(id) && typeof version === 'string' && /^\d{1,18}$/.test(version)
  if (isKey) return { updated: updated as string, type, id: id as string, version }
  throw fault('value', '`_before` is not the end of a page of this history; follow the `next` link as it was given.', '_before')
}

const isId = (value: unknown): boolean => typeof value === 'string' && idPattern.test(value)

/** Postgres's own text of a timestamptz that exists. */
function isTimestamp(value: unknown): boolean {
  const [, date, time, hours, minutes = '00'] =
    (typeof value === 'string' && /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(?::(\d\d))?$/.exec(value)) || []
  return date !== undefined && spanOf(`${date}T${time}${hours}:${minutes}`) !== undefined
}

function parsed(word: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(word, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function linksOf(address: string, asked: Asked, keys: readonly HistoryKey[], count: number): Link[] {
  const self: Link = { relation: 'self', url: asked.size > 0 ? `${address}?${queryText([...asked])}` : address }
  const last = keys.length > count ? keys[count - 1] : undefined
  if (!last) return [self]
  const next = queryText([...new Map([...asked, ['_before', keyText(last)]])])
  return [self, { relation: 'next', url: `${address}?${next}` }]
}
