/**
 * Schedule plans: everything that decides what a Schedule offers, gathered once when one of its resources is written, so
 * that a booking reads one row. `terms` are what `$find-slots` narrows by; `part=Type/id` says what a plan was made from.
 */
import { standInLock } from './claimable-actors.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type PlanRow = { readonly schedule: string; readonly version: string; readonly plan: string; readonly stale: boolean }

/** `plan` in ASCII: any number would do, as long as every process takes the same. */
const directoryLock = 0x706c616e

/**
 * One change of the directory at a time, until the transaction ends: of two that run beside each other neither would see
 * the other's resource, and the plan made from both would miss one of them.
 */
export async function lockDirectory(tx: Tx): Promise<void> {
  await tx.query(prepared('select pg_advisory_xact_lock($1)', [directoryLock]))
}

/**
 * Writes a Schedule's plan, marks its Slots as waiting to be made anew, and renews what it claims. Where somebody comes to be
 * claimed, whoever books on it is waited for, and waits from then on: what they booked is seen by the next statement.
 */
export async function savePlan(
  tx: Tx,
  plan: { schedule: string; text: string; terms: readonly string[]; claims: readonly string[] },
): Promise<void> {
  await tx.query(
    prepared(
      `insert into schedule_plan (schedule, version, plan, terms, stale)
       values ($1, nextval('schedule_plan_version'), $2::jsonb, $3::text[], true)
       on conflict (schedule) do update
         set version = excluded.version, plan = excluded.plan, terms = excluded.terms, stale = true`,
      [plan.schedule, plan.text, plan.terms],
    ),
  )
  await tx.query(
    prepared(
      `with gone as (delete from schedule_claim where schedule = $1 and resource <> all($2::text[])),
       gained as (insert into schedule_claim (schedule, resource) select $1, unnest($2::text[]) on conflict do nothing returning schedule)
       select pg_advisory_xact_lock(hashtextextended('Schedule/' || schedule, ${standInLock})) from (select distinct schedule from gained) each`,
      [plan.schedule, plan.claims],
    ),
  )
}

/** A Slot may name a Schedule that is not there yet: it is then claimed in its own name. */
export async function ensurePlan(tx: Tx, schedule: string, emptyPlan: string): Promise<void> {
  await tx.query(
    prepared(
      `with made as (
        insert into schedule_plan (schedule, version, plan, terms, stale)
        values ($1, nextval('schedule_plan_version'), $2::jsonb, '{}', false) on conflict do nothing returning schedule)
       insert into schedule_claim (schedule, resource) select schedule, 'Schedule/' || schedule from made on conflict do nothing`,
      [schedule, emptyPlan],
    ),
  )
}

/** No Slot of the Schedule may be longer than the plan says. */
export async function lengthenPlan(tx: Tx, schedule: string, start: string, end: string): Promise<void> {
  await tx.query(
    prepared(
      `update schedule_plan set longest = $3::timestamptz - $2::timestamptz
        where schedule = $1 and longest < $3::timestamptz - $2::timestamptz`,
      [schedule, start, end],
    ),
  )
}

/** The Schedules whose plan was made from any of these resources (`Type/id`). */
export async function schedulesMadeFrom(db: Db, parts: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ schedule: string }>(
    prepared('select schedule from schedule_plan where terms && $1::text[] order by schedule', [parts.map((part) => `part=${part}`)]),
  )
  return rows.map((row) => row.schedule)
}

/** The plan under which a visit in these Slots stands, also where they are gone; without its text where `known` is its version. */
export async function planOfSlots(
  db: Db,
  slots: readonly string[],
  known: string,
): Promise<{ schedule: string; version: string; plan: string | null } | undefined> {
  const [row] = await db.query<{ schedule: string; version: string; plan: string | null }>(
    prepared(
      `select p.schedule, p.version::text as version, case when p.version::text <> $2::text then p.plan::text end as plan
         from slot s join schedule_plan p on p.schedule = s.schedule where s.id = any($1::text[]) order by array_position($1::text[], s.id) limit 1`,
      [slots, known],
    ),
  )
  return row
}

export async function plansOf(db: Db, schedules: readonly string[]): Promise<PlanRow[]> {
  return db.query<PlanRow>(
    prepared(
      'select schedule, version::text as version, plan::text as plan, stale from schedule_plan where schedule = any($1::text[]) order by schedule',
      [schedules],
    ),
  )
}

/** The versions of these Schedules' plans. */
export async function planVersions(db: Db, schedules: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ schedule: string; version: string }>(
    prepared('select schedule, version::text as version from schedule_plan where schedule = any($1::text[])', [schedules]),
  )
  return new Map(rows.map((row) => [row.schedule, row.version]))
}

/** The Schedules that match every group of terms; inside a group any one will do. At most `limit`. */
export async function schedulesMatching(db: Db, groups: readonly (readonly string[])[], limit: number): Promise<string[]> {
  const clauses = groups.map((_, index) => `terms && $${index + 2}::text[]`)
  const found = `select schedule from schedule_plan where ${[...clauses, 'true'].join(' and ')} order by schedule limit $1`
  // One value, not hundreds of rows.
  const [row] = await db.query<{ schedules: string | null }>(
    prepared(`select string_agg(schedule, ' ') as schedules from (${found}) found`, [limit, ...groups]),
  )
  return row?.schedules ? row.schedules.split(' ') : []
}

/** The Schedules that any of these terms find, each with the version of its plan. At most `limit`. */
export async function plansNaming(db: Db, terms: readonly string[], limit: number): Promise<Map<string, string>> {
  const rows = await db.query<{ schedule: string; version: string }>(
    prepared('select schedule, version::text as version from schedule_plan where terms && $1::text[] order by schedule limit $2', [
      terms,
      limit,
    ]),
  )
  return new Map(rows.map((row) => [row.schedule, row.version]))
}

/** Holds a Schedule's plan until the transaction ends, so that its Slots are made by one at a time. */
export async function lockPlan(tx: Tx, schedule: string): Promise<PlanRow | undefined> {
  const [row] = await tx.query<PlanRow>(
    prepared(
      'select schedule, version::text as version, plan::text as plan, stale from schedule_plan where schedule = $1 for no key update',
      [schedule],
    ),
  )
  return row
}

/** Schedules after `after` whose Slots do not reach as far as they should. */
export async function schedulesToGenerate(db: Db, reach: string, after: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ schedule: string }>(
    prepared(
      `select schedule from schedule_plan
        where (generated_until is null or generated_until < $1::timestamptz) and schedule > $2 order by schedule limit $3`,
      [reach, after, limit],
    ),
  )
  return rows.map((row) => row.schedule)
}

export async function allSchedules(db: Db): Promise<string[]> {
  const rows = await db.query<{ schedule: string }>(prepared('select schedule from schedule_plan order by schedule', []))
  return rows.map((row) => row.schedule)
}

/** Schedules after `after` whose Slots wait to be made anew. */
export async function staleSchedules(db: Db, after: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ schedule: string }>(
    prepared('select schedule from schedule_plan where stale and schedule > $1 order by schedule limit $2', [after, limit]),
  )
  return rows.map((row) => row.schedule)
}
