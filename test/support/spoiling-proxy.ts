/**
 * A proxy in front of a server that spoils one behaviour at a time: what is asked, what is answered, or what a Subscription
 * tells its endpoint is changed on its way. What the suite must notice is seen to be noticed. Addresses of the server are
 * addresses of the proxy to whoever is in front of it, so that nobody goes round.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

// biome-ignore lint/suspicious/noExplicitAny: the mutations reach into every kind of resource
export type Loose = any

export type Asked = { method: string; path: string; headers: Record<string, string>; body: string }
export type Answered = { status: number; headers: Record<string, string>; cookies?: readonly string[]; body: string }

export type Mutation = {
  /** What the server no longer does. */
  readonly loses: string
  /** The checks that notice. */
  readonly noticed: readonly string[]
  readonly asked?: (asked: Asked) => Asked
  /** `again` asks the server something else. */
  readonly answered?: (answer: Answered, asked: Asked, again: (asked: Asked) => Promise<Answered>) => Answered | Promise<Answered>
  /** What goes to the endpoint of a Subscription. */
  readonly told?: (told: Asked) => Asked
}

export type SpoilingProxy = {
  readonly origin: string
  readonly base: string
  /** A server that calls itself by the proxy's address: nothing need be rewritten, signed texts neither. */
  readonly leadTo: (target: string) => void
  readonly spoil: (mutation: Mutation | undefined) => void
  /** Throws what a mutation has thrown, which is no behaviour of a server. */
  readonly close: () => Promise<void>
}

/** Below it are the endpoints of Subscriptions: `/told/PORT/path`. */
const endpoints = /^\/told\/(\d+)(\/.*)$/

/** `base` is the address at which the server is seen through the proxy. Without a target it waits to be led to one. */
export async function proxy(given?: string): Promise<SpoilingProxy> {
  const state: { target: string; mutation: Mutation | undefined } = { target: given ?? '', mutation: undefined }
  const broken: unknown[] = []
  const server = createServer((request, response) => {
    passOn(request, response).catch((error) => {
      broken.push(error)
      response.destroy()
    })
  })
  const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const headers = Object.fromEntries(Object.entries(request.headers).filter((one): one is [string, string] => typeof one[1] === 'string'))
    const { host: _, connection: __, 'content-length': ___, ...passed } = headers
    const target = state.target
    const known = given ?? own()
    const said = { method: request.method ?? 'GET', path: request.url ?? '/', headers: passed, body: await text(request) }
    const [, port, path = ''] = endpoints.exec(said.path) ?? []
    const spoiled = port
      ? await passedOn(`http://127.0.0.1:${port}`, { ...said, path }, state.mutation)
      : inPlaceOf(known, own(), await between(target, inPlaceOf(own(), known, said), state.mutation, own()))
    const cookies = spoiled.cookies?.length ? { 'set-cookie': [...spoiled.cookies] } : {}
    response.writeHead(spoiled.status, { ...spoiled.headers, ...cookies }).end(request.method === 'HEAD' ? undefined : spoiled.body)
  }
  const own = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: own(),
    base: `${own()}/fhir`,
    leadTo: (target) => {
      state.target = target
    },
    spoil: (mutation) => {
      state.mutation = mutation
    },
    close: async () => {
      await new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections())
      if (broken.length > 0) throw broken[0]
    },
  }
}

async function between(target: string, said: Asked, mutation: Mutation | undefined, own: string): Promise<Answered> {
  const asked = mutation?.asked?.(said) ?? said
  const answer = await send(target, mutation?.told ? toldHere(asked, own) : asked)
  return (await mutation?.answered?.(answer, said, (other) => send(target, other))) ?? answer
}

/** A Subscription's endpoint becomes one of the proxy's. */
const toldHere = (asked: Asked, own: string): Asked => ({
  ...asked,
  body: asked.body.replace(/"endpoint":"http:\/\/127\.0\.0\.1:(\d+)/, `"endpoint":"${own}/told/$1`),
})

const passedOn = (endpoint: string, told: Asked, mutation: Mutation | undefined): Promise<Answered> =>
  send(endpoint, mutation?.told?.(told) ?? told)

/** One server's address for another's, as it is written in text and in a query. */
function inPlaceOf<T extends Asked | Answered>(from: string, to: string, message: T): T {
  const changed = (said: string): string => said.replaceAll(from, to).replaceAll(encodeURIComponent(from), encodeURIComponent(to))
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, changed(value)]))
  return { ...message, headers, body: changed(message.body), ...('path' in message && { path: changed(message.path) }) }
}

const ofTheLine = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding', 'set-cookie']

async function send(target: string, { method, path, headers, body }: Asked): Promise<Answered> {
  const answer = await fetch(target + path, {
    method,
    headers: { ...headers, 'accept-encoding': 'identity' },
    body: body === '' ? undefined : body,
    redirect: 'manual',
  })
  const kept = [...answer.headers].filter(([name]) => !ofTheLine.includes(name))
  return { status: answer.status, headers: Object.fromEntries(kept), cookies: answer.headers.getSetCookie(), body: await answer.text() }
}
