/** One behaviour at a time is taken from this server, by a proxy in front of it, and the suite notices each; no check but notices one. */
import { conformance } from '../../conformance/suite.ts'
import { tracks } from '../../conformance/tracks.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'
import { type Mutation, proxy } from '../support/spoiling-proxy.ts'
import { mutations } from './mutations.ts'

/** Mutations under way at once, each with a proxy of its own: some wait for a notification or an export, which others do not. */
const turns = 4
const checks = tracks.flatMap((track) => track.checks.map(({ name }) => name))

let house: TestHouse
let options: NonNullable<Parameters<typeof conformance>[0]['options']>
const noticed = new Map<Mutation, string[]>()

/** What the checks say of the server behind a proxy that spoils it so; a client of its own has limits of its own. */
async function said(mutation: Mutation | undefined, only: readonly string[], parallel?: number): Promise<string[]> {
  const token = await house.token('system/*.cruds', { client: mutation?.loses ?? 'nobody spoils it' })
  const between = await proxy(house.origin)
  between.spoil(mutation)
  const results = await conformance({ base: between.base, token, options, only, parallel })
  await between.close()
  return results.map(({ check, verdict }) => `${check.name} ${verdict}`).toSorted()
}

beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  const patient = made(await house.call('POST', 'Patient', { resourceType: 'Patient', name: [{ text: 'Ana' }] })).id
  const patientToken = await house.token('patient/*.rs', { patient })
  options = { receiver: '127.0.0.1', slotToken: await house.token('system/Slot.rs'), patientToken, patient }
  const waiting = mutations.values()
  const takeTurns = async (): Promise<void> => {
    for (const mutation of waiting) noticed.set(mutation, await said(mutation, mutation.noticed))
  }
  await Promise.all(Array.from({ length: turns }, takeTurns))
}, 400_000)
afterAll(() => house?.close())

it('every check dies of something', () => {
  const named = new Set(mutations.flatMap((mutation) => mutation.noticed))
  expect(checks.filter((name) => !named.has(name))).toEqual([])
  expect([...named].filter((name) => !checks.includes(name))).toEqual([])
})

it('a proxy that spoils nothing is not noticed', async () => {
  expect(await said(undefined, checks, 8)).toEqual(checks.map((name) => `${name} pass`).toSorted())
}, 200_000)

it.each(mutations.map((mutation) => [mutation.loses, mutation] as const))('a server that loses %s', (_, mutation) => {
  expect(noticed.get(mutation)).toEqual(mutation.noticed.map((name) => `${name} fail`).toSorted())
})
