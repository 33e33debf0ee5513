/**
 * Links to one visit, each for one purpose, by the hash of the secret in its address: whoever reads the database cannot use
 * them.
 */
import { type AuditRow, auditInsert } from './audit-rows.ts'
import type { Db } from './db.ts'
import { params, prepared } from './sql.ts'

export const linkPurposes = ['confirm', 'reschedule', 'cancel'] as const
export type LinkPurpose = (typeof linkPurposes)[number]

export type LinkRow = {
  readonly id: string
  /** Bare ids. */
  readonly appointment: string
  readonly patient: string
  readonly purpose: LinkPurpose
  readonly expires: Date
  readonly revoked: boolean
}

export type NewLinks = {
  readonly appointment: string
  readonly patient: string
  readonly client: string
  /** ISO 8601. */
  readonly at: string
  readonly expires: string
  readonly links: readonly { readonly id: string; readonly hash: string; readonly purpose: LinkPurpose }[]
}

/** With its audit row in the same statement. */
export async function addLinks(db: Db, { appointment, patient, client, at, expires, links }: NewLinks, audit: AuditRow): Promise<void> {
  const p = params()
  const [visit, who] = [p.add(appointment, 'text'), p.add(patient, 'text')]
  const texts = (column: 'id' | 'hash' | 'purpose'): string =>
    p.add(
      links.map((one) => one[column]),
      'text[]',
    )
  await db.query(
    prepared(
      `with shown as (select array[${who}] as patients, 'Appointment/' || ${visit} as entity),
      audited as (${auditInsert(p, audit, 'shown')})
      insert into self_service_link (id, hash, appointment, patient, purpose, client, created, expires)
      select id, hash, ${visit}, ${who}, purpose, ${p.add(client, 'text')}, ${p.add(at, 'timestamptz')}, ${p.add(expires, 'timestamptz')}
        from unnest(${texts('id')}, ${texts('hash')}, ${texts('purpose')}) link (id, hash, purpose)`,
      p.values,
    ),
  )
}

export async function linkOf(db: Db, hash: string): Promise<LinkRow | undefined> {
  const [row] = await db.query<LinkRow>(
    prepared(`select id, appointment, patient, purpose, expires, revoked is not null as revoked from self_service_link where hash = $1`, [
      hash,
    ]),
  )
  return row
}

/** How many did still work: all of the visit, or the one. */
export async function revokeLinks(
  db: Db,
  {
    appointment,
    patients,
    id,
    at,
  }: { readonly appointment: string; readonly patients: readonly string[]; readonly id?: string; readonly at: string },
  audit: AuditRow,
): Promise<number> {
  const p = params()
  const [visit, now, one] = [p.add(appointment, 'text'), p.add(at, 'timestamptz'), p.add(id ?? null, 'text')]
  const rows = await db.query(
    prepared(
      `with shown as (select ${p.add(patients, 'text[]')} as patients, 'Appointment/' || ${visit} as entity),
      audited as (${auditInsert(p, audit, 'shown')})
      update self_service_link set revoked = ${now}
       where appointment = ${visit} and (${one} is null or id = ${one}) and revoked is null and expires > ${now} returning 1`,
      p.values,
    ),
  )
  return rows.length
}

/** True for the first to say so; whoever does at the same time waits. */
export async function firstUse(db: Db, id: string, at: string): Promise<boolean> {
  const rows = await db.query(
    prepared('update self_service_link set used = $2::timestamptz where id = $1 and used is null and revoked is null returning 1', [
      id,
      at,
    ]),
  )
  return rows.length > 0
}

/** A link answers 410 for a month after its end, then it is unknown. */
export async function forgetOldLinks(db: Db): Promise<void> {
  await db.query(prepared(`delete from self_service_link where expires <= now() - interval '30 days'`, []))
}
