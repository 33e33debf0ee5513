/** The drill: a clinic is backed up while it works, lost, and restored in another place, where everything goes on. */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { systemIds } from '../../src/base/ids.ts'
import type { Db } from '../../src/store/db.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Call, caller, eventually, made } from '../support/house.ts'
import { type Settings, slotwise, type Workplace, workplace } from '../support/program.ts'

const longEnough = 400_000
const waitMs = 120_000

let folder: string
let file: string
let old: Workplace
let next: Workplace
let token: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slotwise-backup-'))
  file = join(folder, 'clinic.backup')
  old = await workplace()
  next = await workplace()
}, longEnough)
afterAll(async () => {
  await old?.leave()
  await next?.leave()
  await rm(folder, { recursive: true, force: true })
})

async function inDatabase<T>(settings: Settings, use: (db: Db & ReturnType<typeof openPool>) => Promise<T>): Promise<T> {
  const database = await openEmbedded(settings.DATA_DIR ?? '', { role: 'guest', ids: systemIds, warn: () => undefined })
  const pool = openPool(database.url, { max: 2 })
  try {
    return await use(pool)
  } finally {
    await pool.end()
    await database.close()
  }
}

/** Tables whose rows are not what they were, and why: their positions, eras and keys of processes are of one cluster. */
const translated = ['change', 'follower', 'subscription_state', 'audit_seal', 'schema_migration', 'rate_allowance']

const contents = (settings: Settings): Promise<Map<string, string>> =>
  inDatabase(settings, async (db) => {
    const tables = await db.query<{ name: string }>({
      text: `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
      values: [],
    })
    const found = new Map<string, string>()
    for (const { name } of tables.filter((table) => !translated.includes(table.name))) {
      const [row] = await db.query<{ hash: string }>({
        // That it was restored is in the audit of the restored one alone.
        text: `select count(*) || ' ' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') as hash from "${name}" t
                where to_jsonb(t)->>'interaction' is distinct from 'restore'`,
        values: [],
      })
      found.set(name, row?.hash ?? '')
    }
    return found
  })

const followed = async (db: Db): Promise<boolean> => {
  const [row] = await db.query<{ there: boolean }>({
    text: 'select bool_and((f.xid, f.pos) = (select c.xid, c.pos from change c order by c.xid desc, c.pos desc limit 1)) as there from follower f',
    values: [],
  })
  return row?.there === true
}

const headOf = (out: string): string => /Head (\S+)/.exec(out)?.[1] ?? ''

describe('a clinic', () => {
  let call: Call
  let place: Clinic
  let visit: { id: string; slot: string; patient: string; text: string }
  let held: string
  let head: string
  let before: Map<string, string>

  it(
    'is written into one file while its server works, and the file is its owner’s alone',
    async () => {
      const server = await old.serve()
      token = (await slotwise(['token', '--scope', 'system/*.cruds', '--ttl', '1d'], old.settings)).out.trim()
      call = caller(`${server.origin}/fhir`, token)
      place = await clinic(call, { n: 2 })
      const patient = await place.patient()
      const slot = (await place.slotAt(2, '09:00')).id
      const booked = made(await place.book(slot, patient))
      visit = { id: booked.id, slot, patient, text: (await call('GET', `Appointment/${booked.id}`)).text }
      held = made(await place.hold((await place.slotAt(2, '10:00')).id, patient)).id
      await call('DELETE', `Patient/${await place.patient()}`)
      const { code, out } = await slotwise(['backup', file], old.settings)
      expect([code, out]).toEqual([0, expect.stringMatching(/^\d+ rows as of \S+Z are in /)])
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      expect(gunzipSync(await readFile(file)).toString()).not.toContain('"d\\":\\"')
      await eventually(waitMs, async () => {
        head = headOf((await slotwise(['audit', 'verify'], old.settings)).out)
        return head !== ''
      })
      await server.end()
      // As it was when the server ended: what the backup holds is compared with a backup of that.
      expect((await slotwise(['backup', file], old.settings)).code).toBe(0)
      before = await contents(old.settings)
    },
    longEnough,
  )

  it(
    'is not restored over another, nor from a file that is not whole, nor without its keys',
    async () => {
      expect(await slotwise(['restore', file], old.settings)).toMatchObject({
        code: 1,
        err: expect.stringContaining('has been used already'),
      })
      const without = await slotwise(['restore', file], next.settings)
      expect(without).toMatchObject({ code: 1, err: expect.stringContaining('put that key into SECRETS_KEY_FILE') })
      await mkdir(next.settings.DATA_DIR ?? '', { recursive: true })
      await copyFile(join(old.settings.DATA_DIR ?? '', 'secrets.key'), join(next.settings.DATA_DIR ?? '', 'secrets.key'))
      const broken = join(folder, 'broken.backup')
      const refused = async () => (await slotwise(['restore', broken], next.settings)).err
      await copyFile(file, broken)
      await truncate(broken, (await stat(file)).size - 100)
      expect(await refused()).toContain('not a whole backup')
      const text = gunzipSync(await readFile(file)).toString()
      await writeFile(broken, gzipSync(text.replace('"booked"', '"fulfilled"').replace('booked', 'kooked')))
      expect(await refused()).toContain('not a whole backup')
      await writeFile(broken, gzipSync(text.slice(0, text.lastIndexOf('{"end":'))))
      expect(await refused()).toContain('not a whole backup')
      await writeFile(broken, 'a letter to a friend')
      expect(await refused()).toContain('cannot be read as a backup')
      expect(
        await inDatabase(next.settings, (db) => db.query({ text: 'select 1 from patient union all select 1 from change', values: [] })),
      ).toEqual([])
    },
    longEnough,
  )

  it(
    'is restored with every row as it was, its audit whole and under the same chain',
    async () => {
      const { code, out, err } = await slotwise(['restore', file], next.settings)
      expect([code, err, out]).toEqual([0, '', expect.stringMatching(/^\d+ rows as of \S+Z are restored\.\n$/)])
      expect(await contents(next.settings)).toEqual(before)
      const verified = await slotwise(['audit', 'verify', '--head', head], next.settings)
      expect([verified.code, verified.out]).toEqual([0, expect.stringMatching(/all as they were sealed\.\nNot sealed yet: 1 rows, /)])
      expect(await inDatabase(next.settings, (db) => disagreements(db))).toEqual([])
    },
    longEnough,
  )

  it(
    'goes on: tokens, times, holds, followers and the audit',
    async () => {
      // A token names the address it is for, which stays.
      const server = await next.serve({ PORT: old.settings.PORT ?? '' })
      const again = caller(`${server.origin}/fhir`, token)
      expect((await again('GET', `Appointment/${visit.id}`)).text).toBe(visit.text)
      const told = await again('GET', 'AuditEvent?subtype=restore,token&_sort=-date&_count=2')
      const said = (told.json.entry ?? []).map(({ resource }) => (resource as unknown as { outcomeDesc: string }).outcomeDesc)
      expect(said).toEqual([
        expect.stringMatching(/^A token for system\/\*\.cruds, good for 3600 s, was printed at the start of a server, by \S+ on \S+\.$/),
        expect.stringMatching(/^A backup of \S+Z, \d+ rows, was restored, by \S+ on \S+\.$/),
      ])
      expect((await again('POST', `Slot/${visit.slot}/$book`, body(visit.patient))).status).toBe(409)
      expect((await again('GET', `Appointment/${held}`)).json.status).toBe('pending')
      expect((await again('POST', `Appointment/${held}/$book`, { resourceType: 'Parameters', parameter: [] })).status).toBe(200)
      // Those who follow the log of changes have read what was written since, and stand where it ends.
      await eventually(waitMs, () => inDatabase(next.settings, followed))
      await eventually(waitMs, async () => /Nothing waits to be sealed/.test((await slotwise(['audit', 'verify'], next.settings)).out))
      const verified = await slotwise(['audit', 'verify', '--head', head], next.settings)
      expect([verified.code, verified.out]).toEqual([0, expect.stringContaining('all as they were sealed')])
      expect(await server.end()).toBe(0)
    },
    longEnough,
  )
})

const body = (patient: string): object => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'patient', valueReference: { reference: `Patient/${patient}` } }],
})
