/**
 * How a patient's visits have gone, counted from the Appointments as they stand, with the AuditEvent in the same statement.
 * A visit that is cancelled counts where it had been booked: in an earlier version, or where it came in as it is.
 */
import { patientStatisticsVisitsMax } from '../base/limits.ts'
import { type AuditRow, auditInsert } from './audit-rows.ts'
import type { Db } from './db.ts'
import { params, prepared } from './sql.ts'

export type PatientStatistics = {
  readonly deleted: boolean
  readonly visits: number
  readonly noShows: number
  readonly cancellations: number
  readonly lateCancellations: number
  readonly rescheduled: number
  readonly upcoming: number
  readonly unresolved: number
  readonly firstVisit: Date | null
  readonly lastVisit: Date | null
  readonly nextVisit: Date | null
}

export type StatisticsAsked = {
  readonly patient: string
  /** Visits that start in [from, until). */
  readonly from?: string
  readonly until?: string
  readonly now: string
  /** URLs of the extensions that a visit says it by. */
  readonly said: { readonly moved: string; readonly late: string; readonly replaces: string }
}

const came = `v.status in ('fulfilled', 'arrived', 'checked-in')`
const saying = (url: string): string => `jsonb_path_query(v.body, '$.extension[*] ? (@.url == $url)', jsonb_build_object('url', ${url}))`

/** Undefined: there never was such a Patient. */
export async function patientStatistics(db: Db, asked: StatisticsAsked, audit: AuditRow): Promise<PatientStatistics | undefined> {
  const p = params()
  const patient = p.add(asked.patient, 'text')
  const now = p.add(asked.now, 'timestamptz')
  const [from, until] = [p.add(asked.from ?? null, 'timestamptz'), p.add(asked.until ?? null, 'timestamptz')]
  const [moved, late, replaces] = [p.add(asked.said.moved, 'text'), p.add(asked.said.late, 'text'), p.add(asked.said.replaces, 'text')]
  const [row] = await db.query<PatientStatistics>(
    prepared(
      `with found as (select deleted from patient where id = ${patient}),
      known as materialized (
        select id, version, status, starts, ends, body from appointment
         where terms @> array['@Patient/' || ${patient}] and not deleted order by starts desc, id limit ${patientStatisticsVisitsMax}),
      replaced as materialized (
        select distinct substring(link #>> '{valueReference,reference}' from 'Appointment/([A-Za-z0-9.-]{1,64})(/_history/.*)?$') as id
          from known v cross join lateral ${saying(replaces)} link),
      v as materialized (
        select *, id in (select id from replaced) as gone,
               version = 1 or exists (select 1 from appointment_history h where h.id = known.id
                                         and h.body->>'status' in ('booked', 'arrived', 'checked-in')) as stood
          from known where (${from} is null or starts >= ${from}) and (${until} is null or starts < ${until})),
      shown as (select array[${patient}] as patients, 'Patient/' || ${patient} as entity from found where not deleted),
      audited as (${auditInsert(p, audit, 'shown')})
      select found.deleted, counted.* from found cross join (
        select count(*) filter (where ${came})::int as visits,
               count(*) filter (where v.status = 'noshow')::int as "noShows",
               count(*) filter (where v.status = 'cancelled' and stood and not gone)::int as cancellations,
               count(*) filter (where v.status = 'cancelled' and not gone and exists (select ${saying(late)}))::int as "lateCancellations",
               (count(*) filter (where v.status = 'cancelled' and gone) + coalesce(sum((select count(*) from ${saying(moved)})), 0))::int as rescheduled,
               count(*) filter (where v.status = 'booked' and v.ends > ${now})::int as upcoming,
               count(*) filter (where v.status = 'booked' and v.ends <= ${now})::int as unresolved,
               min(v.starts) filter (where ${came}) as "firstVisit", max(v.starts) filter (where ${came}) as "lastVisit",
               min(v.starts) filter (where v.status = 'booked' and v.ends > ${now}) as "nextVisit"
          from v) counted`,
      p.values,
    ),
  )
  return row
}
