/** One behaviour at a time is taken from this server, by a proxy in front of it, and the suite notices each; no check but notices one. */
import { conformance, type Result } from '../../conformance/suite.ts'
import { programs } from '../../conformance/tracks/smart-backend.ts'
import { ehrLaunches } from '../../conformance/tracks/smart-ehr.ts'
import { identity } from '../../conformance/tracks/smart-identity.ts'
import { launches } from '../../conformance/tracks/smart-launch.ts'
import { refreshes } from '../../conformance/tracks/smart-refresh.ts'
import { tracks } from '../../conformance/tracks.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'
import { type Mutation, proxy, type SpoilingProxy } from '../support/spoiling-proxy.ts'
import { smartLaunch } from './mutations/smart-launch.ts'
import { mutations } from './mutations.ts'
import { registered } from './registered.ts'

/** Mutations under way at once, each with a proxy of its own: some wait for a notification or an export, which others do not. */
const turns = 4
const checks = tracks.flatMap((track) => track.checks.map(({ name }) => name))

/** Checks that need somebody who signs in. */
const ofLaunches = [...launches, ...ehrLaunches, ...refreshes, ...identity, ...programs].map(({ name }) => name)

let house: TestHouse
/** What is signed names the server by the address at which the apps see it, and cannot be rewritten on its way. */
let front: SpoilingProxy
let behind: TestHouse
let launchedUnspoilt: string[]
let options: NonNullable<Parameters<typeof conformance>[0]['options']>
const noticed = new Map<Mutation, string[]>()

/** What the checks say of the server behind a proxy that spoils it so; a client of its own has limits of its own. */
async function said(mutation: Mutation | undefined, only: readonly string[], parallel?: number): Promise<string[]> {
  const token = await house.token('system/*.cruds', { client: mutation?.loses ?? 'nobody spoils it' })
  const between = await proxy(house.origin)
  between.spoil(mutation)
  const results = await conformance({ base: between.base, token, options, only, parallel })
  await between.close()
  return verdicts(results)
}

const verdicts = (results: readonly Result[]): string[] => results.map(({ check, verdict }) => `${check.name} ${verdict}`).toSorted()

/** One after the other, since all are seen at one address. */
async function launched(): Promise<void> {
  front = await proxy()
  behind = await testHouse({ publicOrigin: front.origin })
  front.leadTo(behind.origin)
  const smart = await registered(behind)
  const said = async (mutation: Mutation | undefined, only: readonly string[]): Promise<string[]> => {
    front.spoil(mutation)
    return verdicts(await conformance({ base: front.base, options: { smart }, only }))
  }
  for (const mutation of smartLaunch) noticed.set(mutation, await said(mutation, mutation.noticed))
  launchedUnspoilt = await said(undefined, ofLaunches)
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
  await Promise.all([launched(), ...Array.from({ length: turns }, takeTurns)])
}, 400_000)
afterAll(async () => {
  await front?.close()
  await behind?.close()
  await house?.close()
})

it('every check dies of something', () => {
  const named = new Set([...mutations, ...smartLaunch].flatMap((mutation) => mutation.noticed))
  expect(checks.filter((name) => !named.has(name))).toEqual([])
  expect([...named].filter((name) => !checks.includes(name))).toEqual([])
})

it('a proxy that spoils nothing is not noticed', async () => {
  const pass = (names: readonly string[]): string[] => names.map((name) => `${name} pass`).toSorted()
  const others = checks.filter((name) => !ofLaunches.includes(name))
  expect(await said(undefined, others, 8)).toEqual(pass(others))
  expect(launchedUnspoilt).toEqual(pass(ofLaunches))
}, 200_000)

it.each([...mutations, ...smartLaunch].map((mutation) => [mutation.loses, mutation] as const))('a server that loses %s', (_, mutation) => {
  expect(noticed.get(mutation)).toEqual(mutation.noticed.map((name) => `${name} fail`).toSorted())
})
