/**
 * Several real servers on one Postgres, each behind a wire that can be cut, and what can be done to them. The first runs the
 * embedded Postgres and brings it back when it is killed; the others reach it through a wire of their own.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts'
import { freePort } from '../support/free-port.ts'
import { type Server, type Settings, slotwise, type Workplace, workplace } from '../support/program.ts'
import { type Ask, askOf } from './ask.ts'
import type { Dice } from './dice.ts'

export type Fault = 'kill server' | 'kill Postgres' | 'cut clients' | 'cut database' | 'swallow answers'
export const faults: readonly Fault[] = ['kill server', 'kill Postgres', 'cut clients', 'cut database', 'swallow answers']

export type Servers = {
  readonly count: number
  /** One client, in its own name, at one of the servers. */
  readonly client: (person: string) => Promise<(server: number) => Ask>
  /** Rows by plain SQL, read from Postgres itself. */
  readonly sql: <Row>(text: string) => Promise<Row[]>
  /** Does it, and sees to it that everybody is there again. */
  readonly harm: (fault: Fault, dice: Dice) => Promise<void>
  readonly leave: () => Promise<void>
}

type Seat = { server: Server; readonly settings: Settings; readonly clients: CuttingProxy; readonly database?: CuttingProxy }

export async function startServers(count: number): Promise<Servers> {
  const place: Workplace = await workplace()
  const dataDir = place.settings.DATA_DIR ?? ''
  const publicUrl = `http://127.0.0.1:${place.settings.PORT}`
  // Nobody here is told to come back later.
  const unbound = { RATE_LIMIT_PERSON: '0', HOLDS_PER_PATIENT: '0', HOLDS_PER_PERSON: '0', HOLDS_PER_CLIENT: '0' }
  const shared = { PUBLIC_URL: publicUrl, WAITLIST_OFFER_MINUTES: '5', ...unbound }
  const seats: Seat[] = [{ server: await place.serve(shared), settings: shared, clients: await cuttingProxy(Number(place.settings.PORT)) }]
  const { port, password } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8'))
  const urlAt = (at: number): string => `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${at}/slotwise?sslmode=disable`
  for (let n = 1; n < count; n++) {
    const database = await cuttingProxy(port)
    const http = await freePort()
    const settings = { ...shared, PORT: String(http), DATABASE_URL: urlAt(database.port), SECRETS_KEY_FILE: join(dataDir, 'secrets.key') }
    seats.push({ server: await place.serve(settings), settings, clients: await cuttingProxy(http), database })
  }
  const seatAt = (n: number): Seat => seats[n % seats.length] as Seat
  return {
    count,
    client: async (person) => {
      const { out, err } = await slotwise(['token', '--scope', 'system/*.cruds', '--user', person, '--ttl', '8h'], {
        ...place.settings,
        ...shared,
      })
      if (!out) throw new Error(`no token for ${person}: ${err}`)
      return (n) => askOf(`http://127.0.0.1:${seatAt(n).clients.port}/fhir`, out.trim())
    },
    sql: async <Row>(text: string): Promise<Row[]> => {
      const client = new pg.Client({ connectionString: urlAt(port) })
      await client.connect()
      try {
        return (await client.query(text)).rows as Row[]
      } finally {
        await client.end()
      }
    },
    harm: (fault, dice) => harms[fault]({ place, seats, dataDir, dice }),
    leave: async () => {
      await Promise.all(seats.flatMap(({ clients, database }) => [clients.close(), database?.close()]))
      await place.leave()
    },
  }
}

type Scene = { readonly place: Workplace; readonly seats: readonly Seat[]; readonly dataDir: string; readonly dice: Dice }

const harms: Readonly<Record<Fault, (scene: Scene) => Promise<void>>> = {
  'kill server': async ({ place, seats, dice }) => {
    const seat = dice.oneOf(seats)
    if (!seat) return
    await seat.server.end('SIGKILL')
    await sleep(dice.below(400))
    seat.server = await place.serve(seat.settings)
  },
  'kill Postgres': async ({ dataDir }) => {
    const pid = await postmaster(dataDir)
    process.kill(pid, 'SIGKILL')
    // The first server brings it back; whoever asks meanwhile is told 503.
    while ((await postmaster(dataDir).catch(() => pid)) === pid) await sleep(50)
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

const postmaster = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
