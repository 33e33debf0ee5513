/** The first step: who it is. */
import { keyOfSignIn } from '../factors/second-step.ts'
import { formToken } from '../form-token.ts'
import { signInPage } from '../pages/sign-in.ts'
import { signInStep } from '../sign-in-steps.ts'
import { signInElsewhere } from './sign-in-elsewhere.ts'
import type { PageReply, Turn } from './turn.ts'

export async function signIn(turn: Turn): Promise<PageReply> {
  const { house, step, details, client, action, secret, refusals } = turn
  if (step.form?.get('do') === 'cancel') return turn.done({ error: 'access_denied', error_description: 'nobody signed in' })
  const token = formToken(secret, step.uid, details.prompt.name)
  const page = { client: client.name, action, token, login: details.params.login_hint, elsewhere: buttonOf(turn) }
  const there = await signInElsewhere(turn, (note) => turn.show(signInPage({ ...page, note }), 400))
  if (there) return there
  const answer = await signInStep({
    house,
    secret,
    key: keyOfSignIn(step.uid),
    form: step.form,
    page,
    client: client.id,
    address: step.address,
    refusals,
  })
  if ('page' in answer) return turn.show(answer.page, answer.status, answer.script)
  return turn.done({ login: { accountId: answer.account.id, remember: false, amr: answer.amr } })
}

const buttonOf = ({ elsewhere, action }: Turn) => elsewhere && { name: elsewhere.setting.name, address: `${action}?elsewhere` }
