/**
 * Roles that need a second factor, of people who sign in at the clinic's own OpenID Connect server: what it must say that they
 * showed there, and what is asked for here where it does not. https://www.rfc-editor.org/rfc/rfc8176
 */
import { decodeJwt, SignJWT } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { newRecoveryCodes } from '../../src/auth/factors/recovery-codes.ts'
import { setUpTotp } from '../../src/auth/factors/totp.ts'
import { linkIdentity } from '../../src/store/account-identities.ts'
import { findAccountByLogin } from '../../src/store/accounts.ts'
import { words } from '../support/browser-stand-in.ts'
import { matches } from '../support/house.ts'
import { type IdentityServer, identityServer } from '../support/identity-server.ts'
import { allow, back, exchange, open, request, type SignInClinic, signInClinic } from './sign-in-clinic.ts'

let there: IdentityServer
let clinic: SignInClinic

beforeAll(async () => {
  there = await identityServer()
  const setting = { issuer: there.issuer, clientId: there.clientId, secret: there.secret, name: 'Clinic login', linksByEmail: false }
  clinic = await signInClinic({ signInElsewhere: { ...setting, strongAcr: ['gold', 'urn:x:2'] }, secondFactorRoles: ['practitioner'] })
  await there.register(`${clinic.server.origin}/auth/callback`)
  for (const login of ['doctor', 'auditor']) {
    const identity = { issuer: there.issuer, subject: `their-${login}` }
    expect(await linkIdentity(clinic.server.house.pool, identity, login, new Date())).toBe(true)
  }
}, 120_000)
afterAll(async () => {
  await clinic?.server.close()
  await there?.close()
})

/** As far as signing in there leads, with an ID token that says so much. */
async function signInThere(claims: object, who = 'doctor') {
  there.be({ sub: `their-${who}` })
  there.spoil((idToken, key, kid) =>
    new SignJWT({ ...decodeJwt(idToken), amr: undefined, acr: undefined, ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(key),
  )
  const at = open(clinic, there.issuer)
  const wanted = request(clinic, { scope: who === 'doctor' ? 'openid user/Practitioner.rs' : 'openid user/AuditEvent.rs' })
  const [, button = ''] = /<a class="button" href="([^"]+)"/.exec((await at.go(wanted.url)).text) ?? []
  return { at, wanted, page: await at.go(button) }
}

const came = 'You are signed in as Dr Adeyemi.'
const refused = 'asks for a second factor, and it does not say that you showed one'

describe('somebody whose role needs a second factor', () => {
  it.each<[string, object]>([
    ['several factors', { amr: ['mfa'] }],
    ['a password and a code', { amr: ['pwd', 'otp'] }],
    ['a key and a finger', { amr: ['hwk', 'user', 'fpt'] }],
    ['a PIN and a card', { amr: ['pin', 'sc'] }],
    ['a level that the operator has named', { acr: 'urn:x:2' }],
  ])('comes in with %s', async (_what, claims) => {
    expect(words((await signInThere(claims)).page)).toContain(came)
  })

  it.each<[string, object]>([
    ['nothing that is said', {}],
    ['a password', { amr: ['pwd'] }],
    ['two of one kind', { amr: ['pwd', 'pin', 'kba'] }],
    ['two channels', { amr: ['pwd', 'mca', 'geo', 'wia'] }],
    ['a word that is no list', { amr: 'mfa' }],
    ['a list of what is no word', { amr: [{ mfa: true }, 7] }],
    ['another level', { acr: 'silver', amr: ['pwd'] }],
  ])('does not with %s', async (_what, claims) => {
    const { page } = await signInThere(claims)
    expect([page.status, words(page).includes(refused), words(page).includes(came)]).toEqual([400, true, false])
  })

  it('asks that server for the levels that stand for two', async () => {
    const at = open(clinic)
    const [, button = ''] = /<a class="button" href="([^"]+)"/.exec((await at.go(request(clinic).url)).text) ?? []
    expect(new URL((await at.go(button)).url).searchParams.get('acr_values')).toBe('gold urn:x:2')
  })

  it('is asked for the one that they have here, and comes in with it once', async () => {
    const { house, call } = clinic.server
    const id = (await findAccountByLogin(house.pool, 'doctor'))?.id ?? ''
    const secret = new Secret({ size: 20 })
    expect(await setUpTotp(house, id, secret.base32, new TOTP({ secret }).generate())).toBe('ok')
    const [code = ''] = await newRecoveryCodes(house, id)
    const signIns = async () => matches(await call('GET', 'AuditEvent?subtype=sign-in&outcome=0&agent=Practitioner/d1&_count=200')).length
    const before = await signIns()
    const { at, wanted, page } = await signInThere({ amr: ['pwd'] })
    expect([words(page).includes('One more step'), words(page).includes(came), await signIns()]).toEqual([true, false, before])
    const wrong = await at.submit(page, { code: 'not-a-code', do: 'code' })
    expect([wrong.status, words(wrong).includes('That did not work.')]).toEqual([400, true])
    const consent = await at.submit(wrong, { code, do: 'code' })
    expect([words(consent).includes(came), await signIns()]).toEqual([true, before + 1])
    expect((await exchange(clinic, wanted, back(await allow(at, consent)).get('code'))).status).toBe(200)
    const again = await signInThere({ amr: ['pwd'] })
    expect((await again.at.submit(again.page, { code, do: 'code' })).status).toBe(400)
    expect(words((await signInThere({ amr: ['pwd', 'otp'] })).page)).toContain(came)
  })
})

it('somebody whose role needs none comes in without', async () => {
  expect(words((await signInThere({}, 'auditor')).page)).toContain('You are signed in as Avery Auditor.')
})
