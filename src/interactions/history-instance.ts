/**
 * FHIR history of one resource: its versions, newest first, deletions among them.
 * https://hl7.org/fhir/R4/http.html#history
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { pageSizeDefault, pageSizeMax } from '../base/limits.ts'
import { bundle, type Link, queryText } from '../fhir/bundle.ts'
import { spanOf } from '../fhir/date-time.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { auditShown, versionsOf } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { currentResource, type StoredRow } from '../store/resources.ts'
import { allowed } from './bounds.ts'
import { read } from './read.ts'
import { isShown, patientsOf } from './shown-versions.ts'
import { hasOneVersion } from './vread.ts'

export async function historyInstance(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id = '' } = request
  const permission = allowed(actor, 'r', type)
  if (hasOneVersion(house, type, id)) throw fault('not-found', `${type}/${id} is never changed and has no history: read it.`)
  if (permission.patient !== undefined || permission.queries) await read(house, actor, request)
  const asked = new Map(request.query.filter(([, value]) => value !== ''))
  const count = countOf(asked.get('_count'))
  const window = { before: versionAsked(asked.get('_before')), since: instantAsked(asked.get('_since')), count: count + 1 }
  const { rows, total } = await shownVersions(house, type, id, window, permission.patient)
  if (rows.length === 0 && !(await currentResource(house.pool, type, id))) throw fault('not-found', `There is no ${type}/${id}.`)
  const page = rows.slice(0, count)
  if (rows.length > 0)
    await auditShown(house.pool, {
      type,
      id,
      entity: `${type}/${id}/_history`,
      patients: page.flatMap((row) => patientsOf(house, row)),
      audit: auditOf(house, actor, 'history-instance'),
    })
  const entries = page.map((row) => historyEntry(house.base, type, id, row))
  return { status: 200, body: bundle('history', linksOf(house, request, asked, rows, page), entries, total) }
}

type Window = { readonly before?: string; readonly since?: string; readonly count: number }

/** Confined to a patient, one sees only the versions that are theirs, and is not told how many there are beside. */
async function shownVersions(
  house: House,
  type: string,
  id: string,
  window: Window,
  confined: string | undefined,
): Promise<{ rows: StoredRow[]; total?: number }> {
  if (confined === undefined) return versionsOf(house.pool, type, id, window)
  const shown: StoredRow[] = []
  let { before } = window
  for (;;) {
    const { rows } = await versionsOf(house.pool, type, id, { ...window, before })
    shown.push(...rows.filter((row) => isShown(house, type, row, confined)))
    if (rows.length < window.count || shown.length >= window.count) return { rows: shown.slice(0, window.count) }
    before = rows.at(-1)?.version
  }
}

function countOf(asked: string | undefined): number {
  if (asked === undefined) return pageSizeDefault
  if (!/^\d{1,9}$/.test(asked)) throw fault('value', 'Say `_count` as a whole number, 0 or more.', '_count')
  return Math.min(Number(asked), pageSizeMax)
}

function versionAsked(asked: string | undefined): string | undefined {
  if (asked === undefined || /^\d{1,18}$/.test(asked)) return asked
  throw fault('value', '`_before` is a version; follow the `next` link as it was given.', '_before')
}

function instantAsked(asked: string | undefined): string | undefined {
  if (asked === undefined) return undefined
  const span = spanOf(asked)
  if (!span) throw fault('value', 'Say `_since` as an instant, for example 2026-11-23T09:00:00Z.', '_since')
  return new Date(Number(span.lower)).toISOString()
}

/** A version: how it came about, and the resource unless it was a deletion. */
function historyEntry(base: string, type: string, id: string, row: StoredRow): string {
  const method = row.deleted ? 'DELETE' : row.version === '1' ? 'POST' : 'PUT'
  const status = row.deleted ? '204' : row.version === '1' ? '201' : '200'
  const request = JSON.stringify({ method, url: method === 'POST' ? type : `${type}/${id}` })
  const response = JSON.stringify({ status, etag: `W/"${row.version}"`, lastModified: row.updated.toISOString() })
  const resource = row.body === null ? '' : `"resource":${row.body},`
  return `{"fullUrl":"${base}/${type}/${id}",${resource}"request":${request},"response":${response}}`
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
