/**
 * Audit rows found again: by time, by patient, and by what can be told of a row (audit-facts.ts). Newest first.
 */
import { type AuditCondition, auditCondition, isEntityShown, eventPart as part, partsOfId } from './audit-facts.ts'
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
  /** Null: it is nobody's data. */
  readonly patient: string | null
  /** The same answer or deed was about others too. */
  readonly shared: boolean
  readonly entity: string | null
  readonly query: string | null
  readonly purpose: string | null
  readonly reason: string | null
  readonly times: number | null
}

export type AuditFilter = {
  /** Half-open ranges of instants, all of which hold. */
  readonly times: readonly { readonly from?: string; readonly until?: string }[]
  readonly patients?: readonly string[]
  /** Nothing that concerns one of these. */
  readonly except?: readonly string[]
  readonly noInteractions?: readonly string[]
  readonly notPerson?: string
  /** All of which hold of what is shown. */
  readonly conditions?: readonly AuditCondition[]
  /** The patient to whom alone it is shown. */
  readonly shownTo?: string
  /** Older than this one. */
  readonly before?: { readonly at: string; readonly id: string }
  readonly limit: number
}

/** An event for each patient of a row; of several each has something of its patient's behind the row's id, which counts nobody. */
const columns = `e.id || case when cardinality(e.patients) > 1 then '.' else '' end || ${part} as id,
  e.at, e.interaction, e.action, e.outcome, e.client, e.person, e.address, p.patient, cardinality(e.patients) > 1 as shared,
  e.entity, e.query, e.purpose, e.reason, e.times`

const events = 'audit_event e left join lateral unnest(e.patients) p (patient) on true'

// Without names: a caller decides on their shape, and the best plan depends on the values.
export async function findAudit(db: Db, filter: AuditFilter): Promise<AuditFound[]> {
  const p = params()
  const meant = [...conditionsOf(p, filter), ...olderThan(p, filter)].join(' and ')
  return db.query<AuditFound>({
    text: `select ${columns} from ${events} where ${meant} order by e.at desc, e.id desc, ${part} desc limit ${p.add(filter.limit, 'int')}`,
    values: p.values,
  })
}

/** How many there are in all, on whichever page one is. */
export async function countAudit(db: Db, filter: AuditFilter): Promise<number> {
  const p = params()
  const text = `select count(*)::int as total from ${events} where ${conditionsOf(p, filter).join(' and ')}`
  const [row] = await db.query<{ total: number }>({ text, values: p.values })
  return row?.total ?? 0
}

export type NamedBy = {
  readonly by: string
  /** Of this type alone. */
  readonly target: string
  /** Interactions whose events name no patient as an entity. */
  readonly security: readonly string[]
}

/** The ids of what the events of a filter name, each once, and whether these are all: `limit` counts events. */
export async function namedInAudit(db: Db, filter: AuditFilter, by: NamedBy): Promise<{ ids: readonly string[]; isWhole: boolean }> {
  const p = params()
  const named = namedBy(p, by, filter.shownTo).map((name, at) => `${name} as n${at}`)
  const found = `select ${named.join(', ')} from ${events} where ${conditionsOf(p, filter).join(' and ')} limit ${p.add(filter.limit + 1, 'int')}`
  const ids = named.map((_, at) => `select distinct n${at} from found where n${at} is not null`)
  const [row] = await db.query<{ ids: string[]; events: number }>({
    text: `with found as materialized (${found}) select array(${ids.join(' union ')}) as ids, (select count(*)::int from found) as events`,
    values: p.values,
  })
  return { ids: row?.ids ?? [], isWhole: (row?.events ?? 0) <= filter.limit }
}

/** Columns of an event that say which of a type it names, null where it names none. */
function namedBy(p: Params, { by, target, security }: NamedBy, shownTo: string | undefined): string[] {
  const idIn = (reference: string): string => {
    const lead = p.add(`${target}/`, 'text')
    return `case when starts_with(${reference}, ${lead}) then substr(${reference}, ${target.length + 2}) end`
  }
  if (by === 'agent') return [idIn('e.person')]
  const whose = target === 'Patient' ? 'p.patient' : 'null::text'
  if (by !== 'entity') return [whose]
  const isShown = shownTo === undefined ? 'true' : `(${isEntityShown(p, shownTo)})`
  return [
    `case when ${isShown} then ${idIn('e.entity')} end`,
    `case when e.interaction <> all(${p.add(security, 'text[]')}) then ${whose} end`,
  ]
}

function conditionsOf(p: Params, filter: AuditFilter): string[] {
  return [
    'true',
    ...filter.times.flatMap(({ from, until }) => [
      ...(from ? [`e.at >= ${p.add(from, 'timestamptz')}`] : []),
      ...(until ? [`e.at < ${p.add(until, 'timestamptz')}`] : []),
    ]),
    ...patientsAsked(p, filter),
    ...(filter.except ? [`not e.patients && ${p.add(filter.except, 'text[]')}`] : []),
    ...(filter.noInteractions ? [`e.interaction <> all(${p.add(filter.noInteractions, 'text[]')})`] : []),
    ...(filter.notPerson ? [`e.person is distinct from ${p.add(filter.notPerson, 'text')}`] : []),
    ...(filter.conditions ?? []).map((one) => auditCondition(p, one, filter.shownTo)),
  ]
}

/** The first is what the index knows, the second what is left of a row that names others too. */
function patientsAsked(p: Params, { patients }: AuditFilter): string[] {
  if (!patients) return []
  const asked = p.add(patients, 'text[]')
  return [`e.patients && ${asked}`, `p.patient = any(${asked})`]
}

function olderThan(p: Params, { before }: AuditFilter): string[] {
  if (!before) return []
  const last = partsOfId(before.id)
  const place = `(${p.add(before.at, 'timestamptz')}, ${p.add(last.row, 'uuid')})`
  return [`(e.at, e.id) <= ${place}`, `((e.at, e.id) < ${place} or ${part} < ${p.add(last.part, 'text')})`]
}
