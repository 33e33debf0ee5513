/**
 * An authenticator in software, as WebAuthn writes it down: one passkey on P-256 with attestation "none", with whatever is to be
 * wrong about it. https://www.w3.org/TR/webauthn-3/#sctn-attestation https://www.rfc-editor.org/rfc/rfc8949 (CBOR)
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What the browser is handed, as far as it matters here. */
export type Options = { readonly challenge: string; readonly rpId?: string; readonly rp?: { readonly id: string } }

export type Oddity = {
  readonly origin?: string
  readonly challenge?: string
  readonly rpId?: string
  readonly type?: string
  readonly key?: KeyObject
  readonly id?: string
  readonly counter?: number
  readonly notVerified?: boolean
  readonly crossOrigin?: boolean
}

export type SoftwareAuthenticator = {
  readonly id: string
  readonly create: (options: Options, oddity?: Oddity) => string
  readonly get: (options: Options, oddity?: Oddity) => string
}

const present = 1
const verified = 4
const backup = 8 + 16
const attested = 64

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest()

/** CBOR's head of a thing: its major type and its length or value. */
function head(major: number, n: number): Buffer {
  if (n < 24) return Buffer.from([(major << 5) | n])
  if (n < 256) return Buffer.from([(major << 5) | 24, n])
  return Buffer.from([(major << 5) | 25, n >> 8, n & 255])
}
const integer = (n: number): Buffer => (n < 0 ? head(1, -1 - n) : head(0, n))
const bytes = (value: Uint8Array): Buffer => Buffer.concat([head(2, value.length), value])
const text = (value: string): Buffer => Buffer.concat([head(3, value.length), Buffer.from(value)])
const map = (...pairs: readonly (readonly [Buffer, Buffer])[]): Buffer => Buffer.concat([head(5, pairs.length), ...pairs.flat()])

function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const point = (at: string) => bytes(Buffer.from(at, 'base64url'))
  return map(
    [integer(1), integer(2)],
    [integer(3), integer(-7)],
    [integer(-1), integer(1)],
    [integer(-2), point(x)],
    [integer(-3), point(y)],
  )
}

/** `origin`: of the page that it is asked on. */
export function softwareAuthenticator(origin: string): SoftwareAuthenticator {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const raw = randomBytes(32)
  const state = { counter: 0 }
  const client = (type: string, options: Options, odd: Oddity): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: odd.type ?? type,
        challenge: odd.challenge ?? options.challenge,
        origin: odd.origin ?? origin,
        crossOrigin: odd.crossOrigin ?? false,
      }),
    )
  const data = (options: Options, odd: Oddity, more: number, rest: Uint8Array = Buffer.alloc(0)): Buffer => {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(odd.counter ?? ++state.counter)
    const flags = present + (odd.notVerified ? 0 : verified) + backup + more
    return Buffer.concat([sha256(odd.rpId ?? options.rpId ?? options.rp?.id ?? ''), Buffer.from([flags]), counter, rest])
  }
  const credential = (id: string, response: object): string =>
    JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response })
  return {
    id: b64(raw),
    create: (options, odd = {}) => {
      const length = Buffer.from([raw.length >> 8, raw.length & 255])
      const authData = data(options, odd, attested, Buffer.concat([Buffer.alloc(16), length, raw, coseKey(publicKey)]))
      const attestation = map([text('fmt'), text('none')], [text('attStmt'), map()], [text('authData'), bytes(authData)])
      return credential(b64(raw), {
        clientDataJSON: b64(client('webauthn.create', options, odd)),
        attestationObject: b64(attestation),
        transports: ['internal', 'hybrid'],
      })
    },
    get: (options, odd = {}) => {
      const [authData, clientData] = [data(options, odd, 0), client('webauthn.get', options, odd)]
      const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), odd.key ?? privateKey)
      return credential(odd.id ?? b64(raw), {
        clientDataJSON: b64(clientData),
        authenticatorData: b64(authData),
        signature: b64(signature),
      })
    },
  }
}
