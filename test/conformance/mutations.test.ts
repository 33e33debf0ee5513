/** One behaviour at a time is taken from this server, by a proxy in front of it, and the suite notices each. */
import { conformance } from '../../conformance/suite.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { type Mutation, proxy, type SpoilingProxy } from '../support/spoiling-proxy.ts'
import { mutations } from './mutations.ts'

let house: TestHouse
let between: SpoilingProxy
let token: string
let slotToken: string

beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  between = await proxy(house.origin)
  token = await house.token('system/*.cruds')
  slotToken = await house.token('system/Slot.rs')
})
afterAll(async () => {
  await between?.close()
  await house?.close()
})

/** What the checks say of the server behind the proxy. */
async function said(mutation: Mutation | undefined, only: readonly string[]): Promise<string[]> {
  between.spoil(mutation)
  const results = await conformance({ base: between.base, token, options: { slotToken }, only })
  between.spoil(undefined)
  return results.map(({ check, verdict }) => `${check.name} ${verdict}`).toSorted()
}

it('a proxy that spoils nothing is not noticed', async () => {
  const named = [...new Set(mutations.flatMap(({ noticed }) => noticed))]
  expect(await said(undefined, named)).toEqual(named.map((name) => `${name} pass`).toSorted())
}, 120_000)

it.each(mutations.map((mutation) => [mutation.loses, mutation] as const))('a server that loses %s', async (_, mutation) => {
  expect(await said(mutation, mutation.noticed)).toEqual(mutation.noticed.map((name) => `${name} fail`).toSorted())
})
