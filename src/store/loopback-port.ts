/** Ports of the loopback address that nobody listens on, found by listening there for a moment. */
import { createServer } from 'node:net'

const listens = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })

export const freePort = (): Promise<number> => listens(0)

export const isFree = (port: number): Promise<boolean> =>
  listens(port).then(
    () => true,
    () => false,
  )
