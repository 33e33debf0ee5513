/** Where the server will call, whatever a name's addresses turn out to be. */
import { callOut } from '../../src/jobs/call-out.ts'
import { answers, type Receiver, receiver } from '../support/receiver.ts'

let hook: Receiver
beforeEach(async () => {
  hook = await receiver()
})
afterEach(() => hook.close())

const call = (url: string, more: object = {}) => ({
  url,
  method: 'POST' as const,
  headers: {},
  body: '{}',
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  ...more,
})
const port = () => new URL(hook.url).port
const resolving =
  (...addresses: string[]): Parameters<typeof callOut>[2] =>
  (_host, answer) =>
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

it.each([
  ['the loopback', ['127.0.0.1']],
  ['the machine’s own IPv6', ['::1']],
  ['the loopback in IPv6’s clothes', ['::ffff:127.0.0.1']],
  ['a private network', ['10.0.0.1']],
  ['the metadata of a cloud', ['169.254.169.254']],
  ['a public address beside a private one', ['93.184.216.34', '127.0.0.1']],
])('a name that leads to %s is not called', async (_what, addresses) => {
  const refused = callOut([], call(`https://rebound.example:${port()}/`), resolving(...addresses))
  await expect(refused).rejects.toThrow('must not be an address of a private network')
  expect(hook.received).toEqual([])
})

it('the addresses that were judged are those that are called: a name is looked up once', async () => {
  const asked: string[] = []
  const status = await callOut([`rebound.example:${port()}`], call(`http://rebound.example:${port()}/`), (host, answer) => {
    asked.push(host)
    answer(null, [{ address: asked.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }])
  })
  expect({ status, asked }).toEqual({ status: 200, asked: ['rebound.example'] })
  expect(hook.received[0]?.headers.host).toBe(`rebound.example:${port()}`)
})

it('does not go where it is pointed to', async () => {
  const other = await receiver()
  hook.behave(answers(307, { location: other.url }))
  expect(await callOut([hook.host], call(hook.url))).toBe(307)
  expect(other.received).toEqual([])
  await other.close()
})

it('says what is wrong in words without an address', async () => {
  await expect(callOut(['127.0.0.1'], call('http://127.0.0.1:1/'))).rejects.toThrow('the endpoint refuses connections')
  await expect(callOut([], call('http://127.0.0.1:1/'))).rejects.toThrow('the endpoint must begin with https://')
  hook.behave(() => undefined)
  await expect(callOut([hook.host], call(hook.url, { timeoutMs: 50 }))).rejects.toThrow('the endpoint did not answer within 0.05 s')
})
