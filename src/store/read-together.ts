/**
 * Reads that are asked for at once, as one statement with all their audit rows: under load a read's own work is less than
 * what starting and committing a statement takes. https://hl7.org/fhir/R4/http.html#read
 *
 * Each asker gets their own row in the audit, in the same statement as the body they are shown (docs/decisions/0004).
 */
import { readsTogetherMax } from '../base/limits.ts'
import type { AuditRow } from './audit-rows.ts'
import type { Pool, Statement } from './db.ts'
import { tableOf } from './layout.ts'
import { patientsOf, type ReadRow, readColumns, readResource } from './resources.ts'
import { prepared } from './sql.ts'
import { lanes, type Together, together } from './together.ts'

type Ask = { readonly id: string; readonly audit: AuditRow }
type Read = (ask: Ask) => Promise<ReadRow | undefined>

const readers = new WeakMap<Pool, Map<string, Read>>()

/** Like `readResource`, with whoever else reads that type just now; a type without patients' data is read alone. */
export function readTogether(pool: Pool, type: string, id: string, audit: AuditRow | undefined): Promise<ReadRow | undefined> {
  return audit === undefined ? readResource(pool, type, id, audit) : readerOf(pool, type)({ id, audit })
}

function readerOf(pool: Pool, type: string): Read {
  const ofPool = readers.get(pool) ?? new Map<string, Read>()
  readers.set(pool, ofPool)
  const reader = ofPool.get(type) ?? together(reading(pool, type))
  ofPool.set(type, reader)
  return reader
}

function reading(pool: Pool, type: string): Together<Ask, ReadRow | undefined> {
  const text = statementText(type)
  return {
    lanes,
    most: readsTogetherMax,
    run: async (asks) => {
      const [only] = asks
      if (only && asks.length === 1) return [await readResource(pool, type, only.id, only.audit)]
      const rows = await pool.query<ReadRow & { id: string }>(statement(text, asks))
      return asks.map(({ id }) => rows.find((row) => row.id === id))
    },
  }
}

const statementText = (type: string): string => `
  with asked as (
    select * from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])
      as asked (id, audit, at, client, person, address, purpose)),
  found as (select id, version, updated, deleted, body, ${patientsOf(type, 'id', 'terms')} as patients from ${tableOf(type)} where id = any($1::text[])),
  audited as (
    insert into audit_event (id, at, interaction, action, client, person, address, purpose, patients, entity)
    select asked.audit, asked.at, 'read', 'R', asked.client, asked.person, asked.address, asked.purpose, found.patients, '${type}/' || found.id
      from asked join found on found.id = asked.id
     where not found.deleted and cardinality(found.patients) > 0)
  select id, ${readColumns} from found`

function statement(text: string, asks: readonly Ask[]): Statement {
  const audits = asks.map(({ audit }) => audit)
  return prepared(text, [
    asks.map(({ id }) => id),
    audits.map(({ id }) => id),
    audits.map(({ at }) => at),
    audits.map(({ client }) => client),
    audits.map(({ person }) => person ?? null),
    audits.map(({ address }) => address ?? null),
    audits.map(({ purpose }) => purpose ?? null),
  ])
}
