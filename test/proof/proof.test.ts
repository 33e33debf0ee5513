/**
 * A short run of the proof: four servers on one Postgres, clients who want the same times, and each kind of harm once.
 * `npm run proof` runs it for as long as one likes.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prove } from './prove.ts'
import { faults } from './servers.ts'

const patienceMs = 900_000

it(
  'breaks no guarantee while servers, Postgres and connections fall',
  async () => {
    const { history, broken, harms } = await prove({ seed: 20_261_123, servers: 4, clients: 8, minutes: 0, deedsBetween: 40 })
    expect(broken).toEqual([])
    expect([...harms].sort()).toEqual([...faults].sort())
    const of = (outcome: string) => history.deeds.filter((deed) => deed.outcome === outcome).length
    expect(of('ok')).toBeGreaterThan(50)
    expect(of('refused')).toBeGreaterThan(20)
    expect(of('unknown')).toBeGreaterThan(0)
  },
  patienceMs,
)

it(
  'notices a database that no longer refuses two claims of one time',
  async () => {
    const { broken } = await prove({
      ...{ seed: 7, servers: 2, clients: 8, minutes: 0, deedsBetween: 150, harms: ['cut clients'] },
      spoil: 'alter table claim drop constraint claim_one_session_at_a_time, drop constraint claim_one_seat_each',
    })
    expect(broken.map(({ guarantee }) => guarantee)).toContain(1)
  },
  patienceMs,
)

it('shares no code with what it judges', async () => {
  const files = (await readdir(import.meta.dirname)).map((file) => join(import.meta.dirname, file))
  const support = ['cutting-proxy.ts', 'free-port.ts', 'program.ts', 'test-folder.ts'].map((file) =>
    join(import.meta.dirname, '../support', file),
  )
  const seen = new Set([...files, ...support])
  for (const file of seen) {
    const text = await readFile(file, 'utf8')
    const imported = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(([, path]) => join(file, '..', path ?? ''))
    expect(imported.filter((path) => !seen.has(path)).map((path) => `${file} imports ${path}`)).toEqual([])
  }
  expect(seen.size).toBeGreaterThan(12)
})
