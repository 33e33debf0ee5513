/**
 * Whether the demo clinic may be loaded: into an empty database, or on where an earlier load was cut short. It is never
 * mixed into a clinic that is somebody's own.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export async function isEmpty(db: Db): Promise<boolean> {
  const [row] = await db.query<{ empty: boolean }>(
    prepared(
      `select (not exists (select from "schedule") and not exists (select from "patient")
              or exists (select from milestone where name = 'demo-started'))
          and not exists (select from milestone where name = 'demo-loaded') as empty`,
      [],
    ),
  )
  return row?.empty === true
}

/** Somebody for the demo's accounts to be: the first who was stored. */
export async function firstIdOf(db: Db, type: 'Practitioner' | 'Patient'): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(prepared(`select id from "${type.toLowerCase()}" where not deleted order by id limit 1`, []))
  return row?.id
}

/** Notes that something was done; saying it again changes nothing. */
export async function reachMilestone(db: Db, name: 'demo-started' | 'demo-loaded'): Promise<void> {
  await db.query(prepared('insert into milestone (name) values ($1) on conflict do nothing', [name]))
}
