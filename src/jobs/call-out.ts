/**
 * The one way this server calls somebody else's address: only where `base/outbound.ts` lets it, with the addresses of a
 * name judged and used in one step, so that a second answer of the DNS changes nothing. Redirects are not followed.
 * https://nodejs.org/api/http.html#httprequesturl-options-callback
 */
import { type LookupAddress, lookup } from 'node:dns'
import { request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { errorCode } from '../base/error-code.ts'
import { isNamed, isPublic, type OutboundHosts, whyNotCalled } from '../base/outbound.ts'
import { JobFailed } from './work.ts'

export type Call = {
  readonly url: string
  readonly method: 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Not imported, as `http/node-http.ts` says. */
export const { request: plainRequest } = process.getBuiltinModule('node:http')

type Resolve = (host: string, answer: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

export const dns: Resolve = (host, answer) => lookup(host, { all: true }, (error, addresses) => answer(error, addresses ?? []))

/** Gives the status of the answer; its body is let go unread. Throws JobFailed where there is none. */
export async function callOut(named: OutboundHosts, call: Call, resolve: Resolve = dns): Promise<number> {
  const why = whyNotCalled(call.url, named)
  if (why !== undefined) throw new JobFailed(`the endpoint ${why}`)
  const url = new URL(call.url)
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)])
  try {
    return await sent(url, { ...call, signal }, judging(resolve, isNamed(url, named)))
  } catch (error) {
    throw new JobFailed(signal.aborted ? `the endpoint did not answer within ${call.timeoutMs / 1000} s` : wordsFor(error))
  }
}

function sent(url: URL, { method, headers, body, signal }: Call, lookup: LookupFunction): Promise<number> {
  const request = url.protocol === 'https:' ? secureRequest : plainRequest
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body)
    const asked = request(url, {
      method,
      headers: { ...headers, 'content-length': String(length) } as Record<string, string | string[]>,
      agent: false,
      lookup,
      signal,
      maxHeaderSize: 16 * 1024,
    })
    asked.once('error', reject)
    asked.once('response', (answer) => {
      resolve(answer.statusCode ?? 0)
      answer.destroy()
    })
    asked.end(body)
  })
}

class Refused extends Error {}

/** All addresses of a name must do: one that is public beside one that is not is a trick, not a mistake. */
export const judging =
  (resolve: Resolve, isTrusted: boolean): LookupFunction =>
  (host, options, callback) =>
    resolve(host, (error, addresses) => {
      const [first] = addresses
      if (error || !first) return callback(error ?? new Refused(), '', 0)
      if (!isTrusted && !addresses.every(({ address }) => isPublic(address))) return callback(new Refused(), '', 0)
      if (options.all) return callback(null, [...addresses])
      callback(null, first.address, first.family)
    })

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the endpoint refuses connections',
  ENOTFOUND: 'the endpoint’s name is not known',
  EAI_AGAIN: 'the endpoint’s name could not be looked up',
  ECONNRESET: 'the endpoint broke the connection off',
  EHOSTUNREACH: 'the endpoint cannot be reached',
  ENETUNREACH: 'the endpoint cannot be reached',
}

function wordsFor(error: unknown): string {
  if (error instanceof Refused) return 'the endpoint must not be an address of a private network'
  const code = errorCode(error) ?? 'without a reason'
  return words[code] ?? `the endpoint could not be called (${code})`
}
