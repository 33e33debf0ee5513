/**
 * Passwords as Argon2id hashes in the PHC string format, with the parameters that OWASP names (19 MiB, two passes).
 * https://www.rfc-editor.org/rfc/rfc9106 https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { fault } from '../base/fault.ts'
import { passwordCharsMax, passwordCharsMin } from '../base/sign-in-limits.ts'

type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number }

const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const bytes = 32

async function derived(password: string, salt: Buffer, { memory, passes, parallelism }: Cost): Promise<Buffer> {
  if (typeof argon2 !== 'function') throw fault('exception', 'Passwords need Node 24.7 or newer.')
  const message = password.normalize('NFKC')
  return promisify(argon2)('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength: bytes })
}

/** Long rather than odd: NIST SP 800-63B-4 3.1.1. */
export function assertPassword(password: string): void {
  if ([...password].length < passwordCharsMin) throw fault('value', `A password has at least ${passwordCharsMin} characters.`)
  if (password.length > passwordCharsMax) throw fault('value', `A password has at most ${passwordCharsMax} characters.`)
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derived(password, salt, cost)
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${text(salt)}$${text(hash)}`
}

const text = (value: Buffer): string => value.toString('base64').replace(/=+$/, '')

/**
 * With nothing to compare it with, as long is taken: who asks cannot tell an unknown name by the time. What is longer than
 * any password may be is none, and costs no more than one.
 */
export async function isPassword(said: string, kept: string | undefined): Promise<boolean> {
  const [, m, t, p, salt = '', hash = ''] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(kept ?? '') ?? []
  const how = m === undefined ? cost : { memory: Number(m), passes: Number(t), parallelism: Number(p) }
  const expected = Buffer.from(hash, 'base64')
  const isLong = said.length > passwordCharsMax
  const found = await derived(isLong ? '' : said, m === undefined ? Buffer.alloc(16) : Buffer.from(salt, 'base64'), how)
  return expected.length === found.length && timingSafeEqual(expected, found) && !isLong
}
