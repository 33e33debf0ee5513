/**
 * What is kept of Subscriptions beside the resource: whether one is active, what it asks for and with whose rights, the
 * events that were numbered for it and how far they have been told.
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type Phase = 'requested' | 'active' | 'error' | 'off'

export type StateRow = {
  readonly subscription: string
  /** Counts the client's writes. */
  readonly revision: string
  readonly phase: Phase
  readonly asked: unknown
  readonly actor: unknown
  /** What its endpoint alone is sent, sealed; null: nothing. */
  readonly secrets: string | null
  readonly ends: Date | null
  readonly lastNumber: string
  readonly delivered: string
  readonly toldAt: Date | null
  /** Why it is in error, in the resource's own words. */
  readonly error: string | null
}

const columns = `s.subscription, s.revision::text as revision, s.phase, s.asked, s.actor, s.secrets, s.ends, s.last_number::text as "lastNumber",
  s.delivered::text as delivered, s.told_at as "toldAt", r.body->>'error' as error`

/** A Subscription that was deleted is nobody's wish any more. */
const living = `subscription_state s join subscription r on r.id = s.subscription and not r.deleted`

/** After a client's write. Events that were numbered before stay, to be told or asked for. */
export async function keepSubscription(
  tx: Tx,
  state: {
    readonly id: string
    readonly phase: Phase
    readonly asked: unknown
    readonly actor: unknown
    readonly ends?: string
    readonly secrets?: string
  },
): Promise<void> {
  await tx.query(
    prepared(
      `insert into subscription_state as s (subscription, phase, asked, actor, ends, secrets)
       values ($1, $2, $3::jsonb, $4::jsonb, $5::timestamptz, $6)
       on conflict (subscription) do update set revision = s.revision + 1, phase = excluded.phase, asked = excluded.asked,
         actor = excluded.actor, ends = excluded.ends, secrets = excluded.secrets`,
      [state.id, state.phase, JSON.stringify(state.asked), JSON.stringify(state.actor), state.ends ?? null, state.secrets ?? null],
    ),
  )
}

/** It was written so that it can never be active: nothing is told any more. */
export async function stopSubscription(tx: Tx, id: string): Promise<void> {
  await tx.query(prepared(`update subscription_state set phase = 'off', revision = revision + 1 where subscription = $1`, [id]))
}

/** False where the client has written it anew since. What becomes active is told of what happens from now on. */
export async function movePhase(
  tx: Tx,
  { subscription, revision }: Pick<StateRow, 'subscription' | 'revision'>,
  phase: Phase,
): Promise<boolean> {
  const rows = await tx.query(
    prepared(
      `update subscription_state set phase = $3, since = case when $3 = 'active' and since is null then pg_current_snapshot() else since end
        where subscription = $1 and revision = $2::bigint returning 1`,
      [subscription, revision, phase],
    ),
  )
  return rows.length > 0
}

export async function subscriptionState(db: Db, id: string): Promise<StateRow | undefined> {
  const [row] = await db.query<StateRow>(prepared(`select ${columns} from ${living} where s.subscription = $1`, [id]))
  return row
}

/** Those that are to be told of what happens: the active, and those whose endpoint fails and may come back. */
export async function listeningSubscriptions(db: Db): Promise<StateRow[]> {
  return db.query<StateRow>(
    prepared(
      `select ${columns} from ${living} where s.phase in ('active', 'error') and s.since is not null and (s.ends is null or s.ends > now())
        order by s.subscription`,
      [],
    ),
  )
}

/** Of these transactions, those that had not happened yet when the Subscription became active. */
export async function happenedSince(db: Db, subscription: string, xids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ xid: string }>(
    prepared(
      `select x.xid::text as xid from subscription_state s, unnest($2::text[]::xid8[]) x (xid)
        where s.subscription = $1 and not pg_visible_in_snapshot(x.xid, s.since)`,
      [subscription, xids],
    ),
  )
  return new Set(rows.map(({ xid }) => xid))
}

export type NewEvent = {
  readonly at: string
  readonly type: string
  readonly id: string
  readonly version: string
  readonly kind: string
}
export type EventRow = { readonly number: string; readonly at: Date } & Pick<NewEvent, 'type' | 'id' | 'version' | 'kind'>

/** Gives the events their numbers, one after the other. */
export async function addEvents(tx: Tx, subscription: string, events: readonly NewEvent[]): Promise<void> {
  const column = (name: keyof NewEvent) => events.map((event) => event[name])
  await tx.query(
    prepared(
      `with counted as (
        update subscription_state set last_number = last_number + $2::int where subscription = $1 returning last_number - $2::int as before)
      insert into subscription_event (subscription, number, at, type, id, version, kind)
      select $1, counted.before + e.n, e.at, e.type, e.id, e.version, e.kind
        from counted, unnest($3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::text[]) with ordinality e (at, type, id, version, kind, n)`,
      [subscription, events.length, column('at'), column('type'), column('id'), column('version'), column('kind')],
    ),
  )
}

/** Events from one number to another, both included, in order. */
export async function eventsBetween(
  db: Db,
  subscription: string,
  from: string,
  until: string | undefined,
  limit: number,
): Promise<EventRow[]> {
  return db.query<EventRow>(
    prepared(
      `select e.number::text as number, e.at, e.type, e.id, e.version::text as version, e.kind from subscription_event e
        where e.subscription = $1 and e.number >= $2::bigint and ($3::bigint is null or e.number <= $3::bigint)
        order by e.number limit $4::int`,
      [subscription, from, until ?? null, limit],
    ),
  )
}

/** Told up to a number; without one, only that something was sent. */
export async function markTold(db: Db, subscription: string, number: string | undefined, at: string): Promise<void> {
  await db.query(
    prepared(
      `update subscription_state set told_at = $3::timestamptz, delivered = greatest(delivered, coalesce($2::bigint, 0)) where subscription = $1`,
      [subscription, number ?? null, at],
    ),
  )
}

/** The key of the one job that speaks to a Subscription's endpoint. */
export const jobKeyOf = (subscription: string): string => `subscription:${subscription}`

/** Those that somebody must speak to and nobody is about to: newly asked for, events to tell, a heartbeat that is due. */
export async function subscriptionsToTell(db: Db, now: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(
      `select s.subscription as id from ${living}
        where (s.ends is null or s.ends > $1::timestamptz)
          and (s.phase = 'requested' or s.phase = 'active' and (s.delivered < s.last_number
               or s.told_at + make_interval(secs => (s.asked->>'heartbeatSeconds')::int) <= $1::timestamptz))
          and not exists (select from graphile_worker._private_jobs j where j.key = 'subscription:' || s.subscription)
        order by s.subscription`,
      [now],
    ),
  )
  return rows.map(({ id }) => id)
}

/** Those whose time is over and that do not say so yet. */
export async function subscriptionsOver(db: Db, now: string): Promise<StateRow[]> {
  return db.query<StateRow>(
    prepared(`select ${columns} from ${living} where s.phase <> 'off' and s.ends <= $1::timestamptz order by s.subscription`, [now]),
  )
}

/** Those that wait for a job that has failed for good: it died with its server, or failed before the client asked anew. */
export async function stranded(db: Db): Promise<{ readonly id: string; readonly phase: Phase; readonly job: string }[]> {
  return db.query(
    prepared(
      `select s.subscription as id, s.phase, j.id::text as job from ${living}
         join graphile_worker._private_jobs j on j.key = 'subscription:' || s.subscription
        where s.phase in ('requested', 'active') and j.locked_at is null and j.attempts >= j.max_attempts order by s.subscription`,
      [],
    ),
  )
}

/** What was told long enough ago, and what belongs to a Subscription that was deleted. */
export async function forgetOldEvents(db: Db, before: string): Promise<void> {
  await db.query(prepared('delete from subscription_event where at < $1::timestamptz', [before]))
  await db.query(
    prepared(
      'delete from subscription_state s using subscription r where r.id = s.subscription and r.deleted and r.updated < $1::timestamptz',
      [before],
    ),
  )
}

/** How Subscriptions stand, by id and status where some are named; one that was never asked to be active has told nothing. */
export async function subscriptionStates(
  db: Db,
  named: { readonly ids: readonly string[]; readonly statuses: readonly string[] },
  limit: number,
): Promise<StateRow[]> {
  return db.query<StateRow>(
    prepared(
      `select r.id as subscription, coalesce(s.revision, 0)::text as revision, r.body->>'status' as phase, coalesce(s.asked, '{}') as asked,
              s.actor, s.secrets, s.ends, coalesce(s.last_number, 0)::text as "lastNumber", coalesce(s.delivered, 0)::text as delivered, s.told_at as "toldAt",
              r.body->>'error' as error
         from subscription r left join subscription_state s on s.subscription = r.id
        where not r.deleted and ($1::text[] = '{}' or r.id = any($1)) and ($2::text[] = '{}' or r.body->>'status' = any($2))
        order by r.id limit $3::int`,
      [named.ids, named.statuses, limit],
    ),
  )
}
