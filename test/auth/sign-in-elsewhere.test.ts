/**
 * Signing in at a clinic's own OpenID Connect server (another oidc-provider, over HTTP): who is let in as whom, and that
 * nothing that is forged, stale or somebody else's lets anybody in. https://openid.net/specs/openid-connect-core-1_0.html
 */
import { decodeJwt, generateKeyPair, SignJWT } from 'jose'
import { parseRoleClaim, type SignInElsewhere } from '../../src/base/sign-in-elsewhere.ts'
import { linkIdentity } from '../../src/store/account-identities.ts'
import { disableAccount, findAccount } from '../../src/store/accounts.ts'
import { words } from '../support/browser-stand-in.ts'
import { testHouse } from '../support/house.ts'
import { type IdentityServer, identityServer, type Spoil } from '../support/identity-server.ts'
import { allow, back, exchange, open, request, type SignInClinic, signIn, signInClinic } from './sign-in-clinic.ts'

let there: IdentityServer
let clinic: SignInClinic
let setting: SignInElsewhere

beforeAll(async () => {
  there = await identityServer()
  const roles = parseRoleClaim('groups: doctors=practitioner, audit=auditor', ['practitioner', 'auditor'])
  setting = { issuer: there.issuer, clientId: there.clientId, secret: there.secret, name: 'Clinic login', linksByEmail: false, roles }
  clinic = await signInClinic({ signInElsewhere: setting })
  await there.register(`${clinic.server.origin}/auth/callback`)
  expect(await link('their-doctor', 'doctor')).toBe(true)
}, 120_000)
afterAll(async () => {
  await clinic?.server.close()
  await there?.close()
})
beforeEach(() => {
  there.spoil(undefined)
  there.be({ sub: 'their-doctor', groups: ['doctors'] })
})

const link = (subject: string, login: string) =>
  linkIdentity(clinic.server.house.pool, { issuer: there.issuer, subject }, login, new Date())
const button = (text: string): string => /<a class="button" href="([^"]+)"/.exec(text)?.[1] ?? ''

/** Up to where the app would ask, or a page that says why not. */
async function signInThere(of = clinic, at = open(of, there.issuer)) {
  const wanted = request(of, { scope: 'openid fhirUser user/Practitioner.rs' })
  const asked = await at.go(wanted.url)
  return { at, wanted, asked, page: await at.go(button(asked.text)) }
}

describe('somebody who signs in at the clinic’s own server', () => {
  it('is the account that is linked with them, and the app is told so', async () => {
    const { at, wanted, asked, page } = await signInThere()
    expect(words(asked)).toContain('Sign in with Clinic login Or with your password here')
    expect(words(page)).toContain('You are signed in as Dr Adeyemi.')
    const { json: token } = await exchange(clinic, wanted, back(await allow(at, page)).get('code'))
    expect(decodeJwt(String(token.id_token)).fhirUser).toBe(`${clinic.server.house.base}/Practitioner/d1`)
    const { json } = await clinic.server.call('GET', 'AuditEvent?agent=Practitioner/d1&_count=100')
    const signedIn = json.entry?.filter(({ resource }) => JSON.stringify(resource).includes('"110122"'))
    expect(signedIn?.length).toBeGreaterThan(0)
  })

  it('has the roles that their groups have just now', async () => {
    there.be({ sub: 'their-doctor', groups: ['others', 'audit'] })
    const { at, page } = await signInThere()
    expect(words(page)).not.toContain('practitioner')
    expect(words(await at.go(request(clinic, { scope: 'openid user/*.rs' }).url))).toContain('audit event')
    there.be({ sub: 'their-doctor', groups: 'doctors' })
    expect(words((await signInThere()).page)).toContain('read and search practitioner')
  })

  it.each([
    ['no groups', { sub: 'their-doctor' }, 'It gives no role'],
    ['groups that mean nothing here', { sub: 'their-doctor', groups: ['cooks'] }, 'It gives no role'],
    ['an unknown subject', { sub: 'stranger', groups: ['doctors'], email: 'doctor', email_verified: true }, 'Nobody here has an account'],
  ])('is not let in with %s', async (_what, somebody, why) => {
    there.be(somebody)
    const { page } = await signInThere()
    expect([page.status, words(page).includes(`Signing in with Clinic login did not work. ${why}`)]).toEqual([400, true])
    expect(words(await signIn(open(clinic), page, 'doctor', 'wrong')).length).toBeGreaterThan(0)
  })

  it('who does not allow it there is told so, and may sign in here', async () => {
    there.be(undefined)
    const { at, page } = await signInThere()
    expect([page.status, words(page).includes('It was refused there, or broken off.')]).toEqual([400, true])
    expect(words(await signIn(at, page, 'doctor'))).toContain('You are signed in as Dr Adeyemi.')
  })

  it('never turns a patient into staff, whatever their groups are', async () => {
    expect(await link('their-ana', 'ana')).toBe(true)
    there.be({ sub: 'their-ana', groups: ['doctors'] })
    expect(words((await signInThere()).page)).toContain('It gives no role')
  })

  it('is let in no more once the account is disabled', async () => {
    expect(await link('their-auditor', 'auditor')).toBe(true)
    there.be({ sub: 'their-auditor', groups: ['audit'] })
    const before = await signInThere()
    expect(words(before.page)).toContain('You are signed in as Avery Auditor.')
    await disableAccount(clinic.server.house.pool, 'auditor')
    const { page } = await signInThere()
    expect([page.status, words(page).includes('Nobody here has an account')]).toEqual([400, true])
  })
})

describe('a way back that is not the way there', () => {
  const now = (): number => Math.floor(Date.now() / 1000)
  const signed =
    (change: object): Spoil =>
    (idToken, key, kid) =>
      new SignJWT({ ...decodeJwt(idToken), ...change }).setProtectedHeader({ alg: 'RS256', kid }).sign(key)

  it.each<[string, Spoil]>([
    ['another nonce', signed({ nonce: 'another' })],
    ['no nonce', signed({ nonce: undefined })],
    ['another audience', signed({ aud: 'somebody-else' })],
    ['another issuer', signed({ iss: 'https://evil.example' })],
    ['a life that is over', signed({ iat: now() - 7200, exp: now() - 3600 })],
    ['no subject', signed({ sub: undefined })],
    [
      'another key under a known name',
      async (idToken, _key, kid) =>
        new SignJWT(decodeJwt(idToken)).setProtectedHeader({ alg: 'RS256', kid }).sign((await generateKeyPair('RS256')).privateKey),
    ],
    ['no signature', async (idToken) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${idToken.split('.')[1]}.`],
  ])('lets nobody in by an ID token with %s', async (_what, how) => {
    there.spoil(how)
    const { page } = await signInThere()
    expect([page.status, words(page).includes('What came back from there could not be verified.')]).toEqual([400, true])
  })

  it('is not gone twice, nor with another’s state or a made-up one', async () => {
    const at = open(clinic)
    const asked = await at.go(request(clinic).url)
    const away = await at.go(button(asked.text))
    const state = new URL(away.url).searchParams.get('state') ?? ''
    const before = there.asked()
    // The first brings the state home with a code that is none; from then on it is used up.
    const uid = new URL(asked.url).pathname
    for (const query of [`state=made-up&code=x`, `state=${state}&code=x`, `state=${state}&code=x`]) {
      const page = await at.go(`${clinic.server.origin}${uid}?${query}&iss=${encodeURIComponent(there.issuer)}`)
      expect([page.status, words(page).includes('did not work')]).toEqual([400, true])
    }
    expect(there.asked() - before).toBe(1)
    expect((await at.go(`${clinic.server.origin}/auth/callback?state=${state}&code=x`)).status).toBe(400)
    expect((await at.go(`${clinic.server.origin}/auth/callback`)).status).toBe(400)
  })

  it('ends in the browser that went, and in no other', async () => {
    const mine = open(clinic)
    const away = await mine.go(button((await mine.go(request(clinic).url)).text))
    const query = `state=${new URL(away.url).searchParams.get('state')}&code=x`
    const page = await open(clinic).go(`${clinic.server.origin}/auth/callback?${query}`)
    expect([page.status, words(page).includes('This sign-in is over')]).toEqual([400, true])
    const theirs = open(clinic)
    const before = there.asked()
    const own = await theirs.go(`${(await theirs.go(request(clinic).url)).url}?${query}`)
    expect([own.status, words(own).includes('did not work'), there.asked() - before]).toEqual([400, true, 0])
  })

  it('asks with PKCE, a nonce and a state of its own each time', async () => {
    const at = open(clinic)
    const [one, two] = await Promise.all(
      [0, 1].map(async () => new URL((await at.go(button((await at.go(request(clinic).url)).text))).url).searchParams),
    )
    for (const query of [one, two]) {
      expect(query?.get('code_challenge_method')).toBe('S256')
      expect(query?.get('redirect_uri')).toBe(`${clinic.server.origin}/auth/callback`)
      for (const name of ['state', 'nonce', 'code_challenge']) expect(query?.get(name)).toMatch(/^[\w-]{43}$/)
    }
    for (const name of ['state', 'nonce', 'code_challenge']) expect(one?.get(name)).not.toBe(two?.get(name))
  })
})

describe('an account that is found by its e-mail address', () => {
  it('is, where the setting says so and the address is verified, linked from then on', async () => {
    const { house } = clinic.server
    const byEmail = await testHouse({ beside: clinic.server, signInElsewhere: { ...setting, linksByEmail: true, roles: undefined } })
    try {
      const [row] = await house.pool.query<{ id: string }>({ text: `select id from account where login = 'parent'`, values: [] })
      const { accountOf } = await import('../../src/auth/elsewhere/account-of.ts')
      const whose = (claims: { sub: string } & Record<string, unknown>) =>
        accountOf(byEmail.house, byEmail.house.signInElsewhere ?? setting, claims).then(
          ({ id }) => id,
          ({ message }: Error) => message,
        )
      const nobody = expect.stringContaining('Nobody here has an account')
      expect(await whose({ sub: 'their-parent', email: 'parent', email_verified: false })).toEqual(nobody)
      expect(await whose({ sub: 'their-parent', email: 'parent' })).toEqual(nobody)
      expect(await whose({ sub: 'their-parent', email: ' Parent ', email_verified: true })).toBe(row?.id)
      expect(await whose({ sub: 'their-parent' })).toBe(row?.id)
      // Whoever is given the address next is somebody else.
      expect(await whose({ sub: 'the-next', email: 'parent', email_verified: true })).toEqual(nobody)
      expect((await findAccount(house.pool, row?.id ?? ''))?.roles).toEqual(['proxy'])
    } finally {
      await byEmail.close()
    }
  })
})

describe('a server that cannot be had', () => {
  it.each(['http://127.0.0.1:1', 'https://10.0.0.1/never-called'])('is nobody’s failure here: %s', async (issuer) => {
    const gone = await signInClinic({ signInElsewhere: { ...setting, issuer } })
    try {
      const { at, page } = await signInThere(gone)
      expect([page.status, words(page).includes('It cannot be reached just now.')]).toEqual([400, true])
      expect(words(await signIn(at, page, 'doctor'))).toContain('You are signed in as Dr Adeyemi.')
    } finally {
      await gone.server.close()
    }
  })
})

describe('the setting of roles', () => {
  const known = ['practitioner', 'front-desk']
  it('is read', () => {
    expect(parseRoleClaim('groups: The Doctors = practitioner,desk=front-desk', known)).toEqual({
      claim: 'groups',
      roleOf: new Map([
        ['The Doctors', 'practitioner'],
        ['desk', 'front-desk'],
      ]),
    })
  })

  it.each(['', 'groups', 'groups:', 'groups: doctors', 'groups: doctors=king', ': a=practitioner', 'groups: a=practitioner,'])(
    'is not read where it is %j',
    (text) => {
      expect(parseRoleClaim(text, known)).toBeUndefined()
    },
  )
})
