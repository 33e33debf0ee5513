/**
 * `slotwise import`: NDJSON files, or folders of them, into the database, line by line as REST would write them. Running it
 * again changes nothing; a server may run beside it.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { lineGroups } from '../fhir/ndjson.ts'
import { type Imported, importLines, type Refusal } from '../jobs/import-lines.ts'
import { operator } from '../jobs/own-actors.ts'
import { refusalLine } from '../jobs/run-imports.ts'
import type { Tally } from '../store/bulk-imports.ts'
import type { House } from '../store/house.ts'
import { type Command, UsageError } from './command.ts'
import { progressBar } from './progress-bar.ts'

export const importCommand: Command = {
  name: 'import',
  does: 'write the resources of NDJSON files into the database',
  operands: { value: 'FILE|DIR', means: 'NDJSON files, and folders whose .ndjson files are read', many: true },
  options: {
    stop: { type: 'boolean', means: 'write nothing after the first line that is refused' },
    errors: { type: 'string', value: 'FILE', means: 'where OperationOutcomes of refused lines go; otherwise the first few are printed' },
  },
  run: async (context, { stop, errors }, operands) => {
    const files = (await Promise.all(operands.map(filesAt))).flat()
    const refused = refusals(typeof errors === 'string' ? errors : undefined)
    const house = await context.openHouse('guest')
    try {
      const { created, updated, unchanged, refused: count } = await importFiles(house, files, stop === true, refused.note)
      context.say(`${created} created, ${updated} updated, ${unchanged} unchanged, ${count} refused.`)
      return count > 0 ? 1 : 0
    } finally {
      await refused.end()
      await house.close()
    }
  },
}

type File = { readonly path: string; readonly bytes: number }

/** What others refer to comes first: Schedules before their Slots, Slots before the visits in them. */
const order = ['Organization', 'Location', 'Practitioner', 'HealthcareService', 'PractitionerRole', 'Device', 'Patient', 'Schedule']
const last = ['Slot', 'Appointment', 'AppointmentResponse']

const rankOf = (path: string): number => {
  const type = basename(path).split('.')[0] ?? ''
  const [early, late] = [order.indexOf(type), last.indexOf(type)]
  return early >= 0 ? early : order.length + 1 + late
}

async function filesAt(path: string): Promise<File[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`There is no ${path}.`)
  if (!found.isDirectory()) return [{ path, bytes: found.size }]
  const names = (await readdir(path)).filter((name) => name.endsWith('.ndjson') && !name.includes('.deleted.'))
  if (names.length === 0) throw new UsageError(`There is no .ndjson file in ${path}.`)
  const paths = names.map((name) => join(path, name)).toSorted((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
  return (await Promise.all(paths.map(filesAt))).flat()
}

const nothing: Tally = { created: 0, updated: 0, unchanged: 0, refused: 0 }
const sum = (a: Tally, b: Tally): Tally => ({
  created: a.created + b.created,
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  refused: a.refused + b.refused,
})

const megabyte = 1_000_000

async function importFiles(
  house: House,
  files: readonly File[],
  stop: boolean,
  note: (path: string, result: Imported) => void,
): Promise<Tally> {
  const bar = await progressBar(Math.ceil(files.reduce((all, { bytes }) => all + bytes, 0) / megabyte), 'MB')
  const seen = { before: 0 }
  let tally = nothing
  try {
    for (const { path, bytes } of files) {
      const stream = createReadStream(path)
      for await (const { first, lines } of lineGroups(stream)) {
        const texts = lines.map((text, at) => ({ no: first + at, text }))
        const result = await importLines(house, operator, texts, stop)
        note(path, result)
        tally = sum(tally, result)
        bar.at(Math.round((seen.before + stream.bytesRead) / megabyte), `${basename(path)}, ${tally.refused} refused`)
        if (stop && result.refused > 0) return tally
      }
      seen.before += bytes
    }
    return tally
  } finally {
    bar.end()
  }
}

const refusalsPrintedMax = 20

function refusals(path: string | undefined): { note: (file: string, result: Imported) => void; end: () => Promise<void> } {
  const stream = path === undefined ? undefined : createWriteStream(path, { mode: 0o600 })
  const printed = { count: 0 }
  const tell = (file: string, refusal: Refusal): void => {
    if (stream) stream.write(`${refusalLine(refusal)}\n`)
    else if (printed.count++ < refusalsPrintedMax) console.error(`${file}:${refusal.line}: ${refusal.fault.message}`)
  }
  return {
    note: (file, result) => {
      for (const refusal of result.refusals) tell(file, refusal)
    },
    end: () => new Promise((resolve) => (stream ? stream.end(resolve) : resolve())),
  }
}
