/**
 * `Idempotency-Key`: the same key and body give the stored answer again, another body is refused, one still in flight is a
 * conflict. Answers are kept in the transaction that made them true; refusals that would come again are kept too.
 */
import { createHash } from 'node:crypto'
import type { Actor } from '../access/actor.ts'
import { inCompartment, isKeptFrom } from '../access/compartment.ts'
import { isMasked } from '../access/masking.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { Fault, type FaultKind, fault, type Issue } from '../base/fault.ts'
import { idNamed, patientsNamed } from '../booking/participants.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Pool } from '../store/db.ts'
import { auditShown, versionOf } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { type IdempotencyKey, type Outcome, remember, rememberedOutcome, type VersionMade } from '../store/idempotency.ts'

/** What an operation brought about, from which its answer is made, at once or again. */
export type Done = {
  readonly id: string
  readonly version: string
  readonly text: string
  /** All visits of a series, this one among them. */
  readonly series?: readonly Done[]
  /** Visits of the series that were left out, and why. */
  readonly leftOut?: readonly Issue[]
}

const inFlight = new WeakMap<Pool, Set<string>>()

/** Refusals that another try may well not meet again are not remembered. */
const passing: ReadonlySet<FaultKind> = new Set(['conflict', 'throttled', 'transient', 'timeout', 'exception', 'login', 'forbidden'])

/** `More`: what may come of it that is not to be remembered. */
export async function once<More = never>(
  house: House,
  actor: Actor,
  request: FhirRequest,
  run: (key: IdempotencyKey | undefined) => Promise<Done | More>,
  render: (done: Done | More) => Reply,
): Promise<Reply> {
  const sent = request.headers.idempotencyKey
  if (sent === undefined) return render(await run(undefined))
  const key = keyOf(actor, request, sent)
  const earlier = await rememberedOutcome(house.pool, key)
  if (earlier) return replay(house, actor, key, earlier, render)
  try {
    return await alone(house, key, async () => render(await remembered(house, key, run)))
  } catch (error) {
    // Another server may have answered the first try meanwhile: what it took is then what this try found taken.
    const meanwhile = isConflict(error) ? await rememberedOutcome(house.pool, key) : undefined
    if (!meanwhile) throw error
    return replay(house, actor, key, meanwhile, render)
  }
}

const isConflict = (error: unknown): boolean => error instanceof Fault && error.kind === 'conflict'

const keyOf = (actor: Actor, request: FhirRequest, key: string): IdempotencyKey => ({
  client: actor.client,
  // One person may act for several patients, by one token each.
  person: [...new Set([actor.user, actor.patient])].filter(Boolean).join(' '),
  key,
  request: createHash('sha256')
    .update(`${request.method} ${request.url}\n${request.text ?? ''}`)
    .digest('base64url'),
})

async function replay(
  house: House,
  actor: Actor,
  key: IdempotencyKey,
  earlier: { request: string; outcome: Outcome },
  render: (done: Done) => Reply,
): Promise<Reply> {
  if (earlier.request !== key.request)
    throw fault('business-rule', 'This Idempotency-Key was used for another request: use a new one.', 'Idempotency-Key')
  const { outcome } = earlier
  if ('kind' in outcome) throw new Fault(outcome.kind as FaultKind, outcome.issues)
  const series = outcome.series && (await Promise.all(outcome.series.map((one) => shownAgain(house, actor, one))))
  return render({ ...(series?.[0] ?? (await shownAgain(house, actor, outcome))), series, leftOut: outcome.leftOut })
}

async function shownAgain(house: House, actor: Actor, { appointment: id, version }: VersionMade): Promise<Done> {
  const row = await versionOf(house.pool, 'Appointment', id, version)
  if (!row?.body) throw fault('gone', 'The Appointment that this request made was deleted since.')
  // Since it was made a Consent may have been given, or the token may have become one that reaches less.
  if (!mayBeShown(house, actor, JSON.parse(row.body) as Resource)) throw fault('not-found', `There is no Appointment/${id}.`)
  await auditShown(house.pool, {
    type: 'Appointment',
    id,
    entity: `Appointment/${id}/_history/${version}`,
    patients: patientsNamed(JSON.parse(row.body) as Resource, house.base).flatMap((one) => idNamed(one, 'Patient', house.base) ?? []),
    audit: auditOf(house, actor, 'vread'),
  })
  return { id, version, text: row.body }
}

function mayBeShown(house: House, actor: Actor, appointment: Resource): boolean {
  if (isKeptFrom(house.definitions, actor, appointment, house.base)) return false
  const permission = may(actor, 'c', 'Appointment')
  const isConfined = permission.allowed && permission.patient !== undefined
  if (isConfined && isMasked(actor, appointment, house.base)) return false
  return (
    !permission.allowed || permission.patient === undefined || inCompartment(house.definitions, appointment, permission.patient, house.base)
  )
}

async function alone<T>(house: House, key: IdempotencyKey, work: () => Promise<T>): Promise<T> {
  const busy = inFlight.get(house.pool) ?? new Set<string>()
  inFlight.set(house.pool, busy)
  const name = `${key.client}\n${key.person}\n${key.key}`
  if (busy.has(name)) throw fault('conflict', 'A request with this Idempotency-Key is still being answered. Repeat it in a moment.')
  busy.add(name)
  try {
    return await work()
  } finally {
    busy.delete(name)
  }
}

async function remembered<T>(house: House, key: IdempotencyKey, run: (key: IdempotencyKey) => Promise<T>): Promise<T> {
  try {
    return await run(key)
  } catch (error) {
    if (error instanceof Fault && !passing.has(error.kind))
      await remember(house.pool, key, { kind: error.kind, issues: error.issues }, house.clock.now().toISOString())
    throw error
  }
}
