/**
 * A step of a sign-in, as it comes from a browser: who somebody is, then what they allow and for which patient. It answers
 * with a page or sends the browser on. https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#user-flows
 */
import { addressOf, issuerOf } from '../addresses.ts'
import { isFormToken, isOwnOrigin } from '../form-token.ts'
import { messagePage } from '../pages/message.ts'
import { contentPolicy } from '../pages/page.ts'
import { consent } from './consent.ts'
import { signIn } from './sign-in.ts'
import type { PageReply, SignInHouse, Step, Turn } from './turn.ts'

export async function interaction(signing: SignInHouse, step: Step): Promise<PageReply> {
  const { provider, secret, house } = signing
  const details = await provider.interactionDetails(step.request, step.response).catch(() => undefined)
  if (!details || details.uid !== step.uid) return lost(step)
  const { name } = details.prompt
  if (step.form && !(isOwnOrigin(step.request, issuerOf(house.base)) && isFormToken(step.form.get('token') ?? '', secret, step.uid, name)))
    return lost(step)
  const client = await provider.Client.find(details.params.client_id ?? '')
  if (!client) return lost(step)
  const turn: Turn = {
    ...signing,
    step,
    details,
    client: { id: client.clientId, name: client.clientName ?? client.clientId },
    action: `${addressOf(house.base, 'interaction')}/${step.uid}`,
    show: (page, status = 200, script = undefined) => ({
      status,
      page,
      policy: contentPolicy(targetOf(details.params.redirect_uri), script),
    }),
    done: async (result) => ({ to: await provider.interactionResult(step.request, step.response, result) }),
  }
  return name === 'login' ? signIn(turn) : consent(turn)
}

function targetOf(redirect: string | undefined): string[] {
  const url = redirect === undefined ? null : URL.parse(redirect)
  if (!url) return []
  return [/^https?:$/.test(url.protocol) ? url.origin : url.protocol]
}

/** Also for whoever comes back to a sign-in that nobody knows. */
export const lost = (step: Pick<Step, 'form'>): PageReply => ({
  status: step.form ? 403 : 400,
  page: messagePage(
    'This sign-in is over',
    'It took too long, was finished before, or began in another window. Go back to the app and begin again.',
  ),
  policy: contentPolicy([]),
})
