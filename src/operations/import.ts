/**
 * `$import` at the system: takes NDJSON as the body of a POST, keeps it in parts, and says where its progress can be asked
 * for. Reading it is `jobs/run-imports.ts`. https://github.com/smart-on-fhir/bulk-import
 *
 * Left out on purpose: addresses to fetch from, as the drafts have them. A server that fetches what it is told to can be
 * turned against its own network; whoever has the files sends them.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { importHoursKept, importsUnderWayMax } from '../base/bulk-limits.ts'
import { fault } from '../base/fault.ts'
import { retryAfterSeconds } from '../base/limits.ts'
import { lineGroups } from '../fhir/ndjson.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { writableTypes } from '../fhir/resource.ts'
import { addPart, type ImportRow, importOf, readyImport, refusalsAfter, removeImport, startImport } from '../store/bulk-imports.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'
import { bulkOrder, tooManyUnderWay, underWay } from './bulk-order.ts'
import { isTheirs } from './bulk-owner.ts'

export async function importResources(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  if (!request.bytes) throw fault('unsupported-media-type', 'Send the resources as application/fhir+ndjson, one in a line.')
  assertMayImport(actor)
  const order = { ...bulkOrder(house, actor, request), stop: stopAsked(request), expires: keptUntil(house) }
  if (!(await inTransaction(house.pool, (tx) => startImport(tx, order, importsUnderWayMax))))
    throw tooManyUnderWay('import', importsUnderWayMax)
  await receive(house, actor, order.id, request.bytes)
  return underWay(house, 'import', order.id)
}

/** What does not arrive whole is not begun. */
async function receive(house: House, actor: Actor, id: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    let no = 0
    for await (const { first, lines } of lineGroups(bytes)) {
      // No text in Postgres holds a NUL, and no JSON holds one as it is: the line is refused either way.
      await addPart(house.pool, id, { no, first, lines: lines.join('\n').replaceAll('\0', '\u0001') })
      no++
    }
    if (no === 0) throw fault('required', 'The body is empty: send resources, one in a line.')
    await readyImport(house.pool, id, no, keptUntil(house))
  } catch (error) {
    await removeImport(house.pool, id, actor.client)
    throw error
  }
}

const keptUntil = (house: House): string => new Date(house.clock.now().getTime() + importHoursKept * 3_600_000).toISOString()

/** Some type, all of it. */
const mayImport = (actor: Actor): boolean =>
  writableTypes.some((type) => {
    const permission = may(actor, 'u', type)
    return permission.allowed && permission.patient === undefined && !permission.queries
  })

function assertMayImport(actor: Actor): void {
  if (!mayImport(actor)) throw fault('forbidden', 'The token does not allow this: it takes scopes such as system/Patient.cu.')
}

function stopAsked({ query, headers }: FhirRequest): boolean {
  const unknown = query.find(([name]) => !['_stopOnError', '_format', '_pretty'].includes(name))?.[0]
  if (unknown !== undefined && headers.prefer.handling === 'strict')
    throw fault('malformed', `The parameter ${unknown.slice(0, 80)} is not known here.`)
  const value = query.find(([name]) => name === '_stopOnError')?.[1] ?? 'false'
  if (value !== 'true' && value !== 'false') throw fault('value', '`_stopOnError` is true or false.', '_stopOnError')
  return value === 'true'
}

export async function importStatus(house: House, actor: Actor, { id = '' }: FhirRequest): Promise<Reply> {
  const row = await knownImport(house, actor, id)
  if (row.state === 'failed') throw fault('exception', 'The import could not be finished, by a mistake of ours. It may be sent again.')
  if (row.state !== 'done') return { status: 202, headers: { 'X-Progress': progressOf(row), 'Retry-After': String(retryAfterSeconds) } }
  const { created, updated, unchanged, refused } = row
  const place = `${house.base}/bulk-import/${id}/1`
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    headers: { Expires: row.expires.toUTCString() },
    body: JSON.stringify({
      transactionTime: row.at,
      request: row.request,
      requiresAccessToken: true,
      output: [],
      error: refused > 0 ? [{ type: 'OperationOutcome', url: place, count: refused }] : [],
      extension: { created, updated, unchanged, refused },
    }),
  }
}

const progressOf = ({ state, part, parts, created, updated, unchanged, refused }: ImportRow): string =>
  state === 'receiving'
    ? 'receiving'
    : `part ${Math.min(part + 1, parts)} of ${parts}, ${created + updated + unchanged} read, ${refused} refused`

async function knownImport(house: House, actor: Actor, id: string): Promise<ImportRow> {
  const row = await importOf(house.pool, id, actor.client)
  if (!row || !isTheirs(actor, row) || !mayImport(actor))
    throw fault('not-found', 'There is no such import: it has expired, was deleted, or is not yours.')
  return row
}

/** What is written stays; what is still to be read is not. */
export async function cancelImport(house: House, actor: Actor, { id = '' }: FhirRequest): Promise<Reply> {
  await knownImport(house, actor, id)
  await removeImport(house.pool, id, actor.client)
  const issue = { severity: 'information', code: 'informational', diagnostics: 'The import is ended; what was written stays.' } as const
  return { status: 202, body: JSON.stringify(operationOutcome([issue])) }
}

/** The lines that were refused, an OperationOutcome each. */
export async function importErrors(house: House, actor: Actor, { id = '', vid }: FhirRequest): Promise<Reply> {
  await knownImport(house, actor, id)
  if (vid !== '1') throw fault('not-found', 'The import has no such file.')
  return { status: 200, contentType: 'application/fhir+ndjson', pieces: refusalLines(house, id) }
}

const refusalsAtOnce = 1_000

async function* refusalLines(house: House, id: string): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const page = await refusalsAfter(house.pool, id, after, refusalsAtOnce)
    if (page.length > 0) yield page.map(({ outcome }) => `${outcome}\n`).join('')
    if (page.length < refusalsAtOnce) return
    after = page.at(-1)?.line ?? after
  }
}
