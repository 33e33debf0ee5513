/**
 * Random stories of group sessions, told to the server and to a model that is a set of seats for each time: no seat is lost
 * or made, whoever comes, holds, goes, moves or is late, and each Slot says what the model says.
 */

import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import { disagreements } from '../support/agreement.ts'
import { fc } from '../support/chance.ts'
import { type Clinic, clinic, instantIn, ours } from '../support/clinic.ts'
import { type Answer, type Body, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { runOut } from './model-clinic.ts'

const runs = Number(process.env.MODEL_RUNS ?? 10)
const seats = 3
const deedNames = ['book', 'book', 'hold', 'hold', 'own', 'cancel', 'confirm', 'expire', 'move', 'move', 'remove', 'write'] as const
type Choice = { readonly deed: (typeof deedNames)[number]; readonly a: number; readonly b: number }

/** Who sits in one Slot's session; or the front desk's visit that has the time for itself. */
type Time = { readonly slot: Body; readonly seated: Map<string, { held: boolean }>; own?: string }
type Told = { readonly answer: Answer; readonly allowed: number } | undefined

const number = fc.nat({ max: 999 })
const stories = fc.array(fc.record({ deed: fc.constantFrom(...deedNames), a: number, b: number }), {
  minLength: 1,
  maxLength: 40,
  size: 'max',
})

let house: TestHouse
let place: Clinic
let patients: string[]
let day = 0
let next = 0
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { minutes: 30, slotMinutes: 30, start: '09:00:00', end: '11:00:00', policy: { capacity: seats } })
  patients = await place.patients(60)
})
afterAll(() => house.close())

const nth = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]
const patient = (): string => patients[next++ % patients.length] as string
const timeOf = (times: readonly Time[], visit: string): Time | undefined =>
  times.find(({ seated, own }) => seated.has(visit) || own === visit)
const call = (method: string, path: string, body?: object): Promise<Answer> => house.call(method, path, body)

async function sitDown(time: Time, operation: 'book' | 'hold'): Promise<Told> {
  const answer = await place[operation](time.slot.id, patient())
  const room = time.own === undefined && time.seated.size < seats
  if (answer.status === 201) time.seated.set(answer.json.id, { held: operation === 'hold' })
  return { answer, allowed: room ? 201 : 409 }
}

/** Somebody whom the front desk writes down for the practitioner, with no word of Slot or service. */
async function takeForOneself(time: Time): Promise<Told> {
  const { start, end } = time.slot
  const actors = [`Patient/${patient()}`, `Practitioner/${place.practitioners[0]}`]
  const participant = actors.map((reference) => ({ actor: { reference }, status: 'accepted' }))
  const answer = await call('POST', 'Appointment', { resourceType: 'Appointment', status: 'booked', start, end, participant })
  const room = time.own === undefined && time.seated.size === 0
  if (answer.status === 201) time.own = answer.json.id
  return { answer, allowed: room ? 201 : 409 }
}

function leave(times: readonly Time[], visit: string): void {
  const time = timeOf(times, visit)
  time?.seated.delete(visit)
  if (time?.own === visit) time.own = undefined
}

async function ofVisit(times: readonly Time[], { deed, a, b }: Choice): Promise<Told> {
  const all = times.flatMap(({ seated, own }) => [...seated.keys(), ...(own ? [own] : [])])
  const wanted = deed === 'confirm' || deed === 'expire' ? all.filter((id) => timeOf(times, id)?.seated.get(id)?.held) : all
  const visit = nth(wanted, a)
  const [time, to] = [visit === undefined ? undefined : timeOf(times, visit), nth(times, b)]
  if (visit === undefined || !time || !to) return undefined
  const seat = time.seated.get(visit)
  if (deed === 'expire') {
    await runOut({ house: house.house }, `Appointment/${visit}`)
    await settleLapsedHolds(house.house)
    leave(times, visit)
    return undefined
  }
  if (deed === 'confirm') {
    if (seat) seat.held = false
    return { answer: await call('POST', `Appointment/${visit}/$book`, parameters({})), allowed: 200 }
  }
  if (deed === 'write') {
    const { json } = await call('GET', `Appointment/${visit}`)
    return { answer: await call('PUT', `Appointment/${visit}`, { ...json, comment: `Note ${b}` }), allowed: 200 }
  }
  if (deed === 'move') {
    if (!seat || seat.held) return undefined
    const answer = await call('POST', `Appointment/${visit}/$reschedule`, parameters({ slot: `Slot/${to.slot.id}` }))
    const room = to === time || (to.own === undefined && to.seated.size < seats)
    if (room) {
      leave(times, visit)
      to.seated.set(visit, { held: false })
    }
    return { answer, allowed: room ? 200 : 409 }
  }
  leave(times, visit)
  if (deed === 'remove') return { answer: await call('DELETE', `Appointment/${visit}`), allowed: 204 }
  return { answer: await call('POST', `Appointment/${visit}/$cancel`, parameters({})), allowed: 200 }
}

const tellOne = (times: readonly Time[], choice: Choice): Promise<Told> => {
  const time = nth(times, choice.b) as Time
  if (choice.deed === 'book' || choice.deed === 'hold') return sitDown(time, choice.deed)
  return choice.deed === 'own' ? takeForOneself(time) : ofVisit(times, choice)
}

type Part = { url: string; valueUnsignedInt?: number; valuePositiveInt?: number }
const shown = ({ status, extension = [] }: Body): string => {
  const parts = (extension.find(({ url }) => url === ours('slot-capacity'))?.extension ?? []) as Part[]
  return [status, ...parts.map(({ valueUnsignedInt, valuePositiveInt }) => valueUnsignedInt ?? valuePositiveInt)].join(' ')
}
const expected = ({ seated, own }: Time): string => {
  if (own !== undefined) return 'busy'
  if (seated.size === 0) return 'free'
  const held = [...seated.values()].some((seat) => seat.held)
  return `${seated.size < seats ? 'free' : held ? 'busy-tentative' : 'busy'} ${seats} ${seated.size}`
}

async function tell(story: readonly Choice[]): Promise<void> {
  day += 1
  const times = (await place.slotsOn(day)).map((slot): Time => ({ slot, seated: new Map() }))
  const window = `start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}`
  for (const choice of story) {
    const told = await tellOne(times, choice)
    expect({ ...choice, status: told?.answer.status }).toEqual({ ...choice, status: told?.allowed })
    expect({ after: choice, slots: (await place.slotsOn(day)).map(shown) }).toEqual({ after: choice, slots: times.map(expected) })
    const offered = matches(await call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).map(({ id }) => id)
    expect(offered).toEqual(times.filter((time) => expected(time).startsWith('free')).map(({ slot }) => slot.id))
  }
  expect(await disagreements(house.house.pool)).toEqual([])
}

describe('a story of sessions', () => {
  it('ends with the seats that the model says, whatever was done in which order', async () => {
    await fc.assert(fc.asyncProperty(stories, tell), {
      numRuns: runs,
      endOnFailure: process.env.MODEL_SHRINK === undefined,
    })
    expect(house.warnings).toEqual([])
  })
})
