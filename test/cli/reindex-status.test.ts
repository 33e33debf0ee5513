/** What an operator is told of the indexing of own SearchParameters, and of a reindex that was cut short. */
import { reindexStatus } from '../../src/cli/reindex-status.ts'
import { noteReindex } from '../../src/store/reindex.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
beforeAll(async () => {
  // Nobody works at it here: it stays as it is put.
  server = await testHouse()
})
afterAll(() => server.close())

const parameter = (code: string, base: string[], expression: string) => ({
  resourceType: 'SearchParameter',
  id: code,
  url: `https://clinic.example/SearchParameter/${code}`,
  name: 'Custom',
  description: 'One of our own',
  status: 'active',
  type: 'token',
  code,
  base,
  expression,
})
const set = (text: string) => server.house.pool.query({ text, values: [] })

it('says how far each has come', async () => {
  expect(await reindexStatus(server.house)).toEqual(['No SearchParameter of your own, and no reindex that was cut short.'])
  for (const id of ['a', 'b', 'c']) made(await server.call('PUT', `Organization/${id}`, { resourceType: 'Organization', id, name: id }))
  made(await server.call('PUT', 'Patient/p', { resourceType: 'Patient', id: 'p' }))
  for (const one of [
    parameter('nick', ['Organization', 'Patient'], 'Organization.alias | Patient.name.given'),
    parameter('other', ['Organization'], 'Organization.alias'),
    parameter('fresh', ['Patient'], 'Patient.name.given'),
  ])
    made(await server.call('PUT', `SearchParameter/${one.code}`, one))
  await set(
    `update custom_search_parameter set progress = '{"Organization": {"seen": 3, "done": true}, "Patient": {"seen": 0, "done": false}}' where code = 'nick'`,
  )
  await set(`update custom_search_parameter set served = true where code = 'other'`)
  const progress = { after: 'b', seen: 2, renewed: 1, done: false }
  await inTransaction(server.house.pool, (tx) => noteReindex(tx, 'Organization', new Date().toISOString(), progress))
  expect(await reindexStatus(server.house)).toEqual([
    'fresh: being indexed, 0 of 1 Patient',
    'nick: being indexed, Organization done, 0 of 1 Patient',
    'other: served, of Organization',
    'reindex, begun and not ended: 2 of 3 Organization',
  ])
})
