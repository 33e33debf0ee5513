/**
 * `slotwise serve`: the database up to date, the demo clinic in an empty one, the doors open, and a few lines to paste.
 * It ends in the opposite order: doors, work, database.
 */
import { mintToken } from '../auth/token.ts'
import { tokenSecondsDefault } from '../base/sign-in-limits.ts'
import { openOnTheWay } from '../config.ts'
import { isEmpty } from '../store/is-empty.ts'
import { inTransaction } from '../store/transaction.ts'
import type { Command, CommandContext, Listening, OpenHouse } from './command.ts'
import { demoAccounts } from './demo-accounts.ts'
import { operatorEvent } from './operator-event.ts'

async function loadDemo(context: CommandContext, house: OpenHouse): Promise<void> {
  if (!context.config.demo || !(await isEmpty(house.pool))) return
  context.say('Loading the demo clinic …')
  context.say(await context.seedDemo(house, context.progress))
  if (context.config.auth === 'smart') for (const line of await demoAccounts(house)) context.say(line)
}

/** One process opens its doors before the clinic is loaded and reports ready after; workers are started when all is there. */
async function openDoors(context: CommandContext, house: OpenHouse): Promise<Listening> {
  if (context.config.workers > 1) {
    await loadDemo(context, house)
    return context.startWorkers(house)
  }
  const state = { ready: false }
  const doors = await context.listen(house, () => state.ready)
  try {
    await loadDemo(context, house)
  } catch (error) {
    await doors.close()
    throw error
  }
  state.ready = true
  return doors
}

/** Whoever reads what the server prints holds it: it is in the audit before it is said. */
async function tokenToTry(house: OpenHouse): Promise<string> {
  const wanted = { scope: 'system/*.cruds', ttlSeconds: tokenSecondsDefault }
  const change = `A token for ${wanted.scope}, good for ${wanted.ttlSeconds} s, was printed at the start of a server`
  await inTransaction(house.pool, (tx) => operatorEvent(house, tx, { what: 'token', change }))
  return mintToken(house, wanted)
}

async function greeting(context: CommandContext, house: OpenHouse): Promise<string[]> {
  const { publicUrl, auth } = context.config
  const open = auth === 'off'
  const token = open ? '' : await tokenToTry(house)
  const warned = openOnTheWay(context.config)
  const curl = open ? 'curl -s' : 'curl -s -H "Authorization: Bearer $TOKEN"'
  return [
    `Slotwise is ready (${(context.elapsed() / 1000).toFixed(1)} s).`,
    '',
    `  FHIR base  ${house.base}`,
    `  Web        ${publicUrl}/`,
    '',
    ...(open
      ? ['AUTH=off: whoever can reach this address may read and write everything.', '']
      : [`To try it, paste this (the token is good for an hour):`, '', `  TOKEN=${token}`]),
    `  curl -s ${house.base}/metadata`,
    `  ${curl} '${house.base}/Schedule?_count=5'`,
    `  ${curl} '${house.base}/Slot/$find-slots?_count=5'`,
    '',
    ...(warned === undefined ? [] : [`Take care: ${warned}`, '']),
    'Ctrl-C ends it.',
  ]
}

export const serve: Command = {
  name: 'serve',
  does: 'start the server (with its own Postgres, unless DATABASE_URL names one)',
  options: {},
  run: async (context) => {
    const house = await context.openHouse('server')
    const opened: Listening[] = [house]
    try {
      opened.push(await context.startWork(house))
      opened.push(await openDoors(context, house))
      for (const line of await greeting(context, house)) context.say(line)
      await context.stop
      return 0
    } finally {
      for (const part of opened.toReversed()) await part.close()
    }
  },
}
