/**
 * Passkeys: added in the account, a whole sign-in by themselves, and every way in which what is shown can be wrong. With an
 * authenticator in software everywhere, and with Chromium's own where there is a Chromium (CHROMIUM_PATH, or the usual places).
 */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { endOfChallenge, newChallenge } from '../../src/auth/factors/passkey-challenge.ts'
import { passkeyHost } from '../../src/auth/factors/passkeys.ts'
import { passkeyMinutes } from '../../src/base/sign-in-limits.ts'
import { type Browser, formsOf, type Page, words } from '../support/browser-stand-in.ts'
import { type Oddity, type Options, type SoftwareAuthenticator, softwareAuthenticator } from '../support/software-authenticator.ts'
import { type AccountVisitor, accountVisitor, formThat } from './account-visitor.ts'
import { allow, back, exchange, open, password, request, type SignInClinic, signIn, signInClinic } from './sign-in-clinic.ts'

let clinic: SignInClinic
let visitor: AccountVisitor
beforeAll(async () => {
  clinic = await signInClinic({ host: 'localhost', secondFactorRoles: ['manager'] })
  visitor = accountVisitor(clinic)
}, 120_000)
afterAll(() => clinic?.server.close())

const optionsIn = (page: Page): Options => {
  const text = /data-options="([^"]*)"/.exec(page.text)?.[1] ?? '{}'
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')) as Options
}

type Holder = { readonly device: SoftwareAuthenticator; readonly browser: Browser; readonly added: Page }

const newDevice = (): SoftwareAuthenticator => softwareAuthenticator(clinic.server.origin)

async function addTo(browser: Browser, device: SoftwareAuthenticator, odd: Oddity = {}): Promise<Page> {
  const page = await browser.go(`${visitor.address}/passkeys`)
  return browser.submit(page, { credential: device.create(optionsIn(page), odd), name: 'Phone', do: 'add' }, formThat(page, 'add'))
}

async function holder(login: string, roles?: readonly string[]): Promise<Holder> {
  await visitor.person(login, roles)
  const { browser } = await visitor.at(login)
  const device = newDevice()
  return { device, browser, added: await addTo(browser, device) }
}

/** One of whom every odd answer is tried: passwords are slow. */
const one: { holder?: Promise<Holder> } = {}
function shared(): Promise<Holder> {
  one.holder ??= holder('subject')
  return one.holder
}

/** At the account's own sign-in page. */
async function show(device: SoftwareAuthenticator, odd: Oddity = {}, browser = open(clinic)): Promise<Page> {
  const page = await browser.go(visitor.address)
  return browser.submit(page, { credential: device.get(optionsIn(page), odd), do: 'passkey' }, formThat(page, 'passkey'))
}

const isIn = (page: Page): boolean => page.status === 200 && words(page).includes('How you sign in')

describe('a passkey', () => {
  it('is added once, with recovery codes the first time, and signs in by itself', async () => {
    const { device, browser, added } = await holder('ana-passkey')
    expect(words(added)).toContain('Your passkey is added.')
    expect(added.text.match(/<li><code>/g)).toHaveLength(10)
    expect((await addTo(browser, device)).status).toBe(400)
    expect(words(await addTo(browser, newDevice()))).toContain('The passkey is added.')
    const shown = await show(device)
    expect(words(shown)).toContain('Name of ana-passkey, signed in as ana-passkey')
    expect(words(await browser.go(`${visitor.address}/passkeys`))).toMatch(/Phone: since [-\d]{10} ?, last used [-\d]{10}/)
    const [row] = await clinic.server.house.pool.query({
      text: 'select counter::int, transports, device_type, backed_up from account_passkey where id = $1',
      values: [device.id],
    })
    expect(row).toEqual({ counter: 3, transports: ['internal', 'hybrid'], device_type: 'multiDevice', backed_up: true })
  })

  it('lets an app in, of whoever must have a second factor too', async () => {
    const { device } = await holder('passkey-boss', ['manager'])
    const browser = open(clinic)
    const wanted = request(clinic, { scope: 'openid user/*.rs' })
    const page = await browser.go(wanted.url)
    const consent = await browser.submit(page, { credential: device.get(optionsIn(page)), do: 'passkey' }, formThat(page, 'passkey'))
    expect(words(consent)).toContain('Allow Calendar app?')
    expect((await exchange(clinic, wanted, back(await allow(browser, consent)).get('code'))).status).toBe(200)
  })

  it('is asked for after the password, where there is no authenticator app', async () => {
    const { device } = await holder('two-steps')
    const browser = open(clinic)
    const page = await signIn(browser, await browser.go(request(clinic).url), 'two-steps')
    expect(words(page)).toContain('One more step')
    const consent = await browser.submit(page, { credential: device.get(optionsIn(page)), do: 'passkey' }, formThat(page, 'passkey'))
    expect(words(consent)).toContain('Allow Calendar app?')
  })

  it('lets nobody in once it is removed', async () => {
    const { device, browser } = await holder('remover')
    const page = await browser.go(`${visitor.address}/passkeys`)
    expect(words(await browser.submit(page, { do: 'remove' }, formThat(page, 'remove')))).toContain('The passkey is removed.')
    expect(isIn(await show(device))).toBe(false)
    expect(isIn((await visitor.at('remover')).page)).toBe(true)
  })

  it('is not removed by somebody else', async () => {
    const { device } = await holder('keeper')
    const { browser } = await holder('other-one')
    const page = await browser.go(`${visitor.address}/passkeys`)
    await browser.submit(page, { do: 'remove', which: device.id }, formThat(page, 'remove'))
    expect(isIn(await show(device))).toBe(true)
  })

  const strangers = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  it.each<[string, Oddity]>([
    ['of another origin', { origin: 'https://evil.example' }],
    ['from within another site', { crossOrigin: true, origin: 'https://evil.example' }],
    ['for another host', { rpId: 'evil.example' }],
    ['with a challenge of its own', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['signed with another key', { key: strangers }],
    ['with an unknown credential', { id: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['of the wrong kind', { type: 'webauthn.create' }],
    ['that has not verified its person', { notVerified: true }],
    ['whose counter has stood still', { counter: 1 }],
  ])('%s lets nobody in', async (_kind, odd) => {
    const { device } = await shared()
    expect(isIn(await show(device))).toBe(true)
    const refused = await show(device, odd)
    expect([refused.status, isIn(refused)]).toEqual([400, false])
    expect(isIn(await show(device))).toBe(true)
  })

  it('lets nobody in twice with one answer, nor in another browser, nor with an old challenge', async () => {
    const { device } = await holder('replayed')
    const [browser, other] = [open(clinic), open(clinic)]
    const [page, elsewhere] = [await browser.go(visitor.address), await other.go(visitor.address)]
    const answer = device.get(optionsIn(page))
    const at = formThat(page, 'passkey')
    expect(isIn(await other.submit(elsewhere, { credential: answer, do: 'passkey' }, at))).toBe(false)
    const cookie = (page.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const body = () => new URLSearchParams({ ...formsOf(page)[at]?.fields, credential: answer, do: 'passkey' })
    const send = () =>
      fetch(visitor.address, { method: 'POST', body: body(), redirect: 'manual', headers: { cookie, origin: clinic.server.origin } })
    const all = await Promise.all(Array.from({ length: 4 }, send))
    expect(all.map(({ status }) => status).toSorted()).toEqual([303, 400, 400, 400])
    expect((await send()).status).toBe(400)
  })

  it('answers a challenge of the same sign-in within its time', () => {
    const now = { at: 1_800_000_000_000 }
    const house = { ...clinic.server.house, clock: { now: () => new Date(now.at) } }
    const challenge = newChallenge(house, 'secret', 'one')
    expect(newChallenge(house, 'secret', 'one')).not.toBe(challenge)
    expect(endOfChallenge(house, 'secret', 'one', challenge)).toEqual(new Date(now.at + passkeyMinutes * 60_000))
    expect(endOfChallenge(house, 'secret', 'another', challenge)).toBeUndefined()
    expect(endOfChallenge(house, 'another', 'one', challenge)).toBeUndefined()
    expect(endOfChallenge(house, 'secret', 'one', `${challenge}AA`)).toBeUndefined()
    expect(endOfChallenge(house, 'secret', 'one', '')).toBeUndefined()
    now.at += passkeyMinutes * 60_000
    expect(endOfChallenge(house, 'secret', 'one', challenge)).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another shape', '{"id":7}'],
    ['an empty answer', '{"id":"x","response":{}}'],
    ['null', 'null'],
  ])('takes %s for no passkey', async (_what, credential) => {
    const browser = open(clinic)
    const page = await browser.go(visitor.address)
    expect((await browser.submit(page, { credential, do: 'passkey' }, formThat(page, 'passkey'))).status).toBe(400)
  })

  it.each<[string, Oddity]>([
    ['of another origin', { origin: 'https://evil.example' }],
    ['for another host', { rpId: 'evil.example' }],
    ['with a challenge of its own', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['that has not verified its person', { notVerified: true }],
  ])('%s is not added', async (_kind, odd) => {
    const { browser } = await shared()
    expect((await addTo(browser, newDevice(), odd)).status).toBe(400)
    expect(words(await browser.go(`${visitor.address}/passkeys`)).match(/Phone: since/g)).toHaveLength(1)
  })

  it('of a disabled account lets nobody in', async () => {
    const { device } = await holder('gone')
    await clinic.server.house.pool.query({ text: `update account set disabled = true where login = 'gone'`, values: [] })
    expect(isIn(await show(device))).toBe(false)
  })

  it('needs a server with a name, and TLS or this machine', () => {
    const bases = [
      'https://clinic.example/fhir',
      'http://localhost:8080/fhir',
      'http://clinic.example/fhir',
      'http://127.0.0.1/fhir',
      'https://[::1]/fhir',
    ]
    expect(bases.map(passkeyHost)).toEqual(['clinic.example', 'localhost', undefined, undefined, undefined])
  })

  it('is asked for by one script of ours, which the policy names', async () => {
    const page = await open(clinic).go(visitor.address)
    const script = `${clinic.server.origin}/auth/passkey.js`
    expect(page.headers.get('content-security-policy')).toContain(`script-src ${script};`)
    expect(page.text).toContain(`<script src="${script}" defer></script>`)
    expect(formsOf(page)).toHaveLength(2)
    const answer = await fetch(script)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(await answer.text()).toContain('navigator.credentials')
  })
})

const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const chromiumPath = places.find((place) => place && existsSync(place))
const inChromium = chromiumPath ? describe : describe.skip

inChromium('a Chromium with an authenticator of its own (skipped where there is none)', () => {
  type Chromium = import('playwright-core').Browser
  let chromium: Chromium
  beforeAll(async () => {
    const { chromium: launcher } = await import('playwright-core')
    chromium = await launcher.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'], timeout: 120_000 })
  }, 180_000)
  afterAll(() => chromium?.close())

  it('adds a passkey and signs in with it', async () => {
    await visitor.person('chromium')
    const tab = await chromium.newPage()
    tab.setDefaultTimeout(120_000)
    const devices = await tab.context().newCDPSession(tab)
    await devices.send('WebAuthn.enable')
    const kind = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    } as const
    await devices.send('WebAuthn.addVirtualAuthenticator', { options: { ...kind, automaticPresenceSimulation: true } })
    await tab.goto(visitor.address)
    await tab.fill('#login', 'chromium')
    await tab.fill('#password', password)
    await tab.click('button[value=sign-in]')
    await tab.click('text=Passkeys')
    await tab.click('button[value=add]')
    await tab.waitForSelector('text=Your passkey is added.')
    await tab.goto(visitor.address)
    await tab.click('button[value=sign-out]')
    await tab.waitForSelector('text=You may close this window.')
    await tab.goto(visitor.address)
    await tab.click('button[value=passkey]')
    await tab.waitForSelector('text=Name of chromium')
    await tab.close()
  }, 300_000)
})
