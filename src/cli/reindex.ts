/**
 * `slotwise reindex`: makes the search columns of stored resources anew, for what was written before this version knew a
 * search parameter or one of its words. A server may run beside it; what is cut short goes on at the next call.
 */
import { reindexHoursKept } from '../base/limits.ts'
import { storedTypes } from '../fhir/resource.ts'
import { notBegun, type Progress, reindexType, replanAll } from '../jobs/reindex.ts'
import type { House } from '../store/house.ts'
import { countRows, forgetReindex, noteReindex, reindexStates } from '../store/reindex.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Command, UsageError } from './command.ts'
import { type Bar, progressBar } from './progress-bar.ts'
import { reindexStatus } from './reindex-status.ts'

export const reindex: Command = {
  name: 'reindex',
  does: 'make the search columns of everything stored anew',
  options: {
    type: { type: 'string', value: 'TYPES', means: 'only these types, with commas between them: Slot,Patient' },
    status: { type: 'boolean', means: 'say how far it has come, and change nothing' },
    restart: { type: 'boolean', means: 'begin anew instead of going on with one that was cut short' },
  },
  run: async (context, { type, restart, status }) => {
    const types = typesOf(type)
    const house = await context.openHouse('guest')
    try {
      if (status === true) {
        for (const line of await reindexStatus(house)) context.say(line)
        return 0
      }
      if (restart === true) await inTransaction(house.pool, (tx) => forgetReindex(tx, types))
      const { seen, renewed } = await reindexTypes(house, types)
      const plans = types.includes('Schedule') ? await replanAll(house, (done, all) => context.progress(`Plan ${done} of ${all}`)) : 0
      await inTransaction(house.pool, (tx) => forgetReindex(tx, types))
      context.say(`${seen} resources looked at, ${renewed} of them made findable anew; ${plans} Schedules planned anew.`)
      return 0
    } finally {
      await house.close()
    }
  },
}

function typesOf(wanted: unknown): string[] {
  if (typeof wanted !== 'string') return [...storedTypes]
  const types = wanted.split(',').map((type) => type.trim())
  const stranger = types.find((type) => !storedTypes.includes(type))
  if (stranger !== undefined) throw new UsageError(`${stranger || 'Nothing'} is no type that is stored here.`)
  return [...new Set(types)]
}

type Sum = { readonly seen: number; readonly renewed: number }

async function reindexTypes(house: House, types: readonly string[]): Promise<Sum> {
  const started = house.clock.now()
  const states = await reindexStates(house.pool, new Date(started.getTime() - reindexHoursKept * 3_600_000).toISOString())
  const counts = await Promise.all(types.map((type) => countRows(house.pool, type)))
  const bar = await progressBar(
    counts.reduce((all, one) => all + one, 0),
    'resources',
  )
  try {
    let sum: Sum = { seen: 0, renewed: 0 }
    for (const type of types) {
      const done = await oneType(house, type, states.get(type) ?? notBegun, { started: started.toISOString(), bar, before: sum.seen })
      sum = { seen: sum.seen + done.seen, renewed: sum.renewed + done.renewed }
    }
    return sum
  } finally {
    bar.end()
  }
}

type Run = { readonly started: string; readonly bar: Bar; readonly before: number }

const oneType = (house: House, type: string, from: Progress, { started, bar, before }: Run): Promise<Progress> =>
  reindexType(house, type, from, async (tx, progress) => {
    await noteReindex(tx, type, started, progress)
    bar.at(before + progress.seen, type)
    return true
  })
