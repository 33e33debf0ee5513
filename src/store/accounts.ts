/**
 * The people who may sign in. Each attempt is counted before its password is looked at, in one statement: however many
 * guesses come at once, no more of them are looked at than the limit says.
 */
import type { Db } from './db.ts'
import { prepared } from './sql.ts'

export type AccountRow = {
  readonly id: string
  readonly login: string
  readonly name: string
  readonly roles: readonly string[]
  /** `Practitioner/12`, `Patient/3`, `RelatedPerson/4`. */
  readonly person: string
  /** RelatedPersons by whom they act for others. */
  readonly acts_for: readonly string[]
  readonly password: string
  readonly disabled: boolean
  /** Theirs, as they have shown. */
  readonly email: string | null
}

const columns = 'id, login, name, roles, person, acts_for, password, disabled, email'

/** False where the name is taken. A statement that is a transaction of its own. */
export async function addAccountRow(db: Db, row: Omit<AccountRow, 'email'>, created: Date): Promise<boolean> {
  const text = `insert into account (id, login, name, roles, person, acts_for, password, created)
    values ($1, $2, $3, $4::text[], $5, $6::text[], $7, $8::timestamptz) on conflict do nothing returning 1`
  const values = [row.id, row.login, row.name, row.roles, row.person, row.acts_for, row.password, created]
  return (await db.query(prepared(text, values))).length === 1
}

/** Undefined also where it is disabled. */
export async function findAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  const [row] = await db.query<AccountRow>(prepared(`select ${columns} from account where id = $1 and not disabled`, [id]))
  return row
}

export async function findAccountByLogin(db: Db, login: string): Promise<AccountRow | undefined> {
  const [row] = await db.query<AccountRow>(prepared(`select ${columns} from account where login = $1 and not disabled`, [login]))
  return row
}

export const listAccounts = (db: Db, most: number): Promise<AccountRow[]> =>
  db.query<AccountRow>(prepared(`select ${columns} from account order by login limit $1`, [most]))

/** Whom an account is of, also one that is disabled. */
export async function personBehind(db: Db, login: string): Promise<string | undefined> {
  const [row] = await db.query<{ person: string }>(prepared('select person from account where login = $1', [login]))
  return row?.person
}

type Attempts = { readonly now: Date; readonly most: number; readonly lockMs: number }

/** Undefined where there is no such account, or it is disabled or locked. A statement that is a transaction of its own. */
export async function beginAttempt(db: Db, login: string, { now, most, lockMs }: Attempts): Promise<AccountRow | undefined> {
  const text = `update account
       set failures = case when locked_until is null then failures + 1 else 1 end,
           locked_until = case when locked_until is null and failures + 1 >= $3 then $2::timestamptz + $4 * interval '1 ms' end
     where login = $1 and not disabled and (locked_until is null or locked_until <= $2::timestamptz)
     returning ${columns}`
  const [row] = await db.query<AccountRow>(prepared(text, [login, now, most, lockMs]))
  return row
}

/** A statement that is a transaction of its own. */
export async function attemptSucceeded(db: Db, id: string): Promise<void> {
  await db.query(prepared('update account set failures = 0, locked_until = null where id = $1', [id]))
}

/** With every session and token of theirs. False where there is none. A statement that is a transaction of its own. */
export async function disableAccount(db: Db, login: string): Promise<boolean> {
  const text = `with gone as (update account set disabled = true where login = $1 returning id),
         state as (delete from auth_state where account in (select id from gone))
    select 1 from gone`
  return (await db.query(prepared(text, [login]))).length === 1
}
