/** What a Schedule's plan is made from: references however they are written, places of services, two changes at once. */
import { planAt } from '../../src/booking/plans.ts'
import { claimedActors } from '../../src/scheduling/claimed-actors.ts'
import type { SchedulePlan } from '../../src/scheduling/schedule-plan.ts'
import { claimableActors } from '../../src/store/claimable-actors.ts'
import { gatherParts } from '../../src/store/plan-parts.ts'
import { plansOf } from '../../src/store/plans.ts'
import { availability, create, timezone } from '../support/clinic.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const planOf = async (schedule: string): Promise<SchedulePlan> => {
  const [row] = await plansOf(house.house.pool, [schedule])
  return JSON.parse(row?.plan ?? '{}') as SchedulePlan
}

const scheduleFor = (...references: string[]): Promise<string> =>
  create(house.call, { resourceType: 'Schedule', active: true, actor: references.map((reference) => ({ reference })) })

describe('a plan', () => {
  it('takes an address under this base and a version of a resource for the resource itself', async () => {
    const { base } = house.house
    const practitioner = await create(house.call, { resourceType: 'Practitioner', gender: 'female' })
    const location = await create(house.call, { resourceType: 'Location', extension: [timezone('Asia/Tokyo')] })
    const service = await create(house.call, { resourceType: 'HealthcareService', name: 'Visit' })
    const role = await create(house.call, {
      resourceType: 'PractitionerRole',
      practitioner: { reference: `${base}/Practitioner/${practitioner}` },
      location: [{ reference: `Location/${location}/_history/1` }],
      healthcareService: [{ reference: `${base}/HealthcareService/${service}` }],
    })
    for (const schedule of [
      await scheduleFor(`${base}/Practitioner/${practitioner}`),
      await scheduleFor(`PractitionerRole/${role}/_history/1`),
    ]) {
      const plan = await planOf(schedule)
      expect(plan).toMatchObject({ zone: 'Asia/Tokyo', claims: [`Practitioner/${practitioner}`] })
      expect(plan.services.map(({ reference }) => reference)).toEqual([`HealthcareService/${service}`])
      expect(plan.terms).toEqual(expect.arrayContaining([`practitioner=Practitioner/${practitioner}`, 'gender=female']))
    }
  })

  it('follows a role that is written later and names its practitioner by address', async () => {
    const practitioner = await create(house.call, { resourceType: 'Practitioner' })
    const schedule = await scheduleFor(`Practitioner/${practitioner}`)
    const location = await create(house.call, { resourceType: 'Location', extension: [timezone('Asia/Tokyo')] })
    await create(house.call, {
      resourceType: 'PractitionerRole',
      practitioner: { reference: `${house.house.base}/Practitioner/${practitioner}` },
      location: [{ reference: `Location/${location}` }],
    })
    expect((await planOf(schedule)).zone).toBe('Asia/Tokyo')
  })

  it('of a service has the time zone of the place where that is offered', async () => {
    const location = await create(house.call, { resourceType: 'Location', extension: [timezone('America/Los_Angeles')] })
    const service = await create(house.call, {
      resourceType: 'HealthcareService',
      location: [{ reference: `Location/${location}` }],
      extension: [availability({})],
    })
    const schedule = await scheduleFor(`HealthcareService/${service}`)
    expect((await planOf(schedule)).zone).toBe('America/Los_Angeles')
    const place = made(await house.call('GET', `Location/${location}`), 200)
    made(await house.call('PUT', `Location/${location}`, { ...place, extension: [timezone('Pacific/Honolulu')] }), 200)
    expect((await planOf(schedule)).zone).toBe('Pacific/Honolulu')
  })

  it('misses neither of two changes that are written at once', async () => {
    for (let round = 0; round < 6; round++) {
      const practitioner = await create(house.call, { resourceType: 'Practitioner' })
      const schedule = `beside-${round}`
      const [service, other] = await Promise.all(
        ['One', 'Two'].map((name) => create(house.call, { resourceType: 'HealthcareService', name })),
      )
      const role = (id: string, offered: string | undefined) =>
        house.call('PUT', `PractitionerRole/${id}`, {
          resourceType: 'PractitionerRole',
          id,
          practitioner: { reference: `Practitioner/${practitioner}` },
          healthcareService: [{ reference: `HealthcareService/${offered}` }],
        })
      const named = { resourceType: 'Schedule', id: schedule, actor: [{ reference: `Practitioner/${practitioner}` }] }
      await Promise.all([
        house.call('PUT', `Schedule/${schedule}`, named),
        role(`beside-${round}-a`, service),
        role(`beside-${round}-b`, other),
      ])
      const offered = (await planOf(schedule)).services.map(({ reference }) => reference)
      expect(offered.toSorted()).toEqual([service, other].map((id) => `HealthcareService/${id}`).toSorted())
    }
  })

  it('is read again where the version that was at hand has gone meanwhile', async () => {
    const schedule = await scheduleFor('Practitioner/nobody')
    expect(await planAt(house.house, schedule, '0', null)).toEqual(await planOf(schedule))
  })
})

describe('who is taken up', () => {
  it('is the same for an Appointment as for a Schedule', async () => {
    const { base, pool } = house.house
    const physical = 'http://terminology.hl7.org/CodeSystem/location-physical-type'
    const place = (coding: object) => create(house.call, { resourceType: 'Location', physicalType: { coding: [coding] } })
    const places = [
      await place({ system: physical, code: 'ro' }),
      await place({ code: 'bd' }),
      await place({ system: 'urn:another:list', code: 'ro' }),
      await place({ system: physical, code: 'si' }),
    ]
    const role = await create(house.call, { resourceType: 'PractitionerRole', practitioner: { reference: `${base}/Practitioner/p` } })
    const elsewhere = ['https://other.example/fhir/Practitioner/q', 'https://other.example/fhir/Practitioner/r']
    const lent = await create(house.call, { resourceType: 'PractitionerRole', practitioner: { reference: elsewhere[1] } })
    const roles = [role, lent].map((id) => `PractitionerRole/${id}`)
    const others = [elsewhere[0] ?? '', 'https://other.example/fhir/Organization/o']
    const references = [...places.map((id) => `Location/${id}`), ...roles, 'Device/d', 'Organization/o', ...others]
    const schedule = { resourceType: 'Schedule', id: 'x', actor: references.map((reference) => ({ reference })) }
    const parts = await gatherParts(pool, JSON.stringify(schedule), base)
    const ofSchedule = claimedActors(references, parts.roles, parts.locations)
    expect(ofSchedule).toEqual([...places.slice(0, 2).map((id) => `Location/${id}`), 'Device/d', 'Practitioner/p', ...elsewhere].toSorted())
    const written = references.map((reference) => (others.includes(reference) ? reference : `${base}/${reference}`))
    expect((await claimableActors(pool, written, base)).toSorted()).toEqual(ofSchedule)
  })
})
