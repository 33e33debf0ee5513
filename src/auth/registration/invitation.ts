/**
 * What an operator gives to somebody whose program may register itself: RFC 7591's initial access token, good once, for so
 * long, and for no more than its scopes. Kept as its hash. https://www.rfc-editor.org/rfc/rfc7591#section-3
 */
import { newSecret } from '../../base/ids.ts'
import { keepState } from '../../store/auth-state.ts'
import type { Db } from '../../store/db.ts'
import { plainScope } from '../clients.ts'
import { hashOf } from '../provider-state.ts'

/** As `auth_state` calls it. */
export const invitation = 'InitialAccessToken'

/** Gives what its bearer holds: the only time that it can be read. */
export async function newInvitation(db: Db, { scope, expires }: { readonly scope: string; readonly expires: Date }): Promise<string> {
  const held = newSecret()
  await keepState(db, { model: invitation, id: hashOf(held), payload: { scope: plainScope(scope) }, expires })
  return held
}
