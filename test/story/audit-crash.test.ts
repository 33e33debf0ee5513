/** A server is killed under load: whatever was answered with a patient's data is in the audit, sealed. */
import { sealAudit } from '../../src/audit/seal-audit.ts'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { openSecrets } from '../../src/store/secret-keys.ts'
import { type Call, caller, eventually } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'

const lanes = 200
const recoveryMs = 120_000

/** One patient's data, asked for in one way after the other; how often it was shown, by the interaction that shows it. */
type Lane = { readonly patient: string; readonly shown: Map<string, number> }

const ways: readonly (readonly [interaction: string, path: (patient: string) => string])[] = [
  ['read', (id) => `Patient/${id}`],
  ['search-type', (id) => `Patient?_id=${id}`],
  ['history-instance', (id) => `Patient/${id}/_history`],
  ['vread', (id) => `Patient/${id}/_history/1`],
]

describe('a server that is killed while 200 ask at once', () => {
  let place: Workplace
  let server: Server
  let call: Call
  beforeAll(async () => {
    place = await workplace()
    server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    call = caller(`${server.origin}/fhir`, out.trim())
  })
  afterAll(() => place?.leave())

  async function patients(): Promise<string[]> {
    const entry = Array.from({ length: lanes }, () => ({
      resource: { resourceType: 'Patient' },
      request: { method: 'POST', url: 'Patient' },
    }))
    const { json } = await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
    return (json.entry ?? []).map((one) => /Patient\/([\w.-]+)/.exec(JSON.stringify(one))?.[1] ?? '')
  }

  /** Asks until the server is gone. What was answered in full was shown; a line that broke may have been. */
  async function live({ patient, shown }: Lane): Promise<void> {
    for (let n = 0; ; n++) {
      const [interaction, path] = ways[n % ways.length] ?? ['', () => '']
      const answer = await call('GET', path(patient)).catch(() => undefined)
      if (!answer) return
      if (answer.status !== 200) throw new Error(`${path(patient)} answered ${answer.status}`)
      if (answer.text.includes(patient)) shown.set(interaction, (shown.get(interaction) ?? 0) + 1)
    }
  }

  it('has an event for every answer that showed a patient’s data, and each of them under a seal', async () => {
    const all = (await patients()).map((patient): Lane => ({ patient, shown: new Map() }))
    expect(new Set(all.map(({ patient }) => patient)).size).toBe(lanes)
    const lived = Promise.all(all.map(live))
    const total = () => all.reduce((sum, { shown }) => sum + [...shown.values()].reduce((a, b) => a + b, 0), 0)
    await eventually(recoveryMs, async () => total() > 5 * lanes)
    await server.end('SIGKILL')
    await lived

    const database = await openEmbedded(place.settings.DATA_DIR ?? '', { role: 'guest', ids: systemIds, warn: () => undefined })
    const pool = openPool(database.url, { max: 2 })
    try {
      const rows = await pool.query<{ patient: string; interaction: string; count: number }>({
        text: `select patients[1] as patient, interaction, count(*)::int as count from audit_event where cardinality(patients) = 1 group by 1, 2`,
        values: [],
      })
      const written = new Map(rows.map(({ patient, interaction, count }) => [`${patient} ${interaction}`, count]))
      const unwritten = all.flatMap(({ patient, shown }) =>
        [...shown].filter(([interaction, count]) => (written.get(`${patient} ${interaction}`) ?? 0) < count),
      )
      expect(unwritten).toEqual([])
      const house = { pool, clock: systemClock, secrets: openSecrets(`${place.settings.DATA_DIR}/secrets.key`) }
      expect((await verifyAudit(house)).problems).toEqual([])
      await eventually(recoveryMs, async () => {
        await sealAudit(house)
        return (await verifyAudit(house)).tail.count === 0
      })
      expect((await verifyAudit(house)).problems).toEqual([])
    } finally {
      await pool.end()
      await database.close()
    }
    const { code, out } = await slotwise(['audit', 'verify'], place.settings)
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^\d+ seals over \d+ audit rows: all as they were sealed\.\nNothing waits to be sealed\./),
    ])
    expect((await slotwise(['audit', 'verify', '--head', `1:${'A'.repeat(43)}`], place.settings)).code).toBe(1)
    expect((await slotwise(['audit', 'verify', '--head', 'nonsense'], place.settings)).code).toBe(2)
  }, 400_000)
})
