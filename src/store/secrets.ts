/**
 * Every column that holds a secret, and all of them sealed anew: when a key comes, and when keys are rotated. A column is
 * `text`, and its place is the table, the row's key and the column, so that a secret moved to another row does not open.
 */
import { secretsAtOnceMax } from '../base/limits.ts'
import { type Secrets, sealedWith } from '../base/sealed.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

type SecretColumn = {
  readonly table: string
  /** The column of the primary key. */
  readonly key: string
  /** Whether the key has a second one, `version`: a secret's key is then `id/version`. */
  readonly versions?: true
  readonly column: string
  /** Within a resource: where in the column it stands, in which of the rows, and what its place is called. */
  readonly within?: { readonly path: string; readonly where: string; readonly place: (key: string) => string }
}

/** Beside the type of a Subscription's channel (access/channel-secrets.ts), in every version. */
const ofChannel = {
  path: '{channel,_type,extension,0,valueString}',
  where: `body #>> '{channel,_type,extension,0,url}' = 'https://slotwise.org/fhir/StructureDefinition/channel-secrets'`,
  place: (key: string) => placeOf('subscription', key.split('/')[0] ?? '', 'channel'),
}

/** Whoever adds a column that holds a secret adds it here. */
export const secretColumns: readonly SecretColumn[] = [
  { table: 'signing_key', key: 'kid', column: 'private_jwk' },
  { table: 'audit_key', key: 'kid', column: 'private_key' },
  { table: 'auth_secret', key: 'name', column: 'value' },
  { table: 'account_totp', key: 'account', column: 'secret' },
  { table: 'subscription_state', key: 'subscription', column: 'secrets' },
  { table: 'subscription', key: 'id', column: 'body', within: ofChannel },
  { table: 'subscription_history', key: 'id', versions: true, column: 'body', within: ofChannel },
]

/** What `Secrets` binds a secret to: `placeOf('signing_key', kid, 'private_jwk')`. */
export const placeOf = (table: string, key: string, column: string): string => `${table}/${key}/${column}`

type Kept = { readonly key: string; readonly kept: string }

const keptText = ({ column, within }: SecretColumn): string => (within ? `t.${column} #>> '${within.path}'` : `t.${column}`)

/** As SQL: a row's key, as the index has it and as text, and the first with a text as what the index has. */
const rowOf = ({ key, versions }: SecretColumn): string => (versions ? `(t.${key}, t.version)` : `t.${key}`)
const keyOf = ({ key, versions }: SecretColumn): string => (versions ? `t.${key} || '/' || t.version` : `t.${key}`)
const rowNamed = ({ versions }: SecretColumn, text: string): string =>
  versions ? `(split_part(${text}, '/', 1), split_part(${text}, '/', 2)::bigint)` : text

/** A history may hold very many: so many at a time, in the order of the table's own key. */
async function* keptIn(db: Db, place: SecretColumn, lock: boolean): AsyncGenerator<readonly Kept[]> {
  const text = `select ${keyOf(place)} as key, ${keptText(place)} as kept from ${place.table} t
     where ${rowOf(place)} > ${rowNamed(place, '$1::text')} and ${place.within?.where ?? `${place.column} is not null`}
     order by t.${place.key}${place.versions ? ', t.version' : ''} limit ${secretsAtOnceMax}${lock ? ' for update' : ''}`
  let last = place.versions ? '/0' : ''
  for (;;) {
    const rows = await db.query<Kept>(prepared(text, [last]))
    if (rows.length > 0) yield rows
    if (rows.length < secretsAtOnceMax) return
    last = rows.at(-1)?.key ?? ''
  }
}

/** The tables may be those of an older version, into which its backup is put back. */
async function columnsThere(db: Db): Promise<readonly SecretColumn[]> {
  const rows = await db.query<{ place: string }>(
    prepared(
      `select t || '/' || c as place from unnest($1::text[], $2::text[]) named (t, c)
        where exists (select from pg_attribute where attrelid = to_regclass(quote_ident(t)) and attname = c and not attisdropped)`,
      [secretColumns.map(({ table }) => table), secretColumns.map(({ column }) => column)],
    ),
  )
  const there = new Set(rows.map(({ place }) => place))
  return secretColumns.filter(({ table, column }) => there.has(`${table}/${column}`))
}

/** How many secrets each key seals; those that are not sealed count under ''. */
export async function secretsByKey(db: Db): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const place of await columnsThere(db))
    for await (const portion of keptIn(db, place, false))
      for (const { kept } of portion) {
        const id = sealedWith(kept) ?? ''
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
  return counts
}

/** Seals every secret with the first key; gives how many were sealed otherwise, or not at all. `open` reads what is kept. */
export async function sealAllAnew(tx: Tx, secrets: Secrets, first: string): Promise<number> {
  const state = { sealed: 0 }
  for (const column of secretColumns)
    for await (const portion of keptIn(tx, column, true)) {
      const others = portion.filter(({ kept }) => sealedWith(kept) !== first)
      if (others.length > 0) await writeSealed(tx, column, sealedAnew(column, secrets, others))
      state.sealed += others.length
    }
  return state.sealed
}

const sealedAnew = (column: SecretColumn, secrets: Secrets, portion: readonly Kept[]): Kept[] =>
  portion.map(({ key, kept }) => {
    const place = column.within?.place(key) ?? placeOf(column.table, key, column.column)
    const text = sealedWith(kept) === undefined ? kept : secrets.open(kept, place)
    return { key, kept: secrets.seal(text, place) }
  })

async function writeSealed(tx: Tx, place: SecretColumn, portion: readonly Kept[]): Promise<void> {
  const { table, column, within } = place
  const set = within ? `jsonb_set(t.${column}, '${within.path}', to_jsonb(fresh.sealed))` : 'fresh.sealed'
  await tx.query(
    prepared(
      `update ${table} t set ${column} = ${set} from unnest($1::text[], $2::text[]) fresh (row_key, sealed)
        where ${rowOf(place)} = ${rowNamed(place, 'fresh.row_key')}`,
      [portion.map(({ key }) => key), portion.map(({ kept }) => kept)],
    ),
  )
}

/**
 * Takes the secrets of a database that never had a key under the first one that it is given. Once one secret is sealed,
 * an unsealed one is not taken for ours any more: whoever can write to the database could have put it there.
 */
export async function takeUnderKey(tx: Tx, secrets: Secrets, first: string): Promise<void> {
  const counts = await secretsByKey(tx)
  if (counts.size === 1 && counts.has('')) await sealAllAnew(tx, secrets, first)
}
