/** Somebody's own account: how they sign in, where they are signed in, which apps they have let in. */
import { html, page, type Raw } from './page.ts'

type Open = { readonly since: Date; readonly expires: Date }

export type AccountOverview = {
  readonly name: string
  readonly login: string
  /** What was done just now, as a word of `doneWords`. */
  readonly done: string
  readonly action: string
  readonly passwordAddress: string
  readonly token: string
  readonly sessions: readonly (Open & { readonly id: string; readonly model: string; readonly here: boolean })[]
  readonly apps: readonly (Open & { readonly grant: string; readonly name: string; readonly lasting: boolean })[]
}

const doneWords: ReadonlyMap<string, string> = new Map([
  ['password', 'The password is changed. Everything else that was signed in is signed out.'],
  ['session', 'That sign-in is ended.'],
  ['app', 'That app is let in no more.'],
  ['all', 'Everything else that was signed in is signed out.'],
])

export function accountPage({ name, login, done, passwordAddress, action, token, sessions, apps }: AccountOverview): string {
  const words = doneWords.get(done)
  const form = (body: Raw): Raw =>
    html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">${body}</form>`
  return page(
    'Your account',
    html`<h1>Your account</h1>
${words === undefined ? undefined : html`<p role="status" class="note">${words}</p>`}
<p>${name}, signed in as ${login}.</p>
<h2>How you sign in</h2>
<ul><li><a href="${passwordAddress}">Change the password</a></li></ul>
<h2>Where you are signed in</h2>
<ul>${sessions.map((one) => html`<li>${inWords(one)}${form(endOf('end-session', one.id, `Sign out there, since ${instant(one.since)}`, 'Sign out there'))}</li>`)}</ul>
<h2>Apps that you have let in</h2>
${apps.length === 0 ? html`<p>None.</p>` : html`<ul>${apps.map((one) => html`<li>${appInWords(one)}${form(endOf('end-app', one.grant, `End ${one.name}`, 'End'))}</li>`)}</ul>`}
${form(html`<button type="submit" name="do" value="sign-out">Sign out</button>
<button type="submit" name="do" value="end-all" class="plain">Sign out everywhere else, apps too</button>`)}`,
  )
}

const endOf = (what: string, which: string, label: string, words: string): Raw =>
  html`<input type="hidden" name="which" value="${which}"><button type="submit" name="do" value="${what}" class="plain" aria-label="${label}">${words}</button>`

const instant = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const time = (at: Date): Raw => html`<time datetime="${at.toISOString()}">${instant(at)}</time>`

const inWords = ({ model, since, expires, here }: AccountOverview['sessions'][number]): Raw =>
  html`${model === 'Session' ? 'Apps' : 'Your account'}${here ? ', in this browser' : ''}: since ${time(since)}, until ${time(expires)} `

const appInWords = ({ name, since, expires, lasting }: AccountOverview['apps'][number]): Raw =>
  html`${name}: since ${time(since)}, until ${time(expires)}${lasting ? ', longer if it is used' : ''} `
