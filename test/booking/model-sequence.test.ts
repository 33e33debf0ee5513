/**
 * Random stories of a clinic, told to the server and to the model: they never disagree about an answer, about who holds
 * what, about a Slot's status, or about what can be found.
 */
import { fc } from '../support/chance.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { emptyDay, gaps, type ModelClinic, modelClaims, modelClinic, offered, storedClaims, storedSlots } from './model-clinic.ts'
import { type Choice, type DeedName, deedNames, deeds, type World } from './model-deeds.ts'
import { findable, statusesOf } from './model-time.ts'

const runs = Number(process.env.MODEL_RUNS ?? 12)
const storyLength = 40
const patientsInAll = 60

const number = fc.nat({ max: 999 })
const choice: fc.Arbitrary<Choice> = fc.record({ deed: fc.constantFrom<DeedName>(...deedNames), a: number, b: number, c: number })

describe('a story of one front desk', () => {
  let server: TestHouse
  let clinic: ModelClinic
  let day = 0
  beforeAll(async () => {
    server = await testHouse()
    clinic = await modelClinic(server.call, server.house, patientsInAll)
  })
  afterAll(() => server.close())

  const begin = async (): Promise<World> => {
    day += 1
    const given = { count: 0 }
    return {
      clinic,
      day,
      model: await emptyDay(clinic, day),
      visits: [],
      // A patient whose visits are on other days cannot be in two places at once on this one.
      nextPatient: () => clinic.patients[given.count++ % clinic.patients.length] ?? '',
    }
  }

  const agree = async ({ model, day }: World, after: string): Promise<void> => {
    const stored = await storedSlots(clinic, day)
    const wrong = [...model.slots.values()].flatMap((slot) => {
      const { status, takenBy } = stored.get(slot.id) ?? { status: 'missing', takenBy: null }
      return statusesOf(model, slot).has(status)
        ? []
        : [`Slot/${slot.id} is ${status} by ${takenBy}, not ${[...statusesOf(model, slot)].join(' or ')}`]
    })
    expect({ after, wrong, claims: await storedClaims(clinic, day) }).toEqual({ after, wrong: [], claims: modelClaims(model) })
    for (const { id } of clinic.schedules)
      expect({ after, schedule: id, offered: await offered(clinic, id, day) }).toEqual({
        after,
        schedule: id,
        offered: findable(model, id),
      })
  }

  const tell = async (story: readonly Choice[]): Promise<void> => {
    const world = await begin()
    for (const next of story) {
      const told = await deeds[next.deed](world, next, await storedSlots(clinic, world.day))
      const what = told?.what ?? next.deed
      if (told && !told.allowed.includes(told.answer.status))
        throw new Error(`${what} was answered ${told.answer.status}, not ${told.allowed.join(' or ')}: ${told.answer.text.slice(0, 300)}`)
      await agree(world, what)
    }
  }

  it('ends as the model says, whatever was done in which order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(choice, { minLength: 1, maxLength: storyLength, size: 'max' }), tell), {
      numRuns: runs,
      path: process.env.MODEL_PATH,
      endOnFailure: process.env.MODEL_SHRINK === undefined,
    })
    expect(await gaps(clinic)).toEqual([])
  })
})
