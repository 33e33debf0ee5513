/** The server works as a role that may add to the audit and read it: nobody who has that role's password can rewrite it. */
import { systemIds } from '../../src/base/ids.ts'
import { keepApplicationRole } from '../../src/store/application-role.ts'
import { type Embedded, openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { testDatabase } from '../support/database.ts'
import { caller, made } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'

const longEnough = 300_000

const deeds = [
  `update audit_event set client = 'x'`,
  'delete from audit_event',
  'truncate audit_event',
  'delete from audit_event_rest',
  'alter table audit_event disable trigger user',
  'drop table audit_event',
  'update audit_seal set count = 0',
  'delete from audit_seal',
  'truncate audit_seal',
  'insert into schema_migration (version, name) values (9999, $$x$$)',
  `set session_replication_role = replica`,
]

async function refusals(url: string): Promise<string[]> {
  const pool = openPool(url, { max: 1 })
  try {
    const said = deeds.map((text) =>
      pool.query({ text, values: [] }).then(
        () => `${text} was done`,
        (error: Error) => error.message,
      ),
    )
    return (await Promise.all(said)).filter((text) => !/permission denied|must be owner/.test(text))
  } finally {
    await pool.end()
  }
}

describe('the embedded Postgres', () => {
  let place: Workplace
  let server: Server
  let database: Embedded
  beforeAll(async () => {
    place = await workplace()
    server = await place.serve()
    database = await openEmbedded(place.settings.DATA_DIR ?? '', { role: 'guest', ids: systemIds, warn: () => undefined })
  }, longEnough)
  afterAll(async () => {
    await database?.close()
    await place?.leave()
  })

  it(
    'has one role that owns the tables and another that the server works as, and that may not touch the audit',
    async () => {
      const owner = openPool(database.url, { max: 1 })
      const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
      made(await caller(`${server.origin}/fhir`, out.trim())('POST', 'Patient', { resourceType: 'Patient' }))
      const working = await owner.query({
        text: `select distinct usename as role from pg_stat_activity where datname = 'slotwise' and pid <> pg_backend_pid()`,
        values: [],
      })
      await owner.end()
      expect(working).toEqual([{ role: 'slotwise_app' }])
      expect(await refusals(database.applicationUrl)).toEqual([])
      expect((await slotwise(['doctor'], place.settings)).out).toMatch(/^ok {7}audit +may be added to and read, not changed$/m)
    },
    longEnough,
  )

  it(
    'starts where a server before it worked as the owner of everything, durable jobs included',
    async () => {
      await server.end()
      const owner = openPool(database.url, { max: 1 })
      for (const text of ['reassign owned by slotwise_app to postgres', 'drop owned by slotwise_app', 'drop role slotwise_app'])
        await owner.query({ text, values: [] })
      await owner.end()
      server = await place.serve()
      const { code, out } = await slotwise(['jobs', 'list'], place.settings)
      expect([code, out]).toEqual([0, 'There are no such jobs.\n'])
      expect(await refusals(database.applicationUrl)).toEqual([])
    },
    longEnough,
  )
})

describe('a database of one’s own', () => {
  it(
    'is brought up to date by its owner, who makes the role, and served by the role',
    async () => {
      const database = await testDatabase({ empty: true })
      const place = await workplace()
      const role = `app_${systemIds.next().slice(-12)}`
      const url = new URL(database.url)
      url.username = role
      url.password = 'a secret/of its own'
      const settings = { ...place.settings, DATABASE_URL: url.href }
      try {
        expect((await slotwise(['migrate'], { ...settings, DATABASE_OWNER_URL: database.url })).code).toBe(0)
        expect(await refusals(url.href)).toEqual([])
        const server = await place.serve({ DATABASE_URL: url.href })
        expect((await fetch(`${server.origin}/health/ready`)).status).toBe(200)
        await server.end()
        await Promise.all([1, 2, 3].map(() => keepApplicationRole(database.pool, { role, password: 'unused' })))
        expect((await slotwise(['doctor'], { ...settings, DATABASE_URL: database.url })).out).toMatch(
          /^advice {3}audit +this role may delete, truncate, update rows of it: set DATABASE_OWNER_URL/m,
        )
      } finally {
        await place.leave()
        await database.pool.query({ text: `reassign owned by ${role} to current_user`, values: [] })
        await database.pool.query({ text: `drop owned by ${role}`, values: [] })
        await database.drop()
        const last = await testDatabase({ empty: true })
        await last.pool.query({ text: `drop role ${role}`, values: [] })
        await last.drop()
      }
    },
    longEnough,
  )
})
