/** Signing keys that are turned over: new ones sign, old ones verify as long as what they signed may be good. */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { rotateSigningKeys } from '../../src/auth/keys.ts'
import { authServerReloadMs } from '../../src/base/sign-in-limits.ts'
import { signingKeys } from '../../src/store/signing-keys.ts'
import { eventually } from '../support/house.ts'
import { type SignInClinic, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

describe('signing keys that are rotated', () => {
  let clinic: SignInClinic
  beforeAll(async () => {
    clinic = await signInClinic()
  }, 120_000)
  afterAll(() => clinic?.server.close())

  const keySet = async (): Promise<JSONWebKeySet> =>
    (await (await fetch(`${clinic.server.origin}/auth/jwks`)).json()) as unknown as JSONWebKeySet
  const idToken = async (): Promise<string> =>
    String((await wholeSignIn(clinic, 'doctor', { scope: 'openid fhirUser user/Practitioner.rs' })).json.id_token)

  it('sign with the new key, publish both, and keep what the old one signed good', async () => {
    const { house, token, as } = clinic.server
    const [idBefore, accessBefore] = [await idToken(), await token('system/*.rs')]
    const { made } = await rotateSigningKeys(house)
    expect(made.map(({ algorithm }) => algorithm)).toEqual(['ES256', 'RS256'])
    await eventually(authServerReloadMs + 60_000, async () => (await keySet()).keys.length === 2)
    const [idAfter, accessAfter] = [await idToken(), await token('system/*.rs')]
    expect([decodeProtectedHeader(accessAfter).kid, decodeProtectedHeader(idAfter).kid]).toEqual(made.map(({ kid }) => kid))
    const keys = createLocalJWKSet(await keySet())
    for (const one of [idBefore, idAfter]) expect((await jwtVerify(one, keys)).payload.iss).toBe(clinic.server.origin)
    for (const one of [accessBefore, accessAfter]) expect((await as(one)('GET', 'Slot')).status).toBe(200)
    expect(await signingKeys(house.pool, house.secrets, 'ES256')).toHaveLength(2)
  })

  it('are removed when nothing that they signed can be good any more, and the newest never', async () => {
    const { house } = clinic.server
    const inYears = { ...house, clock: { now: () => new Date(Date.now() + 3 * 365 * 86_400_000) } }
    expect((await rotateSigningKeys(inYears)).removed).toBe(2)
    const inMoreYears = { ...house, clock: { now: () => new Date(Date.now() + 6 * 365 * 86_400_000) } }
    expect((await rotateSigningKeys(inMoreYears)).removed).toBe(2)
    for (const algorithm of ['ES256', 'RS256']) expect(await signingKeys(house.pool, house.secrets, algorithm)).toHaveLength(2)
  })
})
