/**
 * Who is a patient of a practice: what the booking rule about new patients asks. Left out: the rule itself (`scheduling/rules`).
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

/** Whose patient somebody may be: actors (`Type/id`), and words of plans (`organization=Organization/1`) whose actors count too. */
export type Practice = { readonly actors: readonly string[]; readonly organizations: readonly string[] }

const practiceActorsMax = 10_000

/** Whether the patient has had a visit that took place, or has one to come, with anybody of the practice. */
export async function patientIsKnown(db: Db, patient: string, { actors, organizations }: Practice): Promise<boolean> {
  const rows = await db.query(
    prepared(
      `with practice as materialized (
        select array(select unnest($2::text[]) union
                     select 'actor=' || (actor->>'reference') from (
                       select plan from schedule_plan where terms && $3::text[] offset 0) p, jsonb_array_elements(p.plan->'actors') actor
                      limit ${practiceActorsMax}) as actors)
       select 1 from practice, (select terms, status, deleted from appointment where terms @> array['@Patient/' || $1::text] offset 0) a
        where a.terms && practice.actors and a.status in ('booked', 'arrived', 'checked-in', 'fulfilled') and not a.deleted limit 1`,
      [patient, actors.map((actor) => `actor=${actor}`), organizations],
    ),
  )
  return rows.length > 0
}
