/** The pages on which an authenticator app is set up or taken away, and recovery codes are shown. */
import { about, wrongNote } from './field.ts'
import { html, page, type Raw } from './page.ts'

type Shared = { readonly action: string; readonly token: string; readonly back: string }

export type AuthenticatorPage = Shared & {
  readonly secret: string
  /** An `<svg>` of ours. */
  readonly picture: Raw
  readonly wrong?: boolean
}

const backLink = (back: string): Raw => html`<p><a href="${back}">Back to your account</a></p>`

export const authenticatorPage = ({ action, token, back, secret, picture, wrong }: AuthenticatorPage): string =>
  page(
    wrong ? 'Not set up' : 'Authenticator app',
    html`<h1>Authenticator app</h1>
${wrong ? wrongNote('That was not the code of now. Look whether the clock of your phone is right, and try the next one.') : undefined}
<p>Let your app read this picture, or type this key into it:</p>
<div class="picture" role="img" aria-label="The key below as a picture that an authenticator app can read">${picture}</div>
<p><code>${secret.match(/.{1,4}/g)?.join(' ')}</code></p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="secret" value="${secret}">
<label for="code">The code that it shows now</label>
<input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code"${about(wrong)} required>
<button type="submit" name="do" value="set-up">Set it up</button>
</form>
${backLink(back)}`,
  )

export const authenticatorThere = ({
  action,
  token,
  back,
  since,
  wrong,
}: Shared & { readonly since: Date; readonly wrong?: boolean }): string =>
  page(
    wrong ? 'Not taken away' : 'Authenticator app',
    html`<h1>Authenticator app</h1>
${wrong ? wrongNote('That did not work. Each code is good once; after several attempts in a row wait a quarter of an hour.') : undefined}
<p>It is set up since <time datetime="${since.toISOString()}">${since.toISOString().slice(0, 10)}</time>. For another phone take it away, and set it up anew.</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<label for="code">The code that it shows now, or a recovery code</label>
<input type="text" id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"${about(wrong)} required>
<button type="submit" name="do" value="remove">Take it away</button>
</form>
${backLink(back)}`,
  )

export const recoveryCodesPage = ({
  codes,
  back,
  done,
}: {
  readonly codes: readonly string[]
  readonly back: string
  readonly done?: string
}): string =>
  page(
    'Recovery codes',
    html`<h1>Recovery codes</h1>
${done === undefined ? undefined : html`<p role="status" class="note">${done}</p>`}
<p>Each of these lets you sign in once without your second factor. Write them down and keep them apart from your password: they are not shown again, and those of before are good no more.</p>
<ol>${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
${backLink(back)}`,
  )
