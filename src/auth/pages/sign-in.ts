/** The page that asks who somebody is. */
import { about, wrongNote } from './field.ts'
import { html, page } from './page.ts'
import { type PasskeyForm, passkeySignIn } from './passkeys.ts'

export type SignInPage = {
  /** The app that asks; undefined where somebody goes to their own account. */
  readonly client?: string
  readonly action: string
  readonly token: string
  /** What was typed before. */
  readonly login?: string
  readonly wrong?: boolean
  readonly passkey?: PasskeyForm
  /** Why a sign-in at the clinic's own server did not come about. */
  readonly note?: string
  /** The clinic's own server. */
  readonly elsewhere?: { readonly name: string; readonly address: string }
  /** Where somebody goes who has forgotten their password; undefined where no mail is sent. */
  readonly recover?: string
}

export const signInPage = ({ client, action, token, login = '', wrong, note, elsewhere, passkey, recover }: SignInPage): string =>
  page(
    wrong || note ? 'Not signed in' : 'Sign in',
    html`<h1>Sign in</h1>
<p>${client === undefined ? 'To see and change how you sign in.' : `${client} asks you to sign in here. It never sees your password.`}</p>
${
  wrong
    ? wrongNote(
        'That did not work. Check the name and the password, or try another passkey; after several attempts in a row wait a quarter of an hour.',
      )
    : undefined
}
${note === undefined || wrong ? undefined : wrongNote(note)}
${
  elsewhere
    ? html`<p><a class="button" href="${elsewhere.address}">Sign in with ${elsewhere.name}</a></p>
<p>Or with your password here:</p>`
    : undefined
}
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<label for="login">Name or e-mail address</label>
<input type="text" id="login" name="login" value="${login}" autocomplete="username" autocapitalize="none" spellcheck="false"${about(wrong)} required>
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password"${about(wrong)} required>
<button type="submit" name="do" value="sign-in">Sign in</button>
${client === undefined ? undefined : html`<button type="submit" name="do" value="cancel" class="plain" formnovalidate>Cancel</button>`}
</form>
${passkeySignIn(passkey, { action, token })}
${recover === undefined ? undefined : html`<p><a href="${recover}">Forgotten your password?</a></p>`}`,
  )
