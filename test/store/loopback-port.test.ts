import { type AddressInfo, createServer } from 'node:net'
import { freePort, isFree } from '../../src/store/loopback-port.ts'

describe('a free port of the loopback address', () => {
  it('is never one of those that outgoing connections get, whichever process asks', async () => {
    for (const pid of [0, 1, 4_711, 99_999, 4_194_304]) {
      const port = await freePort(pid)
      expect(port).toBeGreaterThan(1023)
      expect(port).toBeLessThan(32_768)
      expect(await isFree(port)).toBe(true)
    }
  })

  it('is another one when the first is taken', async () => {
    const port = await freePort(7)
    const taken = createServer().listen(port, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    expect((taken.address() as AddressInfo).port).toBe(port)
    expect(await isFree(port)).toBe(false)
    expect(await freePort(7)).not.toBe(port)
    await new Promise((resolve) => taken.close(resolve))
  })
})
