/**
 * The doors as a Bundle sees them from inside: what answers each of its entries. This room knows no routes, so whoever
 * opens the doors hands them in (`http/entry-door.ts`).
 */
import type { Actor } from '../access/actor.ts'
import type { BundleEntry } from '../fhir/bundle-entries.ts'
import type { EntryReply } from '../fhir/bundle-response.ts'
import type { Prefer } from '../fhir/request.ts'
import type { House } from '../store/house.ts'

export type Doors = {
  /** Answers an entry as the same request by itself is answered. A refusal is thrown. */
  readonly answer: (house: House, actor: Actor, entry: BundleEntry, prefer: Prefer) => Promise<EntryReply>
  /** What is said of a refusal, or of a mistake of ours, to whom. */
  readonly refused: (house: House, error: unknown, actor: Actor) => EntryReply
}
