/**
 * How far an export is, its manifest once it is done, and its end before its time.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
 *
 * An export is its client's alone, and of its tokens those that may see as much: to anybody else it is not there.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { scopeText } from '../access/scopes.ts'
import { fault } from '../base/fault.ts'
import { retryAfterSeconds } from '../base/limits.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { type ExportFile, type ExportRow, exportOf, filesOf, removeExport } from '../store/bulk-exports.ts'
import type { House } from '../store/house.ts'
import { isTheirs, type StoredActor } from './bulk-owner.ts'
import { type ExportWish, mayExport } from './export-wish.ts'

/** Where remarks on the order itself are read. */
export const remarksFile = 0

export async function exportStatus(house: House, actor: Actor, { id = '' }: FhirRequest): Promise<Reply> {
  const row = await knownExport(house, actor, id)
  if (row.state === 'failed') throw fault('exception', 'The export could not be finished, by a mistake of ours. Start another.')
  const wish = JSON.parse(row.wish) as ExportWish
  if (row.state === 'waiting')
    return { status: 202, headers: { 'X-Progress': progressOf(row, wish), 'Retry-After': String(retryAfterSeconds) } }
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    headers: row.expires ? { Expires: row.expires.toUTCString() } : {},
    body: JSON.stringify(manifestOf(house, row, wish, await filesOf(house.pool, id))),
  }
}

const progressOf = ({ step, listed }: ExportRow, { types }: ExportWish): string =>
  `${types[step] ?? 'finishing'}, type ${Math.min(step + 1, types.length)} of ${types.length}, ${listed} resources`

function manifestOf(house: House, row: ExportRow, { remarks }: ExportWish, files: readonly ExportFile[]): Record<string, unknown> {
  const place = (file: number): string => `${house.base}/bulk-export/${row.id}/${file}`
  return {
    transactionTime: row.at,
    request: row.request,
    requiresAccessToken: true,
    output: files.filter(({ deleted }) => !deleted).map(({ type, file, count }) => ({ type, url: place(file), count })),
    deleted: files.filter(({ deleted }) => deleted).map(({ file, count }) => ({ type: 'Bundle', url: place(file), count })),
    error: remarks.length > 0 ? [{ type: 'OperationOutcome', url: place(remarksFile), count: remarks.length }] : [],
  }
}

/** Whoever may see all of a type may have its files; under a granular scope only the very scopes that the export was made with. */
export function mayFetch(actor: Actor, row: ExportRow, type: string): boolean {
  if (!mayExport(actor, type)) return false
  const isBound = (['r', 's'] as const).some((verb) => {
    const permission = may(actor, verb, type)
    return permission.allowed && permission.queries !== undefined
  })
  return !isBound || (JSON.parse(row.actor) as StoredActor).scopes === actor.scopes.map(scopeText).join(' ')
}

/**
 * A token of the same client that may export nothing of it, a patient's say, is answered as if it were not there; and so is
 * one of another person, or for another purpose: Consents may keep from one what they do not keep from the other.
 */
export async function knownExport(house: House, actor: Actor, id: string): Promise<ExportRow> {
  const row = await exportOf(house.pool, id, actor.client)
  const types = row ? (JSON.parse(row.wish) as ExportWish).types : []
  if (!row || !isTheirs(actor, row) || (types.length > 0 && !types.some((type) => mayFetch(actor, row, type))))
    throw fault('not-found', 'There is no such export: it has expired, was deleted, or is not yours.')
  return row
}

export async function cancelExport(house: House, actor: Actor, { id = '' }: FhirRequest): Promise<Reply> {
  await knownExport(house, actor, id)
  if (!(await removeExport(house.pool, id, actor.client)))
    throw fault('not-found', 'There is no such export: it has expired, was deleted, or is not yours.')
  const issue = { severity: 'information', code: 'informational', diagnostics: 'The export and its files are gone.' } as const
  return { status: 202, body: JSON.stringify(operationOutcome([issue])) }
}
