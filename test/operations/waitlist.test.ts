/** The waitlist from the street: joining, being offered a time that came free, accepting and declining it, and who is told why. */
import { auditOf } from '../../src/audit/audit-of.ts'
import { endEntry } from '../../src/booking/waitlist/follow-waitlist.ts'
import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { liveOffersOf } from '../../src/store/waitlist-offers.ts'
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, dateIn, instantIn, ours } from '../support/clinic.ts'
import { type Answer, type Body, type Call, eventually, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { untilWaiting } from '../support/until-waiting.ts'

type Logged = { id: string; extension: { extension: { url: string; valueDecimal: number }[] }[] }
type Offer = Body & { about: { reference: string }[]; recipient: { reference: string }[] }

/** The offers to an entry that stand. */
const offersTo = async (call: Call, entry: string): Promise<Offer[]> =>
  matches(await call('GET', `Communication?status=in-progress&_count=50`)).filter((one) =>
    (one as Offer).about?.some(({ reference }) => reference === `Appointment/${entry}`),
  ) as Offer[]

describe('one after the other', () => {
  let house: TestHouse
  let call: Call
  beforeAll(async () => {
    house = await testHouse()
    call = house.call
  })
  afterAll(() => house.close())

  const join = async (place: Clinic, patient: string, more: Readonly<Record<string, unknown>> = {}): Promise<Body> => {
    // What was made before is not offered.
    await followed()
    return made(
      await call(
        'POST',
        'Appointment/$join-waitlist',
        parameters({ patient: `Patient/${patient}`, 'healthcare-service': `HealthcareService/${place.service}`, ...more }),
      ),
    )
  }
  /** The job runs until it is so: a transaction elsewhere on the machine may hold the log of changes up for a moment. */
  const jobUntil = (holds: () => Promise<boolean>): Promise<number> =>
    eventually(60_000, async () => {
      await offerWaitlist(house.house)
      return holds()
    })
  /** Books a time, and gives it back. */
  const free = async (place: Clinic, slot: Body): Promise<void> => {
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await call('POST', `Appointment/${visit.id}/$cancel`), 200)
  }
  const offered = async (entry: string): Promise<Offer> => {
    await jobUntil(async () => (await offersTo(call, entry)).length > 0)
    return (await offersTo(call, entry))[0] as Offer
  }
  const statusOf = async (type: string, id: string): Promise<string> => made(await call('GET', `${type}/${id}`), 200).status
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

  it('does not take away the visit of an entry that is accepted while its end is looked at', async () => {
    const place = await clinic(call)
    const entry = await join(place, await place.patient())
    const slot = await place.slotAt(3, '10:00')
    await free(place, slot)
    await offered(entry.id)
    const { pool } = house.house
    const audit = () => auditOf(house.house, { client: 'slotwise' }, 'expire')
    const done = await inTransaction(pool, async (tx) => {
      await liveOffersOf(tx, slot.id)
      const accepted = call('POST', `Appointment/${entry.id}/$accept-offer`)
      await untilWaiting(pool, 1)
      const ended = inTransaction(pool, (other) => endEntry(other, house.house, entry.id, 'Its end has come.', audit))
      await untilWaiting(pool, 2)
      return { accepted, ended }
    })
    await done.ended
    expect((await done.accepted).status).toBe(200)
    expect(await statusOf('Appointment', entry.id)).toBe('booked')
  })

  it('offers a cancelled time to who waits, keeps it for them, and books it when they accept', async () => {
    const place = await clinic(call)
    const patient = await place.patient()
    const entry = await join(place, patient)
    expect(entry.status).toBe('waitlist')
    await followed()
    const slot = await place.slotAt(2, '10:00')
    await free(place, slot)
    const offer = await offered(entry.id)
    expect(offer.recipient).toEqual([{ reference: `Patient/${patient}` }])
    expect(await statusOf('Slot', slot.id)).toBe('busy-tentative')
    expect((await place.book(slot.id, await place.patient())).status).toBe(409)
    const booked = made(await call('POST', `Appointment/${entry.id}/$accept-offer`), 200)
    expect(booked).toMatchObject({ id: entry.id, status: 'booked', slot: [{ reference: `Slot/${slot.id}` }] })
    expect(booked.participant.map(({ actor }) => actor?.reference)).toContain(`Practitioner/${place.practitioners[0]}`)
    expect(await statusOf('Communication', offer.id)).toBe('completed')
    expect(await statusOf('Slot', slot.id)).toBe('busy')
    expect((await call('POST', 'Appointment/$accept-offer', parameters({ offer: `Communication/${offer.id}` }))).status).toBe(409)
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('makes a request of what is accepted where the clinic approves, and keeps its time', async () => {
    const place = await clinic(call, { policy: { approvalRequired: true } })
    const entry = await join(place, await place.patient())
    await followed()
    const slot = await place.slotAt(2, '10:00')
    await free(place, slot)
    await offered(entry.id)
    const asked = made(await call('POST', `Appointment/${entry.id}/$accept-offer`), 200)
    expect([asked.status, await statusOf('Slot', slot.id)]).toEqual(['pending', 'busy-tentative'])
    const response = {
      resourceType: 'AppointmentResponse',
      appointment: { reference: `Appointment/${entry.id}` },
      actor: { reference: `Practitioner/${place.practitioners[0]}` },
      participantStatus: 'accepted',
    }
    made(await call('POST', 'AppointmentResponse', response))
    expect([await statusOf('Appointment', entry.id), await statusOf('Slot', slot.id)]).toEqual(['booked', 'busy'])
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('goes to the next when it is declined, never to the same again, and is free for all in the end', async () => {
    const place = await clinic(call)
    const [first, second] = await place.patients(2)
    const urgent = await join(place, String(first), { priority: 1 })
    const other = await join(place, String(second))
    await followed()
    const slot = await place.slotAt(2, '11:00')
    await free(place, slot)
    await offered(urgent.id)
    expect(await offersTo(call, other.id)).toEqual([])
    expect(made(await call('POST', `Appointment/${urgent.id}/$decline-offer`), 200).status).toBe('waitlist')
    await offered(other.id)
    expect(await offersTo(call, urgent.id)).toEqual([])
    made(await call('POST', `Appointment/${other.id}/$decline-offer`), 200)
    await jobUntil(async () => (await statusOf('Slot', slot.id)) === 'free')
    await followed()
    expect(await offersTo(call, urgent.id)).toEqual([])
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('offers only what the entry asked for', async () => {
    const place = await clinic(call, { n: 2 })
    const [patient] = await place.patients(1)
    const wishes = {
      practitioner: `Practitioner/${place.practitioners[1]}`,
      start: instantIn(3, '00:00'),
      'time-from': '13:00',
      'time-to': '15:00',
    }
    const entry = await join(place, String(patient), wishes)
    await followed()
    for (const [day, time, index] of [
      [3, '13:00', 0],
      [2, '13:00', 1],
      [3, '12:45', 1],
      [3, '15:00', 1],
    ] as const)
      await free(place, await place.slotAt(day, time, index))
    await followed()
    const wanted = await place.slotAt(3, '14:45', 1)
    await free(place, wanted)
    const offer = await offered(entry.id)
    expect(offer.about).toContainEqual({ reference: `Slot/${wanted.id}` })
  })

  it('moves a later visit for the same service, and offers its time on', async () => {
    const place = await clinic(call)
    const [mover, next] = await place.patients(2)
    const late = await place.slotAt(5, '09:00')
    const had = made(await place.book(late.id, String(mover)))
    const entry = await join(place, String(mover), { priority: 1 })
    const other = await join(place, String(next), { start: instantIn(5, '00:00') })
    await followed()
    await free(place, await place.slotAt(6, '09:00'))
    await offered(other.id)
    made(await call('POST', `Appointment/${other.id}/$decline-offer`), 200)
    expect(await offersTo(call, entry.id)).toEqual([])
    const soon = await place.slotAt(2, '09:00')
    await free(place, soon)
    await offered(entry.id)
    const moved = made(await call('POST', `Appointment/${entry.id}/$accept-offer`), 200)
    expect(moved).toMatchObject({ id: had.id, status: 'booked', slot: [{ reference: `Slot/${soon.id}` }] })
    expect(await statusOf('Appointment', entry.id)).toBe('cancelled')
    expect((await offered(other.id)).about).toContainEqual({ reference: `Slot/${late.id}` })
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('offers a visit that takes several Slots, all of them kept', async () => {
    const place = await clinic(call, { minutes: 30 })
    const entry = await join(place, await place.patient())
    await followed()
    const slot = await place.slotAt(2, '10:00')
    await free(place, slot)
    await offered(entry.id)
    const following = await place.slotsOn(2)
    expect(following.filter(({ status }) => status === 'busy-tentative')).toHaveLength(2)
    const booked = made(await call('POST', `Appointment/${entry.id}/$accept-offer`), 200)
    expect(Date.parse(booked.end) - Date.parse(booked.start)).toBe(30 * 60_000)
    expect(await disagreements(house.house.pool)).toEqual([])
  })

  it('takes an entry that is sent as a plain Appointment, and refuses one that nobody could read', async () => {
    const place = await clinic(call)
    const patient = await place.patient()
    const entry = {
      resourceType: 'Appointment',
      status: 'waitlist',
      serviceType: place.type,
      requestedPeriod: [{ start: dateIn(1), end: dateIn(9) }],
      extension: [{ url: ours('waitlist'), extension: [{ url: 'timeTo', valueTime: '12:00:00' }] }],
      participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
    }
    const { id } = made(await call('POST', 'Appointment', entry))
    await followed()
    await free(place, await place.slotAt(2, '09:00'))
    await offered(id)
    const extension = [{ url: ours('waitlist'), extension: [{ url: 'dayOfWeek', valueCode: 'monday' }] }]
    const refused = await call('POST', 'Appointment', { ...entry, extension })
    expect(refused.status).toBe(400)
    expect(refused.json.issue[0]?.expression?.[0]).toContain('extension[0]')
  })

  it('withdraws what it offered to who leaves the list, and gives it to the next', async () => {
    const place = await clinic(call)
    const [first, second] = await place.patients(2)
    const leaving = await join(place, String(first), { priority: 1 })
    const other = await join(place, String(second))
    await followed()
    await free(place, await place.slotAt(2, '10:00'))
    const offer = await offered(leaving.id)
    made(await call('POST', `Appointment/${leaving.id}/$cancel`), 200)
    await offered(other.id)
    await jobUntil(async () => (await statusOf('Communication', offer.id)) === 'stopped')
    expect((await call('POST', `Appointment/${leaving.id}/$accept-offer`)).status).toBe(409)
  })

  it('takes off the list who has died or was merged, and whose own time is over', async () => {
    const place = await clinic(call)
    const [merged, dead, late] = await place.patients(3)
    const entries = [
      await join(place, String(merged)),
      await join(place, String(dead)),
      await join(place, String(late), { expires: new Date(Date.now() + 1_000).toISOString() }),
    ]
    await followed()
    const put = (id: string | undefined, more: object) =>
      call('PUT', `Patient/${id}`, { resourceType: 'Patient', id, name: [{ family: 'Patient' }], ...more })
    made(await put(merged, { link: [{ other: { reference: `Patient/${late}` }, type: 'replaced-by' }] }), 200)
    made(await put(dead, { deceasedBoolean: true }), 200)
    for (const { id } of entries) await jobUntil(async () => (await statusOf('Appointment', id)) === 'cancelled')
  })

  it('offers times that rules have made anew', async () => {
    const place = await clinic(call, { end: '10:00:00' })
    const entry = await join(place, await place.patient(), { 'time-from': '16:00' })
    await followed()
    const schedule = await place.schedule()
    const rule = JSON.parse(JSON.stringify(schedule).replace('10:00:00', '17:00:00'))
    made(await call('PUT', `Schedule/${schedule.id}`, rule), 200)
    expect((await offered(entry.id)).extension?.[0]?.extension?.find(({ url }) => url === 'start')?.valueInstant).toMatch(/T16:/)
  })

  it('says why each was offered, to staff alone', async () => {
    const place = await clinic(call)
    const patient = await place.patient()
    const entry = await join(place, patient, { priority: 1 })
    await followed()
    await free(place, await place.slotAt(2, '10:00'))
    const offer = await offered(entry.id)
    const [log] = matches(await call('GET', `Provenance?target=Communication/${offer.id}`)) as unknown as Logged[]
    const parts = Object.fromEntries((log?.extension[0]?.extension ?? []).map(({ url, valueDecimal }) => [url, valueDecimal]))
    expect(parts).toMatchObject({ urgency: 30, fit: 0, passed: 0, offered: 0 })
    expect(parts.total).toBeCloseTo(30, 1)
    const own = house.as(await house.token('patient/*.cruds', { patient }))
    expect(matches(await own('GET', 'Communication')).map(({ id }) => id)).toEqual([offer.id])
    expect((await own('GET', `Provenance/${log?.id}`)).status).not.toBe(200)
    const another = house.as(await house.token('patient/*.cruds', { patient: await place.patient() }))
    const asked = (who: Call): Promise<Answer> =>
      who('POST', 'Appointment/$accept-offer', parameters({ offer: `Communication/${offer.id}` }))
    expect((await asked(another)).status).toBe(404)
    expect((await asked(own)).status).toBe(200)
    const trail = matches(await call('GET', `AuditEvent?entity=Communication/${offer.id}&_count=50`))
    expect(trail.length).toBeGreaterThan(1)
  })

  it('lets a patient join for themself alone, once for one Idempotency-Key', async () => {
    const place = await clinic(call)
    const patient = await place.patient()
    const own = house.as(await house.token('patient/*.cruds', { patient }))
    const body = parameters({ 'service-type': { valueCodeableConcept: place.type[0] } })
    const key = { 'idempotency-key': place.service }
    const [one, same] = [
      await own('POST', 'Appointment/$join-waitlist', body, key),
      await own('POST', 'Appointment/$join-waitlist', body, key),
    ]
    expect(made(one).id).toBe(made(same).id)
    const forAnother = parameters({ patient: `Patient/${await place.patient()}` })
    expect((await own('POST', 'Appointment/$join-waitlist', forAnother)).status).toBe(403)
    expect((await call('POST', 'Appointment/$join-waitlist', parameters({ comment: 'Whoever' }))).status).toBe(400)
    const reader = house.as(await house.token('patient/*.rs', { patient }))
    expect((await reader('POST', 'Appointment/$join-waitlist', body)).status).toBe(403)
    expect((await own('POST', `Appointment/${made(one).id}/$accept-offer`)).status).toBe(404)
    expect((await own('POST', 'Appointment/$accept-offer')).status).toBe(400)
  })
})
