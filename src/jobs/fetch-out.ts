/**
 * Reads what stands at somebody else's address, or asks there: a client's key set, the clinic's own OpenID Connect server.
 * Where it may call, and how a name's addresses are judged, is as for every call (`call-out.ts`).
 * https://nodejs.org/api/http.html#httprequesturl-options-callback
 */
import { request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { text } from 'node:stream/consumers'
import { isNamed, type OutboundHosts, whyNotCalled } from '../base/outbound.ts'
import { fetchTimeoutMs } from '../base/sign-in-limits.ts'
import { dns, judging, plainRequest } from './call-out.ts'

export type Fetched = { readonly status: number; readonly body: string; readonly cacheControl?: string; readonly contentType?: string }

/** What is sent; without it the address is read. */
export type Asked = { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string }

/** Throws where there is no answer, or a longer one. Redirects are not followed. */
export async function fetchOut(named: OutboundHosts, address: string, bytesMax: number, asked: Asked = reading): Promise<Fetched> {
  const why = whyNotCalled(address, named)
  if (why !== undefined) throw new Error(`${address} ${why}`)
  const url = new URL(address)
  return got(url, bytesMax, asked, judging(dns, isNamed(url, named)))
}

const reading: Asked = { method: 'GET', headers: { accept: 'application/json' } }

function got(url: URL, bytesMax: number, { method, headers: said, body: sent }: Asked, lookup: LookupFunction): Promise<Fetched> {
  const request = url.protocol === 'https:' ? secureRequest : plainRequest
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      headers: said,
      agent: false,
      lookup,
      signal: AbortSignal.timeout(fetchTimeoutMs),
      maxHeaderSize: 16 * 1024,
    })
    asked.once('error', reject)
    asked.once('response', (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > bytesMax) answer.destroy(new Error(`${url.href} answers with more than ${bytesMax} bytes`))
      })
      const { statusCode: status = 0, headers } = answer
      text(answer).then(
        (body) => resolve({ status, body, cacheControl: headers['cache-control'], contentType: headers['content-type'] }),
        reject,
      )
    })
    asked.end(sent)
  })
}
