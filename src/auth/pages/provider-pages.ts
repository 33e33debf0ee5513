/** The pages that the library itself shows: an error that cannot go back to an app, and signing out. */
import type { Context, Payload } from 'oidc-provider'
import { messagePage } from './message.ts'
import { contentPolicy, type Html, html } from './page.ts'

function show(context: Context, page: string): void {
  context.type = 'html'
  context.body = page
  context.set('content-security-policy', contentPolicy([]))
}

export function renderError(context: Context, { error, error_description: description }: Payload): void {
  const text = description === undefined ? '' : `The authorization server says: ${String(description)}.`
  show(context, messagePage('The app’s request cannot be answered', text, html`<p>Error: <code>${String(error)}</code></p>`))
}

export const logout = {
  /** `form` is the library's own, and empty: its buttons are ours. */
  logoutSource: (context: Context, form: string): void => {
    const buttons = html`<button form="op.logoutForm" type="submit" name="logout" value="yes">Sign out</button>
<button form="op.logoutForm" type="submit" class="plain">Stay signed in</button>`
    show(context, messagePage('Sign out?', 'Apps that go on while you are signed in will stop.', html`${{ html: form as Html }}${buttons}`))
  },
  postLogoutSuccessSource: (context: Context): void => show(context, messagePage('Signed out', 'You may close this window.')),
}
