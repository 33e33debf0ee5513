/** Somebody's own account, as a browser without scripts sees it: the password, where they are signed in, which apps they let in. */
import { formsOf, words } from '../support/browser-stand-in.ts'
import { type AccountVisitor, accountVisitor, formThat } from './account-visitor.ts'
import {
  allow,
  back,
  exchange,
  open,
  password,
  refresh,
  request,
  type SignInClinic,
  signIn,
  signInClinic,
  wholeSignIn,
} from './sign-in-clinic.ts'

const fresh = 'a much longer password'

let clinic: SignInClinic
let address: string
let person: AccountVisitor['person']
let at: AccountVisitor['at']
beforeAll(async () => {
  clinic = await signInClinic()
  ;({ address, person, at } = accountVisitor(clinic))
}, 120_000)
afterAll(() => clinic?.server.close())

const readWith = (token: unknown): Promise<number> =>
  clinic.server
    .as(String(token))('GET', 'Patient/p1')
    .then(({ status }) => status)

async function refusedSoon(token: unknown): Promise<void> {
  const until = Date.now() + 60_000
  while ((await readWith(token)) !== 401) {
    if (Date.now() > until) throw new Error('the token is still good')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('the account page', () => {
  it('asks who it is, and takes no wrong password', async () => {
    await person('wrong-one')
    const browser = open(clinic)
    const asked = await browser.go(address)
    expect(words(asked)).toContain('To see and change how you sign in.')
    expect(asked.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(asked.headers.get('cache-control')).toBe('no-store')
    expect(asked.headers.get('set-cookie')).toMatch(/^slotwise_account=[\w-]{43}; Path=\/auth\/account; HttpOnly; SameSite=Lax$/)
    const refused = await browser.submit(asked, { login: 'wrong-one', password: 'not this one at all' })
    expect([refused.status, words(refused).includes('That did not work')]).toEqual([400, true])
    expect(words(await browser.go(address))).toContain('Sign in')
  })

  it('takes a cookie that somebody knew before as no session', async () => {
    await person('fixed')
    const browser = open(clinic)
    const asked = await browser.go(address)
    const before = /slotwise_account=([\w-]+)/.exec(asked.headers.get('set-cookie') ?? '')?.[1]
    expect(words(await browser.submit(asked, { login: 'fixed', password }))).toContain('Name of fixed, signed in as fixed')
    const other = await fetch(address, { headers: { cookie: `slotwise_account=${before}` } })
    expect(await other.text()).toContain('current-password')
  })

  it('takes no form of another site, of another session, or without a token', async () => {
    await person('guarded')
    const { page, browser } = await at('guarded')
    const form = formsOf(page)[formThat(page, 'end-all')]
    const body = new URLSearchParams({ ...form?.fields, do: 'end-all' })
    expect((await browser.post(address, body, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await browser.post(address, new URLSearchParams({ do: 'end-all' }), { origin: clinic.server.origin })).status).toBe(403)
    expect((await open(clinic).post(address, body, { origin: clinic.server.origin })).status).toBe(403)
    expect((await browser.post(address, body, { origin: clinic.server.origin })).status).toBe(200)
  })

  it('ends with signing out', async () => {
    await person('leaver')
    const { page, browser } = await at('leaver')
    expect(words(await browser.submit(page, { do: 'sign-out' }, formThat(page, 'sign-out')))).toContain('Signed out')
    expect(words(await browser.go(address))).toContain('To see and change how you sign in.')
  })

  it('says of a page that is not there that it is not', async () => {
    expect((await open(clinic).go(`${address}/constructor`)).status).toBe(404)
  })
})

describe('a new password', () => {
  it('needs the old one, is typed twice, is long, and ends everything that the old one opened', async () => {
    await person('changer')
    const app = await wholeSignIn(clinic, 'changer', { scope: 'launch/patient offline_access patient/*.rs' })
    expect(await readWith(app.json.access_token)).toBe(200)
    const elsewhere = await at('changer')
    const { browser } = await at('changer')
    const form = await browser.go(`${address}/password`)
    const change = (typed: Record<string, string>) => browser.submit(form, { password, new: fresh, again: fresh, ...typed })
    expect(words(await change({ password: 'not this one at all' }))).toContain('The password that you have now is another one.')
    expect(words(await change({ again: `${fresh}!` }))).toContain('not typed the same twice')
    expect(words(await change({ new: 'short', again: 'short' }))).toContain('at least 12 characters')
    expect(words(await change({}))).toContain('The password is changed.')

    expect(words(await browser.go(address))).toContain('Name of changer')
    expect(words(await elsewhere.browser.go(address))).toContain('To see and change how you sign in.')
    await refusedSoon(app.json.access_token)
    expect((await refresh(clinic, app.json.refresh_token)).status).toBe(400)
    expect((await at('changer')).page.status).toBe(400)
    expect(words((await at('changer', fresh)).page)).toContain('Name of changer')
  })

  it('is not had by guessing the old one from within', async () => {
    await person('guessed')
    const { browser } = await at('guessed')
    const form = await browser.go(`${address}/password`)
    for (let n = 0; n < 5; n++) await browser.submit(form, { password: `guess number ${n}`, new: fresh, again: fresh })
    expect((await browser.submit(form, { password, new: fresh, again: fresh })).status).toBe(400)
  })

  it('ends a sign-in that had got past the old password', async () => {
    await person('half-way')
    const halfway = open(clinic)
    const wanted = request(clinic)
    const consent = await signIn(halfway, await halfway.go(wanted.url), 'half-way')
    expect(words(consent)).toContain('Allow Calendar app?')
    const { browser } = await at('half-way')
    await browser.submit(await browser.go(`${address}/password`), { password, new: fresh, again: fresh })
    const allowed = await allow(halfway, consent)
    const code = allowed.url.startsWith('https://app.example/') ? back(allowed).get('code') : null
    expect((await exchange(clinic, wanted, code)).status).toBe(400)
  })
})

describe('what is open', () => {
  it('lists the apps that were let in, and ends one', async () => {
    await person('owner')
    const [kept, ended] = [
      await wholeSignIn(clinic, 'owner'),
      await wholeSignIn(clinic, 'owner', { scope: 'launch/patient patient/Patient.rs' }),
    ]
    const { page, browser } = await at('owner')
    expect(words(page).match(/Calendar app: since/g)).toHaveLength(2)
    const which = words(page).split('Apps that you have let in')[1]?.split('Calendar app: since').slice(1) ?? []
    const nth = which.findIndex((text) => !text.includes('longer if it is used'))
    const after = await browser.submit(page, { do: 'end-app' }, formThat(page, 'end-app', nth))
    expect(words(after)).toContain('That app is let in no more.')
    expect(words(after).match(/Calendar app: since/g)).toHaveLength(1)
    await refusedSoon(ended.json.access_token)
    expect(await readWith(kept.json.access_token)).toBe(200)
    expect((await refresh(clinic, kept.json.refresh_token)).status).toBe(200)
  })

  it('lists where somebody is signed in, and ends it from elsewhere', async () => {
    await person('sessions')
    const app = await wholeSignIn(clinic, 'sessions', { scope: 'launch/patient openid online_access patient/*.rs' })
    const { page, browser } = await at('sessions')
    expect(words(page)).toMatch(/Apps: since [-0-9: ]+ UTC ?, until [-0-9: ]+ UTC/)
    expect(words(page)).toContain('Your account, in this browser: since')
    const list = words(page).split('Where you are signed in')[1] ?? ''
    const nth = list.indexOf('Apps: since') < list.indexOf('Your account') ? 0 : 1
    await browser.submit(page, { do: 'end-session' }, formThat(page, 'end-session', nth))
    await refusedSoon(app.json.access_token)
    expect((await refresh(clinic, app.json.refresh_token)).status).toBe(400)
  })

  it('does not end what is another’s', async () => {
    await person('victim')
    await person('thief')
    const app = await wholeSignIn(clinic, 'victim')
    const victim = await at('victim')
    const grant = formsOf(victim.page)[formThat(victim.page, 'end-app')]?.fields.which ?? ''
    const session = formsOf(victim.page)[formThat(victim.page, 'end-session')]?.fields.which ?? ''
    const thief = await at('thief')
    const mine = formThat(thief.page, 'end-session')
    await thief.browser.submit(thief.page, { do: 'end-app', which: grant }, mine)
    await thief.browser.submit(thief.page, { do: 'end-session', which: session }, mine)
    expect(words(await victim.browser.go(address)).match(/since/g)).toHaveLength(words(victim.page).match(/since/g)?.length ?? -1)
    expect((await refresh(clinic, app.json.refresh_token)).status).toBe(200)
  })
})
