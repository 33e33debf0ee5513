/**
 * This checkout beside another: two servers on databases of their own with the same clinic, asked in turns, so that a slow
 * minute of the machine falls on both. Beside the rates stands what a request costs the processor, of the server and of its
 * Postgres together, which others on the machine change less.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstScene, type Job, jobs, type Scene, turn } from './measures.ts'
import { type Line, median, oddCodes, rate } from './report.ts'
import type { Plan } from './run.ts'
import type { Server } from './server.ts'

const root = join(import.meta.dirname, '../..')

export type Checkout = { readonly folder: string; readonly leave: () => void }

const git = (...words: readonly string[]): string => execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' }).trim()

/** A folder as it stands, or a commit in a worktree of its own, with the libraries of this one. */
export function checkoutOf(against: string): Checkout {
  if (existsSync(join(against, 'bin/slotwise.mjs'))) return { folder: realpathSync(against), leave: () => {} }
  const commit = git('rev-parse', '--verify', '--end-of-options', `${against}^{commit}`)
  const folder = join(mkdtempSync(join(tmpdir(), 'slotwise-against-')), 'slotwise')
  git('worktree', 'add', '--detach', '--quiet', folder, commit)
  symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'))
  return {
    folder,
    leave: () => {
      // Ctrl-C leaves it, and so does the run that it ends.
      if (!existsSync(folder)) return
      git('worktree', 'remove', '--force', folder)
      rmSync(join(folder, '..'), { recursive: true, force: true })
    },
  }
}

export type Comparison = Omit<Plan, 'only'> & {
  readonly ours: Server
  readonly theirs: Server
  readonly tell: (what: string) => void
}

const aim = 0.8

export async function comparedLines(comparison: Comparison): Promise<Line[]> {
  const { ours, theirs, rounds, tell } = comparison
  const sides = [
    { server: ours, scene: await firstScene(ours, comparison) },
    { server: theirs, scene: await firstScene(theirs, comparison) },
  ] as const
  const names = Object.keys(jobs) as Job[]
  // Both are warm before anything counts.
  for (const job of names.filter((one) => one !== 'book')) for (const side of sides) await turn({ ...side.scene, seconds: 1 }, job, 0)
  const done = new Map<Job, Turns[]>(names.map((job) => [job, []]))
  for (let round = 0; round < rounds; round++)
    for (const job of names) {
      const turns = await bothInTurn(sides, job, round)
      done.get(job)?.push(turns)
      tell(`round ${round + 1}, ${jobs[job]}: ${turns.map(({ figures }) => rate(figures)).join('/s, theirs ')}/s`)
    }
  return names.map((job) => line(job, done.get(job) ?? []))
}

type Side = { readonly server: Server; readonly scene: Scene }
type Taken = { readonly figures: Awaited<ReturnType<typeof turn>>['ours']; readonly cpuMs?: number }
type Turns = readonly [ours: Taken, theirs: Taken]

/** Who is first changes with each round. */
async function bothInTurn([ours, theirs]: readonly [Side, Side], job: Job, round: number): Promise<Turns> {
  if (round % 2 === 0) return [await take(ours, job, round), await take(theirs, job, round)]
  const their = await take(theirs, job, round)
  return [await take(ours, job, round), their]
}

async function take({ server, scene }: Side, job: Job, round: number): Promise<Taken> {
  const before = server.cpuSeconds?.()
  const { ours: figures } = await turn(scene, job, round)
  const after = server.cpuSeconds?.()
  const answered = Object.values(figures.codes).reduce((sum, count) => sum + count, 0)
  return { figures, ...(before !== undefined && after !== undefined && { cpuMs: ((after - before) * 1000) / answered }) }
}

function line(job: Job, turns: readonly Turns[]): Line {
  const share = median(turns.map(([ours, theirs]) => ours.figures.perSecond / theirs.figures.perSecond))
  const odd = oddCodes(turns.flatMap((both) => both.map(({ figures }) => figures)))
  const [ours, theirs] = [0, 1].map((side) => median(turns.flatMap((both) => both[side]?.cpuMs ?? [])))
  const cpu = Number.isNaN(ours) ? '' : `${ours?.toFixed(2)} ms of CPU, theirs ${theirs?.toFixed(2)}`
  const [last] = turns.toSorted((a, b) => a[0].figures.perSecond - b[0].figures.perSecond).slice(turns.length >> 1)
  return {
    name: jobs[job],
    limit: last?.[1].figures,
    ours: last?.[0].figures,
    figure: [`${share.toFixed(2)} of theirs`, cpu, odd].filter(Boolean).join('; '),
    aim: `${aim} of theirs`,
    met: odd === '' && share >= aim,
  }
}
