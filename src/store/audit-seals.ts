/**
 * The seals over audit rows, and the keys that sign them. Rows are taken by the transaction that wrote them, below the
 * oldest that still runs, so that none can come later into a range that is sealed; and no writer ever waits for a sealer.
 *
 * What a seal says and how it is signed is the room `audit`'s work; whether it still holds is asked in `audit-check.ts`.
 */
import type { Secrets } from '../base/sealed.ts'
import type { Db, Tx } from './db.ts'
import { placeOf } from './secrets.ts'
import { prepared } from './sql.ts'

export type SealKind = 'rows' | 'retention' | 'restore'

/** Numbers and microseconds since 1970 as text: they are signed as they stand. */
export type SealedRange = {
  readonly number: string
  readonly kind: SealKind
  readonly era: number
  readonly from: string
  readonly upto: string
  readonly sealed: string
  readonly count: string
  readonly earliest: string | null
  readonly latest: string | null
  readonly hash: string
  readonly details: string | null
  readonly previous: string
  readonly key: string
}

export type Seal = SealedRange & { readonly signature: string }

const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint::text`
/** An instant from microseconds since 1970. */
export const instantOf = (place: string): string => `timestamptz 'epoch' + ${place}::bigint * interval '1 microsecond'`

const sealColumns = `number::text as number, kind, era, from_xid::text as "from", upto_xid::text as upto, ${micros('sealed')} as sealed,
  count::text as count, ${micros('earliest')} as earliest, ${micros('latest')} as latest, hash, details, previous, key, signature`

/** Any number, as long as no other use of advisory locks in this database picks it. */
const sealerLock = 7_356_021

/** One sealer at a time; false where another process is at it. */
export async function takeSealer(tx: Tx): Promise<boolean> {
  const [row] = await tx.query<{ mine: boolean }>(prepared(`select pg_try_advisory_xact_lock(${sealerLock}) as mine`, []))
  return row?.mine === true
}

/** By the column itself: as texts, 9 comes after 10. */
export async function lastSeal(db: Db): Promise<Seal | undefined> {
  const [row] = await db.query<Seal>(prepared(`select ${sealColumns} from audit_seal order by audit_seal.number desc limit 1`, []))
  return row
}

/** In order, those after a number. */
export const sealsAfter = (db: Db, number: string, limit: number): Promise<Seal[]> =>
  db.query<Seal>(
    prepared(`select ${sealColumns} from audit_seal where number > $1::bigint order by audit_seal.number limit $2::int`, [number, limit]),
  )

/** Seals over rows on both sides of an instant. */
export const sealsOver = (db: Db, instant: string): Promise<Seal[]> =>
  db.query<Seal>(
    prepared(
      `select ${sealColumns} from audit_seal where earliest < ${instantOf('$1')} and latest >= ${instantOf('$1')} order by audit_seal.number limit 10000`,
      [instant],
    ),
  )

export async function lastRetention(db: Db): Promise<Seal | undefined> {
  const [row] = await db.query<Seal>(
    prepared(`select ${sealColumns} from audit_seal where kind = 'retention' order by audit_seal.number desc limit 1`, []),
  )
  return row
}

export async function keepSeal(tx: Tx, seal: Seal): Promise<void> {
  await tx.query(
    prepared(
      `insert into audit_seal (number, kind, era, from_xid, upto_xid, sealed, count, earliest, latest, hash, details, previous, key, signature)
       values ($1::bigint, $2, $3::int, $4::bigint, $5::bigint, ${instantOf('$6')}, $7::bigint, ${instantOf('$8')}, ${instantOf('$9')}, $10, $11, $12, $13, $14)`,
      [
        ...[seal.number, seal.kind, seal.era, seal.from, seal.upto, seal.sealed, seal.count, seal.earliest, seal.latest],
        ...[seal.hash, seal.details, seal.previous, seal.key, seal.signature],
      ],
    ),
  )
}

/**
 * Every column of a row that holds something, whatever columns there are: one that is added later and left empty changes
 * no digest. Times are written in the session's zone, so `inUtc` comes first.
 */
export const rowDigest = (row: string): string => `sha256(convert_to(jsonb_strip_nulls(to_jsonb(${row}))::text, 'UTF8'))`

export const rowsHash = (row: string): string =>
  `encode(sha256(coalesce(string_agg(${rowDigest(row)}, ''::bytea order by ${row}.at, ${row}.id), ''::bytea)), 'hex')`

export async function inUtc(db: Db): Promise<void> {
  await db.query(prepared(`select set_config('timezone', 'UTC', true)`, []))
}

export type Unsealed = Pick<SealedRange, 'upto' | 'count' | 'earliest' | 'latest' | 'hash'>

const sealable = (upto: string, below: string): string => `
  select ${upto}::text as upto, count(*)::text as count, ${micros('min(e.at)')} as earliest, ${micros('max(e.at)')} as latest, ${rowsHash('e')} as hash
    from audit_event e where e.era = $1::int and e.xid >= $2::bigint${below}`

/** What can be sealed by now: the rows of an era from a transaction on, below the horizon of this very statement. */
export async function unsealedRows(tx: Tx, era: number, from: string): Promise<Unsealed> {
  const horizon = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint'
  return oneRow(await tx.query<Unsealed>({ text: sealable(horizon, ` and e.xid < ${horizon}`), values: [era, from] }))
}

/** Every row of an era from a transaction on: for an era that is over, whose transactions are of another cluster. */
export async function allUnsealedRows(tx: Tx, era: number, from: string): Promise<Unsealed> {
  return oneRow(await tx.query<Unsealed>({ text: sealable('coalesce(max(e.xid) + 1, $2::bigint)', ''), values: [era, from] }))
}

/** Rows are written as of this era from now on. Only the owner of the table may say so. */
export async function beginAuditEra(tx: Tx, era: number): Promise<void> {
  await tx.query({ text: `alter table audit_event alter column era set default ${Number(era)}`, values: [] })
}

function oneRow([row]: readonly Unsealed[]): Unsealed {
  if (!row) throw new Error('An aggregate gave no row.')
  return row
}

export type AuditKeyRow = { readonly kid: string; readonly privateKey: string }

const place = (kid: string): string => placeOf('audit_key', kid, 'private_key')

/** Newest first. A key that was put there by somebody who has not our secret key does not open, and fails. */
export async function auditKeys(db: Db, secrets: Secrets): Promise<AuditKeyRow[]> {
  const rows = await db.query<{ kid: string; kept: string }>(
    prepared('select kid, private_key as kept from audit_key order by created desc, kid limit 1000', []),
  )
  return rows.map(({ kid, kept }) => ({ kid, privateKey: secrets.open(kept, place(kid)) }))
}

export async function keepAuditKey(tx: Tx, secrets: Secrets, { kid, privateKey }: AuditKeyRow, created: Date): Promise<void> {
  await tx.query(
    prepared('insert into audit_key (kid, private_key, created) values ($1, $2, $3::timestamptz)', [
      kid,
      secrets.seal(privateKey, place(kid)),
      created,
    ]),
  )
}
