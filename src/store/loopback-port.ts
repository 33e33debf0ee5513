/**
 * Ports of the loopback address that nobody listens on, found by listening there for a moment. They lie below the ports that
 * operating systems give to outgoing connections (32768 and up on Linux, 49152 and up elsewhere, RFC 6335 §6): one of those may be
 * taken between a look and a use, and a client that polls it while nobody listens may connect to itself and keep it.
 */
import { createServer } from 'node:net'

const first = 20_000
const span = 12_000
/** Far from each other for neighbouring numbers, and prime to the span, so that every port has its turn. */
const stride = 4_057

const listens = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })

/** A free port, sought from a place that differs by process, so that two that look at one moment look elsewhere. */
export async function freePort(seed: number = process.pid): Promise<number> {
  for (let n = 0; n < span; n++) {
    const port = first + (((seed + n) * stride) % span)
    if (await isFree(port)) return port
  }
  return listens(0)
}

export const isFree = (port: number): Promise<boolean> =>
  listens(port).then(
    () => true,
    () => false,
  )
