import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { transactionAttemptsMax } from '../../src/base/limits.ts'
import type { Pool, Tx } from '../../src/store/db.ts'
import { inTransaction, retried } from '../../src/store/transaction.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const run = (pool: Pool, text: string) => pool.query<{ n: number }>({ text, values: [] })

describe('inTransaction', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase({ empty: true })
    await run(database.pool, 'create table account (id int primary key, n int not null)')
    await run(database.pool, 'insert into account values (1, 100), (2, 100)')
  })
  afterAll(() => database.drop())

  it('keeps nothing of what it did when the work throws', async () => {
    const spend = async (tx: Tx) => {
      await tx.query({ text: 'update account set n = 0', values: [] })
      throw new Error('changed our mind')
    }
    await expect(inTransaction(database.pool, spend)).rejects.toThrow('changed our mind')
    expect(await run(database.pool, 'select sum(n)::int as n from account')).toEqual([{ n: 200 }])
  })

  it('runs both sides of a deadlock to the end', async () => {
    const move = (from: number, to: number) => async (tx: Tx) => {
      await tx.query({ text: 'update account set n = n - 10 where id = $1', values: [from] })
      await tx.query({ text: 'select pg_sleep(0.2)', values: [] })
      await tx.query({ text: 'update account set n = n + 10 where id = $1', values: [to] })
    }
    await Promise.all([inTransaction(database.pool, move(1, 2)), inTransaction(database.pool, move(2, 1))])
    expect(await run(database.pool, 'select n from account order by id')).toEqual([{ n: 100 }, { n: 100 }])
  })

  it('gives up after a few tries, and says that another may succeed', async () => {
    const tries: number[] = []
    const neverSerializable = async (tx: Tx) => {
      tries.push(1)
      await tx.query({ text: "do $$ begin raise exception 'again' using errcode = '40001'; end $$", values: [] })
    }
    const error = await inTransaction(database.pool, neverSerializable).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'transient' })
    expect(tries).toHaveLength(transactionAttemptsMax)
  })

  it('begins no other try after its time', async () => {
    const tries: number[] = []
    const waitsInVain = async () => {
      tries.push(1)
      const waited = performance.now() + 2
      while (performance.now() < waited);
      throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
    }
    await expect(retried(waitsInVain, 1)).rejects.toMatchObject({ kind: 'transient' })
    expect(tries).toHaveLength(1)
  })

  it('does not pass off a failed transaction as committed', async () => {
    const swallow = async (tx: Tx) => {
      await tx.query({ text: 'insert into account values (1, 1)', values: [] }).catch(() => undefined)
    }
    await expect(inTransaction(database.pool, swallow)).rejects.toThrow(/committed/)
  })

  it('says that a NUL cannot be stored, in a Fault', async () => {
    const error = await database.pool.query({ text: 'select $1::text', values: ['a\u0000b'] }).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'value' })
  })

  it('passes on what our own functions raise', async () => {
    const text = "do $$ begin raise exception 'That time is taken.' using errcode = 'SW409'; end $$"
    const error = await run(database.pool, text).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(Fault)
    expect(error).toMatchObject({ kind: 'conflict', message: 'That time is taken.' })
  })

  it('is transient when the connection is cut, and well again on the next call', async () => {
    const cut = async (tx: Tx) => {
      const [me] = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid', values: [] })
      await Promise.all([
        tx.query({ text: 'select pg_sleep(30)', values: [] }),
        sleep(50).then(() => database.pool.query({ text: 'select pg_terminate_backend($1)', values: [me?.pid] })),
      ])
    }
    await expect(inTransaction(database.pool, cut)).rejects.toMatchObject({ kind: 'transient' })
    expect(await run(database.pool, 'select 1 as n')).toEqual([{ n: 1 }])
  })
})
