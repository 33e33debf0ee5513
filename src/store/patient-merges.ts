/**
 * Which Patients were merged into which, what followed, and what refers to a Patient: found by the words of every reference
 * parameter. Left out: references that no search parameter of R4 knows, such as those in extensions.
 */
import { mergedVisitsLookedAtMax } from '../base/limits.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import type { Db, Tx } from './db.ts'
import { tableOf } from './layout.ts'
import { prepared } from './sql.ts'

export type MergeRow = {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly sourceVersion: string
  readonly targetVersion: string
}

export type Moved = { readonly type: string; readonly id: string; readonly version: string }

const columns = 'id, source, target, source_version::text as "sourceVersion", target_version::text as "targetVersion"'

/** The merge of this source that stands. */
export async function mergeOf(db: Db, source: string): Promise<MergeRow | undefined> {
  const [row] = await db.query<MergeRow>(prepared(`select ${columns} from patient_merge where source = $1 and undone is null`, [source]))
  return row
}

export async function addMerge(tx: Tx, merge: MergeRow, at: string): Promise<void> {
  await tx.query(
    prepared(
      `insert into patient_merge (id, source, target, at, source_version, target_version)
       values ($1, $2, $3, $4::timestamptz, $5::bigint, $6::bigint)`,
      [merge.id, merge.source, merge.target, at, merge.sourceVersion, merge.targetVersion],
    ),
  )
}

export async function endMerge(tx: Tx, id: string, at: string): Promise<void> {
  await tx.query(prepared('update patient_merge set undone = $2::timestamptz where id = $1', [id, at]))
}

/** What has followed before and follows again is noted with its newer version. */
export async function addMoved(tx: Tx, merge: string, moved: readonly Moved[]): Promise<void> {
  await tx.query(
    prepared(
      `insert into patient_merge_moved (merge, type, id, version)
       select $1, type, id, version from unnest($2::text[], $3::text[], $4::bigint[]) m (type, id, version)
       on conflict (merge, type, id) do update set version = excluded.version`,
      [merge, moved.map(({ type }) => type), moved.map(({ id }) => id), moved.map(({ version }) => version)],
    ),
  )
}

/** In the order in which they are locked. */
export async function movedBy(tx: Tx, merge: string): Promise<Moved[]> {
  return tx.query<Moved>(
    prepared('select type, id, version::text as version from patient_merge_moved where merge = $1 order by type, id', [merge]),
  )
}

/** Those ids, and whoever was merged into them, through however many merges. */
export async function withMerged(db: Db, patients: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    prepared(
      `with recursive known (id) as (
         select unnest($1::text[])
         union select m.source from patient_merge m join known on m.target = known.id where m.undone is null)
       select id from known order by id`,
      [patients],
    ),
  )
  return rows.map(({ id }) => id)
}

export type Referring = { readonly id: string; readonly version: string; readonly body: string }

/** The resources of a type that refer to a Patient, held until the transaction ends; at most `limit`. */
export async function referringTo(tx: Tx, definitions: Definitions, type: string, patient: string, limit: number): Promise<Referring[]> {
  const words = wordsFor(definitions, type, `Patient/${patient}`)
  if (words.length === 0) return []
  return tx.query<Referring>(
    prepared(
      `select id, version::text as version, body::text as body from ${tableOf(type)}
        where terms && $1::text[] and not deleted order by id limit $2::int for update`,
      [words, limit],
    ),
  )
}

const wordsFor = (definitions: Definitions, type: string, reference: string): string[] =>
  [...(definitions.searchParameters.get(type)?.values() ?? [])].flatMap(({ code, type: kind }) =>
    kind === 'reference' ? [`${code}=${reference}`] : [],
  )

/** An offer of the waitlist is its entry's, whoever the patient is called. */
export async function renameOffers(tx: Tx, entries: readonly string[], from: string, to: string): Promise<void> {
  await tx.query(prepared('update waitlist_offer set patient = $3 where entry = any($1::text[]) and patient = $2', [entries, from, to]))
}

/** The Appointments of any of these patients that are not over, the soonest first. */
export async function visitsOfPatients(db: Db, patients: readonly string[], now: string): Promise<string[]> {
  const rows = await db.query<{ body: string }>(
    prepared(
      `select body::text as body from (
         select id, body, deleted, starts, ends from appointment where terms && $1::text[] offset 0) a
        where not deleted and ends > $2::timestamptz order by starts, id limit ${mergedVisitsLookedAtMax}`,
      [patients.map((id) => `@Patient/${id}`), now],
    ),
  )
  return rows.map(({ body }) => body)
}
