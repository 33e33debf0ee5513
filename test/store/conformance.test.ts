/** What validation knows of stored profiles, in another process on the same database and in a transaction that is undone. */
import type { Resource } from '../../src/fhir/resource.ts'
import { assertConforms } from '../../src/store/conformance.ts'
import type { Db } from '../../src/store/db.ts'
import type { House } from '../../src/store/house.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let here: TestHouse
beforeAll(async () => {
  here = await testHouse()
})
afterAll(() => here.close())

const url = 'https://example.org/StructureDefinition/aliased'
const claiming: Resource = { resourceType: 'Organization', id: 'o', name: 'O', meta: { profile: [url] } }
const profile = (min: number) => ({
  resourceType: 'StructureDefinition',
  id: 'aliased',
  url,
  name: 'Aliased',
  status: 'active',
  kind: 'resource',
  abstract: false,
  type: 'Organization',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Organization',
  derivation: 'constraint',
  differential: {
    element: [
      { id: 'Organization', path: 'Organization' },
      { id: 'Organization.alias', path: 'Organization.alias', min },
    ],
  },
})

const accepts = (db: Db, house: House): Promise<boolean> =>
  assertConforms(db, house, claiming).then(
    () => true,
    () => false,
  )

it('counts at the next use in another process on the same database', async () => {
  // Shares the database and nothing that is remembered.
  const there: House = { ...here.house }
  expect(await accepts(there.pool, there)).toBe(true)
  for (const min of [1, 0, 1]) {
    await here.call('PUT', 'StructureDefinition/aliased', profile(min))
    expect(await accepts(there.pool, there)).toBe(min === 0)
    expect(await accepts(here.house.pool, here.house)).toBe(min === 0)
  }
})

it('counts inside the transaction that writes it, and nowhere once that is undone', async () => {
  await here.call('PUT', 'StructureDefinition/aliased', profile(0))
  const { pool } = here.house
  const undone = inTransaction(pool, async (tx) => {
    await tx.query({
      text: `update structure_definition set version = version + 1,
        body = jsonb_set(body, '{differential,element,1,min}', '1') where id = 'aliased'`,
      values: [],
    })
    expect(await accepts(tx, here.house)).toBe(false)
    expect(await accepts(pool, here.house)).toBe(true)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  await here.call('PUT', 'StructureDefinition/aliased', { ...profile(0), name: 'Other' })
  expect(await accepts(pool, here.house)).toBe(true)
})
