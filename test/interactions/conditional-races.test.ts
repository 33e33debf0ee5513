/** Many conditional writes at once, over two server processes on one database: as if they had come one after the other. */
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { type Answer, type Call, caller, matches } from '../support/house.ts'
import { slotwise, type Workplace, workplace } from '../support/program.ts'

const crowd = 60
const system = 'urn:oid:1.2.36.146'

let database: TestDatabase
let place: Workplace
let calls: Call[]
beforeAll(async () => {
  database = await testDatabase({ empty: true })
  place = await workplace()
  const shared = { DATABASE_URL: database.url, PUBLIC_URL: 'http://clinic.example' }
  const ports = [await freePort(), await freePort()]
  const servers = await Promise.all(ports.map((port) => place.serve({ ...shared, PORT: String(port) })))
  const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], { ...place.settings, ...shared })
  calls = servers.map(({ origin }) => caller(`${origin}/fhir`, out.trim()))
})
afterAll(async () => {
  await place?.leave()
  await database?.drop()
})

const call: Call = (...asked) => (calls[0] as Call)(...asked)
/** The requests of a crowd, by turns at the one server and the other. */
const all = (n: number, ask: (one: Call, n: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => ask(calls[i % calls.length] as Call, i)))
const tally = (answers: readonly Answer[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(answers, ({ status }) => status)].map(([status, { length }]) => [status, length]))
const found = async (criteria: string) => matches(await call('GET', `Patient?${criteria}&_count=500`))
const patient = (value: string, more: object = {}) => ({ resourceType: 'Patient', identifier: [{ system, value }], ...more })
const where = (criteria: string) => ({ 'if-none-exist': criteria })

describe('a crowd of conditional creates', () => {
  it('with the same criteria makes one resource', async () => {
    const answers = await all(crowd, (one, n) =>
      one('POST', 'Patient', patient('one', { active: n % 2 === 0 }), where(`identifier=${system}|one`)),
    )
    expect(tally(answers)).toEqual({ 200: crowd - 1, 201: 1 })
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect(await found('identifier=one')).toHaveLength(1)
  })

  it.each([
    [
      'spelt in several ways',
      'spelt',
      [`identifier=${system}|spelt`, 'identifier=spelt', `identifier=nobody,${system}|spelt`, `?identifier=${system}%7Cspelt`],
    ],
    [
      'that ask for different things of it',
      'other',
      [`identifier=${system}|other`, 'family=Other', 'birthdate=1911-11-11&family=Other', 'family=Other&birthdate=1911'],
    ],
    ['that name no identifier', 'none', ['family=None&birthdate=1911-11-11', 'birthdate=1911-11-11&family=None', 'family=None']],
  ])('with criteria %s makes one resource', async (_what, value, criteria) => {
    const body = patient(value, { birthDate: '1911-11-11', name: [{ family: value }] })
    const answers = await all(crowd, (one, n) => one('POST', 'Patient', body, where(criteria[n % criteria.length] ?? '')))
    expect(tally(answers)).toEqual({ 200: crowd - 1, 201: 1 })
    expect(await found(`identifier=${value}`)).toHaveLength(1)
  })

  it('makes one of each of many, whatever the order in which each names its identifiers', async () => {
    const kinds = 10
    const answers = await all(kinds * 12, (one, n) => {
      const [a, b] = [
        { system, value: `two-${n % kinds}` },
        { system: 'urn:other', value: `two-${(n + 1) % kinds}` },
      ]
      return one(
        'POST',
        'Patient',
        { resourceType: 'Patient', identifier: n % 3 ? [a, b] : [b, a] },
        where(`identifier=${system}|two-${n % kinds}`),
      )
    })
    expect(tally(answers)).toEqual({ 200: kinds * 11, 201: kinds })
  })

  it('beside ordinary creates makes at most one more, and loses none of theirs', async () => {
    const answers = await all(crowd, (one, n) =>
      n % 10 === 0
        ? one('POST', 'Patient', patient('mixed'))
        : one('POST', 'Patient', patient('mixed'), where(`identifier=${system}|mixed`)),
    )
    const conditional = answers.filter((_, n) => n % 10 !== 0)
    const ordinary = answers.filter((_, n) => n % 10 === 0)
    expect(new Set(ordinary.map(({ status }) => status))).toEqual(new Set([201]))
    const { 201: made = 0, 200: given = 0, 412: many = 0 } = tally(conditional)
    expect([made <= 1, made + given + many]).toEqual([true, conditional.length])
    expect(await found('identifier=mixed')).toHaveLength(ordinary.length + made)
  })
})

describe('a crowd of conditional updates', () => {
  it('makes one resource, and a version for each that changes it', async () => {
    const answers = await all(crowd, (one, n) =>
      one('PUT', `Patient?identifier=${system}|put`, patient('put', { birthDate: `19${10 + n}-01-01` })),
    )
    expect(tally(answers)).toEqual({ 200: crowd - 1, 201: 1 })
    const [only, ...others] = await found('identifier=put')
    expect([only?.meta.versionId, others]).toEqual([String(crowd), []])
  })

  it('and creates with the same criteria makes one resource', async () => {
    const body = patient('both')
    const answers = await all(crowd, (one, n) =>
      n % 2 ? one('PUT', `Patient?identifier=${system}|both`, body) : one('POST', 'Patient', body, where(`identifier=${system}|both`)),
    )
    expect(tally(answers)).toEqual({ 200: crowd - 1, 201: 1 })
    expect(await found('identifier=both')).toHaveLength(1)
  })
})

it('a conditional delete takes only what met its criteria when it was deleted', async () => {
  const rounds = 25
  await all(rounds, (one, n) => one('PUT', `Patient/flip-${n}`, patient(`flip-${n}`, { id: `flip-${n}`, active: false })))
  const answers = await all(rounds * 2, (one, i) => {
    const n = Math.floor(i / 2)
    return i % 2
      ? one('DELETE', `Patient?identifier=${system}|flip-${n}&active=false`)
      : one('PUT', `Patient/flip-${n}`, patient(`flip-${n}`, { id: `flip-${n}`, active: true }))
  })
  expect(answers.filter(({ status }) => ![200, 201, 204].includes(status))).toEqual([])
  const histories = await all(rounds, (one, n) => one('GET', `Patient/flip-${n}/_history`))
  for (const { json } of histories) {
    const versions = (json.entry ?? []) as unknown as { request: { method: string }; resource?: { active: boolean } }[]
    const deleted = versions.findIndex(({ request }) => request.method === 'DELETE')
    if (deleted !== -1) expect(versions[deleted + 1]?.resource?.active).toBe(false)
  }
})
