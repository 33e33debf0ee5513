/** Whose data somebody has opened in an emergency, and until when. What it means is the work of `auth/kept-from.ts`. */
import { type AuditRow, emergencyPurpose } from './audit-rows.ts'
import type { Db } from './db.ts'
import { params, prepared } from './sql.ts'

type Who = { readonly user: string; readonly client: string; readonly at: Date }

const openMax = 1_000

/** The ids of the patients. */
export async function openGlasses(db: Db, { user, client, at }: Who): Promise<string[]> {
  const rows = await db.query<{ patient: string }>(
    prepared(
      `select distinct patient from break_glass
        where person = $1 and client = $2 and begun <= $3::timestamptz and until > $3::timestamptz order by patient limit ${openMax}`,
      [user, client, at],
    ),
  )
  return rows.map(({ patient }) => patient)
}

/** Whether anybody's has been open since then, and still is. */
export async function isGlassOpenSince(db: Db, since: Date, now: Date): Promise<boolean> {
  const rows = await db.query(
    prepared(`select 1 from break_glass where begun <= $1::timestamptz and until > $2::timestamptz limit 1`, [since, now]),
  )
  return rows.length > 0
}

export type Glass = {
  readonly id: string
  readonly person: string
  readonly client: string
  readonly patient: string
  readonly begun: Date
  readonly until: Date
}

/** With its audit row, in one statement; false where so many are open to that person already. */
export async function breakGlass(
  db: Db,
  glass: Glass,
  { most, reason }: { readonly most: number; readonly reason: string },
  audit: AuditRow,
): Promise<boolean> {
  const p = params()
  const [person, client, patient, begun] = [
    p.add(glass.person, 'text'),
    p.add(glass.client, 'text'),
    p.add(glass.patient, 'text'),
    p.add(glass.begun, 'timestamptz'),
  ]
  const rows = await db.query(
    prepared(
      `with opened as (
         insert into break_glass (id, person, client, patient, begun, until)
         select ${p.add(glass.id, 'uuid')}, ${person}, ${client}, ${patient}, ${begun}, ${p.add(glass.until, 'timestamptz')}
          where (select count(distinct patient) from break_glass where person = ${person} and until > ${begun} and patient <> ${patient}) < ${p.add(most, 'int')}
         returning patient),
       audited as (
         insert into audit_event (id, at, interaction, action, client, person, address, patients, entity, purpose, reason)
         select ${p.add(audit.id, 'uuid')}, ${p.add(audit.at, 'timestamptz')}, ${p.add(audit.interaction, 'text')}, ${p.add(audit.action, 'text')},
                ${client}, ${person}, ${p.add(audit.address ?? null, 'text')}, array[patient], 'Patient/' || patient,
                '${emergencyPurpose}', ${p.add(reason, 'text')}
           from opened)
       select patient from opened`,
      p.values,
    ),
  )
  return rows.length === 1
}
