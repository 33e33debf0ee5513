/**
 * Audit rows found again: by id, and by time, patient, entity, action, outcome and who asked. Newest first.
 */
import type { Db } from './db.ts'
import { type Params, params } from './sql.ts'

export type AuditFound = {
  readonly id: string
  readonly at: Date
  readonly interaction: string
  readonly action: string
  readonly outcome: string
  readonly client: string
  readonly person: string | null
  readonly address: string | null
  readonly patients: readonly string[]
  readonly entity: string | null
  readonly query: string | null
  readonly reason: string | null
  readonly times: number | null
}

export type AuditFilter = {
  readonly ids?: readonly string[]
  /** Half-open ranges of instants, all of which hold. */
  readonly times: readonly { readonly from?: string; readonly until?: string }[]
  readonly patients?: readonly string[]
  /** Nothing that concerns one of these. */
  readonly except?: readonly string[]
  readonly entities?: readonly string[]
  readonly actions?: readonly string[]
  readonly outcomes?: readonly string[]
  readonly interactions?: readonly string[]
  readonly agents?: readonly string[]
  /** Older than this one. */
  readonly before?: { readonly at: string; readonly id: string }
  readonly limit: number
}

const columns = 'id::text as id, at, interaction, action, outcome, client, person, address, patients, entity, query, reason, times'

// Without names: a caller decides on their shape, and the best plan depends on the values.
export async function findAudit(db: Db, filter: AuditFilter): Promise<AuditFound[]> {
  const p = params()
  const meant = conditionsOf(p, filter)
  if (filter.before) meant.push(`(at, id) < (${p.add(filter.before.at, 'timestamptz')}, ${p.add(filter.before.id, 'uuid')})`)
  return db.query<AuditFound>({
    text: `select ${columns} from audit_event where ${meant.join(' and ')} order by at desc, id desc limit ${p.add(filter.limit, 'int')}`,
    values: p.values,
  })
}

/** How many there are in all, on whichever page one is. */
export async function countAudit(db: Db, filter: AuditFilter): Promise<number> {
  const p = params()
  const text = `select count(*)::int as total from audit_event where ${conditionsOf(p, filter).join(' and ')}`
  const [row] = await db.query<{ total: number }>({ text, values: p.values })
  return row?.total ?? 0
}

function conditionsOf(p: Params, filter: AuditFilter): string[] {
  const any = (column: string, values: readonly string[] | undefined, cast: string): string[] =>
    values ? [`${column} = any(${p.add(values, cast)})`] : []
  return [
    'true',
    ...any('id', filter.ids, 'uuid[]'),
    ...filter.times.flatMap(({ from, until }) => [
      ...(from ? [`at >= ${p.add(from, 'timestamptz')}`] : []),
      ...(until ? [`at < ${p.add(until, 'timestamptz')}`] : []),
    ]),
    ...(filter.patients ? [`patients && ${p.add(filter.patients, 'text[]')}`] : []),
    ...(filter.except ? [`not patients && ${p.add(filter.except, 'text[]')}`] : []),
    ...any('entity', filter.entities, 'text[]'),
    ...any('action', filter.actions, 'text[]'),
    ...any('outcome', filter.outcomes, 'text[]'),
    ...any('interaction', filter.interactions, 'text[]'),
    ...any('coalesce(person, client)', filter.agents, 'text[]'),
  ]
}
