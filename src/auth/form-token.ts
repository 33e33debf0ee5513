/**
 * What a form of ours carries so that no other site can send it in somebody's name: a hash that only the server can make, for
 * this sign-in. The cookie of the sign-in, which another site's form does not bring along, is asked for beside it.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const formToken = (secret: string, uid: string, prompt: string): string =>
  createHmac('sha256', secret).update(`form ${prompt} ${uid}`).digest('base64url')

export function isFormToken(said: string, secret: string, uid: string, prompt: string): boolean {
  const [one, other] = [Buffer.from(said), Buffer.from(formToken(secret, uid, prompt))]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** A browser says where a form was; one that says nothing is held to the token and the cookie. */
export const isOwnOrigin = ({ headers }: IncomingMessage, issuer: string): boolean =>
  headers.origin === undefined || headers.origin === new URL(issuer).origin
