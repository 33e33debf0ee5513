/** What an answer makes of a visit, as a table read off the notes of R4's Appointment. */
import type { Resource } from '../../src/fhir/resource.ts'
import { answered } from '../../src/scheduling/appointment-response.ts'

const base = 'http://here/fhir'
const start = '2027-01-04T14:00:00Z'
const end = '2027-01-04T14:30:00Z'
const now = Date.parse('2027-01-01T12:00:00Z')
const approval = (valueCode: string) => ({ url: 'https://slotwise.org/fhir/StructureDefinition/approval', valueCode })
const held = { url: 'https://slotwise.org/fhir/StructureDefinition/held-until', valueInstant: '2027-01-01T00:00:00Z' }

type People = Readonly<Record<string, string>>

const visit = (status: string, people: People, more: object = {}): Resource => ({
  resourceType: 'Appointment',
  status,
  start,
  end,
  participant: Object.entries(people).map(([reference, said]) => ({ actor: { reference }, required: 'required', status: said })),
  ...more,
})
const answer = (reference: string, participantStatus: string, more: object = {}): Resource => ({
  resourceType: 'AppointmentResponse',
  actor: { reference },
  participantStatus,
  ...more,
})
const statuses = (result: ReturnType<typeof answered>): unknown =>
  'message' in result ? result.message : [result.participant.map(({ status }) => status).join(), result.becomes]

const two = { 'Patient/p': 'accepted', 'Practitioner/d': 'needs-action' }
const three = { ...two, 'Practitioner/e': 'needs-action' }
const asked = { extension: [approval('requested')] }

// biome-ignore format: a table is read by its columns
const table: readonly [string, Resource, Resource, boolean, unknown][] = [
  ['the last who was waited for books a request',  visit('pending', two),            answer('Practitioner/d', 'accepted'),  false, ['accepted,accepted', 'booked']],
  ['one of two who are waited for does not',       visit('pending', three),          answer('Practitioner/d', 'accepted'),  false, ['accepted,accepted,needs-action', undefined]],
  ['a tentative answer leaves it pending',         visit('pending', two),            answer('Practitioner/d', 'tentative'), false, ['accepted,tentative', undefined]],
  ['somebody needed declines',                     visit('pending', three),          answer('Practitioner/e', 'declined'),  false, ['accepted,needs-action,declined', 'cancelled']],
  ['a booked visit is off too',                    visit('booked', two),             answer('Practitioner/d', 'declined'),  false, ['accepted,declined', 'cancelled']],
  ['a booked visit stays so, whoever is unsure',   visit('booked', two),             answer('Patient/p', 'tentative'),      true,  ['tentative,needs-action', undefined]],
  ['the clinic approves',                          visit('pending', two, asked),     answer('Practitioner/d', 'accepted'),  false, ['accepted,accepted', 'booked']],
  ['no patient does',                              visit('pending', { 'Patient/p': 'needs-action', 'Practitioner/d': 'accepted' }, asked), answer('Patient/p', 'accepted'), true, ['accepted,accepted', undefined]],
  ['a hold is booked by who holds it',             visit('pending', two, { extension: [held] }), answer('Practitioner/d', 'accepted'), false, ['accepted,accepted', undefined]],
  ['a limit to the answer is no hold',             visit('pending', two, { extension: [held, approval('requested')] }), answer('Practitioner/d', 'accepted'), false, ['accepted,accepted', 'booked']],
  ['one of two patients stays away',               visit('booked', { 'Patient/p': 'accepted', 'Patient/q': 'accepted' }), answer('Patient/q', 'declined'), true, ['accepted,declined', undefined]],
  ['the last of them takes it along',              visit('booked', { 'Patient/p': 'declined', 'Patient/q': 'accepted' }), answer('Patient/q', 'declined'), true, ['declined,declined', 'cancelled']],
  ['a proposal is booked by $book alone',          visit('proposed', two),           answer('Practitioner/d', 'accepted'),  false, ['accepted,accepted', undefined]],
  ['an entry of the waitlist stays one',           visit('waitlist', two),           answer('Practitioner/d', 'declined'),  false, ['accepted,declined', undefined]],
  ['by our own address',                           visit('pending', two),            answer(`${base}/Practitioner/d/_history/3`, 'accepted'), false, ['accepted,accepted', 'booked']],
  ['for the same time, however it is written',     visit('pending', two),            answer('Practitioner/d', 'accepted', { start: '2027-01-04T09:00:00-05:00' }), false, ['accepted,accepted', 'booked']],
  ['another time may be proposed',                 visit('pending', two),            answer('Practitioner/d', 'tentative', { start: '2027-01-05T14:00:00Z' }), false, ['accepted,tentative', undefined]],
  ['and is not accepted that way',                 visit('pending', two),            answer('Practitioner/d', 'accepted', { start: '2027-01-05T14:00:00Z' }), false, expect.stringContaining('another time')],
  ['a stranger takes no part',                     visit('pending', two),            answer('Practitioner/x', 'accepted'),  false, expect.stringContaining('takes no part')],
  ['who is of the same id elsewhere is a stranger', visit('pending', two),           answer('http://there/fhir/Practitioner/d', 'accepted'), false, expect.stringContaining('takes no part')],
  ['what is cancelled takes no answers',           visit('cancelled', two),          answer('Practitioner/d', 'accepted'),  false, 'An Appointment that is cancelled takes no answers.'],
  ['nor what has been fulfilled',                  visit('fulfilled', two),          answer('Patient/p', 'declined'),       true,  'An Appointment that is fulfilled takes no answers.'],
]

describe('an answer', () => {
  it.each(table)('%s', (_what, before, said, online, expected) => {
    expect(statuses(answered(before, said, { base, online, now }))).toEqual(expected)
  })

  it('without an actor is that of everybody who takes part as its type', () => {
    const attender = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'ATND' }] }]
    const before = visit(
      'pending',
      {},
      {
        participant: [
          { type: attender, status: 'needs-action' },
          { actor: { reference: 'Patient/p' }, status: 'accepted' },
        ],
      },
    )
    const said = { resourceType: 'AppointmentResponse', participantType: attender, participantStatus: 'accepted' }
    expect(statuses(answered(before, said, { base, online: false, now }))).toEqual(['accepted,accepted', 'booked'])
  })

  it('is of whoever takes part as its type where nobody is named yet', () => {
    const attender = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'ATND' }] }]
    const before = visit('proposed', { 'Patient/p': 'accepted' }, {})
    const asked = [...(before.participant as object[]), { type: attender, required: 'required', status: 'needs-action' }]
    const said = answer('Practitioner/d', 'tentative', { participantType: attender })
    const result = answered({ ...before, participant: asked }, said, { base, online: false, now })
    expect(statuses(result)).toEqual(['accepted,tentative', undefined])
  })

  it('of somebody who is not needed decides nothing', () => {
    const before = visit('pending', two, {})
    const participant = (before.participant as object[]).map((one, at) => (at === 1 ? { ...one, required: 'optional' } : one))
    expect(statuses(answered({ ...before, participant }, answer('Practitioner/d', 'declined'), { base, online: false, now }))).toEqual([
      'accepted,declined',
      undefined,
    ])
  })
})

/** Another time, and what an Appointment says that has been proposed for it. */
const later = { start: '2027-01-05T14:00:00.000Z', end: '2027-01-05T14:30:00.000Z' }
const proposal = (by: string, { start: begins, end: ends } = later) => ({
  url: 'https://slotwise.org/fhir/StructureDefinition/proposed-time',
  extension: [
    { url: 'start', valueInstant: begins },
    { url: 'end', valueInstant: ends },
    { url: 'by', valueReference: { reference: by } },
  ],
})
const time = ({ start: begins, end: ends } = later) => ({ start: Date.parse(begins), end: Date.parse(ends) })
const agreedVisit = { 'Patient/p': 'accepted', 'Practitioner/d': 'accepted' }
const proposed = (...by: string[]) => ({ extension: by.map((one) => proposal(one)) })
const everybody = { 'Patient/p': 'accepted', 'Practitioner/d': 'needs-action', 'Practitioner/e': 'needs-action' }
const waiting = (...by: string[]) => ({ extension: [approval('requested'), ...by.map((one) => proposal(one))] })

describe('another time', () => {
  const said = (before: Resource, response: Resource, online = false) => answered(before, response, { base, online, now })

  it.each(['tentative', 'declined'])('that is %s is a proposal, and cancels nothing', (word) => {
    const result = said(visit('booked', agreedVisit), answer('Practitioner/d', word, later))
    expect(result).toEqual({
      participant: visit('booked', { ...agreedVisit, 'Practitioner/d': 'tentative' }).participant,
      proposed: [{ ...time(), by: 'Practitioner/d' }],
    })
  })

  it('without an end is as long as the visit', () => {
    expect(said(visit('booked', agreedVisit), answer('Patient/p', 'tentative', { start: later.start }), true)).toMatchObject({
      proposed: [{ ...time(), by: 'Patient/p' }],
    })
  })

  it('is the latest of each participant', () => {
    const other = { start: '2027-01-06T14:00:00.000Z', end: '2027-01-06T14:30:00.000Z' }
    const before = visit('booked', agreedVisit, proposed('Practitioner/d', 'Patient/p'))
    expect(said(before, answer('Practitioner/d', 'tentative', other))).toMatchObject({
      proposed: [
        { ...time(), by: 'Patient/p' },
        { ...time(other), by: 'Practitioner/d' },
      ],
    })
  })

  it('that the other side accepts is agreed on', () => {
    const byDoctor = visit('booked', { ...agreedVisit, 'Practitioner/d': 'tentative' }, proposed('Practitioner/d'))
    expect(said(byDoctor, answer('Patient/p', 'accepted', later), true)).toEqual({
      participant: visit('booked', agreedVisit).participant,
      agreed: { ...time(), by: 'Practitioner/d', isSettled: true },
    })
    const byPatient = visit('booked', agreedVisit, proposed('Patient/p'))
    expect(said(byPatient, answer('Practitioner/d', 'accepted', { start: later.start }))).toMatchObject({ agreed: { by: 'Patient/p' } })
  })

  it.each([
    ['what nobody proposed', 'Patient/p', later, proposed()],
    ['what their own side proposed', 'Patient/p', later, proposed('Patient/p')],
    ['another length', 'Patient/p', { ...later, end: '2027-01-05T15:00:00Z' }, proposed('Practitioner/d')],
    ['another start', 'Patient/p', { start: '2027-01-05T15:00:00Z' }, proposed('Practitioner/d')],
  ])('is not %s', (_what, who, when, more) => {
    expect(said(visit('booked', agreedVisit, more), answer(who, 'accepted', when))).toMatchObject({
      expression: 'AppointmentResponse.start',
      message: expect.stringContaining('another time'),
    })
  })

  it('is still to come, and as long as a visit may be', () => {
    const past = { start: '2026-12-31T14:00:00Z', end: '2026-12-31T14:30:00Z' }
    expect(said(visit('booked', agreedVisit), answer('Patient/p', 'tentative', past))).toMatchObject({
      message: expect.stringContaining('over'),
    })
    for (const ends of [later.start, '2027-01-04T14:00:00Z', '2027-01-07T14:00:00Z'])
      expect(said(visit('booked', agreedVisit), answer('Patient/p', 'tentative', { ...later, end: ends }))).toMatchObject({
        expression: 'AppointmentResponse.end',
      })
  })

  it('of a request waits for whoever else of the clinic has not answered', () => {
    const result = said(visit('pending', everybody, waiting('Practitioner/d')), answer('Patient/p', 'accepted', later), true)
    expect(result).toMatchObject({ agreed: { isSettled: false } })
    const alone = said(visit('pending', two, waiting('Practitioner/d')), answer('Patient/p', 'accepted', later), true)
    expect(alone).toMatchObject({ agreed: { isSettled: true } })
    // Another patient of the visit is nobody of the clinic
    const couple = visit(
      'pending',
      { 'Patient/p': 'accepted', 'Patient/q': 'needs-action', 'Practitioner/d': 'accepted' },
      waiting('Practitioner/d'),
    )
    expect(said(couple, answer('Patient/p', 'accepted', later), true)).toMatchObject({ agreed: { isSettled: true } })
  })

  it('goes when its participant answers again, or the other side accepts the visit as it is', () => {
    const before = visit('booked', agreedVisit, proposed('Practitioner/d', 'Patient/p'))
    expect(said(before, answer('Practitioner/d', 'tentative'))).toMatchObject({ proposed: [{ by: 'Patient/p' }] })
    expect(said(before, answer('Patient/p', 'accepted'), true)).toMatchObject({ proposed: [] })
    expect(said(visit('booked', agreedVisit), answer('Patient/p', 'accepted'), true)).toMatchObject({ proposed: undefined })
  })
})
