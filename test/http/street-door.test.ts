/** Who is slow, who does not read, and who comes with too many lines at once, by raw sockets; and who speaks for others. */
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import type { Reply } from '../../src/fhir/reply.ts'
import { buildApp } from '../../src/http/app.ts'
import { type Desks, desks } from '../../src/http/desks.ts'
import type { StreetDoor } from '../../src/http/street-door.ts'
import { newThrottle } from '../../src/http/throttle.ts'
import { eventually } from '../support/house.ts'
import { profiles, streetHouse } from './door.ts'

const house = streetHouse()
const opened: { readonly app: FastifyInstance; readonly sockets: Socket[] }[] = []
afterEach(async () => {
  for (const { app, sockets } of opened.splice(0)) {
    for (const socket of sockets) socket.destroy()
    app.server.closeAllConnections()
    await app.close()
  }
})

type Street = { readonly knock: (from?: string) => Promise<Socket>; readonly lines: () => Promise<number> }

/** Every desk answers as told. */
async function street(door: StreetDoor, answer: () => Reply | Promise<Reply> = () => ({ status: 200, body: '{}' })): Promise<Street> {
  const behind = Object.fromEntries(Object.keys(desks).map((name) => [name, async () => answer()])) as unknown as Desks
  const app = buildApp(house, { auth: 'off', desks: behind, version: '1', profiles, door })
  const sockets: Socket[] = []
  opened.push({ app, sockets })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    knock: async (localAddress) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress })
      socket.on('error', () => undefined)
      sockets.push(socket)
      await once(socket, 'connect')
      return socket
    },
    lines: () => new Promise((resolve, reject) => app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
  }
}

/** A byte now and then, as long as anybody listens. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('x'), 20)
  socket.once('close', () => clearInterval(timer))
}

const head = (...lines: string[]): string => `${['GET /fhir/Slot HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\n\r\n`

describe('whoever is slow is let go', () => {
  const patience = { headers: 200, request: 400, keepAlive: 200, look: 50 }

  it.each([
    ['a head that never ends', 'GET /fhir/Slot HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'a body that never ends',
      'POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 4000000\r\n\r\n{',
    ],
    [
      'pieces that never end',
      'POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n',
    ],
  ])('sending %s', async (_what, start) => {
    const { knock } = await street({ patience })
    const socket = await knock()
    socket.write(start)
    drip(socket)
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(answer).toContain('"code":"timeout"')
  })

  it('saying nothing at all, or nothing more', async () => {
    const { knock, lines } = await street({ patience })
    await knock()
    const other = await knock()
    other.write(head())
    expect(await text(other)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    await eventually(60_000, async () => (await lines()) === 0)
  })
})

describe('whoever does not read the answer is let go', () => {
  const patience = { stalled: 300 }
  /** More than the two systems keep between them. */
  const long = '"'.padEnd(64 * 1024 * 1024, 'x')

  it('of one that is written at once', async () => {
    const { knock, lines } = await street({ patience }, () => ({ status: 200, body: long }))
    const socket = await knock()
    socket.pause().write(head())
    await eventually(60_000, async () => (await lines()) === 0)
  })

  it('of one that is written piece by piece, and nobody goes on writing it', async () => {
    const state = { pieces: 0, ended: false }
    async function* pieces(): AsyncGenerator<string> {
      try {
        for (; state.pieces < 1_000; state.pieces++) yield long.slice(0, 1024 * 1024)
      } finally {
        state.ended = true
      }
    }
    const { knock } = await street({ patience }, () => ({ status: 200, contentType: 'application/fhir+ndjson', pieces: pieces() }))
    const socket = await knock()
    socket.pause().write(head())
    await eventually(60_000, async () => state.ended)
    expect(state.pieces).toBeLessThan(1_000)
  })

  it('but not who listens to a stream that has nothing to say', async () => {
    const live = new Readable({ read: () => undefined })
    const answers: (() => Reply | Promise<Reply>)[] = [
      () => ({ status: 200, contentType: 'text/event-stream', live }),
      () => new Promise<Reply>(() => undefined),
    ]
    const { knock } = await street({ patience }, () => answers.shift()?.() ?? { status: 500 })
    const listening = await knock()
    listening.write(head('Connection: close'))
    live.push(': open\n\n')
    const first = await once(listening, 'data')
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const unanswered = await knock()
    unanswered.write(head())
    // It was quiet for less long.
    await text(unanswered)
    live.push(': still here\n\n')
    live.push(null)
    expect(await text(listening)).toContain('still here')
  })
})

describe('lines that one address keeps open', () => {
  it('are so many; each that ends makes room', async () => {
    const { knock, lines } = await street({ connectionsPerAddress: 3 })
    const kept = [await knock(), await knock(), await knock()]
    expect(await text(await knock())).toBe('')
    expect(house.warnings).toContainEqual({
      what: 'one address has as many connections open as it may; more of it are closed',
      details: { max: 3 },
    })
    kept[0]?.destroy()
    await eventually(60_000, async () => (await lines()) === 2)
    const next = await knock()
    next.write(head('Connection: close'))
    expect(await text(next)).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  it('are not counted where it is a proxy', async () => {
    const { knock, lines } = await street({ connectionsPerAddress: 1, proxies: ['127.0.0.0/8'] })
    for (let count = 0; count < 5; count++) await knock()
    await eventually(60_000, async () => (await lines()) === 5)
  })
})

describe('whom a request is from', () => {
  const limits = { perClient: 0, perPerson: 0, perAddress: 1, refusedPerAddress: 0, kept: 'memory' } as const

  async function statuses(proxies: readonly string[], requests: readonly (readonly [from: string, forwarded?: string])[]) {
    const throttle = newThrottle(house.clock, limits)
    const app = buildApp(house, { auth: 'off', desks, version: '1', profiles, throttle, door: { proxies } })
    const said: number[] = []
    for (const [remoteAddress, forwarded] of requests) {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      said.push((await app.inject({ url: '/fhir/metadata', remoteAddress, headers })).statusCode)
    }
    await app.close()
    return said
  }

  it('is whom the proxy says, and nobody else is believed', async () => {
    expect(
      await statuses(
        ['10.0.0.7'],
        [
          ['10.0.0.7', '203.0.113.1'],
          ['10.0.0.7', '203.0.113.2'],
          ['10.0.0.7', '203.0.113.1'],
          ['198.51.100.1', '203.0.113.3'],
          ['198.51.100.1', '203.0.113.4'],
        ],
      ),
    ).toEqual([200, 200, 429, 200, 429])
  })

  it('is the last that no proxy of ours stands for: what a client wrote itself does not help it', async () => {
    expect(
      await statuses(
        ['10.0.0.0/24'],
        [
          ['10.0.0.7', '1.1.1.1, 203.0.113.1, 10.0.0.8'],
          ['10.0.0.7', '2.2.2.2, 203.0.113.1, 10.0.0.8'],
        ],
      ),
    ).toEqual([200, 429])
  })

  it('is who knocks where no proxy is named', async () => {
    expect(
      await statuses(
        [],
        [
          ['10.0.0.7', '203.0.113.1'],
          ['10.0.0.7', '203.0.113.2'],
        ],
      ),
    ).toEqual([200, 429])
  })

  it('is, with IPv6, the network that whoever has one address in it has whole', async () => {
    expect(await statuses([], [['2001:db8::1'], ['2001:db8::2:1'], ['2001:db8:0:1::1']])).toEqual([200, 429, 200])
  })
})
