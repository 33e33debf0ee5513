/**
 * A wire that can be cut: passes bytes on to a port of this machine, until it is told to sever every connection, or to let
 * requests through and their answers not.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type CuttingProxy = {
  readonly port: number
  /** Severs every connection there is; new ones are let through. */
  readonly cut: () => void
  /** While true, a connection is severed as soon as an answer would come back on it. */
  readonly swallow: (on: boolean) => void
  readonly close: () => Promise<void>
}

/** `target`: the port, or what says which it is just now. */
export async function cuttingProxy(target: number | (() => number)): Promise<CuttingProxy> {
  const wires = new Set<Socket>()
  const state = { swallows: false }
  const sever = (...sockets: readonly Socket[]) => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((near) => {
    const far = connect(typeof target === 'number' ? target : target(), '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      wires.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => sever(near, far))
      socket.on('close', () => {
        wires.delete(socket)
        other.destroy()
      })
    }
    near.pipe(far)
    far.on('data', (chunk) => {
      if (state.swallows) sever(near, far)
      else near.write(chunk)
    })
    far.on('end', () => near.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => sever(...wires),
    swallow: (on) => {
      state.swallows = on
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        sever(...wires)
      }),
  }
}
