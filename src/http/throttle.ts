/**
 * Who asks too often is told to wait: 429 `throttled` with Retry-After, for each client, person and address by itself
 * (`base/rate-limits.ts`). OWASP API4:2023 https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/
 *
 * What is not limited is not counted and costs nothing. A Bundle costs as much as its entries would by themselves.
 */
import type { Actor } from '../access/actor.ts'
import { type Allowances, allowances, type OwnAllowances, type Wait } from '../base/allowances.ts'
import type { Clock } from '../base/clock.ts'
import { Fault, throttled } from '../base/fault.ts'
import { networkOf } from '../base/network-of.ts'
import type { RateLimits } from '../base/rate-limits.ts'

export type Throttle = {
  /** Before anything is done for an address: throws `throttled`. */
  readonly address?: (address: string) => void | Promise<void>
  /** Throws `throttled` for one that has sent too many tokens that were no good. */
  readonly beforeSignIn?: (address: string) => void
  /** Counts a token that was refused. */
  readonly refused?: (address: string, error: unknown) => void
  /** Who is known by now. Throws `throttled`. */
  readonly actor?: (actor: Actor, cost?: number) => void | Promise<void>
}

/** How allowances of one kind are kept: in memory unless told otherwise. */
export type Keeping = (kind: string, perMinute: number) => Allowances

export function newThrottle(clock: Clock, limits: RateLimits, keep: Keeping = (_kind, perMinute) => allowances(perMinute)): Throttle {
  const now = (): number => clock.now().getTime()
  const kept = (kind: string, perMinute: number): Allowances | undefined => (perMinute > 0 ? keep(kind, perMinute) : undefined)
  const [client, person, address] = [kept('client', limits.perClient), kept('person', limits.perPerson), kept('address', limits.perAddress)]
  const refused = limits.refusedPerAddress > 0 ? allowances(limits.refusedPerAddress) : undefined
  return {
    address: address && ((from) => judged(address.take(networkOf(from), now()), 'This address', limits.perAddress)),
    ...(refused && countingRefusals(refused, now)),
    actor: client || person ? (actor, cost = 1) => actorPays(actor, cost, now(), client, person) : undefined,
  }
}

const countingRefusals = (refused: OwnAllowances, now: () => number): Pick<Throttle, 'beforeSignIn' | 'refused'> => ({
  beforeSignIn: (from) =>
    judged(refused.wait(networkOf(from), now()), 'This address has sent tokens that are no good: it', refused.perMinute),
  refused: (from, error) => {
    if (error instanceof Fault && error.kind === 'login') refused.take(networkOf(from), now())
  },
})

/** The person's own first: who is stopped there does not use up what others of the client's may have. */
function actorPays(actor: Actor, cost: number, now: number, client?: Allowances, person?: Allowances): void | Promise<void> {
  const who = personOf(actor)
  const first = person && who !== undefined ? judged(person.take(who, now, cost), 'You', person.perMinute) : undefined
  if (!client) return first
  const second = () => judged(client.take(actor.client, now, cost), 'This client', client.perMinute)
  return first ? first.then(second) : second()
}

const personOf = ({ user, patient }: Actor): string | undefined => user ?? (patient === undefined ? undefined : `Patient/${patient}`)

function judged(wait: Wait | Promise<Wait>, who: string, perMinute: number): void | Promise<void> {
  if (typeof wait !== 'number') return wait.then((known) => judged(known, who, perMinute))
  if (wait > 0) throw throttled(`${who} may send ${perMinute} requests a minute. Wait as long as Retry-After says.`, wait / 1000)
}
