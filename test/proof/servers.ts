/**
 * Several real servers on one Postgres, each behind a wire that can be cut, and what can be done to them. The first runs the
 * embedded Postgres and brings it back when it is killed; the others reach it through a wire of their own.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts'
import { freePort } from '../support/free-port.ts'
import { type Server, type Settings, slotwise, type Workplace, workplace } from '../support/program.ts'
import { type Ask, askOf } from './ask.ts'
import type { Dice } from './dice.ts'
import type { Aftermath } from './history.ts'

export type Fault = 'kill server' | 'kill Postgres' | 'cut clients' | 'cut database' | 'swallow answers'
export const faults: readonly Fault[] = ['kill server', 'kill Postgres', 'cut clients', 'cut database', 'swallow answers']

export type Servers = {
  readonly count: number
  /** One client, in its own name, at one of the servers; `self`: with a patient's own token. */
  readonly client: (person: string, self?: string) => Promise<(server: number) => Ask>
  /** Rows by plain SQL, read from Postgres itself. */
  readonly sql: <Row>(text: string) => Promise<Row[]>
  /** What every server and Postgres wrote to their logs, and the metrics of those that run. */
  readonly heard: () => Promise<Aftermath['heard']>
  /** Does it, and sees to it that everybody is there again. */
  readonly harm: (fault: Fault, dice: Dice) => Promise<void>
  readonly leave: () => Promise<void>
}

type Seat = { server: Server; readonly settings: Settings; readonly clients: CuttingProxy; readonly database?: CuttingProxy }
type Key = { readonly port: number; readonly password: string }

export async function startServers(count: number): Promise<Servers> {
  const place: Workplace = await workplace()
  const dataDir = place.settings.DATA_DIR ?? ''
  const publicUrl = `http://127.0.0.1:${place.settings.PORT}`
  // Nobody here is told to come back later.
  const unbound = { RATE_LIMIT_PERSON: '0', HOLDS_PER_PATIENT: '0', HOLDS_PER_PERSON: '0', HOLDS_PER_CLIENT: '0' }
  const shared = { PUBLIC_URL: publicUrl, WAITLIST_OFFER_MINUTES: '5', ...unbound }
  const seats: Seat[] = [{ server: await place.serve(shared), settings: shared, clients: await cuttingProxy(Number(place.settings.PORT)) }]
  // A Postgres that comes back takes another port if somebody has its own by then.
  const key = (): Key => JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8'))
  const urlAt = (at: number): string =>
    `postgresql://postgres:${encodeURIComponent(key().password)}@127.0.0.1:${at}/slotwise?sslmode=disable`
  const ended: Server[] = []
  for (let n = 1; n < count; n++) {
    const database = await cuttingProxy(() => key().port)
    const http = await freePort()
    const settings = { ...shared, PORT: String(http), DATABASE_URL: urlAt(database.port), SECRETS_KEY_FILE: join(dataDir, 'secrets.key') }
    seats.push({ server: await place.serve(settings), settings, clients: await cuttingProxy(http), database })
  }
  const seatAt = (n: number): Seat => seats[n % seats.length] as Seat
  return {
    count,
    client: async (person, self) => {
      const scope = self === undefined ? ['system/*.cruds'] : ['patient/*.cruds', '--patient', self]
      const words = ['token', '--user', person, '--ttl', '8h', '--scope', ...scope]
      const { out, err } = await slotwise(words, { ...place.settings, ...shared })
      if (!out) throw new Error(`no token for ${person}: ${err}`)
      return (n) => askOf(`http://127.0.0.1:${seatAt(n).clients.port}/fhir`, out.trim())
    },
    sql: <Row>(text: string): Promise<Row[]> => rowsAt<Row>(urlAt(key().port), text),
    heard: async () => [
      ...[...ended, ...seats.map(({ server }) => server)].map((server, n) => ({
        from: `the log of server process ${n}`,
        text: server.said() + server.complained(),
      })),
      { from: 'the log of Postgres', text: await readFile(join(dataDir, 'postgres.log'), 'utf8') },
      ...(await Promise.all(seats.map(async ({ server }, n) => ({ from: `the metrics of server ${n}`, text: await metricsOf(server) })))),
    ],
    harm: (fault, dice) => harms[fault]({ place, seats, ended, dataDir, dice }),
    leave: async () => {
      await Promise.all(seats.flatMap(({ clients, database }) => [clients.close(), database?.close()]))
      await place.leave()
    },
  }
}

async function rowsAt<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

async function metricsOf({ origin }: Server): Promise<string> {
  const answer = await fetch(`${origin}/metrics`)
  const text = await answer.text()
  if (!answer.ok || !text.includes('# TYPE')) throw new Error(`${origin}/metrics was answered ${answer.status}: ${text.slice(0, 200)}`)
  return text
}

type Scene = {
  readonly place: Workplace
  readonly seats: readonly Seat[]
  /** Servers that were killed. */
  readonly ended: Server[]
  readonly dataDir: string
  readonly dice: Dice
}

const harms: Readonly<Record<Fault, (scene: Scene) => Promise<void>>> = {
  'kill server': async ({ place, seats, ended, dice }) => {
    const seat = dice.oneOf(seats)
    if (!seat) return
    await seat.server.end('SIGKILL')
    ended.push(seat.server)
    await sleep(dice.below(400))
    seat.server = await place.serve(seat.settings)
  },
  'kill Postgres': async ({ dataDir }) => {
    const pid = await postmaster(dataDir)
    process.kill(pid, 'SIGKILL')
    // The first server brings it back; whoever asks meanwhile is told 503.
    for (const began = Date.now(); (await postmaster(dataDir).catch(() => pid)) === pid; await sleep(50))
      if (Date.now() - began > returnMs) throw new Error(`Postgres was not brought back in ${returnMs / 1000} s`)
  },
  'cut clients': async ({ seats, dice }) => {
    for (let times = 0; times < 5; times++) {
      dice.oneOf(seats)?.clients.cut()
      await sleep(dice.below(60))
    }
  },
  'cut database': async ({ seats, dice }) => {
    for (let times = 0; times < 5; times++) {
      dice.oneOf(seats.slice(1))?.database?.cut()
      await sleep(dice.below(60))
    }
  },
  'swallow answers': async ({ seats, dice }) => {
    const seat = dice.oneOf(seats)
    seat?.clients.swallow(true)
    seat?.database?.swallow(dice.below(2) === 1)
    await sleep(100 + dice.below(200))
    seat?.clients.swallow(false)
    seat?.database?.swallow(false)
  },
}

const returnMs = 180_000

/** Throws where there is none, or its file is only being written: a signal to process 0 would be one to ourselves. */
async function postmaster(dataDir: string): Promise<number> {
  const pid = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
  if (!(pid > 1)) throw new Error('Postgres is only starting')
  return pid
}
