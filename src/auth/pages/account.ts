/** Somebody's own account: how they sign in, where they are signed in, which apps they have let in. */
import { html, page, type Raw } from './page.ts'

type Open = { readonly since: Date; readonly expires: Date }

export type AccountOverview = {
  readonly name: string
  readonly login: string
  /** What was done just now, as a word of `doneWords`. */
  readonly done: string
  readonly action: string
  readonly addressOf: (page: string) => string
  readonly factors: { readonly totp: Date | null; readonly passkeys: number; readonly recovery_codes: number }
  readonly email: string | null
  readonly mayHaveEmail: boolean
  readonly mayHavePasskeys: boolean
  /** They must set one up, and have not yet. */
  readonly needsFactor: boolean
  readonly token: string
  readonly sessions: readonly (Open & { readonly id: string; readonly model: string; readonly here: boolean })[]
  readonly apps: readonly (Open & { readonly grant: string; readonly name: string; readonly lasting: boolean })[]
}

const doneWords: ReadonlyMap<string, string> = new Map([
  ['password', 'The password is changed. Everything else that was signed in is signed out.'],
  ['session', 'That sign-in is ended.'],
  ['authenticator', 'The authenticator app is taken away.'],
  ['passkey-added', 'The passkey is added.'],
  ['passkey-removed', 'The passkey is removed.'],
  ['email', 'A link is on its way to that address: open it, and the address is yours.'],
  ['app', 'That app is let in no more.'],
  ['all', 'Everything else that was signed in is signed out.'],
])

export function accountPage({
  name,
  login,
  done,
  addressOf,
  action,
  token,
  sessions,
  apps,
  factors,
  needsFactor,
  mayHavePasskeys,
  email,
  mayHaveEmail,
}: AccountOverview): string {
  const words = doneWords.get(done)
  const form = (body: Raw): Raw =>
    html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">${body}</form>`
  return page(
    'Your account',
    html`<h1>Your account</h1>
${words === undefined ? undefined : html`<p role="status" class="note">${words}</p>`}
<p>${name}, signed in as ${login}.</p>
<h2>How you sign in</h2>
${needsFactor ? html`<p class="note">What you may do at the clinic asks for a second factor. Set one up here; until then apps do not let you in.</p>` : undefined}
<ul><li><a href="${addressOf('password')}">Change the password</a></li>
${mayHaveEmail ? html`<li><a href="${addressOf('email')}">E-mail address: ${email ?? 'none yet'}</a></li>` : undefined}
<li><a href="${addressOf('authenticator')}">${factors.totp ? 'Authenticator app: set up' : 'Set up an authenticator app'}</a></li>
${mayHavePasskeys ? html`<li><a href="${addressOf('passkeys')}">Passkeys: ${factors.passkeys}</a></li>` : undefined}</ul>
${factors.totp || factors.passkeys > 0 || factors.recovery_codes > 0 ? recoveryCodes(factors.recovery_codes, addressOf('recovery-codes'), token) : undefined}
<h2>Where you are signed in</h2>
<ul>${sessions.map((one) => html`<li>${inWords(one)}${form(endOf('end-session', one.id, `Sign out there, since ${instant(one.since)}`, 'Sign out there'))}</li>`)}</ul>
<h2>Apps that you have let in</h2>
${apps.length === 0 ? html`<p>None.</p>` : html`<ul>${apps.map((one) => html`<li>${appInWords(one)}${form(endOf('end-app', one.grant, `End ${one.name}`, 'End'))}</li>`)}</ul>`}
${form(html`<button type="submit" name="do" value="sign-out">Sign out</button>
<button type="submit" name="do" value="end-all" class="plain">Sign out everywhere else, apps too</button>`)}`,
  )
}

const recoveryCodes = (left: number, action: string, token: string): Raw =>
  html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
<p>Recovery codes that are left: ${left}</p><button type="submit" class="plain">Make new recovery codes</button></form>`

const endOf = (what: string, which: string, label: string, words: string): Raw =>
  html`<input type="hidden" name="which" value="${which}"><button type="submit" name="do" value="${what}" class="plain" aria-label="${label}">${words}</button>`

const instant = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const time = (at: Date): Raw => html`<time datetime="${at.toISOString()}">${instant(at)}</time>`

const inWords = ({ model, since, expires, here }: AccountOverview['sessions'][number]): Raw =>
  html`${model === 'Session' ? 'Apps' : 'Your account'}${here ? ', in this browser' : ''}: since ${time(since)}, until ${time(expires)} `

const appInWords = ({ name, since, expires, lasting }: AccountOverview['apps'][number]): Raw =>
  html`${name}: since ${time(since)}, until ${time(expires)}${lasting ? ', longer if it is used' : ''} `
