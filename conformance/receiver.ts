/** Somebody whom a server tells: an HTTP server of the suite's own, which keeps what it is sent and says yes. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Loose } from './client.ts'
import { until } from './expect.ts'
import type { Site } from './site.ts'

export type Told = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly json: Loose
}

export type Receiver = {
  /** Where the server reaches it, without a slash at the end. */
  readonly url: string
  readonly told: readonly Told[]
}

/** One for the whole run; checks tell theirs apart by the path. */
export async function receiver({ options, atEnd }: Site): Promise<Receiver> {
  const [host = '127.0.0.1', port = '0'] = (options.receiver ?? '').split(':')
  const told: Told[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    told.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body, json: parsed(body) })
    response.writeHead(200).end()
  })
  await new Promise<void>((resolve) => server.listen(Number(port), resolve))
  atEnd(async () => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://${host}:${(server.address() as AddressInfo).port}`, told }
}

function parsed(body: string): Loose {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Waits until so many messages of that kind have come to the path. */
export const heard = (
  { told }: Receiver,
  path: string,
  count: number,
  what: string,
  wanted: (one: Told) => boolean = () => true,
): Promise<Told[]> =>
  until(what, async () => {
    const own = told.filter((one) => one.path.startsWith(path) && wanted(one))
    return own.length >= count ? own : undefined
  })
