/** Authenticator apps and recovery codes: set up, asked for after the password, each code once, guesses counted. */
import { createHmac, randomBytes } from 'node:crypto'
import { addAccount } from '../../src/auth/accounts.ts'
import { isRecoveryCode, newRecoveryCodes } from '../../src/auth/factors/recovery-codes.ts'
import { isTotp, setUpTotp, totpAddress } from '../../src/auth/factors/totp.ts'
import { signInAttemptsMax } from '../../src/base/sign-in-limits.ts'
import { findAccount } from '../../src/store/accounts.ts'
import { removeFactors } from '../../src/store/second-factors.ts'
import { type Browser, type Page, words } from '../support/browser-stand-in.ts'
import { type AccountVisitor, accountVisitor } from './account-visitor.ts'
import { allow, back, exchange, open, password, request, type SignInClinic, signIn, signInClinic } from './sign-in-clinic.ts'

let clinic: SignInClinic
let visitor: AccountVisitor
beforeAll(async () => {
  clinic = await signInClinic({ secondFactorRoles: ['manager'] })
  visitor = accountVisitor(clinic)
}, 120_000)
afterAll(() => clinic?.server.close())

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4226 and 6238 by hand. */
function codeAt(secret: string, seconds: number): string {
  const bits = [...secret].map((letter) => base32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = (mac[19] ?? 0) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
const codeNow = (secret: string): string => codeAt(secret, Date.now() / 1000)
const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** As if enough time had gone by for another code. */
const laterOn = (): Promise<unknown> => clinic.server.house.pool.query({ text: 'update account_totp set last_step = 0', values: [] })

type Set = { readonly secret: string; readonly codes: readonly string[]; readonly browser: Browser; readonly page: Page }

async function setUp(login: string, roles?: readonly string[]): Promise<Set> {
  await visitor.person(login, roles)
  const { browser } = await visitor.at(login)
  const asked = await browser.go(`${visitor.address}/authenticator`)
  const secret = /name="secret" value="([A-Z2-7]{32})"/.exec(asked.text)?.[1] ?? ''
  const page = await browser.submit(asked, { code: codeNow(secret), do: 'set-up' })
  const codes = [...page.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = '']) => code)
  await laterOn()
  return { secret, codes, browser, page }
}

async function accountOf(login: string): Promise<string> {
  const [row] = await clinic.server.house.pool.query<{ id: string }>({ text: 'select id from account where login = $1', values: [login] })
  return row?.id ?? ''
}

describe('a code of an authenticator app', () => {
  it('is that of RFC 6238, appendix B, in the test itself', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    expect([59, 1_111_111_109, 1_234_567_890, 2_000_000_000].map((at) => codeAt(secret, at))).toEqual([
      '287082',
      '081804',
      '005924',
      '279037',
    ])
  })

  it('is taken half a minute early or late, not more, and each once', async () => {
    const id = 'clockwork'
    await addAccount(
      { ...clinic.server.house, ids: { next: () => id } },
      { login: id, name: id, roles: ['patient'], person: 'Patient/p1', actsFor: [], password },
    )
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const at = (seconds: number) => ({ ...clinic.server.house, clock: { now: () => new Date(seconds * 1000) } })
    const begin = 2_000_000_000
    expect(await setUpTotp(at(begin), id, secret, codeAt(secret, begin - 70))).toBe('wrong-code')
    expect(await setUpTotp(at(begin), id, secret, codeAt(secret, begin))).toBe('ok')
    expect(await setUpTotp(at(begin), id, secret, codeAt(secret, begin))).toBe('there')
    expect(await isTotp(at(begin), id, codeAt(secret, begin))).toBe(false)
    expect(await isTotp(at(begin), id, codeAt(secret, begin + 60))).toBe(false)
    expect(await isTotp(at(begin), id, codeAt(secret, begin + 30))).toBe(true)
    expect(await isTotp(at(begin + 90), id, ` ${codeAt(secret, begin + 60).replace(/...$/, ' $&')}`)).toBe(true)
    expect(await isTotp(at(begin + 90), id, codeAt(secret, begin + 60))).toBe(false)
    expect(await isTotp(at(begin + 300), id, codeAt(secret, begin + 240))).toBe(false)
    const now = begin + 600
    const all = await Promise.all(Array.from({ length: 12 }, () => isTotp(at(now), id, codeAt(secret, now))))
    expect(all.filter(Boolean)).toHaveLength(1)
    const [row] = await clinic.server.house.pool.query<{ secret: string }>({
      text: `select secret from account_totp where account = '${id}'`,
      values: [],
    })
    expect(row?.secret).toMatch(/^sealed:1:/)
  })

  it('is in the address that apps read, with who and where', async () => {
    const url = new URL(await totpAddress('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 'ana@example.com', 'Slotwise clinic.example'))
    expect([url.protocol, url.host, decodeURIComponent(url.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Slotwise clinic.example:ana@example.com',
    ])
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      issuer: 'Slotwise clinic.example',
      digits: '6',
      period: '30',
    })
  })
})

describe('who has set one up', () => {
  it('shows a code after the password, and comes into an app and into the account', async () => {
    const { secret, codes, page } = await setUp('careful')
    expect(words(page)).toContain('Your authenticator app is set up.')
    expect(new globalThis.Set(codes).size).toBe(10)
    const browser = open(clinic)
    const wanted = request(clinic)
    const asked = await signIn(browser, await browser.go(wanted.url), 'careful')
    expect([asked.status, words(asked).includes('The code that your authenticator app shows')]).toEqual([200, true])
    expect(words(await browser.go(asked.url))).toContain('The code that your authenticator app shows')
    const code = codeNow(secret)
    const consent = await browser.submit(asked, { code, do: 'code' })
    expect(words(consent)).toContain('Allow Calendar app?')
    expect((await exchange(clinic, wanted, back(await allow(browser, consent)).get('code'))).status).toBe(200)

    const account = await visitor.at('careful')
    expect(words(account.page)).toContain('One more step')
    const replayed = await account.browser.submit(account.page, { code, do: 'code' })
    expect([replayed.status, words(replayed).includes('That did not work')]).toEqual([400, true])
    await laterOn()
    expect(words(await account.browser.submit(account.page, { code: codeNow(secret), do: 'code' }))).toContain('Authenticator app: set up')
  })

  it('comes in with a recovery code once, however it is written', async () => {
    const { codes } = await setUp('phoneless')
    const said = ` ${codes[3]?.toUpperCase().replaceAll('-', ' ')} `
    const first = await visitor.at('phoneless')
    expect(words(await first.browser.submit(first.page, { code: said, do: 'code' }))).toContain('Recovery codes that are left: 9')
    const second = await visitor.at('phoneless')
    expect((await second.browser.submit(second.page, { code: said, do: 'code' })).status).toBe(400)
  })

  it('is not got past by a wrong password, by leaving the step out, or in another browser', async () => {
    const { secret } = await setUp('strict')
    const guess = await visitor.at('strict', 'not this one at all')
    expect(guess.page.status).toBe(400)
    const skipped = await guess.browser.submit(guess.page, { code: codeNow(secret), do: 'code', login: '' })
    expect(words(skipped)).toContain('Sign in')
    const half = await visitor.at('strict')
    expect(words(await half.browser.go(visitor.address))).toContain('One more step')
    expect(words(await half.browser.go(`${visitor.address}/password`))).toContain('One more step')
    const other = open(clinic)
    await other.go(visitor.address)
    expect(words(await other.go(visitor.address))).toContain('To see and change how you sign in.')
    const restarted = await half.browser.submit(half.page, { do: 'restart' })
    expect(words(restarted)).toContain('To see and change how you sign in.')
  })

  it('is asked for no more guesses than the limit, however often the password is shown anew', async () => {
    const { secret } = await setUp('guessed')
    for (let n = 0; n < signInAttemptsMax; n++) {
      const { browser, page } = await visitor.at('guessed')
      expect((await browser.submit(page, { code: otherThan(codeNow(secret)), do: 'code' })).status).toBe(400)
    }
    const { browser, page } = await visitor.at('guessed')
    expect((await browser.submit(page, { code: codeNow(secret), do: 'code' })).status).toBe(400)
  })

  it('takes it away by a code, and is then asked for the password alone', async () => {
    const { codes, browser } = await setUp('changing')
    const there = await browser.go(`${visitor.address}/authenticator`)
    const refused = await browser.submit(there, { code: '000', do: 'remove' })
    expect([refused.status, words(refused).includes('That did not work.')]).toEqual([400, true])
    expect(words(await browser.submit(there, { code: codes[0] ?? '', do: 'remove' }))).toContain('The authenticator app is taken away.')
    expect(words((await visitor.at('changing')).page)).toContain('Name of changing')
  })

  it('makes new recovery codes, and those of before are good no more', async () => {
    const { codes, browser } = await setUp('thrifty')
    const account = await browser.go(visitor.address)
    const fresh = await browser.submit(account, {}, account.text.split('<form').findIndex((form) => form.includes('recovery-codes')) - 1)
    expect(words(fresh)).toContain('they are not shown again')
    const id = await accountOf('thrifty')
    expect(await isRecoveryCode(clinic.server.house, id, codes[1] ?? '')).toBe(false)
    const again = await newRecoveryCodes(clinic.server.house, id)
    const all = await Promise.all(Array.from({ length: 8 }, () => isRecoveryCode(clinic.server.house, id, again[0] ?? '')))
    expect(all.filter(Boolean)).toHaveLength(1)
    const kept = await clinic.server.house.pool.query<{ code: string }>({ text: 'select code from account_recovery_code', values: [] })
    expect(kept.some(({ code }) => again.includes(code))).toBe(false)
  })

  it('is let in without, once an operator has taken it away', async () => {
    await setUp('lost-it-all')
    expect(await removeFactors(clinic.server.house.pool, 'lost-it-all')).toBe(true)
    expect(words((await visitor.at('lost-it-all')).page)).toContain('Name of lost-it-all')
    expect(await removeFactors(clinic.server.house.pool, 'nobody-at-all')).toBe(false)
  })

  it('finds each change in the audit, as a change of what they sign in with', async () => {
    await setUp('audited')
    await clinic.server.house.pool.query({ text: `update account set person = 'Patient/p2' where login = 'audited'`, values: [] })
    const { browser, page } = await visitor.at('audited')
    const { codes } = { codes: await newRecoveryCodes(clinic.server.house, await accountOf('audited')) }
    await browser.submit(page, { code: codes[0] ?? '', do: 'code' })
    await browser.submit(await browser.go(`${visitor.address}/authenticator`), { code: codes[1] ?? '', do: 'remove' })
    const { json } = await clinic.server.call(
      'GET',
      'AuditEvent?subtype=http://dicom.nema.org/resources/ontology/DCM|110137&agent=Patient/p2',
    )
    const [event] = (json.entry ?? []).map(({ resource }) => resource as unknown as { outcome: string; outcomeDesc: string })
    expect([json.entry?.length, event?.outcome, event?.outcomeDesc]).toEqual([1, '0', 'The authenticator app was taken away.'])
  })

  it('does not set one up with a key that another chose', async () => {
    await visitor.person('pushed')
    const { browser } = await visitor.at('pushed')
    const asked = await browser.go(`${visitor.address}/authenticator`)
    expect((await browser.submit(asked, { secret: 'AAAA', code: codeNow('AAAAAAAA'), do: 'set-up' })).status).toBe(400)
    expect((await browser.submit(asked, { code: `${randomBytes(2).readUInt16BE()}`, do: 'set-up' })).status).toBe(400)
    expect(words(await browser.go(visitor.address))).toContain('Set up an authenticator app')
  })
})

describe('a role that needs one', () => {
  it('does not come into an app without, and does with', async () => {
    await visitor.person('boss', ['manager'])
    const browser = open(clinic)
    const refused = await signIn(browser, await browser.go(request(clinic).url), 'boss')
    expect(words(refused)).toContain('Set up a second factor first')
    expect(refused.text).toContain(`href="${visitor.address}"`)
    expect(words((await visitor.at('boss')).page)).toContain('Set one up here; until then apps do not let you in.')

    const { secret } = await setUp('careful-boss', ['manager'])
    const asked = await signIn(browser, await browser.go(request(clinic, { scope: 'user/*.rs' }).url), 'careful-boss')
    expect(words(await browser.submit(asked, { code: codeNow(secret), do: 'code' }))).toContain('Allow Calendar app?')
  })

  it('binds nobody else', async () => {
    await visitor.person('nurse', ['practitioner'])
    const browser = open(clinic)
    expect(words(await signIn(browser, await browser.go(request(clinic, { scope: 'user/*.rs' }).url), 'nurse'))).toContain(
      'Allow Calendar app?',
    )
    expect(await findAccount(clinic.server.house.pool, await accountOf('nurse'))).toMatchObject({ roles: ['practitioner'] })
  })
})
