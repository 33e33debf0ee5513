/** Another server, at which a client's key set stands. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type KeyServer = {
  readonly url: string
  readonly show: (body: string, headers?: Readonly<Record<string, string>>) => void
  readonly asked: () => number
  readonly close: () => Promise<void>
}

export async function keyServer(): Promise<KeyServer> {
  const state = { body: '', headers: {} as Readonly<Record<string, string>>, asked: 0 }
  const server = createServer((_request, response) => {
    state.asked += 1
    response.writeHead(200, { 'content-type': 'application/json', ...state.headers })
    response.end(state.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    show: (body, headers = {}) => {
      Object.assign(state, { body, headers })
    },
    asked: () => state.asked,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}
