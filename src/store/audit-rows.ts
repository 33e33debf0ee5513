/**
 * The row that says who saw or did what, written in the same statement as the read or write that it records, so that an
 * answer which shows a patient's data cannot leave without it. Rendering a row as FHIR is the room `audit`'s work.
 */
import type { Db } from './db.ts'
import { type Params, params, prepared } from './sql.ts'

export type AuditAction = 'C' | 'R' | 'U' | 'D' | 'E'

export type AuditRow = {
  /** UUIDv7, so that the time can be read back out of it. */
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  readonly interaction: string
  readonly action: AuditAction
  readonly client: string
  readonly person?: string
  readonly address?: string
  /** What for, as a code of PurposeOfUse, where the token says. */
  readonly purpose?: string
  /** The ids of the patients whose data are open to this actor in an emergency: what shows one of them was for ETREAT. */
  readonly emergency?: readonly string[]
  /** What was asked, for searches; the values of a query are patient data and belong here alone. */
  readonly query?: string
}

/** What the patients of a row were shown for. */
export const purposeOf = (p: Params, { purpose, emergency }: AuditRow, patients: string): string =>
  purposeCase(p.add(purpose ?? null, 'text'), p.add(emergency ?? null, 'text[]'), patients)

export const emergencyPurpose = 'ETREAT'

export const purposeCase = (purpose: string, emergency: string, patients: string): string =>
  `case when ${patients} && ${emergency} then '${emergencyPurpose}' else ${purpose} end`

/**
 * A CTE body that writes the row for every row of `source`, which must have `patients text[]` and `entity text`; one that
 * concerns no patient writes nothing.
 */
export function auditInsert(p: Params, audit: AuditRow, source: string): string {
  return `insert into audit_event (id, at, interaction, action, client, person, address, query, purpose, patients, entity)
    select ${p.add(audit.id, 'uuid')}, ${p.add(audit.at, 'timestamptz')}, ${p.add(audit.interaction, 'text')}, ${p.add(audit.action, 'text')},
           ${p.add(audit.client, 'text')}, ${p.add(audit.person ?? null, 'text')}, ${p.add(audit.address ?? null, 'text')},
           ${p.add(audit.query ?? null, 'text')}, ${purposeOf(p, audit, 'source.patients')}, source.patients, source.entity
      from ${source} source where cardinality(source.patients) > 0`
}

/** What is nobody's data: signing in and out, tokens given, requests refused. */
export type SecurityRow = Omit<AuditRow, 'query'> & {
  readonly outcome: '0' | '4'
  readonly reason?: string
  /** Whom it is about, where that is not who did it: `Practitioner/12`. */
  readonly about?: string
  /** How many alike it stands for. */
  readonly times?: number
}

/** A statement of its own. A patient who signs in, or whom it is about, is named, so that it is theirs to read. */
export async function writeSecurityRow(db: Db, row: SecurityRow): Promise<void> {
  const { id, at, interaction, action, outcome, client, person, address, reason, about, times } = row
  const patients = [...new Set([person, about])].flatMap((one) => (one?.startsWith('Patient/') ? [one.slice('Patient/'.length)] : []))
  await db.query(
    prepared(
      `insert into audit_event (id, at, interaction, action, outcome, client, person, address, patients, reason, times, entity)
       values ($1::uuid, $2::timestamptz, $3, $4, $5, $6, $7, $8, $9::text[], $10, $11::int, $12)`,
      [
        id,
        at,
        interaction,
        action,
        outcome,
        client,
        person ?? null,
        address ?? null,
        patients,
        reason ?? null,
        times ?? null,
        about ?? null,
      ],
    ),
  )
}

/** Writes the row by itself: that something which concerns these patients is shown, before it is. Of nobody it writes none. */
export async function auditPatients(
  db: Db,
  { patients, entity, audit }: { readonly patients: readonly string[]; readonly entity: string; readonly audit: AuditRow },
): Promise<void> {
  const p = params()
  const shown = `select ${p.add(patients, 'text[]')} as patients, ${p.add(entity, 'text')} as entity`
  await db.query(prepared(`with shown as (${shown}) ${auditInsert(p, audit, 'shown')}`, p.values))
}

/** The ids of the patients in whose compartment a row is, from its `@Patient/…` terms. */
export const patientsIn = (terms: string): string =>
  `array(select substr(term, 10) from unnest(${terms}) term where term like '@Patient/%')`
