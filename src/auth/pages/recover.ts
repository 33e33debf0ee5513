/** The pages of whoever has forgotten their password, or shows that an address is theirs. */
import { about, wrongNote } from './field.ts'
import { messagePage } from './message.ts'
import { html, page } from './page.ts'

export const recoverPage = ({ action, wrong }: { readonly action: string; readonly wrong?: boolean }): string =>
  page(
    wrong ? 'Not sent' : 'Forgotten your password?',
    html`<h1>Forgotten your password?</h1>
${wrong ? wrongNote('That is no e-mail address.') : undefined}
<form method="post" action="${action}">
<label for="email">The e-mail address of your account</label>
<input type="text" id="email" name="email" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false"${about(wrong)} required>
<button type="submit">Send a link</button>
</form>`,
  )

export const askedRecoveryPage = (): string =>
  messagePage('Look into your mail', 'If an account has that address, a link is on its way to it. Without one ask the clinic.')

type ConfirmPage = { readonly action: string; readonly email: string; readonly login: string }

export const confirmEmailPage = ({ action, email, login }: ConfirmPage): string =>
  page(
    'Is this address yours?',
    html`<h1>Is this address yours?</h1>
<p>${email} is to be the address of the account ${login}. A link for a new password can be sent there.</p>
<form method="post" action="${action}"><button type="submit">It is mine</button></form>`,
  )

type EmailPage = {
  readonly action: string
  readonly token: string
  readonly back: string
  readonly email: string | null
  readonly wrong?: boolean
}

export const emailPage = ({ action, token, back, email, wrong }: EmailPage): string =>
  page(
    wrong ? 'Not sent' : 'E-mail address',
    html`<h1>E-mail address</h1>
${wrong ? wrongNote('That is no e-mail address.') : undefined}
<p>${email === null ? 'You have none here: if you forget your password, only the clinic can help.' : `If you forget your password, a link is sent to ${email}.`}</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<label for="email">${email === null ? 'Your address' : 'Another address'}</label>
<input type="text" id="email" name="email" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false"${about(wrong)} required>
<button type="submit">Send a link to confirm it</button>
</form>
<p><a href="${back}">Back to your account</a></p>`,
  )
