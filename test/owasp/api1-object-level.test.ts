/**
 * API1:2023 Broken Object Level Authorization https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/
 *
 * A patient asks for another's objects by their ids, at every address that takes one: the addresses are those of the table
 * of routes. What may be learnt by detours (includes, chains, counts) is in `test/interactions/leaks.test.ts`.
 */
import { routes } from '../../src/http/routes.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Call, made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let mine: Call
let ids: Readonly<Record<string, string>>
const mark = 'Zimmerlinde'

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { horizon: new Date(Date.now() + 8 * 86_400_000) })
  const me = await place.patient()
  const patient = made(await house.call('POST', 'Patient', { resourceType: 'Patient', name: [{ family: mark }] })).id
  const visit = made(await place.book((await place.slotAt(1, '10:00')).id, patient, { comment: mark }))
  const communication = {
    resourceType: 'Communication',
    status: 'completed',
    subject: { reference: `Patient/${patient}` },
    note: [{ text: mark }],
  }
  ids = { Patient: patient, Appointment: visit.id, Communication: made(await house.call('POST', 'Communication', communication)).id }
  mine = house.as(await house.token('patient/*.cruds', { patient: me }))
})
afterAll(() => house?.close())

const versions = () =>
  Promise.all(Object.entries(ids).map(async ([type, id]) => made(await house.call('GET', `${type}/${id}`), 200).meta.versionId))

/** Each address that names an object, with the other patient's in its place. */
const addresses = routes.flatMap(([method, path]) => {
  const types = path.startsWith('/:type/:id') ? ['Patient', 'Appointment', 'Communication'] : [path.split('/')[1] ?? '']
  return types
    .filter((type) => path.includes('/:id') && ['Patient', 'Appointment', 'Communication'].includes(type))
    .map((type) => [method, path, type] as const)
})

it('is asked at every address that takes an id', () => {
  expect(addresses.length).toBeGreaterThan(30)
})

it.each(addresses)('%s %s of another patient’s %s shows and does nothing', async (method, path, type) => {
  const before = await versions()
  const id = ids[type] ?? ''
  const at = path.slice(1).replace(':type', type).replace(':id', id).replace(':type', 'Appointment').replace(':vid', '1')
  const body = ['PUT', 'POST'].includes(method)
    ? { ...(path.includes('$') || path.includes('_search') ? { resourceType: 'Parameters' } : { resourceType: type, id }) }
    : undefined
  const search = path.endsWith('_search')
  const answer =
    method === 'PATCH'
      ? await mine(method, at, [{ op: 'add', path: '/language', value: 'en' }], { 'content-type': 'application/json-patch+json' })
      : await mine(method, at, search ? undefined : body, search ? { 'content-type': 'application/x-www-form-urlencoded' } : {})
  expect(answer.text).not.toContain(mark)
  expect(answer.status).toBeLessThan(500)
  if (answer.status < 300) expect(answer.json.total ?? 0).toBe(0)
  expect(await versions()).toEqual(before)
})

it('an id that is nobody’s is answered in the same words', async () => {
  for (const [type, id] of Object.entries(ids)) {
    const [theirs, nobodys] = [await mine('GET', `${type}/${id}`), await mine('GET', `${type}/nobody`)]
    expect([theirs.status, theirs.text.replaceAll(id, 'nobody')]).toEqual([404, nobodys.text])
  }
})
