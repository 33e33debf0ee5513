/**
 * A client's public keys as an operator hands them over: a JWK Set, judged key by key before it is kept.
 * https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#protocol-details
 */
import { fault } from '../base/fault.ts'

type Key = Readonly<Record<string, unknown>>

/** Of the private parts of a key none may be sent (RFC 7517 9.2). */
const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const modulusBytesMin = 256

export function clientKeys(text: string): { readonly keys: readonly Key[] } {
  const keys = keysIn(text)
  for (const key of keys) {
    const why = whyRefused(key)
    if (why) throw fault('value', `The key set ${why}.`)
  }
  const names = keys.map(({ kty, kid }) => `${kty} ${kid}`)
  if (new Set(names).size < names.length)
    throw fault('value', 'The key set has two keys of one kind under one kid: no assertion could say which.')
  return { keys }
}

function keysIn(text: string): readonly Key[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'object' && key !== null)) return keys as Key[]
  } catch {}
  throw fault('value', 'The key set must be JSON with at least one key: {"keys": [ … ]}.')
}

function whyRefused(key: Key): string | undefined {
  if (privateParts.some((part) => part in key)) return 'holds a private key: send the public part alone'
  if (typeof key.kid !== 'string' || key.kid === '') return 'has a key without a kid'
  if (key.kty === 'EC')
    return key.crv === 'P-384' && isText(key.x) && isText(key.y) ? undefined : 'has an EC key that is not of P-384 (ES384)'
  if (key.kty !== 'RSA') return 'has a key that is neither RSA (RS384) nor EC (ES384)'
  if (!isText(key.n) || !isText(key.e)) return 'has an RSA key without n or e'
  return Buffer.from(String(key.n), 'base64url').length < modulusBytesMin ? 'has an RSA key of fewer than 2048 bits' : undefined
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
