/**
 * The one place that draws lots. Ids are UUID version 7 (RFC 9562 5.7): they sort by the time they were made, so a
 * busy table's primary key grows at one end, and the time can be read back out of one.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'

export type Ids = { readonly next: () => string }

/** A new UUIDv7: 48 bits of Unix milliseconds, then the 74 random bits of a version 4 one, whose variant it shares. */
export function uuidv7(unixMs: number, random: string = randomUUID()): string {
  const time = unixMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

export const systemIds: Ids = { next: () => uuidv7(Date.now()) }

/** 256 bits in letters that need no quoting anywhere, for what nobody may guess. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** A password that can be read out: no letter that is taken for another, 100 bits. */
export const newPassword = (): string => {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  return Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')).join('-')
}
