/** What is said beside an Appointment that is stored is taken whole or refused with its name (docs/operations.md#book). */
import { disagreements } from '../support/agreement.ts'
import { type Clinic, clinic, create, ours } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'
import { weekly } from '../support/recurrence.ts'

let house: TestHouse
let place: Clinic
let slots: Body[]
let patient: string
let other: string

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  slots = await place.slotsOn(2)
  ;[patient = '', other = ''] = await place.patients(2)
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const next = (): Body => slots.shift() as Body
const held = async (more: object = {}): Promise<Body> => made(await place.hold(next().id, patient, { ...more }))
const book = ({ id }: Body, more: object = {}): Promise<Answer> => house.call('POST', `Appointment/${id}/$book`, parameters({ ...more }))
const along = (resource: object, more: object = {}): Readonly<Record<string, unknown>> => ({ 'appt-resource': { resource }, ...more })
const refusal = ({ status, json }: Answer) => {
  const [issue] = (json.entry?.[0]?.resource ?? json).issue ?? []
  return [status, issue?.code, issue?.expression?.[0]]
}
const unchanged = async ({ id, meta }: Body): Promise<void> =>
  expect(made(await house.call('GET', `Appointment/${id}`), 200).meta.versionId).toBe(meta.versionId)
const referralFor = async (who: string): Promise<[id: string, identifier: string]> => {
  const value = `R-${place.service}-${who}`
  const identifier = [{ system: 'urn:test:referrals', value }]
  const subject = { reference: `Patient/${who}` }
  const request = { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject, identifier }
  return [await create(house.call, request), `urn:test:referrals|${value}`]
}
const rule = (expression: string, message: string) => ({
  url: 'rule',
  extension: [
    { url: 'expression', valueString: expression },
    { url: 'message', valueString: message },
  ],
})
async function withRules(parts: object[]): Promise<Clinic> {
  const at = await clinic(house.call)
  const schedule = await at.schedule()
  const extension = [...(schedule.extension ?? []), { url: ours('booking-policy'), extension: parts }]
  made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, extension }), 200)
  return at
}

describe('beside a hold', () => {
  it('what parameters tell of the visit is written into it', async () => {
    const [request, identifier] = await referralFor(patient)
    const more = { reason: 'Cough', 'appointment-type': 'FOLLOWUP', 'referral-identifier': identifier, comment: 'By the lift' }
    const hold = await held({ reason: 'Fever' })
    const booked = appointmentIn(await book(hold, more)) as Body & { appointmentType: object }
    expect(booked).toMatchObject({
      status: 'booked',
      reasonCode: [{ text: 'Cough' }],
      comment: 'By the lift',
      basedOn: [{ reference: `ServiceRequest/${request}` }],
    })
    expect(JSON.stringify(booked.appointmentType)).toContain('FOLLOWUP')
    expect(made(await house.call('GET', `Appointment/${hold.id}`), 200)).toEqual(booked)
  })

  it('what an Appointment sent along tells is written into the visit; what it leaves out stays', async () => {
    const hold = await held({ reason: 'Fever', comment: 'Kept' })
    const words = {
      description: 'First visit',
      patientInstruction: 'Come fasting',
      supportingInformation: [{ reference: 'urn:uuid:5f0c2f5c-6d0e-4f5e-9d61-0a4c7a5f7e11' }],
      priority: 3,
      identifier: [{ system: 'urn:test:own', value: 'A-1' }],
      meta: { tag: [{ system: 'urn:test:tags', code: 'b' }] },
      extension: [{ url: 'urn:test:extension', valueString: 'c' }],
    }
    const sent = { resourceType: 'Appointment', id: hold.id, status: 'proposed', participant: hold.participant, ...words }
    const booked = appointmentIn(await book(hold, along(sent))) as Body & { identifier: object[] }
    const { identifier, ...others } = words
    expect(booked).toMatchObject({ status: 'booked', ...others, reasonCode: [{ text: 'Fever' }], comment: 'Kept', start: hold.start })
    expect(booked.identifier).toHaveLength(2)
    expect(booked.identifier).toContainEqual(identifier[0])
  })

  it('the hold as it was answered may be sent back whole, and a word beside it counts', async () => {
    const hold = await held({ reason: 'Fever', comment: 'Kept' })
    const booked = appointmentIn(await book(hold, along(hold, { reason: 'Cough' }))) as Body
    const { extension: _held, meta: _meta, status: _status, participant: _people, ...same } = hold
    expect(booked).toMatchObject({ ...same, status: 'booked', reasonCode: [{ text: 'Cough' }] })
    expect(booked.extension).toBeUndefined()
  })

  it('another service, somebody else, a series, or a status that asks for no time is refused', async () => {
    const elsewhere = await clinic(house.call)
    const type = place.type[0]?.coding[0]?.code
    const hold = await held({ 'service-type': type })
    const stranger = { actor: { reference: `Practitioner/${elsewhere.practitioners[0]}` }, status: 'accepted' }
    const refused: [more: object, told: unknown[]][] = [
      [{ 'service-type': elsewhere.type[0]?.coding[0]?.code }, [400, 'value', 'service-type']],
      [{ 'healthcare-service': `HealthcareService/${elsewhere.service}` }, [400, 'value', 'healthcare-service']],
      [along({ ...hold, serviceType: elsewhere.type }), [400, 'value', 'service-type']],
      [along({ ...hold, participant: [...hold.participant, stranger] }), [422, 'business-rule', 'Appointment.participant']],
      [along({ ...hold, extension: [...(hold.extension ?? []), weekly(3)] }), [422, 'business-rule', 'Appointment.extension']],
      [along({ ...hold, status: 'entered-in-error' }), [422, 'business-rule', 'Appointment.status']],
      [{ 'override-reason': 'agreed' }, [422, 'business-rule', 'override-reason']],
    ]
    for (const [more, told] of refused) expect([more, refusal(await book(hold, more))]).toEqual([more, told])
    await unchanged(hold)
    expect(appointmentIn(await book(hold, { 'service-type': type }))?.status).toBe('booked')
  })

  it('the service that the Schedule offers and does not name is known by its reference and its type', async () => {
    const at = await clinic(house.call)
    const schedule = await at.schedule()
    const actor = [{ reference: `Practitioner/${at.practitioners[0]}` }]
    made(await house.call('PUT', `Schedule/${schedule.id}`, { ...schedule, actor }), 200)
    const hold = made(await at.hold((await at.slotAt(2, '09:00')).id, await at.patient()))
    expect(hold.participant.some(({ actor: who }) => who?.reference?.startsWith('HealthcareService/'))).toBe(false)
    expect(refusal(await book(hold, { 'healthcare-service': `HealthcareService/${place.service}` }))).toEqual([
      400,
      'value',
      'healthcare-service',
    ])
    const named = { 'healthcare-service': `HealthcareService/${at.service}`, 'service-type': at.type[0]?.coding[0]?.code }
    expect(appointmentIn(await book(hold, named))?.status).toBe('booked')
  })

  it('a rule that looks into what is told is asked again, and no other', async () => {
    const at = await withRules([
      rule("%slot.status = 'free'", 'Never asked again.'),
      rule("%appointment.reasonCode.text = 'Cough'", 'Coughs only.'),
    ])
    const hold = made(await at.hold((await at.slotAt(2, '10:00')).id, await at.patient(), { reason: 'Cough' }))
    expect(refusal(await book(hold, { reason: 'Fever' })).slice(0, 2)).toEqual([422, 'business-rule'])
    expect(refusal(await book(hold, along({ ...hold, reasonCode: [{ text: 'Fever' }] }))).slice(0, 2)).toEqual([422, 'business-rule'])
    await unchanged(hold)
    const booked = appointmentIn(await book(hold, { comment: 'Kept', 'appointment-type': 'FOLLOWUP' }))
    expect(booked).toMatchObject({ status: 'booked', comment: 'Kept', reasonCode: [{ text: 'Cough' }] })
  })

  it('staff override a rule that is asked again, with the reason in the visit and in the audit', async () => {
    const at = await withRules([rule("%appointment.reasonCode.text = 'Cough'", 'Coughs only.')])
    const who = await at.patient()
    const hold = made(await at.hold((await at.slotAt(2, '10:00')).id, who, { reason: 'Cough' }))
    const booked = appointmentIn(await book(hold, { reason: 'Fever', 'override-reason': 'agreed' })) as Body
    expect(booked).toMatchObject({ status: 'booked', reasonCode: [{ text: 'Fever' }] })
    expect(booked.extension?.map(({ url }) => url)).toEqual([ours('override-reason')])
    expect(matches(await house.call('GET', `AuditEvent?patient=${who}&subtype=override`))).toHaveLength(1)
  })

  it('another referral is judged as the first was', async () => {
    const at = await withRules([{ url: 'referralRequired', valueBoolean: true }])
    const who = await at.patient()
    const [mine, theirs] = [await referralFor(who), await referralFor(other)]
    const hold = made(await at.hold((await at.slotAt(2, '10:00')).id, who, { 'referral-identifier': mine[1] }))
    expect(refusal(await book(hold, { 'referral-identifier': theirs[1] }))).toEqual([422, 'business-rule', 'Appointment.basedOn'])
    await unchanged(hold)
    expect(appointmentIn(await book(hold, { 'referral-identifier': mine[1] }))?.status).toBe('booked')
  })

  it('override-reason books without asking the clinic first, and may be said again', async () => {
    const at = await clinic(house.call, { policy: { approvalRequired: true } })
    const [nine, ten] = [await at.slotAt(2, '09:00'), await at.slotAt(2, '10:00')]
    const asked = made(await at.hold(nine.id, await at.patient()))
    const booked = appointmentIn(await book(asked, { 'override-reason': 'agreed' })) as Body
    expect([booked.status, booked.extension?.map(({ url }) => url)]).toEqual(['booked', [ours('override-reason')]])
    const overridden = made(await at.hold(ten.id, await at.patient(), { 'override-reason': 'agreed' }))
    expect(refusal(await book(overridden, { 'override-reason': 'continuity' }))).toEqual([422, 'business-rule', 'override-reason'])
    expect(appointmentIn(await book(overridden, { 'override-reason': 'agreed' }))?.status).toBe('booked')
  })

  it('of a series what is told is told of every visit', async () => {
    const at = await clinic(house.call, { end: '10:00:00' })
    const participant = [{ actor: { reference: `Patient/${other}` }, status: 'needs-action' }]
    const wish = { resourceType: 'Appointment', status: 'proposed', extension: [weekly(3)], participant }
    const slot = await at.slotAt(3, '09:00')
    const visits = matches(await house.call('POST', `Slot/${slot.id}/$hold`, parameters(along(wish))))
    const booked = matches(await book(visits[1] as Body, along({ ...visits[1], description: 'Weekly' }, { reason: 'Cough' })))
    expect(booked.map(({ status, start }) => [status, start])).toEqual(visits.map(({ start }) => ['booked', start]))
    for (const one of booked) expect(one).toMatchObject({ description: 'Weekly', reasonCode: [{ text: 'Cough' }] })
    const numbers = ({ extension = [] }: Body) => extension.filter(({ url }) => url !== ours('held-until'))
    expect(booked.map(numbers)).toEqual(visits.map(numbers))
  })
})

describe('beside an Appointment that is booked or wished for', () => {
  const send = (resource: object, more: object = {}): Promise<Answer> => book(resource as Body, { ...along(resource), ...more })

  it('another patient or service, booking over others, and an override with nothing to override are refused', async () => {
    const [visit, elsewhere] = [made(await place.book(next().id, patient)), await clinic(house.call)]
    const refused: [more: object, told: unknown[]][] = [
      [{ patient: `Patient/${other}` }, [422, 'business-rule', 'patient']],
      [{ 'healthcare-service': `HealthcareService/${elsewhere.service}` }, [400, 'value', 'healthcare-service']],
      [
        { 'patient-resource': { resource: { resourceType: 'Patient', name: [{ family: 'Unbooked' }] } } },
        [422, 'business-rule', 'patient'],
      ],
      [{ overbook: { valueBoolean: true }, 'overbook-reason': 'Pain' }, [422, 'business-rule', 'overbook']],
      [{ 'override-reason': 'agreed' }, [422, 'business-rule', 'override-reason']],
    ]
    for (const [more, told] of refused) expect([more, refusal(await send(visit, more))]).toEqual([more, told])
    await unchanged(visit)
    const own = { patient: `Patient/${patient}`, 'healthcare-service': `HealthcareService/${place.service}` }
    const same = appointmentIn(await send(visit, { ...own, reason: 'Cough' })) as Body
    expect(same).toMatchObject({ id: visit.id, status: 'booked', reasonCode: [{ text: 'Cough' }] })
  })

  it('a reason beside a wish or a move is written into it', async () => {
    const slot = next()
    const wish = made(await house.call('POST', 'Appointment', place.appointment(slot, patient, { status: 'proposed', comment: 'Kept' })))
    const booked = appointmentIn(await book(wish, { reason: 'Cough' })) as Body
    expect(booked).toMatchObject({ id: wish.id, status: 'booked', reasonCode: [{ text: 'Cough' }], comment: 'Kept', slot: wish.slot })
    const { start, end, id } = next()
    const moved = { ...booked, start, end, slot: [{ reference: `Slot/${id}` }] }
    expect(refusal(await send(moved, { patient: `Patient/${other}` }))).toEqual([422, 'business-rule', 'patient'])
    expect(appointmentIn(await send(moved, { reason: 'Fever' }))).toMatchObject({ slot: moved.slot, reasonCode: [{ text: 'Fever' }] })
  })
})

it('a reason beside an Appointment counts over its own', async () => {
  const wanted = { ...place.appointment(next(), patient), status: 'proposed', reasonCode: [{ text: 'Fever' }] }
  const booked = made(await house.call('POST', 'Appointment/$book', parameters(along(wanted, { reason: 'Cough' }))))
  expect(booked).toMatchObject({ status: 'booked', reasonCode: [{ text: 'Cough' }] })
})
