/**
 * `slotwise backup`: everything in the database, as of one instant, in one file; a server may run beside it. What is
 * secret in it stays sealed, so the keys (SECRETS_KEY_FILE) are to be kept too, elsewhere.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { backupLines } from '../store/backup-file.ts'
import { inTransaction } from '../store/transaction.ts'
import type { Command } from './command.ts'
import { operatorEvent } from './operator-event.ts'

export const backup: Command = {
  name: 'backup',
  does: 'write everything in the database into one file',
  operands: {
    value: 'FILE',
    means: 'the file to be made; one that is there already is written over once the new one is whole',
    many: false,
  },
  options: {},
  run: async (context, _values, [file = '']) => {
    const house = await context.openHouse('guest')
    const state = { rows: 0 }
    const draft = `${file}.${house.ids.next()}.part`
    try {
      await inTransaction(house.pool, (tx) =>
        operatorEvent(house, tx, { what: 'backup', change: `A backup was taken into ${basename(file)}` }),
      )
      const taken = house.clock.now()
      const lines = backupLines(house.pool, taken, (rows) => {
        state.rows = rows
        context.progress(`${rows} rows`)
      })
      await pipeline(Readable.from(lines), createGzip(), createWriteStream(draft, { mode: 0o600, flush: true, flags: 'wx' }))
      await rename(draft, file)
      context.say(`${state.rows} rows as of ${taken.toISOString()} are in ${file}.`)
      return 0
    } finally {
      await rm(draft, { force: true })
      await house.close()
    }
  },
}
