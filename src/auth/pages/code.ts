/** The page that asks for a second factor, and the one that says that there must be one first. */
import { about, wrongNote } from './field.ts'
import { messagePage } from './message.ts'
import { html, page } from './page.ts'
import { type PasskeyForm, passkeySignIn } from './passkeys.ts'

export type CodePage = {
  readonly client?: string
  readonly action: string
  readonly token: string
  readonly wrong?: boolean
  readonly passkey?: PasskeyForm
}

export const codePage = ({ client, action, token, wrong, passkey }: CodePage): string =>
  page(
    wrong ? 'Not signed in' : 'One more step',
    html`<h1>One more step</h1>
${wrong ? wrongNote('That did not work. Each code is good once; after several attempts in a row wait a quarter of an hour.') : undefined}
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<label for="code">The code that your authenticator app shows, or one of your recovery codes</label>
<input type="text" id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"${about(wrong)} required>
<button type="submit" name="do" value="code">Sign in</button>
<button type="submit" name="do" value="restart" class="plain" formnovalidate>Sign in as somebody else</button>
${client === undefined ? undefined : html`<button type="submit" name="do" value="cancel" class="plain" formnovalidate>Cancel</button>`}
</form>
${passkeySignIn(passkey, { action, token })}`,
  )

export const needsFactorPage = (account: string): string =>
  messagePage(
    'Set up a second factor first',
    'What you may do at the clinic asks for more than a password.',
    html`<p><a href="${account}">Go to your account</a> and set up an authenticator app or a passkey. Then go back to the app and sign in again.</p>`,
  )
