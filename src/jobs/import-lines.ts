/**
 * Lines of NDJSON into stored resources. Each is judged like a PUT under system scope: valid, allowed, with an id of its own;
 * what is stored already as it was sent gets no new version, so that an import that is run again changes nothing.
 *
 * Types on which nothing hangs are written many in a statement. Slots, Appointments and whatever Schedules are made of go
 * one by one through the engine: they take and give back time like any other write.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import type { Actor } from '../access/actor.ts'
import { isMaskable } from '../access/masking.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { importBatchMax } from '../base/bulk-limits.ts'
import { Fault, fault } from '../base/fault.ts'
import { bodyBytesMax } from '../base/limits.ts'
import { indexValues } from '../fhir/index-values.ts'
import { parseJson } from '../fhir/json.ts'
import { type Line, tooLongMark } from '../fhir/ndjson.ts'
import { idPattern, type Resource, writableTypes } from '../fhir/resource.ts'
import { storeChange } from '../interactions/store-change.ts'
import { submittedBody } from '../interactions/submitted.ts'
import type { Tally } from '../store/bulk-imports.ts'
import { assertConforms } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { hasNumbers } from '../store/number-values.ts'
import { inTransaction } from '../store/transaction.ts'
import { type WriteOutcome, writeMany } from '../store/write-many.ts'

export type Refusal = { readonly line: number; readonly type?: string; readonly id?: string; readonly fault: Fault }
export type Imported = Tally & { readonly refusals: readonly Refusal[] }

type Candidate = Line & { readonly type: string; readonly id: string; readonly resource: Resource }

/** Nothing else in the house asks after a write of these: `store/write-many.ts` is enough. */
const plainTypes: ReadonlySet<string> = new Set([
  'Patient',
  'RelatedPerson',
  'Person',
  'Coverage',
  'ServiceRequest',
  'Communication',
  'Encounter',
  'QuestionnaireResponse',
  'Provenance',
])

/**
 * Numbers are kept in rows of their own, which the engine's door writes; and it looks at what is there already where that may
 * be kept from who imports, by a Consent or because it is a sensitive visit, or about one.
 */
const isPlain = (house: House, actor: Actor, type: string): boolean =>
  plainTypes.has(type) && !hasNumbers(house.definitions, type) && !actor.keptFrom && !(actor.masking && isMaskable(type))

/** So many of the engine's writes at once: they wait for Postgres most of the time. */
const sideBySide = 8
/** Between so many lines the process does what else is due: it may be answering requests, too. */
const linesAtAStretch = 25

/** With `stop` nothing after the first refused line is written. */
export async function importLines(house: House, actor: Actor, lines: readonly Line[], stop = false): Promise<Imported> {
  const refusals: Refusal[] = []
  const counts: Record<WriteOutcome, number> = { created: 0, updated: 0, unchanged: 0, lost: 0 }
  const candidates = await judged(house, actor, lines, refusals, stop)
  for (const run of runsOf(candidates)) {
    if (stop && refusals.length > 0 && (refusals[0]?.line ?? 0) < (run[0]?.no ?? 0)) break
    const outcomes = isPlain(house, actor, run[0]?.type ?? '') ? await writeRun(house, actor, run) : await writeEach(house, actor, run)
    for (const outcome of outcomes) {
      if (typeof outcome === 'string') counts[outcome]++
      else refusals.push(outcome)
    }
  }
  refusals.sort((a, b) => a.line - b.line)
  return { created: counts.created, updated: counts.updated, unchanged: counts.unchanged, refused: refusals.length, refusals }
}

async function judged(house: House, actor: Actor, lines: readonly Line[], refusals: Refusal[], stop: boolean): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  for (const [at, line] of lines.entries()) {
    if (at % linesAtAStretch === 0) await breathe()
    if (line.text.trim() === '') continue
    const one = await judge(house, actor, line)
    if ('fault' in one) refusals.push(one)
    else candidates.push(one)
    if (stop && refusals.length > 0) break
  }
  return candidates
}

async function judge(house: House, actor: Actor, line: Line): Promise<Candidate | Refusal> {
  const named: { type?: string; id?: string } = {}
  try {
    if (line.text === tooLongMark) throw fault('too-long', `The line is longer than ${bodyBytesMax / 1024 / 1024} MB.`)
    const body = parseJson(line.text) as Partial<Resource> | null
    const type = typeof body === 'object' && body !== null && typeof body.resourceType === 'string' ? body.resourceType : undefined
    if (type === undefined) throw fault('structure', 'A line is one resource: a JSON object with a resourceType.')
    assertMayImport(actor, type)
    named.type = type
    if (typeof body?.id !== 'string' || !idPattern.test(body.id))
      throw fault('required', 'A resource is imported under its own id, of 1 to 64 letters, digits, dashes and dots.', `${type}.id`)
    named.id = body.id
    const resource = submittedBody(house, type, body)
    // The engine's door asks this itself; here many are written at once.
    if (isPlain(house, actor, type)) await assertConforms(house.pool, house, resource)
    return { ...line, type, id: body.id, resource }
  } catch (error) {
    return { line: line.no, ...named, fault: faultOf(house, error) }
  }
}

const importable: ReadonlySet<string> = new Set(writableTypes)

function assertMayImport(actor: Actor, type: string): void {
  if (!importable.has(type)) throw fault('value', `There is no import of ${type.slice(0, 64)}.`, 'resourceType')
  for (const verb of ['c', 'u'] as const) {
    const permission = may(actor, verb, type)
    if (!permission.allowed || permission.patient !== undefined || permission.queries)
      throw fault('forbidden', `The token does not allow this: it takes a scope such as system/${type}.cu.`)
  }
}

const isPassing = (error: unknown): boolean => error instanceof Fault && (error.kind === 'transient' || error.kind === 'timeout')

/** What nobody foresaw is told to the operator, and the line is refused like any other. The database's absence is not. */
function faultOf(house: House, error: unknown): Fault {
  if (error instanceof Fault && !isPassing(error)) return error
  if (error instanceof Fault) throw error
  house.warn('a line of an import could not be written', { why: error instanceof Error ? error.name : typeof error })
  return fault('exception', 'The line could not be written, by a mistake of ours.')
}

/** Lines that may be written together: of one type, no id twice, in the order they came. */
function* runsOf(candidates: readonly Candidate[]): Generator<Candidate[]> {
  let run: Candidate[] = []
  const ids = new Set<string>()
  for (const one of candidates) {
    if (run.length > 0 && (run[0]?.type !== one.type || ids.has(one.id) || run.length >= importBatchMax)) {
      yield run
      run = []
      ids.clear()
    }
    run.push(one)
    ids.add(one.id)
  }
  if (run.length > 0) yield run
}

/** One statement; where it fails as a whole, each line for itself, so that one cannot stop the others. */
async function writeRun(house: House, actor: Actor, run: readonly Candidate[]): Promise<(WriteOutcome | Refusal)[]> {
  const rows = run.map(({ id, text, resource }) => ({ id, text, index: indexValues(house.definitions, resource, house.base) }))
  const batch = { type: run[0]?.type ?? '', rows, at: house.clock.now().toISOString(), audit: auditOf(house, actor, 'import') }
  const outcomes = await inTransaction(house.pool, (tx) => writeMany(tx, house.definitions, batch)).catch((error: unknown) => {
    if (isPassing(error)) throw error
    return undefined
  })
  if (!outcomes) return writeEach(house, actor, run)
  return Promise.all(outcomes.map((outcome, at) => (outcome === 'lost' ? writeOne(house, actor, run[at] as Candidate) : outcome)))
}

async function writeEach(house: House, actor: Actor, run: readonly Candidate[]): Promise<(WriteOutcome | Refusal)[]> {
  const outcomes: (WriteOutcome | Refusal)[] = []
  const waiting = run.entries()
  const worker = async (): Promise<void> => {
    for (const [at, one] of waiting) outcomes[at] = await writeOne(house, actor, one)
  }
  await Promise.all(Array.from({ length: sideBySide }, worker))
  return outcomes
}

async function writeOne(house: House, actor: Actor, { no, type, id, resource, text }: Candidate): Promise<WriteOutcome | Refusal> {
  try {
    if (house.conformance.has(`${type}/${id}`)) throw fault('forbidden', `${type}/${id} is part of this server and cannot be changed.`)
    const { created, unchanged } = await storeChange(house, actor, { type, id, resource, text })
    return created ? 'created' : unchanged ? 'unchanged' : 'updated'
  } catch (error) {
    return { line: no, type, id, fault: faultOf(house, error) }
  }
}
