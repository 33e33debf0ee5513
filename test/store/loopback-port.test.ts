import { createServer } from 'node:net'
import { freePort, isFree } from '../../src/store/loopback-port.ts'

describe('a free port of the loopback address', () => {
  it('is never one of those that outgoing connections get, whichever process asks', async () => {
    for (const pid of [0, 1, 4_711, 99_999, 4_194_304]) {
      const port = await freePort(pid)
      expect(port).toBeGreaterThan(1023)
      expect(port).toBeLessThan(32_768)
    }
  })

  it('is another one when the first is taken', async () => {
    const taken = createServer()
    const listening = (port: number) =>
      new Promise<boolean>((resolve) => {
        taken.once('error', () => resolve(false))
        taken.listen(port, '127.0.0.1', () => resolve(true))
      })
    const port = await freePort(7)
    // Whoever else may have taken it meanwhile, it is taken now.
    const ours = await listening(port)
    expect(await isFree(port)).toBe(false)
    expect(await freePort(7)).not.toBe(port)
    if (ours) await new Promise((resolve) => taken.close(resolve))
  })
})
