/**
 * What create and update share: a body judged, then written through the engine, then what hangs on it. As a transaction of
 * its own, or inside one that somebody else has begun.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import type { Verb } from '../access/scopes.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { type Change, withNextTimes } from '../booking/change.ts'
import { remakeSlots, writeResource } from '../booking/write-resource.ts'
import { settleBeside } from '../booking/write-slot.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource, type StoredRow, type Written } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'

export type Submitted = {
  readonly type: string
  readonly id: string
  readonly resource: Resource
  /** As it was sent. */
  readonly text: string
}

export type Stored = {
  readonly written: Written
  readonly at: string
  readonly created: boolean
  /** Those whose Slots must follow. */
  readonly schedules: readonly string[]
}

/** The body of a write as a valid resource of the type. Throws what is wrong with it, element by element. */
export function submittedBody(house: House, type: string, body: unknown): Resource {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw fault('structure', `Send one ${type} as a JSON object.`, type)
  const resourceType = (body as { resourceType?: unknown }).resourceType
  if (resourceType !== type)
    throw fault(
      'structure',
      `The body is ${typeof resourceType === 'string' ? `of type ${resourceType.slice(0, 64)}` : 'of no type'}, but was sent to ${type}.`,
      `${type}.resourceType`,
    )
  assertValid(house.definitions, body, type)
  return body as Resource
}

/** Throws `forbidden` where the resource lies outside what the actor's scopes reach. */
export function assertMayWrite(house: House, actor: Actor, verb: Verb, resource: Resource): void {
  const permission = may(actor, verb, resource.resourceType)
  if (!permission.allowed || permission.queries)
    throw fault('forbidden', `The token's scopes do not allow this for ${resource.resourceType}.`)
  if (permission.patient === undefined) return
  if (!indexValues(house.definitions, resource, house.base).terms.includes(`@Patient/${permission.patient}`))
    throw fault('forbidden', `Under a patient scope only what concerns that patient may be written.`)
}

/** Sees the current row, locked, and says under which conditions the write may go on. */
export type Judge = (row: StoredRow | undefined) => void

/** One write, a transaction of its own. */
export async function storeChange(house: House, actor: Actor, verb: Verb, submitted: Submitted, judge: Judge): Promise<Stored> {
  const stored = await withNextTimes(house, () => inTransaction(house.pool, (tx) => storeInTx(tx, house, actor, verb, submitted, judge)))
  await afterCommit(house, [{ ...submitted, schedules: stored.schedules }])
  return stored
}

/** What was written in a transaction, for what can only be done once everybody sees it. */
export type Committed = Pick<Submitted, 'type' | 'id' | 'resource'> & { readonly schedules: readonly string[] }

/** The Slots of changed Schedules are made anew, and new ones settled with what was taken beside them. */
export async function afterCommit(house: House, written: readonly Committed[]): Promise<void> {
  await remakeSlots(house, [...new Set(written.flatMap(({ schedules }) => schedules))])
  for (const { type, id, resource } of written) if (type === 'Slot') await settleBeside(house, id, resource)
}

/** One write inside a transaction of the caller's, who calls `afterCommit` when it is over. Throws what `withNextTimes` understands. */
export async function storeInTx(tx: Tx, house: House, actor: Actor, verb: Verb, submitted: Submitted, judge: Judge): Promise<Stored> {
  // A new id cannot be there yet: a create needs no look.
  const row = verb === 'c' ? undefined : await lockResource(tx, submitted.type, submitted.id)
  return storeOver(tx, house, actor, row, submitted, judge)
}

/** `row`: the current one, locked by the caller. */
export async function storeOver(
  tx: Tx,
  house: House,
  actor: Actor,
  row: StoredRow | undefined,
  submitted: Submitted,
  judge: Judge,
): Promise<Stored> {
  const before = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  // Before the version is judged: who may not see the resource is not told which version it has.
  if (before) assertMayWrite(house, actor, 'u', before)
  judge(row)
  const change = changeOf(house, actor, row, before, submitted)
  const { written, schedules } = await writeResource(tx, house, change)
  return { written, at: change.at, created: before === undefined, schedules }
}

function changeOf(
  house: House,
  actor: Actor,
  row: StoredRow | undefined,
  before: Resource | undefined,
  { type, id, resource, text }: Submitted,
): Change {
  const verb = before ? 'u' : 'c'
  const stored: Resource = { ...resource, id }
  const permission = may(actor, verb, type)
  assertMayWrite(house, actor, verb, stored)
  return {
    type,
    id,
    before,
    isNew: row === undefined,
    resource: stored,
    text,
    at: house.clock.now().toISOString(),
    client: actor.client,
    patient: permission.allowed ? permission.patient : undefined,
    audit: auditOf(house, actor, before ? 'update' : 'create'),
  }
}
