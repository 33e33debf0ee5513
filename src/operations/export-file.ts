/**
 * One file of an export: NDJSON, read from the database a chunk at a time while it is sent. Each chunk leaves its
 * AuditEvent, with the patients that it shows, before it goes out.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-output-file-request
 */
import type { Actor } from '../access/actor.ts'
import { asBusyTime, textAsBusyTime } from '../access/busy-time.ts'
import { asChannelsShown } from '../access/channel-secrets.ts'
import { isHideable, isMaskable, standingMasking } from '../access/masking.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { aboutTypes } from '../fhir/about-visits.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import { patientsConcerned } from '../fhir/patients-concerned.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { auditPatients } from '../store/audit-rows.ts'
import { fileOf } from '../store/bulk-exports.ts'
import { type Chunk, chunkOf, deletionsOf, type FilePlace, supersededBodies } from '../store/export-chunks.ts'
import type { House } from '../store/house.ts'
import { maskedByThemselves } from '../store/search/judge.ts'
import { maskedAmong } from '../store/search/masked.ts'
import { knownExport, mayFetch, remarksFile } from './export-status.ts'
import type { ExportWish } from './export-wish.ts'

const ndjson = 'application/fhir+ndjson'

export async function exportFile(house: House, actor: Actor, { id = '', vid = '' }: FhirRequest): Promise<Reply> {
  const row = await knownExport(house, actor, id)
  const file = Number(vid)
  if (row.state !== 'done') throw fault('not-found', 'The export is not done yet: its status says when it is.')
  if (file === remarksFile) return { status: 200, contentType: ndjson, body: remarkLines(JSON.parse(row.wish) as ExportWish) }
  const held = file < 2 ** 31 ? await fileOf(house.pool, id, file) : undefined
  if (!held) throw fault('not-found', 'The export has no such file.')
  if (!mayFetch(actor, row, held.type))
    throw fault('forbidden', `The token does not allow this: it takes a scope such as system/${held.type}.rs.`)
  return { status: 200, contentType: ndjson, pieces: exportLines(house, actor, { export: id, file, type: held.type }, held.deleted) }
}

const remarkLines = ({ remarks }: ExportWish): string =>
  remarks
    .map((diagnostics) => `${JSON.stringify(operationOutcome([{ severity: 'warning', code: 'not-supported', diagnostics }]))}\n`)
    .join('')

/** The lines of a file, about a hundred kilobytes at a time. */
export async function* exportLines(house: House, fetching: Actor, place: FilePlace, deleted: boolean): AsyncGenerator<string> {
  const actor: Actor = { ...fetching, masking: standingMasking(fetching) }
  const next = (after: number): Promise<Chunk | undefined> =>
    (deleted ? deletionsOf : chunkOf)(house.pool, place, after, auditOf(house, actor, 'export'))
  for (let chunk = await next(-1); chunk; chunk = await next(chunk.no)) {
    for (const piece of chunk.pieces) yield deleted ? piece : await shownLines(house, actor, place, piece)
    if (chunk.superseded.length > 0) yield await supersededLines(house, actor, place, chunk)
  }
}

async function supersededLines(house: House, actor: Actor, place: FilePlace, { no, superseded }: Chunk): Promise<string> {
  const rows = await supersededBodies(house.pool, place, no, superseded)
  const patients = rows.flatMap(({ body }) => patientsConcerned(house.definitions, JSON.parse(body) as Resource, house.base))
  const entity = `bulk-export/${place.export}/${place.file}`
  await auditPatients(house.pool, { patients: [...new Set(patients)], entity, audit: auditOf(house, actor, 'export') })
  const { type } = place
  const masked = await maskedByThemselves(house, { type, id: ({ id }) => id, bounds: actor }, rows)
  const lines = rows.map((row) => (masked.has(row) ? maskedLine(house, type, row.body) : `${row.body}\n`)).join('')
  return shownLines(house, actor, place, lines, true)
}

/**
 * Sensitive visits, and what is about them, as whoever fetches the file may see them now. A visit's own label tells, but for
 * `superseded` lines and for what is about it: these are looked up. Nobody is given what a Subscription says for its
 * endpoint alone.
 */
async function shownLines(house: House, actor: Actor, { type }: FilePlace, lines: string, superseded = false): Promise<string> {
  if (type === 'Subscription') return lines.replace(/[^\n]+/g, (line) => asChannelsShown(house.secrets, undefined, line))
  const { masking } = actor
  if (!masking || !isMaskable(type)) return lines
  const all = lines.split('\n').filter((line) => line !== '')
  const ids = superseded || aboutTypes.has(type) ? all.map((line) => String((JSON.parse(line) as Resource).id)) : []
  const masked = await maskedAmong(house.pool, { type, bounds: { masking } }, ids)
  const shown = (line: string, at: number): string => {
    if (!masked.has(ids[at] ?? '')) return `${asBusyTime(actor, line, house.base)}\n`
    return maskedLine(house, type, line)
  }
  return all.map(shown).join('')
}

const maskedLine = ({ base }: House, type: string, line: string): string => (isHideable(type) ? '' : `${textAsBusyTime(line, base)}\n`)
