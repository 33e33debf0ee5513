/**
 * `slotwise export`: everything, or a part of it, as NDJSON files in a folder, as of one instant. It is the server's own
 * `$export`, at any of its levels, listed and fetched by this process; a server may run beside it.
 */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../base/error-code.ts'
import { Fault, fault } from '../base/fault.ts'
import { queryText } from '../fhir/bundle.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { listExports } from '../jobs/list-exports.ts'
import { operator } from '../jobs/own-actors.ts'
import { exportResources } from '../operations/export.ts'
import { exportLines } from '../operations/export-file.ts'
import { cancelExport } from '../operations/export-status.ts'
import { type ExportFile, type ExportRow, exportOf, filesOf } from '../store/bulk-exports.ts'
import type { House } from '../store/house.ts'
import { type Command, UsageError, type Values } from './command.ts'
import { progressBar } from './progress-bar.ts'

export const exportCommand: Command = {
  name: 'export',
  does: 'write everything, or a part of it, as NDJSON files into a folder',
  operands: { value: 'DIR', means: 'the folder, made where there is none; a file that is there already is not written over', many: false },
  options: {
    type: { type: 'string', value: 'TYPES', means: 'only these, with commas: Patient,Appointment' },
    filter: {
      type: 'string',
      value: 'SEARCHES',
      means: 'of a type only what a search finds: "Appointment?status=booked&date=ge2027"; several with spaces between',
    },
    patients: { type: 'boolean', means: 'only what is in a compartment of a patient' },
    patient: { type: 'string', value: 'IDS', means: 'only what is in the compartments of these patients, with commas' },
    group: { type: 'string', value: 'ID', means: "only what is in the compartments of a Group's members" },
    since: { type: 'string', value: 'INSTANT', means: 'only what was written after it, and what was deleted' },
  },
  run: async (context, values, [folder = '']) => {
    const house = await context.openHouse('guest')
    try {
      const id = await order(house, values)
      try {
        const row = await listed(house, id, context.progress)
        const files = await filesOf(house.pool, id)
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await fetchAll(house, id, folder, files)
        const count = files.filter(({ deleted }) => !deleted).reduce((sum, file) => sum + file.count, 0)
        context.say(`${count} resources as of ${row.at} are in ${folder}.`)
        return 0
      } finally {
        await cancelExport(house, operator, { ...request, id }).catch(() => undefined)
      }
    } finally {
      await house.close()
    }
  },
}

const request: FhirRequest = { query: [], headers: { prefer: { respondAsync: true } }, method: 'POST', url: '$export' }

/** Gives the export's id. */
async function order(house: House, values: Values): Promise<string> {
  const level = levelOf(values)
  const query = [
    ...pairs('_type', values.type),
    ...pairs('_since', values.since),
    ...pairs('_typeFilter', values.filter, /\s+/),
    ...pairs('patient', values.patient, ','),
  ]
  const path = [level.type, level.id, '$export'].filter(Boolean).join('/')
  try {
    const { headers } = await exportResources(house, operator, { ...request, ...level, query, url: `${path}?${queryText(query)}` })
    return headers?.['Content-Location']?.split('/').at(-1) ?? ''
  } catch (error) {
    throw error instanceof Fault && faultsOfWords.has(error.kind) ? new UsageError(error.message) : error
  }
}

/** What was typed cannot be meant. */
const faultsOfWords: ReadonlySet<string> = new Set(['value', 'malformed', 'too-costly'])

function levelOf({ patients, patient, group }: Values): Pick<FhirRequest, 'type' | 'id'> {
  if (typeof group === 'string') {
    if (patients) throw new UsageError("Say --group or --patients: a Group's members are patients already.")
    return { type: 'Group', id: group.replace(/^Group\//, '') }
  }
  return patients || typeof patient === 'string' ? { type: 'Patient' } : {}
}

function pairs(name: string, value: Values[string], between?: string | RegExp): [string, string][] {
  if (typeof value !== 'string') return []
  const several = between === undefined ? [value] : value.split(between)
  return several.flatMap((one): [string, string][] => (one.trim() === '' ? [] : [[name, one.trim()]]))
}

const lookEveryMs = 100

/** A server beside us may list it as well: whoever has the row goes on. */
async function listed(house: House, id: string, progress: (text: string) => void): Promise<ExportRow> {
  for (;;) {
    await listExports(house, id)
    const row = await exportOf(house.pool, id, operator.client)
    if (row?.state === 'done') return row
    if (row?.state !== 'waiting') throw fault('exception', 'The export could not be finished.')
    progress(`${row.listed} resources listed`)
    await sleep(lookEveryMs)
  }
}

async function fetchAll(house: House, id: string, folder: string, files: readonly ExportFile[]): Promise<void> {
  const bar = await progressBar(
    files.reduce((sum, { count }) => sum + count, 0),
    'resources',
  )
  try {
    let before = 0
    for (const [at, file] of files.entries()) {
      const name = nameOf(files, at)
      await fetchOne(house, id, file, join(folder, name), (done) => bar.at(before + done, name))
      before += file.count
    }
  } finally {
    bar.end()
  }
}

/** `Patient.ndjson`, `Patient.2.ndjson`, `Patient.deleted.ndjson`. */
function nameOf(files: readonly ExportFile[], at: number): string {
  const { type, deleted } = files[at] as ExportFile
  const nth = files.slice(0, at + 1).filter((file) => file.type === type && file.deleted === deleted).length
  return `${type}${deleted ? '.deleted' : ''}${nth > 1 ? `.${nth}` : ''}.ndjson`
}

async function fetchOne(
  house: House,
  id: string,
  { file, type, deleted }: ExportFile,
  path: string,
  tell: (done: number) => void,
): Promise<void> {
  async function* counted(): AsyncGenerator<string> {
    let lines = 0
    for await (const piece of exportLines(house, operator, { export: id, file, type }, deleted)) {
      yield piece
      for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', end + 1)) lines++
      tell(lines)
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch((error: unknown) => {
    throw errorCode(error) === 'EEXIST' ? fault('conflict', `${path} is there already.`) : error
  })
}
