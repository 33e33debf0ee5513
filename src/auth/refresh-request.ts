/**
 * A refresh by a public client need not name it: neither SMART nor OAuth asks it to, and the refresh token says whose it is.
 * The library wants a name, so it is told one. https://www.rfc-editor.org/rfc/rfc6749#section-6
 *
 * Only for a token of a public client: whoever has a secret or a key must sign in with it.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { findAuthClient } from '../store/auth-clients.ts'
import { findState } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import { hashOf } from './provider-state.ts'
import { rawForm } from './raw-form.ts'

export async function namePublicClient(house: House, request: IncomingMessage): Promise<void> {
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  if (!isForm || request.headers.authorization !== undefined) return
  const form = await rawForm(request)
  const token = form.get('refresh_token')
  const isNameless = form.get('grant_type') === 'refresh_token' && !form.has('client_id') && !form.has('client_assertion')
  const client = isNameless && token ? await publicClientOf(house, token) : undefined
  if (client !== undefined) form.set('client_id', client)
  readAgain(request, Buffer.from(form.toString()))
}

async function publicClientOf({ pool, clock }: House, token: string): Promise<string | undefined> {
  const found = await findState(pool, 'RefreshToken', hashOf(token), clock.now())
  const id = found?.payload.clientId
  const client = typeof id === 'string' ? await findAuthClient(pool, id) : undefined
  return client?.metadata.token_endpoint_auth_method === 'none' ? client.id : undefined
}

/** The request has been read to its end: whoever reads it next finds this. */
function readAgain(request: IncomingMessage, body: Buffer): void {
  request.headers['content-length'] = String(body.length)
  delete request.headers['transfer-encoding']
  const again = Readable.from([body], { objectMode: false })
  Object.defineProperties(request, { readable: { value: true }, iterator: { value: again.iterator.bind(again) } })
}
