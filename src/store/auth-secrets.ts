/** Secrets that the server makes for itself and every process of it must share, kept sealed. */
import type { Secrets } from '../base/sealed.ts'
import type { Db } from './db.ts'
import { placeOf } from './secrets.ts'
import { prepared } from './sql.ts'

/** Keeps `fresh` where there is none of that name, and gives the one that is kept. Statements that are transactions of their own. */
export async function sharedSecret(db: Db, secrets: Secrets, name: string, fresh: string): Promise<string> {
  const place = placeOf('auth_secret', name, 'value')
  const insert = 'insert into auth_secret (name, value) values ($1, $2) on conflict do nothing'
  await db.query(prepared(insert, [name, secrets.seal(fresh, place)]))
  const [row] = await db.query<{ value: string }>(prepared('select value from auth_secret where name = $1', [name]))
  if (!row) throw new Error('A secret was kept and is not there.')
  return secrets.open(row.value, place)
}
