/** A server that is killed between a time that came free and its offer: the offer still comes, and it comes once. */
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Body, type Call, caller, eventually, made, matches, parameters } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'

const patienceMs = 120_000
const people = 8

describe('a clinic with a waitlist whose server is killed', () => {
  let place: Workplace
  let server: Server
  let call: Call
  let doctors: Clinic
  beforeAll(async () => {
    place = await workplace()
    server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    call = caller(`${server.origin}/fhir`, out.trim())
    // So many times a day as people wait: nothing else is free on the day that they wait for, new as all of it may be.
    doctors = await clinic(call, { start: '09:00:00', end: '11:00:00' })
  })
  afterAll(() => place.leave())

  const offers = async (): Promise<Body[]> => matches(await call('GET', 'Communication?_count=200'))
  const slotOf = (offer: Body): string =>
    offer.extension?.[0]?.extension?.find(({ url }) => url === 'slot')?.valueReference?.reference ?? ''
  const said = async (id: string): Promise<string> => made(await call('GET', `Slot/${id}`), 200).status

  const join = async (patient: string, [first, ...more]: readonly Body[]): Promise<Body> => {
    const when = { start: `${first?.start}`, end: `${(more.at(-1) ?? first)?.end}` }
    const wish = { patient: `Patient/${patient}`, 'healthcare-service': `HealthcareService/${doctors.service}`, ...when }
    return made(await call('POST', 'Appointment/$join-waitlist', parameters(wish)))
  }

  it('offers each of the times once, to one of those who wait, whenever it fell', async () => {
    const slots = await doctors.slotsOn(3)
    expect(slots).toHaveLength(people)
    const visits = await Promise.all(slots.map(async (slot) => made(await doctors.book(slot.id, await doctors.patient()))))
    const entries = await Promise.all((await doctors.patients(people)).map((patient) => join(patient, slots)))
    for (const [n, visit] of visits.entries()) {
      made(await call('POST', `Appointment/${visit.id}/$cancel`, parameters({})), 200)
      // Offers are made each second: it falls before, while, or after the first of them is made.
      if (n % 3 === 0) continue
      if (n % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 300 * n))
      await server.end('SIGKILL')
      server = await place.serve()
    }
    await eventually(patienceMs, async () => (await offers()).length >= people)
    const made1 = await offers()
    expect(made1.map(slotOf).sort()).toEqual(slots.map(({ id }) => `Slot/${id}`).sort())
    expect(new Set(made1.map((one) => (one as Body & { about: { reference: string }[] }).about[0]?.reference))).toEqual(
      new Set(entries.map(({ id }) => `Appointment/${id}`)),
    )
    expect(new Set(await Promise.all(slots.map(({ id }) => said(id))))).toEqual(new Set(['busy-tentative']))
  }, 300_000)

  it('books what was offered before it fell, and offers on what was declined', async () => {
    const [first, second] = await offers()
    const entryOf = (offer: Body | undefined): string => (offer as Body & { about: { reference: string }[] }).about[0]?.reference ?? ''
    const late = await join(await doctors.patient(), await doctors.slotsOn(3))
    expect(made(await call('POST', `${entryOf(first)}/$accept-offer`), 200).status).toBe('booked')
    made(await call('POST', `${entryOf(second)}/$decline-offer`), 200)
    await server.end('SIGKILL')
    server = await place.serve()
    await eventually(patienceMs, async () =>
      (await offers()).some((one) => slotOf(one) === slotOf(second as Body) && entryOf(one) === `Appointment/${late.id}`),
    )
    expect((await offers()).filter((one) => slotOf(one) === slotOf(second as Body))).toHaveLength(2)
    expect(await said(slotOf(first as Body).slice('Slot/'.length))).toBe('busy')
  }, 300_000)
})
