/** Many new resources in one statement leave the rows that each of them leaves by itself. */
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { type Body, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => house.close())

type Sent = { readonly resourceType: string; readonly [element: string]: unknown }

async function together(resources: readonly Sent[]): Promise<Body[]> {
  const entry = resources.map((resource) => ({ resource, request: { method: 'POST', url: resource.resourceType } }))
  const answer = made(await house.call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), 200)
  return (answer.entry ?? []).map(({ resource }) => resource)
}

/** What is stored of a resource, but for what names it and says when. */
async function rowsOf(table: string, { resourceType, id, meta }: Body): Promise<unknown> {
  const query = async (text: string) => {
    const rows = await house.house.pool.query<{ row: object }>({ text, values: [`${id}`] })
    return JSON.parse(JSON.stringify(rows).replaceAll(id, 'ID').replaceAll(meta.lastUpdated, 'WHEN')) as unknown
  }
  return {
    row: await query(`select to_jsonb(t) - 'updated' as row, body::text as text from ${table} t where id = $1`),
    history: await query(`select to_jsonb(t) as row from ${table}_history t where id = $1`),
    changes: await query(`select to_jsonb(c) - 'xid' - 'pos' - 'at' as row from change c where type = '${resourceType}' and id = $1`),
    audited: await query(
      `select to_jsonb(a) - 'id' - 'at' - 'xid' as row from audit_event a where entity = '${resourceType}/' || $1 and interaction = 'create'`,
    ),
  }
}

const coverage = (patient: string): Sent => ({
  resourceType: 'Coverage',
  status: 'active',
  beneficiary: { reference: `Patient/${patient}` },
  payor: [{ display: 'Payer' }],
  period: { start: '2026-01-01', end: '2026-12-31' },
})
const slot = (time: string): Sent => ({
  resourceType: 'Slot',
  schedule: { reference: `Schedule/${place.schedules[0]}` },
  status: 'free',
  start: instantIn(3, time),
  end: instantIn(3, time.replace(':00', ':30')),
  comment: 'Åse “x” \\ 1',
})

describe('resources that are written together', () => {
  it.each([
    [
      'patient',
      () => ({ resourceType: 'Patient', name: [{ family: 'Ångström', given: ['A', 'B'] }], birthDate: '1980-02', deceasedBoolean: false }),
    ],
    ['coverage', () => coverage(known)],
    [
      'encounter',
      () => ({ resourceType: 'Encounter', status: 'planned', class: { code: 'AMB' }, subject: { reference: `Patient/${known}` } }),
    ],
    ['slot', () => slot('20:00')],
  ] as [string, () => Sent][])('%s', async (table, make) => {
    const sent = make()
    const alone = made(await house.call('POST', sent.resourceType, sent))
    const [first, second] = await together([sent, sent])
    const expected = await rowsOf(table, alone)
    expect(await rowsOf(table, first as Body)).toEqual(expected)
    expect(await rowsOf(table, second as Body)).toEqual(expected)
  })

  const known = 'known-patient'
})
