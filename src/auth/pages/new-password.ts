/** The page on which somebody chooses a new password: who knows the old one, or has come by a link. */
import { passwordCharsMin } from '../../base/sign-in-limits.ts'
import { about, wrongNote } from './field.ts'
import { html, page } from './page.ts'

export type NewPasswordPage = {
  readonly action: string
  readonly token: string
  /** For password managers; undefined where it is not to be shown. */
  readonly login?: string
  /** Back to the account; undefined for somebody who has forgotten their password, and is not asked for it. */
  readonly back?: string
  readonly wrong?: string
  /** Which password is wrong: the one that they have now, or the new one. */
  readonly which?: 'now' | 'new'
}

export const newPasswordPage = ({ action, token, login, back, wrong, which = 'new' }: NewPasswordPage): string => {
  const isNewWrong = wrong !== undefined && which === 'new'
  return page(
    wrong ? 'Password not changed' : 'New password',
    html`<h1>New password</h1>
${wrong ? wrongNote(wrong) : undefined}
<p id="rule">At least ${passwordCharsMin} characters; length counts, not odd signs. You will be signed out everywhere else, and apps must be allowed again.</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
${login === undefined ? undefined : html`<input type="hidden" name="username" value="${login}" autocomplete="username">`}
${
  back === undefined
    ? undefined
    : html`<label for="password">The password that you have now</label>
<input type="password" id="password" name="password" autocomplete="current-password"${about(wrong !== undefined && which === 'now')} required>`
}
<label for="new">New password</label>
<input type="password" id="new" name="new" autocomplete="new-password" minlength="${passwordCharsMin}"${about(isNewWrong, 'rule')} required>
<label for="again">New password, once more</label>
<input type="password" id="again" name="again" autocomplete="new-password" minlength="${passwordCharsMin}"${about(isNewWrong)} required>
<button type="submit">Change the password</button>
</form>
${back === undefined ? undefined : html`<p><a href="${back}">Back to your account</a></p>`}`,
  )
}
