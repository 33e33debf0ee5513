/**
 * Where a chain or a hierarchy leads, as references: for what is kept in columns of its own, such as AuditEvents, and is
 * found by references alone. https://hl7.org/fhir/R4/search.html#chaining and #recursive
 * Every step is confined to what the caller may see of that type, as a search of its own would be.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { fault } from '../../base/fault.ts'
import { referencesFollowedMax } from '../../base/search-limits.ts'
import type { Definitions } from '../../fhir/definitions/types.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { Db } from '../db.ts'
import { tableOf } from '../layout.ts'
import { rowConditions } from './compile.ts'
import { treeRows } from './linked.ts'
import type { Bounds } from './scope.ts'
import { statementOf, text } from './statement.ts'

/** One that leads to other rows. */
export type Leading = Extract<Criterion, { kind: 'chain' | 'tree' }>

type Looking = {
  readonly definitions: Definitions
  /** Undefined: nothing of that type may be seen. */
  readonly boundsOf: (type: string) => Bounds | undefined
}

/** Throws `too-costly` where they are more than can be looked for one by one. */
export async function referencesMeeting(db: Db, looking: Looking, asked: Leading): Promise<string[]> {
  const sources = asked.kind === 'tree' ? treeOf(looking, asked) : asked.links.flatMap((link) => rowsOf(looking, link))
  if (sources.length === 0) return []
  const limit = referencesFollowedMax + 1
  const rows = await db.query<{ reference: string }>(
    statementOf(sql`select reference from (${join(sources, ' union all ')}) as ends limit ${limit}::int`, false),
  )
  if (rows.length < limit) return rows.map(({ reference }) => reference)
  throw fault(
    'too-costly',
    `What \`${asked.code}\` leads to is more than ${referencesFollowedMax} resources: say more about them.`,
    asked.code,
  )
}

function rowsOf({ definitions, boundsOf }: Looking, { type, criterion }: { readonly type: string; readonly criterion: Criterion }): Sql[] {
  const bounds = boundsOf(type)
  if (!bounds) return []
  const meant = rowConditions({ definitions, type, alias: 'linked', bounds }, [criterion])
  return [sql`select ${text(`${type}/`)} || linked.id as reference from ${raw(tableOf(type))} as linked where ${join(meant, ' and ')}`]
}

function treeOf({ definitions, boundsOf }: Looking, asked: Extract<Leading, { kind: 'tree' }>): Sql[] {
  const bounds = boundsOf(asked.target)
  if (!bounds || asked.ids.length === 0) return []
  const visible = join(rowConditions({ definitions, type: asked.target, alias: 'linked', bounds }), ' and ')
  return [sql`(${treeRows(asked, visible)} select ${text(`${asked.target}/`)} || tree.id as reference from tree)`]
}
