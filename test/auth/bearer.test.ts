/** Tokens: what we mint is known again, and everything else is refused as `login`. */
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose'
import type { Actor } from '../../src/access/actor.ts'
import { bearerCheck } from '../../src/auth/bearer.ts'
import { signingKey } from '../../src/auth/keys.ts'
import { mintToken } from '../../src/auth/token.ts'
import { Fault } from '../../src/base/fault.ts'
import { signingKeys } from '../../src/store/signing-keys.ts'
import { type TestHouse, testHouse } from '../http/door.ts'

const base = 'http://clinic.example/fhir'
const wanted = { scope: 'patient/Appointment.rs openid', patient: 'p1', user: 'Patient/p1', client: 'app', ttlSeconds: 60 }

describe('bearer tokens', () => {
  let house: TestHouse

  beforeAll(async () => {
    house = await testHouse(base)
  })
  afterAll(() => house.drop())

  const check = (token: string): Promise<Actor> => Promise.resolve().then(() => bearerCheck(house)(`Bearer ${token}`))
  const refusal = async (checking: Promise<unknown>): Promise<string | undefined> => {
    const error = await checking.then(
      () => undefined,
      (caught: unknown) => caught,
    )
    return error instanceof Fault ? error.kind : undefined
  }

  /** A token that is right in every way but those that the test changes. */
  async function forged(change: { header?: object; claims?: object; key?: CryptoKey | Uint8Array }): Promise<string> {
    const { kid, key } = await signingKey(house)
    const now = Math.floor(house.clock.now().getTime() / 1000)
    const claims = { scope: 'system/*.cruds', client_id: 'x', iss: base, aud: base, sub: 'x', iat: now, exp: now + 60, ...change.claims }
    const header = { alg: 'ES256', kid, typ: 'at+jwt', ...change.header }
    return new SignJWT(claims).setProtectedHeader(header).sign(change.key ?? key)
  }

  it('knows the actor of a token that it minted', async () => {
    const actor = await check(await mintToken(house, wanted))
    expect(actor).toMatchObject({ client: 'app', patient: 'p1', user: 'Patient/p1' })
    expect(actor.scopes).toHaveLength(1)
  })

  it('knows many tokens that come at once to a server that has just started', async () => {
    const fresh = bearerCheck(house)
    const tokens = await Promise.all(Array.from({ length: 5 }, () => mintToken(house, wanted)))
    const actors = await Promise.all([...tokens, ...tokens].map((token) => fresh(`Bearer ${token}`)))
    expect(actors.map(({ client }) => client)).toEqual(Array(10).fill('app'))
  })

  it('remembers a token, so that its second use needs no signature check and no database', async () => {
    const remembering = bearerCheck(house)
    const token = await mintToken(house, wanted)
    const first = await remembering(`Bearer ${token}`)
    expect(remembering(`bearer ${token}`)).toBe(first)
  })

  it('refuses a remembered token once it has expired', async () => {
    const remembering = bearerCheck(house)
    const token = await mintToken(house, { ...wanted, ttlSeconds: 60 })
    await remembering(`Bearer ${token}`)
    house.advance(61_000)
    expect(() => remembering(`Bearer ${token}`)).toThrow('expired')
    expect(await refusal(check(token))).toBe('login')
  })

  it('accepts a good forgery of the test itself, so that the refusals below mean something', async () => {
    expect((await check(await forged({}))).client).toBe('x')
  })

  it.each([
    ['another issuer', { claims: { iss: 'http://evil.example/fhir' } }],
    ['another audience', { claims: { aud: 'http://other.example/fhir' } }],
    ['no expiry', { claims: { exp: undefined } }],
    ['an expiry in the past', { claims: { exp: 1_000_000 } }],
    ['a start in the future', { claims: { nbf: 9_999_999_999 } }],
    ['no client', { claims: { client_id: undefined } }],
    ['no scope', { claims: { scope: undefined } }],
    ['a scope that is no text', { claims: { scope: ['system/*.cruds'] } }],
    ['another type, such as an ID token', { header: { typ: 'JWT' } }],
    ['a key id that nobody knows', { header: { kid: 'unknown' } }],
    ['no key id', { header: { kid: undefined } }],
  ])('refuses a token with %s', async (_what, change) => {
    expect(await refusal(check(await forged(change)))).toBe('login')
  })

  it('refuses the signature of another key under our key’s name', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    expect(await refusal(check(await forged({ key: privateKey })))).toBe('login')
  })

  it('refuses a token signed with our public key as a shared secret (HS256)', async () => {
    const [kept] = await signingKeys(house.pool, house.secrets, 'ES256')
    const secret = new TextEncoder().encode(String(kept?.jwk.x))
    expect(await refusal(check(await forged({ header: { alg: 'HS256' }, key: secret })))).toBe('login')
  })

  it('refuses alg none', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = (await forged({})).split('.')[1]
    for (const alg of ['none', 'None', 'NONE']) expect(await refusal(check(`${part({ alg, typ: 'at+jwt' })}.${claims}.`))).toBe('login')
  })

  it('refuses claims that were changed after signing', async () => {
    const [header, , signature] = (await forged({})).split('.')
    const [, other] = (await forged({ claims: { scope: 'user/*.rs' } })).split('.')
    expect(await refusal(check(`${header}.${other}.${signature}`))).toBe('login')
  })

  it.each(['', 'x', 'a.b.c', '..', 'é', 'x'.repeat(10_000)])('refuses garbage (%#)', async (token) => {
    expect(await refusal(check(token))).toBe('login')
  })

  it('has one signing key, however many ask for it first', async () => {
    const other = await testHouse(base)
    try {
      await Promise.all(Array.from({ length: 8 }, () => signingKey(other)))
      const token = await mintToken(other, wanted)
      expect(await bearerCheck(other)(`Bearer ${token}`)).toMatchObject({ client: 'app' })
      const kids = await Promise.all(Array.from({ length: 4 }, async () => (await signingKey(other)).kid))
      expect(new Set(kids).size).toBe(1)
    } finally {
      await other.drop()
    }
  })
})
