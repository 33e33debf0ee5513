/**
 * `npm run bench`: how fast this server is on this machine, beside the bare limit of Fastify and pg on the same Postgres.
 * With --base it measures any FHIR server, as far as that server offers what is measured. With --check it exits 1 where an
 * aim is missed. The jobs and the aims stand in test/bench/measures.ts.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { dayMs } from '../src/base/durations.ts'
import { checkoutOf, comparedLines } from '../test/bench/compare.ts'
import { table } from '../test/bench/report.ts'
import { measured as measures, type Plan, runBench } from '../test/bench/run.ts'
import { scaleLines } from '../test/bench/scale.ts'
import { type Server, startServer } from '../test/bench/server.ts'

const usage = `npm run bench -- [--slots 1000000] [--schedules 500] [--connections 16] [--seconds 5] [--rounds 3] [--only find,book …] [--check]
npm run bench -- --only scale [--slots 10000000] [--past 5000000]
npm run bench -- --only compare --against FOLDER|COMMIT [--schedules 100] …
npm run bench -- --base URL [--token TOKEN] [--slots 40000] [--schedules 20] …`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const options = {
  base: text,
  token: text,
  slots: text,
  past: text,
  only: text,
  against: text,
  schedules: text,
  connections: text,
  seconds: text,
  rounds: text,
  check: flag,
  help: flag,
}
const { values: asked } = parseArgs({ options })

const horizonDays = 90
/** From 09:00 to 23:00. */
const slotsPerDayMax = 56

function wholeNumber(name: 'slots' | 'past' | 'schedules' | 'connections' | 'seconds' | 'rounds', standard: number): number {
  const value = Number(asked[name] ?? standard)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} must be a whole number above zero.\n${usage}`)
  process.exit(2)
}

/** Undefined: everything. */
function only(): string[] | undefined {
  if (asked.only === undefined || ['scale', 'compare'].includes(asked.only)) return undefined
  const names = asked.only.split(',')
  const odd = names.find((name) => !measures.some((measure) => measure === name))
  if (odd === undefined) return names
  console.error(`--only takes scale, compare, or some of ${measures.join(',')}; not ${odd}.\n${usage}`)
  process.exit(2)
}

function plan(): Plan {
  const schedules = wholeNumber('schedules', asked.base ? 20 : 500)
  const slots = wholeNumber('slots', asked.base ? 40_000 : 1_000_000)
  return {
    schedules,
    perDay: Math.min(slotsPerDayMax, Math.ceil(slots / schedules / horizonDays)),
    connections: wholeNumber('connections', 16),
    seconds: wholeNumber('seconds', 5),
    rounds: wholeNumber('rounds', 3),
    today: Math.floor(systemClock.now().getTime() / dayMs) * dayMs,
    only: only(),
  }
}

const elsewhere = (base: string): Server => ({
  base: base.replace(/\/$/, ''),
  token: asked.token,
  peakMemory: () => undefined,
  without: (work) => work(),
  stop: async () => {},
})

async function bench(): Promise<number> {
  const measured = plan()
  const server = asked.base ? elsewhere(asked.base) : await startServer()
  process.once('SIGINT', () => void server.stop().finally(() => process.exit(130)))
  try {
    const lines = await runBench({ server, plan: measured, tell: (what) => console.error(what) })
    console.log(
      `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${measured.connections} connections, median of ${measured.rounds} rounds`,
    )
    console.log(table(lines))
    return asked.check && lines.some(({ met }) => met === false) ? 1 : 0
  } finally {
    await server.stop()
  }
}

/** It is stopped with the others as soon as it stands, whether or not the next one starts. */
async function startedAmong(servers: Server[], folder?: string): Promise<Server> {
  const server = await startServer(folder)
  servers.push(server)
  return server
}

/** Two servers: one with few Slots, one with many and a long past. */
async function scale(): Promise<number> {
  const { connections, seconds, rounds, today } = plan()
  const servers: Server[] = []
  const stop = (): Promise<unknown> => Promise.all(servers.map((server) => server.stop()))
  process.once('SIGINT', () => void stop().finally(() => process.exit(130)))
  try {
    const [few, many] = [await startedAmong(servers), await startedAmong(servers)]
    const size = { slots: wholeNumber('slots', 10_000_000), past: wholeNumber('past', 5_000_000) }
    const lines = await scaleLines({ few, many, ...size, connections, seconds, rounds, today, tell: (what) => console.error(what) })
    console.log(table(lines))
    return asked.check && lines.some(({ met }) => met === false) ? 1 : 0
  } finally {
    await stop()
  }
}

/** This checkout and another, in turns. */
async function compare(): Promise<number> {
  if (!asked.against) {
    console.error(`--only compare takes --against: another checkout, or a commit.\n${usage}`)
    return 2
  }
  const { connections, seconds, rounds, today } = plan()
  const other = checkoutOf(asked.against)
  const servers: Server[] = []
  const stop = (): Promise<unknown> => Promise.all(servers.map((server) => server.stop())).finally(other.leave)
  process.once('SIGINT', () => void stop().finally(() => process.exit(130)))
  try {
    const [ours, theirs] = [await startedAmong(servers), await startedAmong(servers, other.folder)]
    const size = { schedules: wholeNumber('schedules', 100), perDay: 30 }
    const lines = await comparedLines({ ours, theirs, ...size, connections, seconds, rounds, today, tell: (what) => console.error(what) })
    console.log(table(lines, 'theirs'))
    return asked.check && lines.some(({ met }) => met === false) ? 1 : 0
  } finally {
    await stop()
  }
}

if (asked.help) console.log(usage)
else process.exitCode = await (asked.only === 'scale' ? scale() : asked.only === 'compare' ? compare() : bench())
