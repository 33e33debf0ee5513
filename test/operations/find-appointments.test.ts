/** `Appointment/$find` and what its proposals are good for: the dialects of Argonaut, IHE, Epic and Oracle Health. */
import { type Clinic, clinic, create, instantIn } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => house.close())

const find = (query: string): Promise<Answer> => house.call('GET', `Appointment/$find?${query}`)
const mine = (): string => `practitioner=Practitioner/${place.practitioners[0]}`
const onDay = (day: number): string => `start=${instantIn(day, '00:00')}&end=${instantIn(day + 1, '00:00')}`
const proposalOn = async (day: number, more = ''): Promise<Body> =>
  matches(await find(`${mine()}&${onDay(day)}&_count=1${more}`))[0] as Body
const post = (path: string, values: Readonly<Record<string, unknown>>): Promise<Answer> => house.call('POST', path, parameters(values))
const uri = (value: string) => ({ valueUri: value })

describe('Appointment/$find', () => {
  it('gives proposed Appointments with what was asked for, and says how many (J1)', async () => {
    const { system, code } = place.type[0]?.coding[0] ?? { system: '', code: '' }
    const answer = await find(`${onDay(2)}&${mine()}&location-string=House&visit-type=${encodeURIComponent(`${system}|${code}`)}&_count=3`)
    expect(answer.json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 3 })
    expect(answer.json.link?.[0]?.relation).toBe('self')
    const [first] = matches(answer) as [Body]
    expect(first).toMatchObject({ resourceType: 'Appointment', status: 'proposed', serviceType: place.type, requestedPeriod: [{}] })
    expect([first.start, first.end].map((at) => Date.parse(at))).toEqual(['09:00', '09:15'].map((time) => Date.parse(instantIn(2, time))))
    expect(first.requestedPeriod?.map(({ start, end }) => [start, end].map((at) => Date.parse(at ?? '')))).toEqual([
      [instantIn(2, '00:00'), instantIn(3, '00:00')].map((at) => Date.parse(at)),
    ])
    expect(new Set(first.participant.map(({ status }) => status))).toEqual(new Set(['needs-action']))
    expect(answer.json.entry?.map(({ search }) => search?.mode)).toEqual(['match', 'match', 'match', 'outcome'])
    expect(first.id).toMatch(/^[A-Za-z0-9\-.]{1,64}$/)
  })

  it('gives proposals that are no resources: in no search, each asking with ids of its own, itself on read', async () => {
    const [first, again] = [await proposalOn(4), await proposalOn(4)]
    expect([again.start, again.id === first.id]).toEqual([first.start, false])
    expect((await house.call('GET', `Appointment/${first.id}`)).json.status).toBe('proposed')
    expect(matches(await house.call('GET', `Appointment?actor=Practitioner/${place.practitioners[0]}&status=proposed`))).toEqual([])
  })

  it('serves Oracle Health’s names (J10)', async () => {
    const answer = await post('Appointment/$find', {
      start: instantIn(3, '00:00'),
      end: instantIn(4, '00:00'),
      'service-type': { valueCodeableConcept: place.type[0] },
      practitioner: `Practitioner/${place.practitioners[0]}`,
      location: `Location/${place.location}`,
    })
    expect(matches(answer)).toHaveLength(32)
  })
})

describe('a proposal', () => {
  it('is held (J3): 200, Expires, pending, tentative; no longer found; a second hold is 409; booked after (J5)', async () => {
    const patient = await place.patient()
    const proposed = await proposalOn(5, `&patient=Patient/${patient}`)
    const held = await post(`Appointment/${proposed.id}/$hold`, { 'appt-id': uri(`Appointment/${proposed.id}`) })
    expect([held.status, held.json.total]).toEqual([200, 1])
    expect(Date.parse(held.headers.get('expires') ?? '')).toBeGreaterThan(Date.now())
    const pending = appointmentIn(held) as Body
    expect(pending).toMatchObject({ status: 'pending', start: proposed.start })
    expect(new Set(pending.participant.map(({ status }) => status))).toEqual(new Set(['tentative']))
    expect(made(await house.call('GET', pending.slot[0]?.reference ?? ''), 200).status).toBe('busy-tentative')
    expect((await post(`Appointment/${proposed.id}/$hold`, { 'appt-id': uri(`Appointment/${proposed.id}`) })).status).toBe(409)
    expect((await proposalOn(5)).start).not.toBe(proposed.start)
    const booked = await post(`Appointment/${pending.id}/$book`, {
      'appt-id': uri(`Appointment/${pending.id}`),
      'patient-id': uri(`Patient/${patient}`),
      comment: 'thanks',
    })
    expect(booked.status).toBe(200)
    expect(appointmentIn(booked)).toMatchObject({ id: pending.id, status: 'booked', comment: 'thanks' })
    expect(appointmentIn(booked)?.participant.find(({ actor }) => actor?.reference === `Patient/${patient}`)?.status).toBe('accepted')
    expect(made(await house.call('GET', pending.slot[0]?.reference ?? ''), 200).status).toBe('busy')
  })

  it('is held by appointment-reference; a second client gets a Bundle with the reason (J4)', async () => {
    const patient = await place.patient()
    const proposed = await proposalOn(6, `&patient=Patient/${patient}`)
    const hold = () => post('Appointment/$hold', { 'appointment-reference': `Appointment/${proposed.id}` })
    expect((await hold()).status).toBe(200)
    const refused = await hold()
    expect([refused.status, refused.json.resourceType, refused.json.entry?.length]).toEqual([409, 'Bundle', 1])
    expect(refused.json.entry?.[0]?.resource.issue[0]?.severity).toBe('fatal')
  })

  it('is booked at once for the patient named then (J5), also by Epic’s names (J9)', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const first = await proposalOn(7)
    const booked = await post(`Appointment/${first.id}/$book`, {
      'appt-id': uri(`Appointment/${first.id}`),
      'patient-id': uri(`Patient/${a}`),
      comment: 'c',
    })
    expect([booked.status, appointmentIn(booked)?.status]).toEqual([200, 'booked'])
    const epic = matches(
      await post('Appointment/$find', {
        startTime: { valueDateTime: instantIn(7, '00:00') },
        endTime: { valueDateTime: instantIn(8, '00:00') },
        serviceType: { valueCodeableConcept: place.type[0] },
        'location-reference': `Location/${place.location}`,
      }),
    )
    expect(epic[0]?.start).not.toBe(first.start)
    const second = await post('Appointment/$book', {
      patient: { valueIdentifier: { value: b } },
      appointment: { valueIdentifier: { value: epic[0]?.id } },
      appointmentNote: 'note',
    })
    expect([second.status, appointmentIn(second)?.status, appointmentIn(second)?.comment]).toEqual([200, 'booked', 'note'])
  })

  it('of a time taken meanwhile is 409 with next times, one without a patient 400', async () => {
    const [a = '', b = ''] = await place.patients(2)
    const proposed = await proposalOn(8)
    expect((await post(`Appointment/${proposed.id}/$book`, {})).status).toBe(400)
    made(await place.book(proposed.slot[0]?.reference?.slice(5) ?? '', a))
    expect((await post(`Appointment/${proposed.id}/$book`, { 'patient-id': uri(`Patient/${b}`) })).status).toBe(409)
  })

  it('whose half hour is over is 410', async () => {
    const proposed = await proposalOn(9)
    await house.house.pool.query({ text: `update proposal set expires = now() - interval '1 second' where id = $1`, values: [proposed.id] })
    const answer = await post(`Appointment/${proposed.id}/$book`, { patient: `Patient/${await place.patient()}` })
    expect([answer.status, answer.json.issue?.[0]?.code ?? answer.json.entry?.[0]?.resource.issue[0]?.code]).toEqual([410, 'expired'])
  })

  it('of a longer visit takes all its Slots', async () => {
    const long = await clinic(house.call, { minutes: 45 })
    const practitioner = `practitioner=Practitioner/${long.practitioners[0]}`
    const [proposed] = matches(await find(`${practitioner}&${onDay(2)}&_count=1`)) as [Body]
    expect(proposed.slot).toHaveLength(3)
    const booked = await post(`Appointment/${proposed.id}/$book`, { patient: `Patient/${await long.patient()}` })
    expect(appointmentIn(booked)?.slot).toEqual(proposed.slot)
    expect((await long.slotsOn(2)).filter(({ status }) => status === 'busy')).toHaveLength(3)
  })

  it('says which service it is for where a Schedule offers several', async () => {
    const both = await clinic(house.call)
    const schedule = await both.schedule()
    const second = await create(house.call, { resourceType: 'HealthcareService', active: true, name: 'Second', type: [{ text: 'second' }] })
    const actor = [...(schedule as unknown as { actor: object[] }).actor, { reference: `HealthcareService/${second}` }]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, actor }), 200)
    const [proposed] = matches(await find(`healthcare-service=HealthcareService/${second}&${onDay(2)}&_count=1`)) as [Body]
    const booked = await post(`Appointment/${proposed.id}/$book`, { patient: `Patient/${await both.patient()}` })
    expect([booked.status, appointmentIn(booked)?.status]).toEqual([200, 'booked'])
  })
})
