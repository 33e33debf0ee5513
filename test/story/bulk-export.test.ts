/** A server that is killed in the middle of an export: the next one goes on where it was, and nothing is missing or twice. */
import { systemIds } from '../../src/base/ids.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { type Call, caller, eventually } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'

const count = 200_000
const recoveryMs = 90_000

describe('an export whose server falls', () => {
  let place: Workplace
  let server: Server
  let call: Call
  let token: string
  beforeAll(async () => {
    place = await workplace()
    server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    token = out.trim()
    call = caller(`${server.origin}/fhir`, token)
  })
  afterAll(() => place.leave())

  it('is finished by the next, from where it was', async () => {
    const database = await openEmbedded(place.settings.DATA_DIR ?? '', { role: 'guest', ids: systemIds, warn: () => undefined })
    const pool = openPool(database.url, { max: 2 })
    const one = async <Row>(text: string): Promise<Row | undefined> => (await pool.query<Row>({ text, values: [] }))[0]
    try {
      await one(`insert into patient (id, version, updated, body, terms)
        select 'p' || i, 1, now() - interval '1 minute', jsonb_build_object('resourceType', 'Patient', 'id', 'p' || i), '{}' from generate_series(1, ${count}) i`)
      const ordered = await call('GET', 'Patient/$export?_type=Patient', undefined, { prefer: 'respond-async' })
      const status = String(ordered.headers.get('content-location'))
      const listed = async () => Number((await one<{ listed: string }>('select listed from bulk_export'))?.listed)
      await eventually(recoveryMs, async () => (await listed()) > 0)
      await server.end('SIGKILL')
      const before = await one<{ state: string; listed: string }>('select state, listed from bulk_export')
      expect([before?.state, Number(before?.listed) < count]).toEqual(['waiting', true])
      const firstBatch = await one<{ made: string }>('select xmin::text as made from bulk_export_chunk where file = 1 and no = 0')
      server = await place.serve()
      await eventually(recoveryMs, async () => (await call('GET', status)).status === 200)
      const manifest = (await call('GET', status)).json as unknown as { output: { url: string; count: number }[] }
      const ids = new Set<string>()
      for (const { url, count: said } of manifest.output) {
        const found = (await textAt(url)).trimEnd().split('\n')
        expect(found).toHaveLength(said)
        for (const line of found) ids.add((JSON.parse(line) as { id: string }).id)
      }
      expect([ids.size, manifest.output.reduce((sum, file) => sum + file.count, 0)]).toEqual([count, count])
      // What had been listed was kept, not made again.
      expect(await one('select xmin::text as made from bulk_export_chunk where file = 1 and no = 0')).toEqual(firstBatch)
    } finally {
      await pool.end()
      await database.close()
    }
  }, 300_000)

  const textAt = async (url: string): Promise<string> => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text()
})
