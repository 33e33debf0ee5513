/** The forms with which a browser shows a passkey, and the page on which somebody adds and removes theirs. */
import { wrongNote } from './field.ts'
import { html, page, type Raw } from './page.ts'

export type PasskeyForm = {
  /** As WebAuthn has them, in JSON. */
  readonly options: object
  /** The address of the script. */
  readonly script: string
}

type Sent = { readonly action: string; readonly token: string }

/** Hidden until the script has found out that the browser knows passkeys. */
const passkeyForm = (kind: 'create' | 'get', { options, script }: PasskeyForm, { action, token }: Sent, inside: Raw): Raw =>
  html`<form method="post" action="${action}" data-passkey="${kind}" data-options="${JSON.stringify(options)}" hidden>
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="credential" value="">
<p role="alert"></p>
${inside}
</form>
<script src="${script}" defer></script>`

export const passkeySignIn = (form: PasskeyForm | undefined, sent: Sent): Raw | undefined =>
  form && passkeyForm('get', form, sent, html`<button type="submit" name="do" value="passkey">Sign in with a passkey</button>`)

export type PasskeysPage = Sent & {
  readonly back: string
  readonly passkeys: readonly { readonly id: string; readonly name: string; readonly created: Date; readonly used: Date | null }[]
  readonly form: PasskeyForm
  readonly wrong?: boolean
}

export const passkeysPage = ({ action, token, back, passkeys, form, wrong }: PasskeysPage): string =>
  page(
    wrong ? 'Not added' : 'Passkeys',
    html`<h1>Passkeys</h1>
${wrong ? wrongNote('That passkey was not added. Try again.') : undefined}
<p>A passkey signs you in without a password: your phone, your computer or a security key makes sure that it is you.</p>
${
  passkeys.length === 0
    ? html`<p>You have none yet.</p>`
    : html`<ul>${passkeys.map(
        ({ id, name, created, used }) => html`<li>${name}: since ${day(created)}${used ? html`, last used ${day(used)}` : undefined}
<form method="post" action="${action}"><input type="hidden" name="token" value="${token}"><input type="hidden" name="which" value="${id}">
<button type="submit" name="do" value="remove" class="plain" aria-label="Remove ${name}">Remove</button></form></li>`,
      )}</ul>`
}
${passkeyForm(
  'create',
  form,
  { action, token },
  html`<label for="name">What you call it</label>
<input type="text" id="name" name="name" value="My passkey" maxlength="60" autocomplete="off" required>
<button type="submit" name="do" value="add">Add a passkey</button>`,
)}
<noscript><p>Adding one needs JavaScript.</p></noscript>
<p><a href="${back}">Back to your account</a></p>`,
  )

const day = (at: Date): Raw => html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 10)}</time>`
