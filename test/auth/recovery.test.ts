/** Forgotten passwords: a confirmed address, a link by mail that is good once, and nothing told to whoever asks for others. */

import { recovery } from '../../src/auth/recovery/recovery.ts'
import { accountLink, mailbox } from '../../src/base/account-links.ts'
import { accountLinksMax, signInAttemptsMax } from '../../src/base/sign-in-limits.ts'
import { newAccountLink } from '../../src/store/account-links.ts'
import { jobsIn } from '../../src/store/jobs.ts'
import { type Browser, type Page, words } from '../support/browser-stand-in.ts'
import { eventually } from '../support/house.ts'
import { type MailServer, mailServer } from '../support/mail-server.ts'
import { type AccountVisitor, accountVisitor } from './account-visitor.ts'
import { open, password, refresh, type SignInClinic, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

const fresh = 'a much longer password'
const waitMs = 120_000

let clinic: SignInClinic
let visitor: AccountVisitor
let post: MailServer
beforeAll(async () => {
  post = await mailServer()
  clinic = await signInClinic({ work: true, mail: { smtpUrl: post.url, from: 'Clinic <no-reply@clinic.example>' } })
  visitor = accountVisitor(clinic)
}, 120_000)
afterAll(async () => {
  await clinic?.server.close()
  await post?.close()
})

const lettersTo = (address: string) => post.letters.filter(({ to }) => to.includes(address))
const linkIn = (text: string): string => /http:\S+/.exec(text)?.[0] ?? ''
const sql = <Row>(text: string): Promise<Row[]> => clinic.server.house.pool.query<Row>({ text, values: [] })

async function letterTo(address: string, nth = 0): Promise<string> {
  await eventually(waitMs, async () => lettersTo(address).length > nth)
  return lettersTo(address)[nth]?.text ?? ''
}

/** With an address that is confirmed by the link that was sent to it. */
async function person(login: string): Promise<{ readonly browser: Browser; readonly address: string }> {
  await visitor.person(login)
  const { browser } = await visitor.at(login)
  const address = `${login}@example.com`
  const asked = await browser.go(`${visitor.address}/email`)
  expect(words(await browser.submit(asked, { email: ` ${address.toUpperCase()} ` }))).toContain('A link is on its way to that address')
  const page = await open(clinic).go(linkIn(await letterTo(address)))
  expect(words(page)).toContain(`${address} is to be the address of the account ${login}.`)
  expect(words(await open(clinic).submit(page, {}))).toContain('The address is yours')
  return { browser, address }
}

async function askFor(address: string): Promise<Page> {
  const browser = open(clinic)
  return browser.submit(await browser.go(`${clinic.server.origin}/auth/recover`), { email: address })
}

const choose = async (link: string, said = fresh, again = said): Promise<Page> => {
  const browser = open(clinic)
  return browser.submit(await browser.go(link), { new: said, again })
}

const linkFor = async (login: string): Promise<string> => {
  const [row] = await sql<{ id: string }>(`select id from account where login = '${login}'`)
  const { pool, base } = clinic.server.house
  const expires = new Date(Date.now() + 600_000)
  return accountLink(base, 'recover', await newAccountLink(pool, { kind: 'recover', account: row?.id ?? '', expires }))
}

describe('an address', () => {
  it('is shown in the account once its link was opened and confirmed, once', async () => {
    const { browser, address } = await person('confirmer')
    expect(words(await browser.go(visitor.address))).toContain(`E-mail address: ${address}`)
    expect((await open(clinic).go(linkIn(await letterTo(address)))).status).toBe(404)
    expect(lettersTo(address)[0]?.headers).toMatch(/Auto-Submitted: auto-generated/)
    expect(lettersTo(address)[0]?.headers).toMatch(/From: Clinic <no-reply@clinic.example>/)
  })

  it('is not taken before, and not from another account', async () => {
    const { address } = await person('first-owner')
    await visitor.person('second-owner')
    const { browser } = await visitor.at('second-owner')
    await browser.submit(await browser.go(`${visitor.address}/email`), { email: address })
    const page = await open(clinic).go(linkIn(await letterTo(address, 1)))
    expect((await open(clinic).submit(page, {})).status).toBe(409)
    expect(words(await browser.go(visitor.address))).toContain('E-mail address: none yet')
  })

  it.each([
    '',
    'nobody',
    'two@@example.com',
    'a b@example.com',
    'a@example.com, b@example.com',
    'a@exam ple',
    `${'x'.repeat(250)}@example.com`,
    'a@b.c\r\nBcc: d@e.f',
  ])('is none: %j', (text) => expect(mailbox(text)).toBeUndefined())

  it('is one in whatever letters', () => {
    expect([' Ana.B+clinic@Example.COM ', 'a@localhost'].map(mailbox)).toEqual(['ana.b+clinic@example.com', 'a@localhost'])
  })
})

describe('who has forgotten their password', () => {
  it('chooses a new one by a link, which ends everything that was open, and every other link', async () => {
    const { browser, address } = await person('forgetful')
    const app = await wholeSignIn(clinic, 'forgetful')
    expect(words(await browser.go(visitor.address))).toContain('Name of forgetful')
    expect(words(await open(clinic).go(visitor.address))).toContain('Forgotten your password?')
    await askFor(address)
    const text = await letterTo(address, 1)
    expect(text).not.toMatch(/Name of|Alvarez|Patient/)
    const [link, other] = [linkIn(text), await linkFor('forgetful')]
    const held = link.split('/').at(-1) ?? ''
    const kept = await sql<{ row: string }>(`select auth_state::text as row from auth_state`)
    expect([held.length, kept.some(({ row }) => row.includes(held))]).toEqual([43, false])

    expect((await choose(link, 'short')).status).toBe(400)
    expect((await choose(link, fresh, `${fresh}!`)).status).toBe(400)
    expect(words(await choose(link))).toContain('The password is changed')
    expect((await open(clinic).go(link)).status).toBe(404)
    expect((await open(clinic).go(other)).status).toBe(404)
    expect(words(await browser.go(visitor.address))).toContain('To see and change how you sign in.')
    expect((await refresh(clinic, app.json.refresh_token)).status).toBe(400)
    expect((await visitor.at('forgetful')).page.status).toBe(400)
    expect(words((await visitor.at('forgetful', fresh)).page)).toContain('Name of forgetful')
  })

  it('is answered as whoever asks for an address that nobody has', async () => {
    const { address } = await person('known')
    const [known, unknown] = [await askFor(address), await askFor('nobody@example.com')]
    const shown = ({ status, text, headers }: Page) => ({ status, text, names: [...headers.keys()].toSorted() })
    expect(shown(known)).toEqual(shown(unknown))
    await letterTo(address, 1)
    await eventually(waitMs, async () => (await jobsIn(clinic.server.house.pool)).length === 0)
    expect(lettersTo('nobody@example.com')).toEqual([])
  })

  it('is not written to without end', async () => {
    const { address } = await person('pestered')
    for (let n = 0; n < accountLinksMax + 3; n++) await askFor(address)
    await eventually(waitMs, async () => (await jobsIn(clinic.server.house.pool)).length === 0)
    expect(lettersTo(address)).toHaveLength(1 + accountLinksMax)
  })

  it('is written to again where the mail server asks to wait', async () => {
    const { address } = await person('patient-one')
    post.putOff(1)
    await askFor(address)
    expect(linkIn(await letterTo(address, 1))).toMatch(/\/auth\/recover\/[\w-]{43}$/)
    const links = `select 1 from auth_state where model = 'Link recover' and account = (select id from account where login = 'patient-one')`
    expect(await sql(links)).toHaveLength(1)
  })

  it('comes by one link once, however many forms are sent at once', async () => {
    await visitor.person('racer')
    const link = await linkFor('racer')
    const send = (said: string) =>
      fetch(link, { method: 'POST', body: new URLSearchParams({ new: said, again: said }), headers: { origin: clinic.server.origin } })
    const all = await Promise.all(['one', 'two', 'three'].map((n) => send(`${fresh} ${n}`)))
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 404, 404])
  })

  it('is let in again after a lock, and still shows a second factor', async () => {
    await visitor.person('locked-out')
    for (let n = 0; n < signInAttemptsMax; n++) await visitor.at('locked-out', 'not this one at all')
    await sql(`insert into account_totp select id, 'sealed', 0, now() from account where login = 'locked-out'`)
    await choose(await linkFor('locked-out'))
    expect(words((await visitor.at('locked-out', fresh)).page)).toContain('One more step')
  })

  it('does not come by a link that has run out, of a disabled account, or of another site', async () => {
    await visitor.person('late')
    const [old, gone] = [await linkFor('late'), await linkFor('late')]
    const cross = await fetch(gone, {
      method: 'POST',
      body: new URLSearchParams({ new: fresh, again: fresh }),
      headers: { origin: 'https://evil.example' },
    })
    expect(cross.status).toBe(403)
    await sql(`update auth_state set expires = now() - interval '1 second' where account = (select id from account where login = 'late')`)
    expect((await open(clinic).go(old)).status).toBe(404)
    const last = await linkFor('late')
    await sql(`update account set disabled = true where login = 'late'`)
    expect((await open(clinic).go(last)).status).toBe(404)
    expect((await open(clinic).go(`${clinic.server.origin}/auth/verify-email`)).status).toBe(404)
  })

  it('is told to ask the clinic where no mail is sent', async () => {
    const step = { request: { headers: {} } as never, kind: 'recover' as const }
    const answer = await recovery({ ...clinic.server.house, mail: undefined }, step)
    expect('page' in answer && answer.page).toContain('Ask the clinic')
    expect((await visitor.at('nobody', password)).page.status).toBe(400)
  })
})
