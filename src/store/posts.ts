/**
 * A person's posts: the PractitionerRoles of a Practitioner, or the Practitioner of a PractitionerRole. Those that are over
 * count as well: who took part in a visit has done so. https://hl7.org/fhir/R4/practitionerrole.html
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

const postsMax = 1_000

export async function postsOf(db: Db, person: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(person.startsWith('Practitioner/') ? rolesOf(person) : practitionersOf(person))
  return rows.map(({ name }) => name)
}

const rolesOf = (practitioner: string) =>
  prepared(
    `select 'PractitionerRole/' || id as name from practitioner_role
      where terms @> array['practitioner=' || $1::text] and not deleted order by id limit ${postsMax}`,
    [practitioner],
  )

const practitionersOf = (role: string) =>
  prepared(
    `select substr(word, 14) as name from practitioner_role, unnest(terms) as word
      where id = $1 and not deleted and word like 'practitioner=Practitioner/%' order by word limit ${postsMax}`,
    [role.slice(role.indexOf('/') + 1)],
  )
