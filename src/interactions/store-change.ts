/**
 * What create, update and patch share: a submitted resource is judged, written through the engine, and what hangs on it
 * registered. As a transaction of its own, or inside one that somebody else has begun. A write that would change nothing makes
 * no version. Left out: reading the body (`submitted.ts`), and what follows once everybody sees it (`after-commit.ts`).
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { openedSubscription, sealedSubscription, withKeptSecrets } from '../access/channel-secrets.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { type Change, withNextTimes } from '../booking/change.ts'
import { withNumber } from '../booking/give-number.ts'
import { mayBeOneOfMany, writeNew } from '../booking/write-new.ts'
import { type Outcome, writeResource } from '../booking/write-resource.ts'
import { standsAsItIs } from '../booking/write-slot.ts'
import type { Reply } from '../fhir/reply.ts'
import type { Resource } from '../fhir/resource.ts'
import { sameResource, type Told } from '../fhir/same-resource.ts'
import type { Beside } from '../fhir/validate/profiles/run.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import { assertConforms } from '../store/conformance.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { readResource, type StoredRow, type Written } from '../store/resources.ts'
import { inTransaction } from '../store/transaction.ts'
import { registerSubscription } from '../subscriptions/register.ts'
import { afterCommit } from './after-commit.ts'
import { assertWhoseContent } from './binary.ts'
import { assertOwnCanonical } from './conformance.ts'
import { lockToWrite } from './lock-to-write.ts'
import { assertMayWrite, assertMayWriteOver, assertStands } from './may-write.ts'
import { registerSearchParameter } from './search-parameter.ts'
import { seenBy } from './seen-by.ts'
import type { Submitted } from './submitted.ts'

export type Stored = {
  readonly type: string
  readonly id: string
  readonly resource: Resource
  readonly written: Written
  /** When it was last written; ISO 8601. */
  readonly at: string
  readonly created: boolean
  /** It was stored already, and was not written again. */
  readonly unchanged: boolean
  /** Those whose Slots must follow. */
  readonly schedules: readonly string[]
}

/** Sees the current row, locked, and says under which conditions the write may go on. */
export type Judge = (row: StoredRow | undefined) => void

const anyRow: Judge = () => {}

/** An update, also of what is not there yet, as a transaction of its own. */
export const storeChange = (house: House, actor: Actor, submitted: Submitted, judge?: Judge): Promise<Stored> =>
  storeAlone(house, (tx) => storeInTx(tx, house, actor, submitted, judge))

/** A write as a transaction of its own. What is tried again is `work`, whole. */
export async function storeAlone(house: House, work: (tx: Tx) => Promise<Stored>): Promise<Stored> {
  const stored = await withNextTimes(house, () => inTransaction(house.pool, work))
  if (!stored.unchanged) await afterCommit(house, [stored])
  return stored
}

/** A create inside a transaction, as `storeInTx`: a new id cannot be there yet, and needs no look. */
export const createInTx = (tx: Tx, house: House, actor: Actor, submitted: Submitted): Promise<Stored> =>
  storeOver(tx, house, actor, undefined, submitted, anyRow, 'create')

/**
 * An update inside a transaction of the caller's, who calls `afterCommit` when it is over. Throws what `withNextTimes`
 * understands.
 */
export async function storeInTx(tx: Tx, house: House, actor: Actor, submitted: Submitted, judge: Judge = anyRow): Promise<Stored> {
  const { type, id, resource } = submitted
  const row = await lockToWrite(tx, house, type, { id, does: 'write', resource })
  await assertStands(tx, house, actor, submitted, row)
  return storeOver(tx, house, actor, row, submitted, judge)
}

type Asked = 'create' | 'update' | 'patch'

/** `row`: the current one, locked by the caller. `interaction` is what was asked for; an update may come to a create. */
export async function storeOver(
  tx: Tx,
  house: House,
  actor: Actor,
  row: StoredRow | undefined,
  submitted: Submitted,
  judge: Judge,
  interaction: Asked = 'update',
): Promise<Stored> {
  const known = row?.body ? asWritten(house, submitted, row.body) : undefined
  const before = known === undefined ? undefined : (JSON.parse(known) as Resource)
  // Before the version is judged: who may not see the resource is not told which version it has.
  const seen = interaction === 'create' ? row : await seenBy(tx, house, actor, submitted, row)
  if (before && !seen) {
    judge(undefined)
    throw fault('forbidden', `The token's scopes do not allow this for ${submitted.type}.`)
  }
  if (before) await assertMayWriteOver(tx, house, actor, 'u', before)
  judge(row)
  const change = changeOf(house, actor, row, before, submitted, interaction)
  if (before && known !== undefined && (await isStored(tx, house, { resource: before, text: known }, change)))
    return unchanged(tx, before, change)
  await assertAgreed(tx, house, change.resource, submitted.beside)
  const outcome = await writeResource(tx, house, asKept(house, change))
  await registered(tx, house, actor, change)
  return storedAs(change, outcome)
}

/** A stored body as its writer knows it. */
const asWritten = ({ secrets }: House, { type, id }: Pick<Submitted, 'type' | 'id'>, body: string): string =>
  type === 'Subscription' ? openedSubscription(secrets, id, body) : body

/** A change as it stands in the database. */
function asKept({ secrets }: House, change: Change): Change {
  if (change.type !== 'Subscription') return change
  const text = sealedSubscription(secrets, change.id, change.text)
  return text === change.text ? change : { ...change, text, resource: { ...(JSON.parse(text) as Resource), id: change.id } }
}

/** What asks to be told of changes is understood, or refused, in the transaction that writes it. */
async function registered(tx: Tx, house: House, actor: Actor, { type, resource }: Change): Promise<void> {
  if (type === 'Subscription') await registerSubscription(tx, house, actor, resource, boundsFor)
  if (type === 'SearchParameter') await registerSearchParameter(tx, house, resource)
}

const storedAs = ({ type, id, resource, at, before }: Change, { written, schedules }: Outcome<Written>): Stored => ({
  type,
  id,
  resource,
  written,
  at,
  created: before === undefined,
  unchanged: false,
  schedules,
})

/** What profiles claim and what conformance resources say has to hold too, beyond the base definitions. */
async function assertAgreed(tx: Tx, house: House, resource: Resource, beside: Beside | undefined): Promise<void> {
  assertOwnCanonical(house, resource)
  assertWhoseContent(house, resource)
  await assertConforms(tx, house, resource, beside)
}

/** New ones of one type, many in one statement where they may. `at` says of a refusal which of them it is about. */
export async function storeNew(
  tx: Tx,
  house: House,
  actor: Actor,
  submitted: readonly Submitted[],
  at: <T>(place: number, work: () => T) => T,
): Promise<Stored[]> {
  const changes = submitted.map((one, place) => at(place, () => changeOf(house, actor, undefined, undefined, one, 'create')))
  for (const [place, { resource }] of changes.entries()) await at(place, () => assertAgreed(tx, house, resource, submitted[place]?.beside))
  const together = changes.filter((change, place) => at(place, () => mayBeOneOfMany(house, change)))
  const asTheyAreKept = together.map((change) => asKept(house, change))
  const rows = together.length > 1 ? await writeNew(tx, house, asTheyAreKept) : []
  const known = new Map(rows.map((row, place) => [together[place], row]))
  const stored: Stored[] = []
  for (const [place, change] of changes.entries()) {
    const written = known.get(change)
    await at(place, () => registered(tx, house, actor, change))
    stored.push(
      storedAs(change, written ? { written, schedules: [] } : await at(place, () => writeResource(tx, house, asKept(house, change)))),
    )
  }
  return stored
}

const isStored = async (tx: Tx, house: House, stored: Told, change: Change): Promise<boolean> =>
  sameResource(stored, change) && (await standsAsItIs(tx, house, change.resource))

/** Nothing is written, but it is shown: the read writes the AuditEvent. */
async function unchanged(tx: Tx, resource: Resource, { type, id, audit }: Named): Promise<Stored> {
  const { version = '', body } = (await readResource(tx, type, id, audit)) ?? {}
  const at = resource.meta?.lastUpdated ?? ''
  return { type, id, resource, written: { id, version, body: body ?? '' }, at, created: false, unchanged: true, schedules: [] }
}

/** A write as its writer is answered. */
export function answerOf({ type, id, written: { version, body }, at, created }: Stored): Reply {
  return { status: created ? 201 : 200, body, version, updated: at, location: `${type}/${id}/_history/${version}` }
}

type Named = { readonly type: string; readonly id: string; readonly audit: AuditRow }

function changeOf(
  house: House,
  actor: Actor,
  row: StoredRow | undefined,
  before: Resource | undefined,
  { type, id, ...sent }: Submitted,
  interaction: Asked,
): Change {
  // The scope for updates is enough for one that creates.
  const verb = interaction === 'create' ? 'c' : 'u'
  const { resource, text } = type === 'Subscription' ? withKeptSecrets(sent, before) : sent
  const stored: Resource = { ...resource, id }
  const permission = may(actor, verb, type)
  assertMayWrite(house, actor, verb, stored)
  return withNumber(house, actor, {
    type,
    id,
    before,
    isNew: row === undefined,
    resource: stored,
    text,
    at: house.clock.now().toISOString(),
    client: actor.client,
    actor,
    patient: permission.allowed ? permission.patient : undefined,
    audit: auditOf(house, actor, before ? interaction : 'create'),
  })
}
