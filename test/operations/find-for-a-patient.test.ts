/** `$find-slots` with a patient: times at which they are somewhere else already are not offered to them. */
import { type Clinic, clinic, instantIn } from '../support/clinic.ts'
import { made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { n: 2 })
})
afterAll(() => house.close())

const window = `start=${instantIn(2, '09:00')}&end=${instantIn(2, '10:00')}`

it('leaves out what overlaps the patient’s own visits with anybody, for them alone, and only where the scopes may know', async () => {
  const [booked = '', other = ''] = await place.patients(2)
  made(await place.book((await place.slotAt(2, '09:15')).id, booked))
  const elsewhere = `Schedule/${place.schedules[1]}/$find-slots?${window}`
  const times = async (call = house.call, query = ''): Promise<string[]> =>
    matches(await call('GET', `${elsewhere}${query}`)).map(({ start }) => start.slice(11, 16))
  expect(await times()).toEqual(['09:00', '09:15', '09:30', '09:45'])
  expect(await times(house.call, `&patient=Patient/${booked}`)).toEqual(['09:00', '09:30', '09:45'])
  expect(await times(house.call, `&patient=Patient/${other}`)).toEqual(['09:00', '09:15', '09:30', '09:45'])
  const own = house.as(await house.token('patient/*.rs', { patient: booked }))
  expect(await times(own)).toEqual(['09:00', '09:30', '09:45'])
  const curious = house.as(await house.token('user/Slot.rs'))
  expect(await times(curious, `&patient=Patient/${booked}`)).toEqual(['09:00', '09:15', '09:30', '09:45'])
})
