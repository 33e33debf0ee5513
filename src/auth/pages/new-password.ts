/** The page on which somebody chooses a new password: who knows the old one, or has come by a link. */
import { passwordCharsMin } from '../../base/sign-in-limits.ts'
import { html, page } from './page.ts'

export type NewPasswordPage = {
  readonly action: string
  readonly token: string
  /** For password managers; undefined where it is not to be shown. */
  readonly login?: string
  /** Back to the account; undefined for somebody who has forgotten their password, and is not asked for it. */
  readonly back?: string
  readonly wrong?: string
}

export const newPasswordPage = ({ action, token, login, back, wrong }: NewPasswordPage): string =>
  page(
    wrong ? 'Password not changed' : 'New password',
    html`<h1>New password</h1>
${wrong ? html`<p class="wrong" role="alert">${wrong}</p>` : undefined}
<p>At least ${passwordCharsMin} characters; length counts, not odd signs. You will be signed out everywhere else, and apps must be allowed again.</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
${login === undefined ? undefined : html`<input type="hidden" name="username" value="${login}" autocomplete="username">`}
${
  back === undefined
    ? undefined
    : html`<label for="password">The password that you have now</label>
<input type="password" id="password" name="password" autocomplete="current-password" required>`
}
<label for="new">New password</label>
<input type="password" id="new" name="new" autocomplete="new-password" minlength="${passwordCharsMin}" required>
<label for="again">New password, once more</label>
<input type="password" id="again" name="again" autocomplete="new-password" minlength="${passwordCharsMin}" required>
<button type="submit">Change the password</button>
</form>
${back === undefined ? undefined : html`<p><a href="${back}">Back to your account</a></p>`}`,
  )
