/** Months of the audit: made ahead, filled from where rows stood before, dropped whole with a seal that says so. */
import { dropAuditBefore, keptFrom } from '../../src/audit/drop-audit.ts'
import { sealAudit } from '../../src/audit/seal-audit.ts'
import { verifyAudit, verifyIn } from '../../src/audit/verify-audit.ts'
import { systemIds } from '../../src/base/ids.ts'
import { keepAuditPartitions } from '../../src/jobs/keep-audit-partitions.ts'
import { ensureAuditPartitions } from '../../src/store/audit-retention.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import type { Db } from '../../src/store/db.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

const ask = <Row>(db: Db, text: string, values: readonly unknown[] = []) => db.query<Row>({ text, values })

let server: TestHouse
beforeEach(async () => {
  server = await testHouse()
})
afterEach(() => server?.close())

const eventAt = (db: Db, at: string) =>
  auditPatients(db, {
    patients: ['p1'],
    entity: 'Patient/p1',
    audit: { id: systemIds.next(), at, interaction: 'read', action: 'R', client: 'c' },
  })

async function sealed(): Promise<void> {
  for (;;) {
    await sealAudit(server.house)
    if ((await verifyAudit(server.house)).tail.count === 0) return
  }
}

/** Rows by the partition that they stand in. */
const places = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await ask<{ place: string; count: number }>(
        server.house.pool,
        'select tableoid::regclass::text as place, count(*)::int as count from audit_event group by 1 order by 1',
      )
    ).map(({ place, count }) => [place, count]),
  )

describe('the months of the audit', () => {
  it('are made for this month and the next, and take the rows that came before them, which stay as they were sealed', async () => {
    for (const at of ['2019-12-31T23:59:59.999Z', '2020-01-01T00:00:00Z', '2020-01-31T12:00:00Z']) await eventAt(server.house.pool, at)
    await sealed()
    expect(await places()).toEqual({ audit_event_rest: 3 })
    await ensureAuditPartitions(server.house.pool, '2020-01-01')
    expect(await places()).toEqual({ audit_event_2019_12: 1, audit_event_2020_01: 2 })
    expect((await verifyAudit(server.house)).problems).toEqual([])
    const [next] = await ask<{ there: boolean }>(server.house.pool, `select to_regclass('audit_event_2020_02') is not null as there`)
    expect(next?.there).toBe(true)
    await expect(ask(server.house.pool, 'delete from audit_event_rest; delete from audit_event_2020_01')).rejects.toThrow('append-only')
  })

  it('are made once, however many make them at once', async () => {
    await eventAt(server.house.pool, '2020-01-10T00:00:00Z')
    await Promise.all(Array.from({ length: 8 }, () => ensureAuditPartitions(server.house.pool, '2020-01-01')))
    expect(await places()).toEqual({ audit_event_2020_01: 1 })
  })
})

describe('retention', () => {
  /** Two seals: one wholly in 2019, one over both years. */
  async function twoYears(): Promise<void> {
    for (const day of ['03', '04', '05']) await eventAt(server.house.pool, `2019-11-${day}T10:00:00Z`)
    await sealed()
    await server.house.pool.connect(async (db) => {
      await ask(db, 'begin')
      for (const at of ['2019-12-31T23:59:59Z', '2020-01-01T00:00:00Z', '2020-01-01T00:00:01Z']) await eventAt(db, at)
      await ask(db, 'commit')
    })
    await sealed()
    await ensureAuditPartitions(server.house.pool, '2020-01-01')
  }

  it('counts whole months that are over', () => {
    expect(keptFrom(new Date('2026-11-23T10:00:00Z'), 72).toISOString()).toBe('2020-11-01T00:00:00.000Z')
    expect(keptFrom(new Date('2026-01-31T23:00:00Z'), 12).toISOString()).toBe('2025-01-01T00:00:00.000Z')
  })

  it('drops sealed months with a seal that says so, and what is left still holds', async () => {
    await twoYears()
    const before = await verifyAudit(server.house)
    expect(await dropAuditBefore(server.house, new Date('2020-01-01T00:00:00Z'))).toEqual(['audit_event_2019_11', 'audit_event_2019_12'])
    expect(await places()).toEqual({ audit_event_2020_01: 2 })
    const after = await verifyAudit(server.house, before.head)
    expect(after).toMatchObject({ problems: [], seals: before.seals + 1, rows: 2, keptFrom: new Date('2020-01-01T00:00:00Z') })
    expect(await dropAuditBefore(server.house, new Date('2020-01-01T00:00:00Z'))).toEqual([])
    await eventAt(server.house.pool, '2020-01-20T00:00:00Z')
    await sealed()
    expect((await verifyAudit(server.house)).problems).toEqual([])
    await dropAuditBefore(server.house, new Date('2020-02-01T00:00:00Z'))
    expect(await verifyAudit(server.house)).toMatchObject({ problems: [], rows: 0, keptFrom: new Date('2020-02-01T00:00:00Z') })
  })

  it.each<[string, string]>([
    ['what is left under a seal over both sides was changed', `update audit_event set client = 'x' where at = '2020-01-01T00:00:00Z'`],
    ['what is left under it was removed', `delete from audit_event where at = '2020-01-01T00:00:00Z'`],
    ['a row was put back before the limit', `update audit_event set at = '2019-12-31T23:59:59Z' where at = '2020-01-01T00:00:00Z'`],
    [
      'the seal says less was dropped',
      `update audit_seal set details = replace(details, '"rows":"4"', '"rows":"3"') where kind = 'retention'`,
    ],
    [
      'the seal says another limit',
      `update audit_seal set details = replace(details, '1577836800000000', '1580515200000000') where kind = 'retention'`,
    ],
    ['the seal is gone', `delete from audit_seal where kind = 'retention'`],
  ])('does not hide that %s', async (_what, text) => {
    await twoYears()
    await dropAuditBefore(server.house, new Date('2020-01-01T00:00:00Z'))
    const report = await server.house.pool.connect(async (db) => {
      await ask(db, 'begin; alter table audit_event disable trigger user; alter table audit_seal disable trigger user')
      try {
        await ask(db, text)
        return await verifyIn(db, server.house)
      } finally {
        await ask(db, 'rollback')
      }
    })
    expect(report.problems).not.toEqual([])
  })

  it('leaves a month of which a row is not sealed yet', async () => {
    await twoYears()
    await eventAt(server.house.pool, '2019-11-06T10:00:00Z')
    expect(await dropAuditBefore(server.house, new Date('2020-01-01T00:00:00Z'))).toEqual([])
    expect((await places()).audit_event_2019_11).toBe(4)
  })

  it('never drops the last year, whoever asks', async () => {
    await eventAt(server.house.pool, new Date().toISOString())
    await sealed()
    await keepAuditPartitions(server.house)
    await expect(dropAuditBefore(server.house, new Date())).rejects.toThrow('The audit of the last year is never dropped')
    expect((await verifyAudit(server.house)).rows).toBeGreaterThan(0)
  })

  it('is done by the hourly job, for as many months as are kept, and told', async () => {
    await twoYears()
    await keepAuditPartitions(server.house)
    expect(await places()).toMatchObject({ audit_event_2019_11: 3 })
    await keepAuditPartitions({ ...server.house, auditMonthsKept: 12, clock: { now: () => new Date('2021-01-15T00:00:00Z') } })
    expect(await places()).toMatchObject({ audit_event_2020_01: 2 })
    expect(server.warnings.join()).toContain('"months":["audit_event_2019_11","audit_event_2019_12"]')
  })
})
