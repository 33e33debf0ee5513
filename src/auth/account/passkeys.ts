/** Somebody's passkeys: added and removed. Whoever adds their first way in beside the password is given recovery codes too. */
import { passkeysMax } from '../../base/sign-in-limits.ts'
import { passkeysOf, removePasskey } from '../../store/passkeys.ts'
import { factorsOf } from '../../store/second-factors.ts'
import { addressOf } from '../addresses.ts'
import { additionOptions, keepPasskey } from '../factors/passkeys.ts'
import { newRecoveryCodes } from '../factors/recovery-codes.ts'
import type { PageReply } from '../interactions/turn.ts'
import { recoveryCodesPage } from '../pages/authenticator.ts'
import { messagePage } from '../pages/message.ts'
import { passkeysPage } from '../pages/passkeys.ts'
import type { Visit } from './visit.ts'

export async function passkeys(visit: Visit): Promise<PageReply> {
  const { step } = visit
  switch (step.form?.get('do')) {
    case 'add':
      return add(visit, step.form)
    case 'remove':
      return remove(visit, step.form.get('which') ?? '')
    default:
      return shown(visit)
  }
}

const placeOf = ({ house, secret, session }: Visit) => ({ house, secret, key: `passkeys ${session.id}` })

async function shown(visit: Visit, wrong = false): Promise<PageReply> {
  const { house, session, token, show } = visit
  const there = await passkeysOf(house.pool, session.account.id, passkeysMax)
  const options = additionOptions(placeOf(visit), session.account, there)
  if (!options) return show(messagePage('No passkeys here', 'Passkeys need a server with a name and TLS: its PUBLIC_URL has none.'), 404)
  const script = addressOf(house.base, 'passkeyScript')
  const [action, back] = [visit.addressOf('passkeys'), visit.addressOf('')]
  return show(passkeysPage({ action, back, token, passkeys: there, form: { options, script }, wrong }), wrong ? 400 : 200, script)
}

async function add(visit: Visit, form: URLSearchParams): Promise<PageReply> {
  const { house, session, show } = visit
  const name = (form.get('name') ?? '').trim().slice(0, 60) || 'Passkey'
  if (!(await keepPasskey(placeOf(visit), session.account, form.get('credential') ?? '', name))) return shown(visit, true)
  await visit.changed('A passkey was added.')
  const { recovery_codes } = await factorsOf(house.pool, session.account.id)
  if (recovery_codes > 0) return visit.done('passkey-added')
  const codes = await newRecoveryCodes(house, session.account.id)
  return show(recoveryCodesPage({ codes, back: visit.addressOf(''), done: 'Your passkey is added.' }))
}

async function remove(visit: Visit, id: string): Promise<PageReply> {
  const { house, session } = visit
  if (await removePasskey(house.pool, session.account.id, id)) await visit.changed('A passkey was removed.')
  return visit.done('passkey-removed')
}
