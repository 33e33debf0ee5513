/**
 * `slotwise keys rotate`: a new key in front of SECRETS_KEY_FILE, and every secret in the database sealed with it. Running
 * servers see the new key by themselves. Older keys stay in the file, since backups need them, until `--retire`.
 */
import { systemIds } from '../base/ids.ts'
import { addSecretKey, keySource, openSecrets, retireSecretKeys, secretKeysIn } from '../store/secret-keys.ts'
import { sealAllAnew, secretsByKey } from '../store/secrets.ts'
import type { Command } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** What a key service keeps is not for us to change. */
const theirs =
  'The keys are what SECRETS_KEY_COMMAND prints: put a new one in front there, start each server again, and run "slotwise keys rotate --no-new".'

export const keysRotate: Command = {
  name: 'keys rotate',
  does: 'make a new key for the secrets in the database and seal them with it',
  options: {
    'no-new': { type: 'boolean', means: 'make none: seal with the first key that is in the file' },
    retire: { type: 'boolean', means: 'take the keys that seal nothing any more out of the file (older backups still need them)' },
  },
  run: async (context, values) => {
    const house = await context.openHouse('guest')
    try {
      const source = keySource(context.config)
      if (source === undefined) throw new Error('SECRETS_KEY_FILE is not set: there is no key to rotate.')
      const file = typeof source === 'string' ? source : undefined
      if (file === undefined && (!values['no-new'] || values.retire)) throw new Error(theirs)
      if (file !== undefined && !values['no-new']) addSecretKey(file, systemIds.next())
      const first = secretKeysIn(source)[0]?.id ?? ''
      const sealed = await withOperatorEvent(
        house,
        (tx) => sealAllAnew(tx, openSecrets(source), first),
        (count) => ({ what: 'key-change', change: `${plural(count, 'secret')} sealed anew by the key ${first}` }),
      )
      const retired =
        file !== undefined && values.retire ? retireSecretKeys(file, systemIds.next(), new Set((await secretsByKey(house.pool)).keys())) : 0
      context.say(`${plural(sealed, 'secret')} sealed anew by the key ${first}; ${plural(retired, 'key')} retired.`)
      return 0
    } finally {
      await house.close()
    }
  },
}
