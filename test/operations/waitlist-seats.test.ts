/** What several share comes free: a seat of a class, and the times of a joint visit, are offered to who waits (docs/waitlist.md). */
import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

type Offer = Body & { readonly about?: readonly { readonly reference: string }[] }

let house: TestHouse

beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => {
  expect(await disagreements(house.house.pool)).toEqual([])
  expect(house.warnings).toEqual([])
})
afterAll(() => house.close())

/** The job runs until it is so: a transaction elsewhere on the machine may hold the log of changes up for a while. */
const jobUntil = (holds: () => Promise<boolean>): Promise<number> =>
  eventually(60_000, async () => {
    await offerWaitlist(house.house)
    return holds()
  })
/** The follower has come past what was written until now. */
const followed = async (): Promise<void> => {
  const [row] = await house.house.pool.query<{ pos: string }>({ text: 'select max(pos)::text as pos from change', values: [] })
  await jobUntil(async () => {
    const [at] = await house.house.pool.query<{ past: boolean }>({
      text: `select f.pos >= $1::bigint or f.xid > (select max(xid) from change where pos = $1::bigint) as past from follower f where name = 'waitlist'`,
      values: [row?.pos],
    })
    return at?.past === true
  })
}
const join = async (place: Clinic, more: Readonly<Record<string, unknown>> = {}): Promise<Body> => {
  // What was made before is not offered.
  await followed()
  return made(
    await house.call(
      'POST',
      'Appointment/$join-waitlist',
      parameters({ patient: `Patient/${await place.patient()}`, 'healthcare-service': `HealthcareService/${place.service}`, ...more }),
    ),
  )
}
const offersTo = async ({ id }: Body): Promise<Offer[]> =>
  matches(await house.call('GET', 'Communication?status=in-progress&_count=100')).filter((one) =>
    (one as Offer).about?.some(({ reference }) => reference === `Appointment/${id}`),
  )
const offered = (entry: Body): Promise<number> => jobUntil(async () => (await offersTo(entry)).length > 0)
const cancel = async ({ id }: Body): Promise<Body> => made(await house.call('POST', `Appointment/${id}/$cancel`), 200)
const accept = ({ id }: Body) => house.call('POST', `Appointment/${id}/$accept-offer`)
const slotNow = async ({ id }: Body): Promise<Body> => made(await house.call('GET', `Slot/${id}`), 200)
const seats = ({ extension = [] }: Body): Record<string, unknown> =>
  Object.fromEntries(
    ((extension.find(({ url = '' }) => url.endsWith('/slot-capacity')) as unknown as Body | undefined)?.extension ?? []).map((part) => {
      const { url = '', ...value } = part as unknown as Record<string, unknown> & { url?: string }
      return [url, Object.values(value)[0]]
    }),
  )

describe('a class that is full', () => {
  let place: Clinic
  beforeAll(async () => {
    place = await clinic(house.call, { policy: { capacity: 2 } })
  })
  /** Two visits, and the Slot that they fill. */
  const full = async (time: string): Promise<{ slot: Body; visits: Body[] }> => {
    const slot = await place.slotAt(2, time)
    const visits = await Promise.all((await place.patients(2)).map(async (patient) => made(await place.book(slot.id, patient))))
    expect((await slotNow(slot)).status).toBe('busy')
    return { slot, visits }
  }

  it('offers the seat that is given up, keeps it, and seats who accepts', async () => {
    const { slot, visits } = await full('09:00')
    const entry = await join(place)
    await cancel(visits[0] as Body)
    await offered(entry)
    const kept = await slotNow(slot)
    expect([kept.status, seats(kept)]).toEqual(['busy-tentative', { capacity: 2, booked: 2 }])
    expect((await place.book(slot.id, await place.patient())).status).toBe(409)
    const booked = made(await accept(entry), 200)
    expect(booked).toMatchObject({ id: entry.id, status: 'booked', slot: [{ reference: `Slot/${slot.id}` }] })
    expect([(await slotNow(slot)).status, seats(await slotNow(slot))]).toEqual(['busy', { capacity: 2, booked: 2 }])
  })

  it('offers it to the next when it is declined, and leaves it free for all when nobody is left', async () => {
    const { slot, visits } = await full('10:00')
    const [first, second] = [await join(place, { priority: 1 }), await join(place)]
    await cancel(visits[1] as Body)
    await offered(first)
    made(await house.call('POST', `Appointment/${first.id}/$decline-offer`), 200)
    await offered(second)
    expect(await offersTo(first)).toEqual([])
    expect((await slotNow(slot)).status).toBe('busy-tentative')
    made(await house.call('POST', `Appointment/${second.id}/$decline-offer`), 200)
    await jobUntil(async () => (await slotNow(slot)).status === 'free')
    expect(seats(await slotNow(slot))).toEqual({ capacity: 2, booked: 1 })
    for (const entry of [first, second]) await cancel(entry)
  })
})

describe('a joint visit that is cancelled', () => {
  it('offers the time of each of its Schedules to who waits for that one', async () => {
    const place = await clinic(house.call, { n: 2 })
    const groups = place.practitioners.map((one) => ({
      name: 'resource-group',
      part: [{ name: 'actor', valueReference: { reference: `Practitioner/${one}` } }],
    }))
    const slots = await Promise.all([0, 1].map((index) => place.slotAt(2, '09:00', index)))
    const sent = parameters({ patient: `Patient/${await place.patient()}` }) as { parameter: object[] }
    const visit = made(await house.call('POST', `Slot/${slots[0]?.id}/$book`, { ...sent, parameter: [...sent.parameter, ...groups] }))
    expect(visit.slot).toHaveLength(2)
    const entries = await Promise.all(place.practitioners.map((one) => join(place, { practitioner: `Practitioner/${one}` })))
    await cancel(visit)
    for (const entry of entries) await offered(entry)
    const booked = await Promise.all(entries.map(async (entry) => made(await accept(entry), 200)))
    expect(booked.map(({ slot }) => slot)).toEqual(slots.map(({ id }) => [{ reference: `Slot/${id}` }]))
  })
})
