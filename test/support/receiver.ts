/** Somebody who is told: a real HTTP server that keeps what it is sent, and answers as badly as a test wants. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { eventually } from './house.ts'

export type Received = { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }

/** Answers by itself, or leaves the line open. */
export type Behaviour = (response: ServerResponse, received: Received) => void

export type Receiver = {
  readonly url: string
  readonly host: string
  readonly received: Received[]
  readonly behave: (behaviour: Behaviour) => void
  /** Waits until so many messages have come, of those that `wanted` says. */
  readonly waitFor: (count: number, wanted?: (received: Received) => boolean) => Promise<Received[]>
  readonly close: () => Promise<void>
}

export const answers =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end()

const waitMs = 60_000

export async function receiver(): Promise<Receiver> {
  const received: Received[] = []
  const state = { behave: answers(200) }
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    const message = { method, path, headers, body: await text(request) }
    received.push(message)
    state.behave(response, message)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/hook`,
    host,
    received,
    behave: (behaviour) => {
      state.behave = behaviour
    },
    waitFor: async (count, wanted = () => true) => {
      await eventually(waitMs, async () => received.filter(wanted).length >= count)
      return received.filter(wanted)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a notification Bundle says, taken apart by hand. */
export type Told = {
  readonly bundle: Loose
  readonly profile: string
  readonly type: string
  readonly status: string
  readonly total: string
  readonly numbers: string[]
  readonly focuses: string[]
  readonly entries: Loose[]
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into every kind of resource
type Loose = any

export function told({ body }: Pick<Received, 'body'>): Told {
  const bundle = JSON.parse(body)
  const [status, ...entries] = bundle.entry
  const { parameter, meta } = status.resource
  const value = (name: string): string => {
    const { name: _, ...rest } = parameter.find((one: Loose) => one.name === name) ?? {}
    return Object.values(rest)[0] as string
  }
  const parts = (name: string) =>
    parameter
      .filter((one: Loose) => one.name === 'notification-event')
      .flatMap(({ part }: Loose) => part.filter((one: Loose) => one.name === name))
  return {
    bundle,
    profile: meta.profile[0],
    type: value('type'),
    status: value('status'),
    total: value('events-since-subscription-start'),
    numbers: parts('event-number').map((one: Loose) => one.valueString),
    focuses: parts('focus').map((one: Loose) => one.valueReference.reference),
    entries,
  }
}

export const isEvent = (received: Received): boolean => received.body !== '' && told(received).type === 'event-notification'
