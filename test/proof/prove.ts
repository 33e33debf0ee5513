/**
 * One run of the proof: a town, several servers on one Postgres, many clients who want the same times, and harm done to the
 * servers meanwhile. What comes out is the history, and what of the contract was broken. The seed decides who asks for what
 * and what is harmed when; who is first is the machine's own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { aftermath } from './aftermath.ts'
import { check } from './check.ts'
import { type Client, work } from './client.ts'
import { diceOf } from './dice.ts'
import { makeTown, type Town } from './ground.ts'
import type { Broken, Deed, History } from './history.ts'
import { nothingKnown } from './plan.ts'
import { type Fault, faults, type Servers, startServers } from './servers.ts'

export type Proof = {
  readonly seed: number
  readonly servers: number
  readonly clients: number
  /** Each kind of harm once, in the seed's order, as often as there is time for; at least once. */
  readonly minutes: number
  /** So many deeds are answered between one harm and the next. */
  readonly deedsBetween: number
  readonly harms?: readonly Fault[]
  /** SQL that spoils the database before anybody comes: what the checker must notice. */
  readonly spoil?: string
  readonly tell?: (what: string) => void
}

/** Every so many clients one is a patient. */
const patientsEvery = 4

export type Proven = { readonly history: History; readonly broken: readonly Broken[]; readonly harms: readonly Fault[] }

export async function prove(proof: Proof): Promise<Proven> {
  const { tell = () => {} } = proof
  const servers = await startServers(proof.servers)
  try {
    const desk = (await servers.client('Practitioner/front-desk'))(0)
    const [town, staff] = await Promise.all([makeTown(desk, Math.floor(proof.clients / patientsEvery)), staffOf(proof, servers)])
    if (proof.spoil) await servers.sql(proof.spoil)
    const deeds: Deed[] = []
    const harms = await live(proof, servers, { town, staff, deeds, tell })
    tell(`${deeds.length} deeds, ${harms.length} harms; reading what stands`)
    const heard = await servers.heard()
    const after = { ...(await aftermath(desk, servers.sql, town)), heard }
    const { kinds: _kinds, services: _services, types: _types, patients: _patients, days: _days, ...ground } = town
    const history: History = { ground, deeds, after }
    return { history, broken: check(history), harms }
  } finally {
    await servers.leave()
  }
}

const staffName = (n: number): string => `Practitioner/client-${n}`
const isPatient = (n: number): boolean => n % patientsEvery === patientsEvery - 1

/** Those clients who are no patients, by number: their tokens are made beside the town. */
async function staffOf({ clients }: Proof, servers: Servers): Promise<ReadonlyMap<number, Client['askAt']>> {
  const staff = new Map<number, Client['askAt']>()
  for (let n = 0; n < clients; n++) if (!isPatient(n)) staff.set(n, await servers.client(staffName(n)))
  return staff
}

type Life = {
  readonly town: Town
  readonly staff: ReadonlyMap<number, Client['askAt']>
  readonly deeds: Deed[]
  readonly tell: (what: string) => void
}

/** Everybody at work, and one harm after the other; gives what was done. */
async function live(proof: Proof, servers: Servers, { town, staff, deeds, tell }: Life): Promise<Fault[]> {
  const state = { over: false, deed: 0 }
  const all = nothingKnown()
  const people: Client[] = []
  for (let n = 0; n < proof.clients; n++) {
    const self = isPatient(n) ? town.selves[Math.floor(n / patientsEvery)] : undefined
    const person = self === undefined ? staffName(n) : `Patient/${self}`
    const askAt = staff.get(n) ?? (await servers.client(person, self))
    people.push({
      ...{ person, self, askAt, servers: servers.count, town, dice: diceOf(proof.seed * 1000 + n) },
      ...{ all, known: self === undefined ? all : nothingKnown(), deeds },
      number: () => ++state.deed,
      name: `proof-${proof.seed}`,
    })
  }
  const working = Promise.all(people.map((one) => work(one, () => state.over)))
  try {
    return await harmAll(proof, servers, deeds, tell)
  } finally {
    state.over = true
    await working
  }
}

async function harmAll(proof: Proof, servers: Servers, deeds: readonly Deed[], tell: (what: string) => void): Promise<Fault[]> {
  const dice = diceOf(proof.seed)
  const until = Date.now() + proof.minutes * 60_000
  const done: Fault[] = []
  await answeredMore(deeds, proof.deedsBetween)
  do {
    for (const fault of dice.shuffled(proof.harms ?? faults)) {
      tell(`${deeds.length} deeds; ${fault}`)
      await servers.harm(fault, dice)
      done.push(fault)
      await answeredMore(deeds, proof.deedsBetween)
    }
  } while (Date.now() < until)
  return done
}

const stuckMs = 300_000

/** Waits until so many more were answered: however slow the machine is, as much happens between two harms. */
async function answeredMore(deeds: readonly Deed[], count: number): Promise<void> {
  const began = { at: Date.now(), from: deeds.length }
  const answered = (): number => deeds.slice(began.from).filter(({ outcome }) => outcome !== 'unknown').length
  while (answered() < count) {
    if (Date.now() - began.at > stuckMs) throw new Error(`only ${answered()} deeds were answered in ${stuckMs / 1000} s`)
    await sleep(20)
  }
}
