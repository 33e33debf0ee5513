/**
 * Durable jobs as graphile-worker keeps them: put in within the caller's own transaction, so that a job is there if and
 * only if what it is for was written. https://worker.graphile.org/docs/sql-add-job
 *
 * The tables are graphile-worker's own, made by it when the work starts; running jobs is the room `jobs`.
 */
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

export type NewJob = {
  readonly task: string
  readonly payload: Readonly<Record<string, unknown>>
  /** A job whose key waits or runs already, or has failed for good, is not put in again. */
  readonly key?: string
  /** Jobs of one queue run one after the other. */
  readonly queue?: string
  readonly attemptsMax?: number
}

/** Puts a job in; it runs once the transaction is committed, and never if it is not. */
export async function addJob(tx: Tx, { task, payload, key, queue, attemptsMax }: NewJob): Promise<void> {
  await tx.query(
    prepared(
      `select 1 from graphile_worker.add_job($1, payload => $2::json, queue_name => $3, max_attempts => $4::int, job_key => $5,
         job_key_mode => case when $5::text is null then 'replace' else 'unsafe_dedupe' end)`,
      [task, JSON.stringify(payload), queue ?? null, attemptsMax ?? null, key ?? null],
    ),
  )
}

export type JobState = 'waiting' | 'running' | 'failing' | 'dead'

export type JobRow = {
  readonly id: string
  readonly task: string
  readonly key: string | null
  readonly state: JobState
  readonly attempts: number
  readonly attemptsMax: number
  readonly due: Date
  /** What kind of failure the last one was; never holds patient data (`jobs/work.ts`). */
  readonly failure: string | null
}

const stateOf = `case when j.locked_at is not null then 'running' when j.attempts >= j.max_attempts then 'dead'
                      when j.attempts > 0 then 'failing' else 'waiting' end`

const jobsMax = 1_000

/** Whether graphile-worker has made its tables here yet. */
export async function hasJobs(db: Db): Promise<boolean> {
  const [row] = await db.query<{ there: boolean }>(prepared(`select to_regclass('graphile_worker._private_jobs') is not null as there`, []))
  return row?.there ?? false
}

/** Oldest first; only those of a state where one is given. */
export async function jobsIn(db: Db, state?: JobState): Promise<JobRow[]> {
  return db.query<JobRow>(
    prepared(
      `select j.id::text as id, t.identifier as task, j.key, ${stateOf} as state, j.attempts, j.max_attempts as "attemptsMax",
              j.run_at as due, j.last_error as failure
         from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
        where $1::text is null or ${stateOf} = $1
        order by j.id limit ${jobsMax}`,
      [state ?? null],
    ),
  )
}

/** Lets jobs run again at once, as if they had never failed. Gives those that were let; one that runs now is not. */
export async function replayJobs(db: Db, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(`select id::text as id from graphile_worker.reschedule_jobs($1::bigint[], run_at => now(), attempts => 0) order by 1`, [ids]),
  )
  return rows.map(({ id }) => id)
}

/** Any number, as long as no other use of two-part advisory locks in this database picks it. */
const workerLock = 7_356_002

/**
 * Says that a worker lives, by a lock that ends with its connection; then frees the jobs of workers that do not. A job
 * that was taken a moment ago may be of one that is just about to say so. Left alone, graphile-worker frees the jobs of a
 * worker that was killed after four hours. Every call of a worker must come on one and the same connection.
 */
export async function keepWorker(db: Db, worker: string): Promise<string[]> {
  const mine = `l.locktype = 'advisory' and l.classid = ${workerLock} and l.objsubid = 2
     and l.database = (select oid from pg_database where datname = current_database())`
  await db.query({
    text: `select pg_try_advisory_lock(${workerLock}, hashtext($1))
            where not exists (select from pg_locks l where ${mine} and l.pid = pg_backend_pid())`,
    values: [worker],
  })
  const rows = await db.query<{ worker: string }>({
    text: `with dead as (
             select distinct j.locked_by as worker from graphile_worker._private_jobs j
              where j.locked_at < now() - interval '3 seconds' and j.locked_by <> $1
                and not exists (select from pg_locks l where ${mine} and l.objid = hashtext(j.locked_by)::oid))
           select worker, graphile_worker.force_unlock_workers(array[worker]) from dead`,
    values: [worker],
  })
  return rows.map((row) => row.worker)
}
