/** Passkeys of people. Each function is one statement, a transaction of its own. */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type PasskeyRow = {
  readonly id: string
  readonly account: string
  readonly public_key: Buffer
  readonly counter: number
  readonly transports: readonly string[]
  readonly device_type: string
  readonly backed_up: boolean
  readonly name: string
  readonly created: Date
  readonly used: Date | null
}

const columns = 'id, account, public_key, counter::float8 as counter, transports, device_type, backed_up, name, created, used'

export const passkeysOf = (db: Db, account: string, most: number): Promise<PasskeyRow[]> =>
  db.query<PasskeyRow>(prepared(`select ${columns} from account_passkey where account = $1 order by created, id limit $2`, [account, most]))

export async function findPasskey(db: Db, id: string): Promise<PasskeyRow | undefined> {
  const [row] = await db.query<PasskeyRow>(prepared(`select ${columns} from account_passkey where id = $1`, [id]))
  return row
}

/** False where somebody has that one already, or the account has as many as it may. */
export async function addPasskey(db: Db, row: Omit<PasskeyRow, 'used'>, most: number): Promise<boolean> {
  const text = `insert into account_passkey (id, account, public_key, counter, transports, device_type, backed_up, name, created)
    select $1, $2, $3::bytea, $4, $5::text[], $6, $7, $8, $9::timestamptz
     where (select count(*) from account_passkey where account = $2) < $10
    on conflict do nothing returning 1`
  const { id, account, public_key, counter, transports, device_type, backed_up, name, created } = row
  const values = [id, account, public_key, counter, transports, device_type, backed_up, name, created, most]
  return (await db.query(prepared(text, values))).length === 1
}

type Use = { readonly counter: number; readonly backedUp: boolean; readonly at: Date }

/** False where its counter has gone on meanwhile: of two that show one assertion, or a copy of the key, one is taken. */
export async function usePasskey(db: Db, id: string, { counter, backedUp, at }: Use): Promise<boolean> {
  const text = `update account_passkey set counter = $2, backed_up = $3, used = $4::timestamptz
     where id = $1 and (counter < $2 or counter = 0 and $2 = 0) returning 1`
  return (await db.query(prepared(text, [id, counter, backedUp, at]))).length === 1
}

export async function removePasskey(db: Db, account: string, id: string): Promise<boolean> {
  return (await db.query(prepared('delete from account_passkey where account = $1 and id = $2 returning 1', [account, id]))).length === 1
}
