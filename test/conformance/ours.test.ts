/** The conformance suite holds for this server, wholly, and leaves nothing behind but deleted resources. */
import { conformance, type Result } from '../../conformance/suite.ts'
import { tracks } from '../../conformance/tracks.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'
import { registered } from './registered.ts'

let house: TestHouse
let results: Result[]
let before: unknown[]

/** Of StructureDefinitions there are ours, whatever the suite does. */
const held = (): Promise<unknown[]> =>
  Promise.all(
    ['Patient', 'Practitioner', 'Organization', 'Location', 'Schedule', 'Subscription', 'StructureDefinition'].map(async (type) => [
      type,
      (await house.call('GET', `${type}?_summary=count`)).json.total,
    ]),
  )

beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  before = await held()
  const patient = made(await house.call('POST', 'Patient', { resourceType: 'Patient', name: [{ text: 'Ana' }] })).id
  const options = {
    receiver: '127.0.0.1',
    slotToken: await house.token('system/Slot.rs'),
    patientToken: await house.token('patient/*.rs', { patient }),
    patient,
    smart: await registered(house),
  }
  results = await conformance({ base: house.house.base, token: await house.token('system/*.cruds'), options })
  for (const id of [patient, options.smart.ehr?.patient]) await house.call('DELETE', `Patient/${id}`)
}, 180_000)
afterAll(() => house?.close())

it.each(tracks.map(({ name }) => name))('%s', (track) => {
  const own = results.filter((one) => one.track === track)
  expect(own.length).toBeGreaterThan(0)
  expect(own.filter(({ verdict }) => verdict !== 'pass').map(({ check, message }) => `${check.name}: ${message}`)).toEqual([])
})

it('has taken away what it made', async () => {
  expect(await held()).toEqual(before)
})
