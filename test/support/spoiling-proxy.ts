/**
 * A proxy in front of a server that spoils one behaviour at a time: what is asked, or what is answered, is changed on its
 * way. What the suite must notice is seen to be noticed.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

// biome-ignore lint/suspicious/noExplicitAny: the mutations reach into every kind of resource
export type Loose = any

export type Asked = { method: string; path: string; headers: Record<string, string>; body: string }
export type Answered = { status: number; headers: Record<string, string>; body: string }

export type Mutation = {
  /** What the server no longer does. */
  readonly loses: string
  /** The checks that notice. */
  readonly noticed: readonly string[]
  readonly asked?: (asked: Asked) => Asked
  /** `again` asks the server something else. */
  readonly answered?: (answer: Answered, asked: Asked, again: (asked: Asked) => Promise<Answered>) => Answered | Promise<Answered>
}

export type SpoilingProxy = {
  readonly base: string
  readonly spoil: (mutation: Mutation | undefined) => void
  readonly close: () => Promise<void>
}

/** `base` is the address at which the server is seen through the proxy. */
export async function proxy(target: string): Promise<SpoilingProxy> {
  const state: { mutation: Mutation | undefined } = { mutation: undefined }
  const server = createServer(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).filter((one): one is [string, string] => typeof one[1] === 'string'))
    const { host: _, connection: __, 'content-length': ___, ...passed } = headers
    const said = { method: request.method ?? 'GET', path: request.url ?? '/', headers: passed, body: await text(request) }
    const { mutation } = state
    const asked = mutation?.asked?.(said) ?? said
    const answer = await send(target, asked)
    const spoiled = (await mutation?.answered?.(answer, said, (other) => send(target, other))) ?? answer
    response.writeHead(spoiled.status, spoiled.headers).end(request.method === 'HEAD' ? undefined : spoiled.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`,
    spoil: (mutation) => {
      state.mutation = mutation
    },
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

const ofTheLine = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding']

async function send(target: string, { method, path, headers, body }: Asked): Promise<Answered> {
  const answer = await fetch(target + path, {
    method,
    headers: { ...headers, 'accept-encoding': 'identity' },
    body: body === '' ? undefined : body,
  })
  const kept = [...answer.headers].filter(([name]) => !ofTheLine.includes(name))
  return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() }
}
