/**
 * Every column that holds a secret, and all of them sealed anew: when a key comes, and when keys are rotated. A column is
 * `text`, and its place is the table, the row's key and the column, so that a secret moved to another row does not open.
 */
import { type Secrets, sealedWith } from '../base/sealed.ts'
import type { Db, Tx } from './db.ts'
import { prepared } from './sql.ts'

type SecretColumn = { readonly table: string; readonly key: string; readonly column: string }

/** Whoever adds a column that holds a secret adds it here. */
export const secretColumns: readonly SecretColumn[] = [
  { table: 'signing_key', key: 'kid', column: 'private_jwk' },
  { table: 'audit_key', key: 'kid', column: 'private_key' },
  { table: 'auth_secret', key: 'name', column: 'value' },
  { table: 'account_totp', key: 'account', column: 'secret' },
]

/** What `Secrets` binds a secret to: `placeOf('signing_key', kid, 'private_jwk')`. */
export const placeOf = (table: string, key: string, column: string): string => `${table}/${key}/${column}`

type Kept = { readonly key: string; readonly kept: string }

const keptIn = (db: Db, { table, key, column }: SecretColumn, lock: boolean): Promise<Kept[]> =>
  db.query<Kept>(
    prepared(
      `select ${key}::text as key, ${column} as kept from ${table} where ${column} is not null order by ${key}${lock ? ' for update' : ''}`,
      [],
    ),
  )

/** How many secrets each key seals; those that are not sealed count under ''. */
export async function secretsByKey(db: Db): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const place of secretColumns)
    for (const { kept } of await keptIn(db, place, false)) {
      const id = sealedWith(kept) ?? ''
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
  return counts
}

/** Seals every secret with the first key; gives how many were sealed otherwise, or not at all. `open` reads what is kept. */
export async function sealAllAnew(tx: Tx, secrets: Secrets, first: string): Promise<number> {
  const state = { sealed: 0 }
  for (const column of secretColumns)
    for (const { key, kept } of await keptIn(tx, column, true)) {
      if (sealedWith(kept) === first) continue
      const place = placeOf(column.table, key, column.column)
      const text = sealedWith(kept) === undefined ? kept : secrets.open(kept, place)
      await tx.query(
        prepared(`update ${column.table} set ${column.column} = $2 where ${column.key}::text = $1`, [key, secrets.seal(text, place)]),
      )
      state.sealed++
    }
  return state.sealed
}

/**
 * Takes the secrets of a database that never had a key under the first one that it is given. Once one secret is sealed,
 * an unsealed one is not taken for ours any more: whoever can write to the database could have put it there.
 */
export async function takeUnderKey(tx: Tx, secrets: Secrets, first: string): Promise<void> {
  const counts = await secretsByKey(tx)
  if (counts.size === 1 && counts.has('')) await sealAllAnew(tx, secrets, first)
}
