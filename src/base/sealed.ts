/**
 * Secrets at rest: AES-256-GCM under keys that stand outside the database, so that a stolen backup opens nothing.
 * https://nvlpubs.nist.gov/nistpubs/legacy/sp/nistspecialpublication800-38d.pdf
 *
 * The first key seals, all of them open. What is sealed is bound to its place (`signing_key/abc`) and opens nowhere else.
 * Without any key secrets are kept as they are. Where the keys come from is `store/secret-keys.ts`.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { fault } from './fault.ts'

export type SecretKey = { readonly id: string; readonly bytes: Buffer }

export type Secrets = {
  readonly seal: (text: string, place: string) => string
  readonly open: (kept: string, place: string) => string
}

const cipher = 'aes-256-gcm'
const keyBytes = 32
/** 96 bits, drawn anew for each: safe for 2^32 secrets under one key (SP 800-38D 8.3). */
const nonceBytes = 12
const tagBytes = 16
const grammar = /^sealed:1:([\w-]{11}):([\w-]+)$/

export const newSecretKey = (): string => randomBytes(keyBytes).toString('base64url')

/** Undefined where the text is not 32 bytes in base64 or base64url. */
export function secretKey(text: string): SecretKey | undefined {
  const bytes = /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes.length !== keyBytes) return undefined
  return { id: createHash('sha256').update('slotwise secret key').update(bytes).digest('base64url').slice(0, 11), bytes }
}

/** The id of the key that a text was sealed with; undefined for one that is not sealed. */
export const sealedWith = (kept: string): string | undefined => grammar.exec(kept)?.[1]

/** `keys` is asked at each use, so that a key that was added while the server runs is known. */
export function secretsUnder(keys: () => readonly SecretKey[]): Secrets {
  return {
    seal: (text, place) => {
      const [key] = keys()
      return key ? sealed(key, text, place) : text
    },
    open: (kept, place) => {
      const known = keys()
      const [, id, box = ''] = grammar.exec(kept) ?? []
      // A secret that somebody put there unsealed is none of ours once there is a key.
      if (id === undefined && known.length > 0) throw fault('exception', `The secret ${place} is not sealed.`)
      if (id === undefined) return kept
      const key = known.find((one) => one.id === id)
      if (!key)
        throw fault(
          'exception',
          `The secret ${place} was sealed with the key ${id}, which is not in SECRETS_KEY_FILE, nor in what SECRETS_KEY_COMMAND prints.`,
        )
      return opened(key, box, place)
    },
  }
}

function sealed({ id, bytes }: SecretKey, text: string, place: string): string {
  const nonce = randomBytes(nonceBytes)
  const work = createCipheriv(cipher, bytes, nonce).setAAD(Buffer.from(place))
  const box = Buffer.concat([nonce, work.update(text, 'utf8'), work.final(), work.getAuthTag()])
  return `sealed:1:${id}:${box.toString('base64url')}`
}

function opened({ bytes }: SecretKey, text: string, place: string): string {
  try {
    const box = Buffer.from(text, 'base64url')
    // The last letter has bits to spare: with others there, the bytes are the same and the text is not what was sealed.
    if (box.toString('base64url') !== text) throw new Error('not as it was written')
    const work = createDecipheriv(cipher, bytes, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
    work.setAAD(Buffer.from(place)).setAuthTag(box.subarray(-tagBytes))
    return Buffer.concat([work.update(box.subarray(nonceBytes, -tagBytes)), work.final()]).toString('utf8')
  } catch {
    throw fault('exception', `The secret ${place} was changed, or belongs to another place.`)
  }
}
