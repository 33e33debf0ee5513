/** The program as an operator runs it: a process of its own, on a DATA_DIR and a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { testFolder } from './test-folder.ts'

const bin = join(import.meta.dirname, '../../bin/slotwise.mjs')

export type Settings = Readonly<Record<string, string>>
export type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

export type Server = {
  readonly origin: string
  readonly process: ChildProcess
  /** What it has said on stdout so far. */
  readonly said: () => string
  /** And on stderr. */
  readonly complained: () => string
  /** Ends it with a signal and gives its exit code. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>
}

export type Workplace = {
  readonly settings: Settings
  /** Starts a server here and waits until it is ready. */
  readonly serve: (more?: Settings) => Promise<Server>
  /** Ends what a failed test left running. */
  readonly leave: () => Promise<void>
}

export async function workplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(testFolder, `slotwise-program-${process.pid}-`))
  const settings = { DATA_DIR: join(folder, 'data'), PORT: String(await freePort()), DEMO: 'off' }
  const servers: Server[] = []
  return {
    settings,
    serve: async (more = {}) => {
      const server = await serve({ ...settings, ...more })
      servers.push(server)
      return server
    },
    leave: async () => {
      await Promise.all(servers.map((server) => server.end()))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const start = (words: readonly string[], settings: Settings): ChildProcess =>
  spawn(process.execPath, [bin, ...words], { env: { PATH: process.env.PATH, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })

const exitOf = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', resolve))

/** Runs one command to its end. */
export async function slotwise(words: readonly string[], settings: Settings = {}): Promise<Ended> {
  const child = start(words, settings)
  if (!child.stdout || !child.stderr) throw new Error('the program has no output to read')
  const [code, out, err] = await Promise.all([exitOf(child), text(child.stdout), text(child.stderr)])
  return { code, out, err }
}

async function serve(settings: Settings): Promise<Server> {
  const child = start(['serve'], settings)
  const out: string[] = []
  const err: string[] = []
  child.stdout?.on('data', (chunk) => out.push(String(chunk)))
  child.stderr?.on('data', (chunk) => err.push(String(chunk)))
  const exited = exitOf(child)
  while (!out.join('').includes('Ctrl-C ends it.')) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended before it was ready: ${err.join('')}`)
    await sleep(20)
  }
  return {
    origin: `http://127.0.0.1:${settings.PORT}`,
    process: child,
    said: () => out.join(''),
    complained: () => err.join(''),
    end: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exited
    },
  }
}
