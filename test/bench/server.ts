/**
 * The server under measure: ours, started as a newcomer would in a folder of its own, or any FHIR server by its base URL.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemIds } from '../../src/base/ids.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { freePort } from '../support/free-port.ts'

export type Server = {
  readonly base: string
  readonly token?: string
  /** Where the bare limit can live beside it; only ours has one. */
  readonly databaseUrl?: string
  /** Gives the largest resident set since it was last asked, in bytes; undefined for a server elsewhere. */
  readonly peakMemory: () => number | undefined
  /** Of the server and its Postgres, since they were started, where the machine tells. */
  readonly cpuSeconds?: () => number | undefined
  /** Does it while the server is down and its Postgres runs on; what a server does by itself would be in the way. */
  readonly without: <T>(work: () => Promise<T>) => Promise<T>
  readonly stop: () => Promise<void>
}

const own = new URL('../..', import.meta.url).pathname
const startSecondsMax = 60
const rssEveryMs = 500

/** `checkout`: of another version, say, whose database is its own affair. */
export async function startServer(checkout = own): Promise<Server> {
  const program = join(checkout, 'bin/slotwise.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'slotwise-bench-'))
  const port = await freePort()
  const env = { ...process.env, DATA_DIR: join(folder, 'data'), DEMO: 'off', HOST: '127.0.0.1', PORT: String(port), WORKERS: '1' }
  const log = join(folder, 'log')
  const origin = `http://127.0.0.1:${port}`
  const running = { now: await run(program, env, log, origin) }
  const leave = async (): Promise<void> => {
    await running.now.end()
    rmSync(folder, { recursive: true, force: true })
  }
  const { token, database } = await entry(program, env, checkout === own).catch(async (error) => {
    await leave()
    throw error
  })
  const memory = watchMemory(() => running.now.pid)
  return {
    base: `${origin}/fhir`,
    token,
    databaseUrl: database?.url,
    peakMemory: memory.peak,
    cpuSeconds: () => cpuSecondsOf(running.now.pid),
    without: async (work) => {
      await running.now.end()
      try {
        return await work()
      } finally {
        running.now = await run(program, env, log, origin)
      }
    },
    stop: async () => {
      memory.stop()
      await running.now.end()
      await database?.close()
      await leave()
    },
  }
}

/** What it lets one in by. */
async function entry(program: string, env: NodeJS.ProcessEnv & { readonly DATA_DIR: string }, isOurs: boolean) {
  const said = execFileSync(process.execPath, [program, 'token', '--scope', 'system/*.cruds', '--ttl', '8h'], { env, encoding: 'utf8' })
  const database = isOurs ? await openEmbedded(env.DATA_DIR, { role: 'guest', ids: systemIds, warn: () => undefined }) : undefined
  return { token: said.trim().split('\n').at(-1), database }
}

type Running = { readonly pid: number; readonly end: () => Promise<void> }

/** The program itself, once it is ready. */
async function run(program: string, env: NodeJS.ProcessEnv, log: string, origin: string): Promise<Running> {
  const child = spawn(process.execPath, ['--max-semi-space-size=8', '--max-old-space-size=768', program, 'serve'], {
    env,
    stdio: ['ignore', openSync(log, 'w'), 'inherit'],
  })
  const died = (code: number | null): void => console.error(`The server ended with ${code}:\n${readFileSync(log, 'utf8').slice(-2000)}`)
  child.once('exit', died)
  await ready(`${origin}/health/ready`, child)
  return {
    pid: child.pid ?? 0,
    end: async () => {
      child.off('exit', died)
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < startSecondsMax * 10; tries++) {
    if (child.exitCode !== null) break
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await sleep(100)
  }
  child.kill('SIGTERM')
  throw new Error(`The server did not answer ${url} within ${startSecondsMax} s.`)
}

type Process = { readonly pid: number; readonly parent: number; readonly rss: number; readonly name: string }

function processes(): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,comm='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, parent, rss, name = ''] = line.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), rss: Number(rss) * 1024, name }
  })
}

/** A process and whatever it has started, and they. */
function familyOf(pid: number): Process[] {
  const all = processes()
  const family = new Set([pid])
  for (const { pid: child, parent } of all.toSorted((a, b) => a.pid - b.pid)) if (family.has(parent)) family.add(child)
  return all.filter((one) => family.has(one.pid))
}

/** Linux counts a process in hundredths of a second, and in it its children that have ended. */
function cpuSecondsOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const ticks = familyOf(pid).map((one) => {
    try {
      // The name before them may hold anything, but for the last bracket.
      const fields = readFileSync(`/proc/${one.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').slice(11, 15) ?? []
      return fields.reduce((sum, field) => sum + Number(field), 0)
    } catch {
      return 0
    }
  })
  return ticks.reduce((sum, some) => sum + some, 0) / 100
}

/** The launcher may start another Node; whichever of the family is largest is the server. Postgres does not count. */
function watchMemory(pid: () => number): { peak: () => number; stop: () => void } {
  const seen = { largest: 0 }
  const look = (): void => {
    const sizes = familyOf(pid())
      .filter((one) => !one.name.includes('postgres'))
      .map(({ rss }) => rss)
    seen.largest = Math.max(seen.largest, ...sizes)
  }
  const timer = setInterval(look, rssEveryMs)
  const peak = (): number => {
    look()
    const { largest } = seen
    seen.largest = 0
    return largest
  }
  return { peak, stop: () => clearInterval(timer) }
}
