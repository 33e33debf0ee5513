/**
 * How many requests a minute are answered, as an operator sets it. 0 is no limit.
 *
 * Off for clients and addresses, because a clinic's own systems ask through one client, and a hospital's people from one
 * address, as often as they need. On for persons, of whom nobody clicks fifty times a second, and for tokens that are no
 * good, which cost a check of a signature each.
 */

export type RateLimits = {
  readonly perClient: number
  readonly perPerson: number
  readonly perAddress: number
  /** Requests of one address whose token is refused. */
  readonly refusedPerAddress: number
  /** Counted by each process for itself, or together. */
  readonly kept: 'memory' | 'postgres'
}
