/**
 * The Consents that may keep a patient's data from somebody, and whom a practitioner works for. What they mean is the work
 * of the room `access`. Left out: those that deny nothing, however many there are.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

/** Grows with each write of a Consent. */
export async function consentVersion(db: Db): Promise<string> {
  const [row] = await db.query<{ version: string }>(prepared('select version::text as version from consent_state limit 1', []))
  return row?.version ?? '0'
}

/** In one statement with their version. More than `limit` there shall not be. */
export async function restrictingConsents(db: Db, limit: number): Promise<{ version: string; bodies: readonly string[] }> {
  const [row] = await db.query<{ version: string; bodies: readonly string[] }>(
    prepared(
      `select (select version::text from consent_state limit 1) as version,
              array(select body::text from consent
                     where not deleted and body->>'status' = 'active'
                       and (body @? '$.provision.**.type ? (@ == "deny")' or body @? '$.policyRule.coding[*].code ? (@ == "OPTOUT")')
                     order by id limit $1) as bodies`,
      [limit],
    ),
  )
  return row ?? { version: '0', bodies: [] }
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
