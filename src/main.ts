/**
 * The program: reads what was typed, hands the commands what they may use, and sees to a clean end. Behind WORKERS it is
 * also the worker, which opens the doors on a database that the first process has prepared.
 */
import cluster from 'node:cluster'
import { errorMessage } from './base/error-code.ts'
import { type Log, openLog } from './base/log.ts'
import type { CommandContext, OpenHouse } from './cli/command.ts'
import { runCommandLine } from './cli/commands.ts'
import { type Config, loadConfig } from './config.ts'
import { buildHouse, listen, migrateDatabase, migrations, openDatabase, regenerateAll, seedDemo, startWork } from './house.ts'
import { startWorkers } from './workers.ts'

/** What a shell expects of a program that SIGINT ended. */
const interrupted = 130

/** Ctrl-C, a service manager, a closed terminal, or the end of whoever started us (the channel of bin/slotwise.mjs). */
const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  if (process.channel && !cluster.isWorker) process.on('disconnect', () => resolve())
})

/** Progress is for eyes: each line takes the place of the last. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

/** A command that is interrupted gives its database back first: it may be the one that started it. */
function closeOnStop(house: OpenHouse): void {
  stop.then(async () => {
    await house.close()
    process.exit(interrupted)
  })
}

function openContext(): CommandContext {
  const config = loadConfig()
  const log = openLog()
  return {
    config,
    say: (line) => {
      progress('')
      process.stdout.write(`${line}\n`)
    },
    progress,
    elapsed: () => process.uptime() * 1000,
    stop,
    migrations,
    openDatabase: () => openDatabase(config, log, 'guest'),
    migrate: async () => (await migrateDatabase(config, log)).map(({ file }) => file),
    openHouse: async (role) => {
      const house = await buildHouse(config, log, role)
      if (role === 'guest') closeOnStop(house)
      return house
    },
    listen: (house, isReady) => listen(house, config, isReady),
    startWorkers: (house) =>
      startWorkers({ DATABASE_URL: house.databaseUrl, SECRETS_KEY_FILE: config.secretsKeyFile ?? '' }, config.workers, log),
    startWork,
    seedDemo,
    regenerateAll,
  }
}

async function runWorker(config: Config, log: Log): Promise<number> {
  const house: OpenHouse = await buildHouse(config, log, 'guest', true)
  const doors = await listen(house, config, () => true)
  await stop
  await doors.close()
  await house.close()
  return 0
}

try {
  process.exit(cluster.isWorker ? await runWorker(loadConfig(), openLog()) : await runCommandLine(process.argv.slice(2), openContext))
} catch (error) {
  console.error(`slotwise: ${errorMessage(error)}`)
  process.exit(1)
}
