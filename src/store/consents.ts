/**
 * The Consents that may keep a patient's data from somebody, and whom a practitioner works for. What they mean is the work
 * of the room `access`. Left out: those that deny nothing, however many there are.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

/** A version that grows with each write of a Consent, and whether somebody's data stand open to anybody in an emergency. */
export async function consentVersion(db: Db, at: Date): Promise<{ version: string; glass: boolean }> {
  const [row] = await db.query<{ version: string; glass: boolean }>(
    prepared(`select (select version::text from consent_state limit 1) as version, ${someGlass}`, [at]),
  )
  return { version: row?.version ?? '0', glass: row?.glass ?? false }
}

const someGlass = 'exists (select from break_glass where until > $1::timestamptz) as glass'

/** In one statement with their version. More than `limit` there shall not be. */
export async function restrictingConsents(
  db: Db,
  at: Date,
  limit: number,
): Promise<{ version: string; glass: boolean; bodies: readonly string[] }> {
  const [row] = await db.query<{ version: string; glass: boolean; bodies: readonly string[] }>(
    prepared(
      `select (select version::text from consent_state limit 1) as version, ${someGlass},
              array(select body::text from consent
                     where not deleted and body->>'status' = 'active'
                       and (body @? '$.provision.**.type ? (@ == "deny")' or body @? '$.policyRule.coding[*].code ? (@ == "OPTOUT")')
                     order by id limit $2) as bodies`,
      [at, limit],
    ),
  )
  return row ?? { version: '0', glass: false, bodies: [] }
}

const workplacesMax = 1_000

/** A practitioner's roles and the organizations of those, `PractitionerRole/1`, `Organization/2`. */
export async function workplacesOf(db: Db, practitioner: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    prepared(
      `select distinct name from practitioner_role r
        cross join lateral (
          select 'PractitionerRole/' || r.id as name
          union all
          select substr(term, 14) from unnest(r.terms) term where term like 'organization=Organization/%') names
        where r.terms @> array['practitioner=' || $1::text] and not r.deleted order by name limit ${workplacesMax}`,
      [practitioner],
    ),
  )
  return rows.map(({ name }) => name)
}
