/**
 * Passkeys: discoverable credentials that have verified their person (a fingerprint, a PIN), so that one of them is a whole
 * sign-in. Attestation is not asked for: which make somebody's authenticator is of is theirs.
 * https://www.w3.org/TR/webauthn-3/ · https://simplewebauthn.dev/docs/packages/server
 */
import { isIP } from 'node:net'
import { passkeyMinutes, passkeysMax } from '../../base/sign-in-limits.ts'
import { type AccountRow, findAccount } from '../../store/accounts.ts'
import type { House } from '../../store/house.ts'
import { addPasskey, findPasskey, type PasskeyRow, usePasskey } from '../../store/passkeys.ts'
import { endOfChallenge, newChallenge, useChallenge } from './passkey-challenge.ts'

export type PasskeyPlace = { readonly house: House; readonly secret: string; readonly key: string }

/** Browsers know passkeys of names alone, over TLS or on this machine. */
export function passkeyHost(base: string): string | undefined {
  const { protocol, hostname } = new URL(base)
  if (isIP(hostname.replace(/^\[|\]$/g, ''))) return undefined
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost') ? hostname : undefined
}

const timeout = passkeyMinutes * 60_000
const ed25519 = -8
const es256 = -7
const rs256 = -257

/** PublicKeyCredentialRequestOptionsJSON; undefined where there are no passkeys. */
export function signInOptions({ house, secret, key }: PasskeyPlace): object | undefined {
  const rpId = passkeyHost(house.base)
  if (rpId === undefined) return undefined
  return { challenge: newChallenge(house, secret, key), rpId, timeout, allowCredentials: [], userVerification: 'required' }
}

/** PublicKeyCredentialCreationOptionsJSON. */
export function additionOptions(place: PasskeyPlace, account: AccountRow, there: readonly PasskeyRow[]): object | undefined {
  const { house, secret, key } = place
  const id = passkeyHost(house.base)
  if (id === undefined) return undefined
  return {
    rp: { id, name: 'Slotwise' },
    user: { id: Buffer.from(account.id).toString('base64url'), name: account.login, displayName: account.name },
    challenge: newChallenge(house, secret, key),
    pubKeyCredParams: [ed25519, es256, rs256].map((alg) => ({ type: 'public-key', alg })),
    timeout,
    attestation: 'none',
    excludeCredentials: there.map(({ id: one, transports }) => ({ type: 'public-key', id: one, transports })),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  }
}

type Checked<T> = { readonly value: T; readonly challenge: string; readonly end: Date }

/** The library throws for whatever is wrong with what a browser has sent: all of it is one refusal. */
async function checked<T>({ house, secret, key }: PasskeyPlace, verify: (isChallenge: (said: string) => boolean) => Promise<T>) {
  const seen: { challenge?: string; end?: Date } = {}
  const isChallenge = (challenge: string): boolean => {
    const end = endOfChallenge(house, secret, key, challenge)
    Object.assign(seen, { challenge, end })
    return end !== undefined
  }
  const value = await verify(isChallenge).catch(() => undefined)
  const { challenge, end } = seen
  return value === undefined || challenge === undefined || end === undefined ? undefined : ({ value, challenge, end } satisfies Checked<T>)
}

const originOf = (base: string): string => new URL(base).origin

/** Whose passkey it is; undefined for whatever does not hold. */
export async function accountOfPasskey(place: PasskeyPlace, said: string): Promise<AccountRow | undefined> {
  const { house } = place
  const [host, id] = [passkeyHost(house.base), credentialId(said)]
  const row = host === undefined || id === undefined ? undefined : await findPasskey(house.pool, id)
  if (!row || host === undefined) return undefined
  const shown = await checked(place, async (expectedChallenge) => {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: JSON.parse(said),
      expectedChallenge,
      expectedOrigin: originOf(house.base),
      expectedRPID: host,
      credential: { id: row.id, publicKey: new Uint8Array(row.public_key), counter: row.counter, transports: [...row.transports] },
      requireUserVerification: true,
    })
    return verified ? authenticationInfo : undefined
  })
  if (!shown?.value || !(await useChallenge(house, shown.challenge, shown.end))) return undefined
  const use = { counter: shown.value.newCounter, backedUp: shown.value.credentialBackedUp, at: house.clock.now() }
  return (await usePasskey(house.pool, row.id, use)) ? findAccount(house.pool, row.account) : undefined
}

function credentialId(said: string): string | undefined {
  try {
    const { id } = JSON.parse(said) as { id?: unknown }
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

/** False for whatever does not hold, for one that is there already, and for one more than there may be. */
export async function keepPasskey(place: PasskeyPlace, account: AccountRow, said: string, name: string): Promise<boolean> {
  const { house } = place
  const host = passkeyHost(house.base)
  if (host === undefined) return false
  const shown = await checked(place, async (expectedChallenge) => {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
    const { registrationInfo } = await verifyRegistrationResponse({
      response: JSON.parse(said),
      expectedChallenge,
      expectedOrigin: originOf(house.base),
      expectedRPID: host,
      requireUserVerification: true,
      supportedAlgorithmIDs: [ed25519, es256, rs256],
    })
    return registrationInfo
  })
  if (!shown?.value || !(await useChallenge(house, shown.challenge, shown.end))) return false
  const { credential, credentialDeviceType, credentialBackedUp } = shown.value
  const row = {
    id: credential.id,
    account: account.id,
    public_key: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: (credential.transports ?? []).filter((one) => /^[\w-]{1,32}$/.test(one)),
    device_type: credentialDeviceType,
    backed_up: credentialBackedUp,
    name,
    created: house.clock.now(),
  }
  return addPasskey(house.pool, row, passkeysMax)
}
