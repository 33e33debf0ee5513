/**
 * The seals over the audit, against whoever may write to the database as they like: each column of each row and seal
 * changed, rows and seals removed, put in, moved. The digest is worked out once more here, in Node.
 */
import { createHash } from 'node:crypto'
import { sealAudit } from '../../src/audit/seal-audit.ts'
import { type AuditReport, type Head, verifyAudit, verifyIn } from '../../src/audit/verify-audit.ts'
import { systemIds } from '../../src/base/ids.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import type { Db } from '../../src/store/db.ts'
import { fc } from '../support/chance.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
beforeAll(async () => {
  server = await testHouse()
})
afterAll(() => server?.close())

const ask = <Row>(db: Db, text: string, values: readonly unknown[] = []) => db.query<Row>({ text, values })

/** A row as a read would leave it, in a transaction of its own. */
const event = (n: number) =>
  auditPatients(server.house.pool, {
    patients: [`p${n % 5}`, 'p-shared'],
    entity: `Patient/p${n}`,
    audit: {
      id: systemIds.next(),
      at: new Date(Date.UTC(2026, 0, 20, 8) + n * 60_000).toISOString(),
      interaction: 'read',
      action: 'R',
      client: `client-${n}`,
      ...(n % 2 === 0 ? { person: 'Practitioner/1', address: '10.0.0.1', query: 'Patient?name=a' } : {}),
    },
  })

/** Rows may be sealed once every transaction of the whole cluster that was older has ended; other tests have some too. */
async function sealed(): Promise<void> {
  for (;;) {
    await sealAudit(server.house)
    if ((await verifyAudit(server.house)).tail.count === 0) return
  }
}

/** What a check says after a deed of somebody who is above the triggers; nothing of it stays. */
async function tampered(deed: (db: Db) => Promise<unknown>, head?: Head): Promise<AuditReport> {
  return server.house.pool.connect(async (db) => {
    await ask(db, 'begin')
    try {
      await ask(db, 'alter table audit_event disable trigger user')
      await ask(db, 'alter table audit_seal disable trigger user')
      await deed(db)
      return await verifyIn(db, server.house, head)
    } finally {
      await ask(db, 'rollback')
    }
  })
}

const columnsOf = async (table: string): Promise<{ name: string; type: string }[]> =>
  ask(server.house.pool, `select column_name as name, udt_name as type from information_schema.columns where table_name = $1`, [table])

/** Another value of a type, as SQL over the column. */
const another: Readonly<Record<string, (column: string) => string>> = {
  uuid: () => 'gen_random_uuid()',
  timestamptz: (column) => `coalesce(${column}, now()) + interval '1 microsecond'`,
  text: (column) => `coalesce(${column}, '') || 'x'`,
  _text: (column) => `coalesce(${column}, '{}') || array['p-other']`,
  int4: (column) => `coalesce(${column}, 0) + 1`,
  int8: (column) => `coalesce(${column}, 0) + 1`,
}

/** Values that a check constraint allows. */
const allowed: Readonly<Record<string, string>> = {
  'audit_event.action': `case action when 'R' then 'D' else 'R' end`,
  'audit_seal.kind': `case kind when 'rows' then 'restore' else 'rows' end`,
}

const changed = (table: string, { name, type }: { name: string; type: string }): string =>
  allowed[`${table}.${name}`] ?? another[type]?.(name) ?? `no other value of ${type} is known`

describe('the audit', () => {
  beforeAll(async () => {
    for (let n = 0; n < 40; n++) {
      await event(n)
      if (n % 8 === 7) await sealed()
    }
    await sealed()
  })

  it('is whole as it was written, and says its head', async () => {
    const report = await verifyAudit(server.house)
    expect(report).toMatchObject({ problems: [], tail: { count: 0, oldest: null }, head: { hash: expect.stringMatching(/^[\w-]{43}$/) } })
    const [counted] = await ask<{ rows: number; seals: number }>(
      server.house.pool,
      'select (select count(*)::int from audit_event) as rows, (select count(*)::int from audit_seal) as seals',
    )
    expect({ rows: report.rows, seals: report.seals }).toEqual(counted)
    expect(report.rows).toBeGreaterThanOrEqual(40)
    expect((await verifyAudit(server.house, report.head)).problems).toEqual([])
  })

  it('has in each seal the SHA-256 over the SHA-256 of its rows, whatever the zone of the session', async () => {
    const seals = await ask<{ hash: string; from_xid: string; upto_xid: string }>(server.house.pool, 'select * from audit_seal')
    const hashes = await server.house.pool.connect(async (db) => {
      await ask(db, `begin; set local timezone to 'UTC'`)
      const found: string[] = []
      for (const { from_xid, upto_xid } of seals) {
        const rows = await ask<{ text: string }>(
          db,
          'select jsonb_strip_nulls(to_jsonb(e))::text as text from audit_event e where xid >= $1 and xid < $2 order by at, id',
          [from_xid, upto_xid],
        )
        const digests = rows.map(({ text }) => createHash('sha256').update(text).digest())
        found.push(createHash('sha256').update(Buffer.concat(digests)).digest('hex'))
      }
      await ask(db, 'rollback')
      return found
    })
    expect(hashes).toEqual(seals.map(({ hash }) => hash))
    expect((await tampered((db) => ask(db, `set local timezone to 'Asia/Kathmandu'`))).problems).toEqual([])
  })

  it('shows a change of any column of any row', async () => {
    const columns = await columnsOf('audit_event')
    expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(['patients', 'query', 'era', 'xid']))
    const property = fc.asyncProperty(fc.constantFrom(...columns), fc.nat(39), async (column, n) => {
      const report = await tampered((db) =>
        ask(
          db,
          `update audit_event set ${column.name} = ${changed('audit_event', column)}
            where id = (select id from audit_event order by at, id offset $1 limit 1)`,
          [n],
        ),
      )
      expect([column.name, report.problems]).toEqual([column.name, [expect.stringContaining('seal'), ...report.problems.slice(1)]])
    })
    await fc.assert(property, { numRuns: 60 })
    for (const column of columns)
      expect(
        (await tampered((db) => ask(db, `update audit_event set ${column.name} = ${changed('audit_event', column)}`))).problems,
      ).not.toEqual([])
  })

  it.each<[string, string]>([
    ['a row removed', `delete from audit_event where entity = 'Patient/p13'`],
    ['a value taken out', `update audit_event set query = null where entity = 'Patient/p2'`],
    [
      'two rows that changed places',
      `update audit_event set entity = case entity when 'Patient/p3' then 'Patient/p5' else 'Patient/p3' end where entity in ('Patient/p3', 'Patient/p5')`,
    ],
    ['all rows of a range removed', 'delete from audit_event using audit_seal s where s.number = 2 and xid >= from_xid and xid < upto_xid'],
    [
      'a row put in',
      `insert into audit_event select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).* from audit_event e where entity = 'Patient/p4'`,
    ],
    [
      'a row put in as of another era',
      `insert into audit_event select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'era', 9))).* from audit_event e where entity = 'Patient/p4'`,
    ],
    [
      'a row put in as of before all',
      `insert into audit_event select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'xid', -1))).* from audit_event e where entity = 'Patient/p4'`,
    ],
    [
      'a row put in as of a transaction to come',
      `insert into audit_event select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'xid', 1::bigint << 60))).* from audit_event e where entity = 'Patient/p4'`,
    ],
  ])('shows %s', async (_what, text) => {
    expect((await tampered((db) => ask(db, text))).problems).not.toEqual([])
  })

  it('shows a change of any column of any seal', async () => {
    const numbers = await ask<{ number: string }>(server.house.pool, 'select number from audit_seal')
    for (const column of await columnsOf('audit_seal'))
      for (const { number } of numbers) {
        // A number that another seal has is no change that the table takes.
        const to = column.name === 'number' ? 'number + 100' : changed('audit_seal', column)
        const report = await tampered((db) => ask(db, `update audit_seal set ${column.name} = ${to} where number = $1`, [number]))
        expect([column.name, number, report.problems.length]).toEqual([column.name, number, expect.any(Number)])
        expect(report.problems).not.toEqual([])
      }
  })

  it('shows any seal removed: the last by its rows that wait again, and by the head that was kept', async () => {
    const { head, seals } = await verifyAudit(server.house)
    for (let number = 1; number < seals; number++)
      expect((await tampered((db) => ask(db, 'delete from audit_seal where number = $1', [number]))).problems).not.toEqual([])
    const cut = (db: Db) => ask(db, 'delete from audit_seal where number = $1', [seals])
    expect((await tampered(cut)).tail.count).toBeGreaterThan(0)
    expect((await tampered(cut, head)).problems).toEqual([`Seal ${seals}, whose hash was kept, is gone.`])
  })

  it('shows a chain that was made anew by another key', async () => {
    const report = await tampered(async (db) => {
      await ask(db, `update audit_key set kid = 'mine'`)
      await ask(db, `update audit_seal set key = 'mine'`)
    }).catch((error: Error) => error.message)
    expect(report).toContain('audit_key/mine/private_key was changed, or belongs to another place')
  })

  it('shows rows that were changed before a chain was made anew, by the head that was kept', async () => {
    const { head } = await verifyAudit(server.house)
    const report = await tampered((db) => ask(db, 'update audit_seal set hash = hash where number = 1'), {
      number: head?.number ?? '',
      hash: 'A'.repeat(43),
    })
    expect(report.problems).toEqual([expect.stringContaining('the chain was made anew')])
  })

  it('refuses every change of a row or a seal while its triggers stand', async () => {
    for (const text of [
      'update audit_event set client = client',
      'delete from audit_event',
      'truncate audit_event',
      'update audit_seal set count = 0',
      'truncate audit_seal',
    ])
      await expect(ask(server.house.pool, text)).rejects.toThrow(/append-only|never changed/)
  })
})

describe('a sealer', () => {
  it('leaves what a running transaction may still add to, takes it once that has ended, and none twice', async () => {
    await sealed()
    const before = await verifyAudit(server.house)
    await server.house.pool.connect(async (db) => {
      await ask(db, 'begin')
      await ask(
        db,
        `insert into audit_event (id, at, interaction, action, client, patients) values (gen_random_uuid(), now(), 'read', 'R', 'slow', '{p1}')`,
      )
      await event(100)
      expect(await sealAudit(server.house)).toBeUndefined()
      const { problems, tail } = await verifyAudit(server.house)
      expect([problems, tail]).toEqual([[], { count: 1, oldest: new Date(Date.UTC(2026, 0, 20, 9, 40)) }])
      await ask(db, 'commit')
    })
    await sealed()
    const { problems, rows } = await verifyAudit(server.house)
    expect([problems, rows]).toEqual([[], before.rows + 2])
  })

  it('is alone: of many at once the chain is one, and every row is under one seal', async () => {
    const writers = Array.from({ length: 200 }, (_, n) => event(200 + n))
    await Promise.all([...writers, ...Array.from({ length: 40 }, () => sealAudit(server.house))])
    await sealed()
    const { problems, rows } = await verifyAudit(server.house)
    const [counted] = await ask<{ count: string }>(server.house.pool, 'select count(*) from audit_event')
    expect([problems, String(rows)]).toEqual([[], counted?.count])
  })

  it('goes on past the ninth seal, each after the one before by its number', async () => {
    const before = (await verifyAudit(server.house)).seals
    for (let n = 0; n < 12; n++) {
      await event(500 + n)
      await sealed()
    }
    const { problems, seals } = await verifyAudit(server.house)
    expect([problems, seals]).toEqual([[], before + 12])
  })

  it('seals nothing where there is nothing', async () => {
    await sealed()
    const [before] = await ask<{ count: string }>(server.house.pool, 'select count(*) from audit_seal')
    expect(await sealAudit(server.house)).toBeUndefined()
    expect(await ask(server.house.pool, 'select count(*) from audit_seal')).toEqual([before])
  })
})

describe('slotwise audit verify', () => {
  it('finds what was tampered with in a house whose tick seals by itself', async () => {
    const living = await testHouse({ tick: true })
    try {
      const { id } = (await living.call('POST', 'Patient', { resourceType: 'Patient' })).json
      for (;;) {
        const { seals, tail } = await verifyAudit(living.house)
        if (seals > 0 && tail.count === 0) break
      }
      await ask(living.house.pool, 'alter table audit_event disable trigger user')
      await ask(living.house.pool, `update audit_event set patients = '{somebody-else}' where entity = $1`, [`Patient/${id}`])
      expect((await verifyAudit(living.house)).problems).toEqual([expect.stringMatching(/^Rows under seal \d+ .* were changed\.$/)])
    } finally {
      await living.close()
    }
  })
})
