/**
 * `slotwise token`: prints an access token signed with the server's own key, and nothing else.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */
import { mintToken, misspeltScope, reachesPatients } from '../auth/token.ts'
import { tokenSecondsDefault } from '../base/sign-in-limits.ts'
import { inTransaction } from '../store/transaction.ts'
import { type Command, UsageError } from './command.ts'
import { secondsOf } from './length-of-time.ts'
import { operatorEvent } from './operator-event.ts'

const textOf = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' && value ? value : undefined)

export const token: Command = {
  name: 'token',
  does: 'print an access token',
  options: {
    scope: { type: 'string', value: 'S', means: 'SMART scopes, for example "system/*.cruds" or "patient/Appointment.rs"', required: true },
    patient: { type: 'string', value: 'ID', means: 'the id of the one Patient that patient/ scopes reach' },
    user: { type: 'string', value: 'REF', means: 'who is signed in, for example Practitioner/12' },
    ttl: { type: 'string', value: '1h', means: 'how long it is good for (s, m, h, d); 1h unless said otherwise' },
  },
  run: async (context, { scope, patient, user, ttl }) => {
    const wanted = textOf(scope)
    if (!wanted) throw new UsageError('--scope must name at least one scope, for example "system/*.cruds".')
    assertOfUse(wanted, { patient: textOf(patient), user: textOf(user) })
    const ttlSeconds = ttl === undefined ? tokenSecondsDefault : secondsOf(String(ttl))
    const house = await context.openHouse('guest')
    try {
      const whose = textOf(user) ?? (textOf(patient) && `Patient/${textOf(patient)}`)
      const change = `A token for ${wanted}, good for ${ttlSeconds} s, was printed`
      await inTransaction(house.pool, (tx) => operatorEvent(house, tx, { what: 'token', about: whose, change }))
      context.say(await mintToken(house, { scope: wanted, patient: textOf(patient), user: textOf(user), ttlSeconds }))
      return 0
    } finally {
      await house.close()
    }
  },
}

/** A token that opens nothing is told of here, not by the 403 of whoever uses it. */
function assertOfUse(scope: string, { patient, user }: { readonly patient?: string; readonly user?: string }): void {
  const odd = misspeltScope(scope)
  if (odd !== undefined)
    throw new UsageError(`--scope: "${odd}" is no scope. One is written as "system/Slot.rs", with letters of cruds in this order.`)
  if (patient === undefined && reachesPatients(scope)) throw new UsageError('--patient must say which Patient the patient/ scopes reach.')
  if (user !== undefined && !/(^|\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(user))
    throw new UsageError('--user must be a reference such as Practitioner/12.')
}
