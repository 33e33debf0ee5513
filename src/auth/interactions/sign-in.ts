/** The first step: a name and a password. */
import { signedIn } from '../accounts.ts'
import { formToken } from '../form-token.ts'
import { signInPage } from '../pages/sign-in.ts'
import type { PageReply, Turn } from './turn.ts'

export async function signIn(turn: Turn): Promise<PageReply> {
  const { house, step, details, client, action, secret } = turn
  const asked = { client: client.name, action, token: formToken(secret, step.uid, details.prompt.name) }
  if (!step.form) return turn.show(signInPage({ ...asked, login: details.params.login_hint }))
  if (step.form.get('do') === 'cancel') return turn.done({ error: 'access_denied', error_description: 'nobody signed in' })
  const login = step.form.get('login') ?? ''
  const account = await signedIn(house, login, step.form.get('password') ?? '')
  if (!account) return turn.show(signInPage({ ...asked, login, wrong: true }), 400)
  return turn.done({ login: { accountId: account.id, remember: false, amr: ['pwd'] } })
}
