/**
 * Times proposed by `Appointment/$find`, kept until they are taken or their time is over. They are not resources: they are
 * in no search, history or export.
 */
import { type AuditRow, auditInsert } from './audit-rows.ts'
import type { Db } from './db.ts'
import { params, prepared } from './sql.ts'

export type Proposal = {
  readonly id: string
  /** The Slot the visit starts in. */
  readonly slot: string
  /** JSON text of the proposed Appointment. */
  readonly body: string
  readonly minutes: number
  /** `HealthcareService/1` */
  readonly service: string | null
  /** The id of the Patient it was proposed to. */
  readonly patient: string | null
}

/** With its audit row in the same statement; times that are proposed to nobody in particular leave none. */
export async function saveProposals(
  db: Db,
  proposals: readonly Proposal[],
  { expires, patients, audit }: { readonly expires: string; readonly patients: readonly string[]; readonly audit: AuditRow },
): Promise<void> {
  const p = params()
  const texts = (column: 'id' | 'slot' | 'body' | 'service' | 'patient'): string =>
    p.add(
      proposals.map((one) => one[column]),
      'text[]',
    )
  const minutes = p.add(
    proposals.map((one) => one.minutes),
    'int[]',
  )
  await db.query(
    prepared(
      `with shown as (select ${p.add(patients, 'text[]')} as patients, null::text as entity),
      audited as (${auditInsert(p, audit, 'shown')})
      insert into proposal (id, slot, body, minutes, service, patient, expires)
      select id, slot, body::jsonb, minutes, service, patient, ${p.add(expires, 'timestamptz')}
        from unnest(${texts('id')}, ${texts('slot')}, ${texts('body')}, ${minutes}, ${texts('service')}, ${texts('patient')}) p (id, slot, body, minutes, service, patient)`,
      p.values,
    ),
  )
}

export async function proposalOf(db: Db, id: string): Promise<(Proposal & { readonly live: boolean }) | undefined> {
  const [row] = await db.query<Proposal & { live: boolean }>(
    prepared('select id, slot, body::text as body, minutes, service, patient, expires > now() as live from proposal where id = $1', [id]),
  )
  return row
}

/** A proposal to be shown, with its audit row where it names a patient; to `confined` only what is theirs or nobody's. */
export async function showProposal(
  db: Db,
  id: string,
  { confined, except, audit }: { readonly confined: string | undefined; readonly except?: readonly string[]; readonly audit: AuditRow },
): Promise<{ readonly body: string; readonly live: boolean } | undefined> {
  const p = params()
  const only = p.add(confined ?? null, 'text')
  const [row] = await db.query<{ body: string; live: boolean }>(
    prepared(
      `with found as (
        select id, body, patient, expires > now() as live from proposal
         where id = ${p.add(id, 'text')} and (${only} is null or patient is null or patient = ${only}) and (patient is null or patient <> all(${p.add(except ?? [], 'text[]')}))),
      shown as (select array[patient] as patients, 'Appointment/' || id as entity from found where patient is not null and live),
      audited as (${auditInsert(p, audit, 'shown')})
      select body::text as body, live from found`,
      p.values,
    ),
  )
  return row
}

/** A proposal answers 410 for a day after its end, then it is unknown. */
export async function forgetOldProposals(db: Db): Promise<void> {
  await db.query(prepared(`delete from proposal where expires <= now() - interval '1 day'`, []))
}
