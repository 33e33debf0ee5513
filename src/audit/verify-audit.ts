/**
 * Checks every seal and every sealed row: the chain without a gap, each signature by a key of ours, and in each range just
 * the rows that were sealed. What was changed, removed or put in among the sealed is found; what is not sealed yet is said.
 *
 * Whoever cuts off the last seals together with their rows leaves a whole, shorter chain: against that the head of the
 * chain is kept elsewhere, and given back here as `head`.
 */
import type { KeyObject } from 'node:crypto'
import { auditProblemsMax, sealsCheckedTogether } from '../base/limits.ts'
import { rangesNow, type Sealed, strayRows, unsealedTail } from '../store/audit-check.ts'
import { auditKeys, inUtc, lastRetention, type Seal, sealsAfter } from '../store/audit-seals.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inSnapshot } from '../store/transaction.ts'
import { type Retention, retentionOf } from './drop-audit.ts'
import { chainHash, chainStart, isSigned, publicKeyOf } from './seal-signature.ts'

export type Head = { readonly number: string; readonly hash: string }

export type AuditReport = {
  readonly seals: number
  readonly rows: number
  /** Rows before it were dropped on purpose; undefined where none ever were. */
  readonly keptFrom: Date | undefined
  readonly problems: readonly string[]
  readonly tail: { readonly count: number; readonly oldest: Date | null }
  /** Of the last seal; undefined where nothing is sealed. */
  readonly head: Head | undefined
}

type Checker = Pick<House, 'pool' | 'secrets'>

export const verifyAudit = (house: Checker, head?: Head, progress?: (seals: number) => void): Promise<AuditReport> =>
  inSnapshot(house.pool, (db) => verifyIn(db, house, head, progress))

type State = {
  last: Seal | undefined
  seals: number
  rows: number
  headFound: boolean
  /** What the last seal of retention says; it is checked like every other. */
  readonly retention: Retention | undefined
  readonly sealed: Sealed[]
  readonly problems: string[]
}

/** `db` is one snapshot. */
export async function verifyIn(
  db: Db,
  { secrets }: Pick<Checker, 'secrets'>,
  head?: Head,
  progress?: (seals: number) => void,
): Promise<AuditReport> {
  await inUtc(db)
  const keys = new Map((await auditKeys(db, secrets)).map((key) => [key.kid, publicKeyOf(key)]))
  const retention = await lastRetention(db)
  const state: State = {
    retention: retention && retentionOf(retention),
    last: undefined,
    seals: 0,
    rows: 0,
    headFound: false,
    sealed: [],
    problems: [],
  }
  for (;;) {
    const seals = await sealsAfter(db, state.last?.number ?? '-9223372036854775808', sealsCheckedTogether)
    if (seals.length === 0) break
    for (const seal of seals) checkLink(state, seal, keys, head)
    for (const run of runsOf(seals)) await checkRows(db, state, run)
    progress?.(state.seals)
  }
  return conclude(db, state, head)
}

/** The seal by itself, and its hold on the one before. */
function checkLink(state: State, seal: Seal, keys: ReadonlyMap<string, KeyObject>, head: Head | undefined): void {
  const { last } = state
  const key = keys.get(seal.key)
  const name = `Seal ${seal.number}`
  if (!key || !isSigned(seal, key)) state.problems.push(`${name} was changed, or is not signed by a key of this server.`)
  if (BigInt(seal.number) !== BigInt(last?.number ?? '0') + 1n) state.problems.push(`Seals are missing before seal ${seal.number}.`)
  else if (seal.previous !== (last ? chainHash(last) : chainStart))
    state.problems.push(`${name} does not follow on the seal before it: that one was changed or replaced.`)
  if (!follows(seal, last)) state.problems.push(`${name} does not begin where the seal before it ends.`)
  if (head?.number === seal.number) {
    state.headFound = true
    if (chainHash(seal) !== head.hash) state.problems.push(`${name} is not the one whose hash was kept: the chain was made anew.`)
  }
  state.seals++
  state.last = seal
  extend(state.sealed, seal)
}

const follows = (seal: Seal, last: Seal | undefined): boolean =>
  seal.kind === 'restore'
    ? seal.era === (last?.era ?? 0) + 1 && seal.from === '0'
    : seal.era === (last?.era ?? 0) && seal.from === (last?.upto ?? '0')

/** Ranges of one era touch each other, so each era comes to one. */
function extend(sealed: Sealed[], { era, from, upto }: Sealed): void {
  const same = sealed.at(-1)
  if (same?.era === era) sealed[sealed.length - 1] = { era, from: same.from, upto }
  else sealed.push({ era, from, upto })
}

/** Stretches of seals over rows of one era, ranges rising. A range that does not rise was reported by `follows` already. */
function runsOf(seals: readonly Seal[]): Seal[][] {
  const runs: Seal[][] = []
  for (const seal of seals) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    if (run && before && before.era === seal.era && BigInt(before.upto) <= BigInt(seal.from)) run.push(seal)
    else runs.push([seal])
  }
  return runs
}

async function checkRows(db: Db, state: State, run: readonly Seal[]): Promise<void> {
  const now = new Map((await rangesNow(db, run, state.retention?.before ?? null)).map((range) => [range.number, range]))
  for (const seal of run) {
    const held = now.get(seal.number)
    state.rows += Number(held?.count ?? 0)
    const { count, hash } = expectedOf(seal, state.retention)
    const difference = Number(held?.count ?? 0) - Number(count)
    const where = `under seal ${seal.number} (${spanOf(seal)})`
    if (difference < 0) state.problems.push(`${-difference} of ${count} rows ${where} are missing.`)
    else if (difference > 0) state.problems.push(`${difference} rows ${where} were put in after it.`)
    else if (count !== '0' && held?.hash !== hash) state.problems.push(`Rows ${where} were changed.`)
  }
}

/** What should be there of a seal's rows: all, none, or what the seal of retention says is left. */
function expectedOf(seal: Seal, retention: Retention | undefined): { count: string; hash: string | null } {
  const before = retention && BigInt(retention.before)
  if (before === undefined || seal.earliest === null || BigInt(seal.earliest) >= before) return seal
  if (BigInt(seal.latest ?? seal.earliest) < before) return { count: '0', hash: null }
  return retention?.remaining.find((one) => one.seal === seal.number) ?? seal
}

const instantOf = (micros: string | null): string => (micros === null ? 'no rows' : new Date(Number(micros) / 1000).toISOString())
const spanOf = ({ earliest, latest }: Seal): string => `${instantOf(earliest)} to ${instantOf(latest)}`

async function conclude(db: Db, state: State, head: Head | undefined): Promise<AuditReport> {
  const { last, sealed, problems } = state
  const tail = { era: last?.era ?? 0, from: last?.upto ?? '0', upto: '' }
  const strays = await strayRows(db, sealed, tail, state.retention?.before ?? null)
  if (strays > 0) problems.push(`${strays} rows were put in where no transaction wrote any.`)
  if (head && !state.headFound) problems.push(`Seal ${head.number}, whose hash was kept, is gone.`)
  return {
    seals: state.seals,
    rows: state.rows,
    keptFrom: state.retention && new Date(Number(state.retention.before) / 1000),
    problems: problems.slice(0, auditProblemsMax),
    tail: await unsealedTail(db, tail.era, tail.from),
    head: last && { number: last.number, hash: chainHash(last) },
  }
}
