/**
 * Bulk data under measure: Patients imported over HTTP from the first byte sent to the last one stored, everything of the
 * clinic exported from the order to the last byte fetched, and what memory both took. Only ours is measured.
 */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Line } from './report.ts'
import type { Server } from './server.ts'

/** Resources a second, and bytes. */
const aims = { import: 5_000, export: 20_000, rssBytes: 300_000_000 } as const

const importedPatients = 100_000
const pollMs = 100

export async function bulkLines(server: Server, tell: (what: string) => void): Promise<Line[]> {
  server.peakMemory()
  const imported = await timed('import', () => importPatients(server), tell)
  const whileImporting = server.peakMemory()
  const exported = await timed('export', () => exportAll(server), tell)
  const whileExporting = server.peakMemory()
  return [
    rateLine('import of Patients', imported, aims.import),
    memoryLine('memory while importing', whileImporting),
    rateLine('export of Slots and Patients', exported, aims.export),
    memoryLine('memory while exporting', whileExporting),
  ]
}

type Timed = { readonly count: number; readonly seconds: number }

async function timed(what: string, work: () => Promise<number>, tell: (what: string) => void): Promise<Timed> {
  const started = performance.now()
  const count = await work()
  const seconds = (performance.now() - started) / 1000
  tell(`${what}: ${count} in ${seconds.toFixed(1)} s`)
  return { count, seconds }
}

const rateLine = (name: string, { count, seconds }: Timed, aim: number): Line => ({
  name,
  figure: `${count.toLocaleString('en')} in ${seconds.toFixed(1)} s, ${Math.round(count / seconds).toLocaleString('en')}/s`,
  aim: `${aim.toLocaleString('en')}/s`,
  met: count / seconds >= aim,
})

const memoryLine = (name: string, bytes = Number.NaN): Line => ({
  name,
  figure: `${Math.round(bytes / 1e6)} MB`,
  aim: `${aims.rssBytes / 1e6} MB`,
  met: bytes < aims.rssBytes,
})

const headersOf = ({ token }: Server): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {})

function* patients(): Generator<string> {
  for (let i = 0; i < importedPatients; i++)
    yield `${JSON.stringify({
      resourceType: 'Patient',
      id: `bulk-${i}`,
      identifier: [{ system: 'urn:slotwise:bench:mrn', value: String(i) }],
      name: [{ family: `Family${i % 9973}`, given: [`Given${i % 97}`] }],
      telecom: [{ system: 'phone', value: `+1 555 ${String(i).padStart(7, '0')}` }],
      gender: i % 2 === 0 ? 'female' : 'male',
      birthDate: `${1930 + (i % 80)}-0${1 + (i % 9)}-1${i % 9}`,
    })}\n`
}

/** Groups of lines: one write a line would measure the sender. */
function* inGroups(lines: Iterable<string>): Generator<Buffer> {
  let group: string[] = []
  for (const line of lines) {
    if (group.push(line) < 500) continue
    yield Buffer.from(group.join(''))
    group = []
  }
  yield Buffer.from(group.join(''))
}

async function importPatients(server: Server): Promise<number> {
  const answer = await fetch(`${server.base}/$import`, {
    method: 'POST',
    headers: { ...headersOf(server), 'content-type': 'application/fhir+ndjson' },
    body: Readable.toWeb(Readable.from(inGroups(patients()))) as ReadableStream,
    duplex: 'half',
  } as RequestInit)
  const manifest = (await manifestAt(server, answer)) as { extension: { created: number } }
  return manifest.extension.created
}

async function exportAll(server: Server): Promise<number> {
  const headers = { ...headersOf(server), prefer: 'respond-async' }
  const answer = await fetch(`${server.base}/$export?_type=Slot,Patient`, { headers })
  const manifest = (await manifestAt(server, answer)) as { output: { url: string; count: number }[] }
  for (const { url } of manifest.output) await readThrough(server, url)
  return manifest.output.reduce((sum, { count }) => sum + count, 0)
}

async function readThrough(server: Server, url: string): Promise<void> {
  const { body, status } = await fetch(url, { headers: { ...headersOf(server), 'accept-encoding': 'identity' } })
  if (status !== 200 || !body) throw new Error(`${url} was answered ${status}`)
  for await (const _ of body);
}

async function manifestAt(server: Server, order: Response): Promise<unknown> {
  const place = order.headers.get('content-location')
  if (order.status !== 202 || !place) throw new Error(`answered ${order.status}: ${(await order.text()).slice(0, 400)}`)
  for (;;) {
    const answer = await fetch(place, { headers: headersOf(server) })
    if (answer.status === 200) return answer.json()
    if (answer.status !== 202) throw new Error(`answered ${answer.status}: ${(await answer.text()).slice(0, 400)}`)
    await answer.body?.cancel()
    await sleep(pollMs)
  }
}
