/**
 * `npm run proof`: four servers on one Postgres, clients who fight over the same times, and servers, Postgres and connections
 * that fall meanwhile; then the verdict of the checker (test/proof/check.ts). Exits 1 where a guarantee was broken.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { prove } from '../test/proof/prove.ts'

const usage = 'npm run proof -- [--seed 1] [--minutes 1] [--clients 12] [--servers 4] [--history FILE]'
const text = { type: 'string' } as const
const { values: asked } = parseArgs({
  options: { seed: text, minutes: text, clients: text, servers: text, history: text, help: { type: 'boolean', default: false } },
})

function numberOf(name: 'seed' | 'minutes' | 'clients' | 'servers', standard: number): number {
  const value = Number(asked[name] ?? standard)
  if (value > 0 && (name === 'minutes' || Number.isInteger(value))) return value
  console.error(`--${name} must be a number above zero.\n${usage}`)
  process.exit(2)
}

async function proof(): Promise<number> {
  const seed = numberOf('seed', 1)
  const { history, broken, harms } = await prove({
    seed,
    minutes: numberOf('minutes', 1),
    clients: numberOf('clients', 12),
    servers: numberOf('servers', 4),
    deedsBetween: 150,
    tell: (what) => console.error(what),
  })
  if (asked.history) await writeFile(asked.history, JSON.stringify(history))
  const counted = Map.groupBy(history.deeds, ({ kind }) => kind)
  for (const [kind, deeds] of [...counted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const of = (outcome: string): number => deeds.filter((deed) => deed.outcome === outcome).length
    console.log(
      `${kind.padEnd(20)} ${String(of('ok')).padStart(6)} ok ${String(of('refused')).padStart(6)} refused ${String(of('unknown')).padStart(6)} unknown`,
    )
  }
  for (const { guarantee, what } of broken) console.log(`BROKEN ${guarantee}: ${what}`)
  console.log(
    `Seed ${seed}: ${history.deeds.length} deeds, ${harms.length} harms, ${broken.length === 0 ? 'every guarantee held' : `${broken.length} broken`}.`,
  )
  return broken.length === 0 ? 0 : 1
}

if (asked.help) console.log(usage)
else process.exitCode = await proof()
