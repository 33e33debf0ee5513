/**
 * A port for a server of this test worker. Below the ports that outgoing connections get, so that none of those takes it between
 * the look and the use, or while its server is down; out of a range of this worker's own, so that no other worker does.
 */
import { createServer } from 'node:net'

const first = 10_240
const perWorker = 600
const workers = 16

const worker = Number(process.env.JEST_WORKER_ID ?? 0) % workers
const given = new Set<number>()

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < perWorker; tries++) {
    // Each test file begins elsewhere, or a port just left would be given again and again.
    const port = first + worker * perWorker + ((process.hrtime()[1] + tries * 7) % perWorker)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
  throw new Error(`no port is free between ${first + worker * perWorker} and ${first + (worker + 1) * perWorker}`)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
