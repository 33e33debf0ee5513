/**
 * The Appointment of a visit.
 */
import { type VisitAppointment, visitAppointment } from '../../src/scheduling/appointment.ts'
import { mergePolicies } from '../../src/scheduling/booking-policy.ts'
import { at, planWith } from './plans.ts'

const heldUntil = 'https://slotwise.org/fhir/StructureDefinition/held-until'
const type = (code: string) => ({ coding: [{ system: 'urn:t', code }] })

const input = (changes: Partial<VisitAppointment> = {}): VisitAppointment => ({
  plan: planWith({ actors: [{ reference: 'Practitioner/p', display: 'Dr P' }, { reference: 'Location/l' }] }),
  patients: [{ reference: 'Patient/x' }],
  start: at('2026-11-23T14:00Z'),
  end: at('2026-11-23T14:30Z'),
  slots: ['a', 'b'],
  status: 'booked',
  created: '2026-11-20T10:00:00.000Z',
  ...changes,
})

describe('visitAppointment', () => {
  it('is a booked Appointment of everybody concerned', () => {
    expect(visitAppointment(input({ id: 'v', comment: 'By the side door' }))).toEqual({
      resourceType: 'Appointment',
      id: 'v',
      status: 'booked',
      start: '2026-11-23T14:00:00.000Z',
      end: '2026-11-23T14:30:00.000Z',
      minutesDuration: 30,
      slot: [{ reference: 'Slot/a' }, { reference: 'Slot/b' }],
      created: '2026-11-20T10:00:00.000Z',
      comment: 'By the side door',
      participant: [
        { actor: { reference: 'Patient/x' }, required: 'required', status: 'accepted' },
        { actor: { reference: 'Practitioner/p', display: 'Dr P' }, required: 'required', status: 'accepted' },
        { actor: { reference: 'Location/l' }, required: 'required', status: 'accepted' },
      ],
    })
  })

  it('says until when it is held, once', () => {
    const other = { url: 'https://example.org/x', valueString: 'kept' }
    const proposal = { resourceType: 'Appointment', extension: [{ url: heldUntil, valueInstant: '2020-01-01T00:00:00Z' }, other] }
    const held = visitAppointment(input({ status: 'pending', heldUntil: at('2026-11-20T10:10Z'), proposal }))
    expect(held.extension).toEqual([other, { url: heldUntil, valueInstant: '2026-11-20T10:10:00.000Z' }])
    expect(visitAppointment(input({ proposal: held })).extension).toEqual([other])
  })

  it.each([
    ['booked', 'accepted'],
    ['pending', 'tentative'],
    ['proposed', 'needs-action'],
  ] as const)('of status %s has participants who are %s', (status, answer) => {
    const { participant } = visitAppointment(input({ status })) as unknown as { participant: { status: string }[] }
    expect(participant.map((one) => one.status)).toEqual([answer, answer, answer])
  })

  it('is for the service, else for the one type of the Schedule', () => {
    const service = { reference: 'HealthcareService/h', types: [type('a'), type('b')], specialty: [type('s')], policy: mergePolicies() }
    expect(visitAppointment(input({ service }))).toMatchObject({ serviceType: [type('a'), type('b')], specialty: [type('s')] })
    const one = planWith({ template: { serviceType: [type('c')], specialty: [type('t')] } })
    expect(visitAppointment(input({ plan: one }))).toMatchObject({ serviceType: [type('c')], specialty: [type('t')] })
    const several = planWith({ template: { serviceType: [type('c'), type('d')] } })
    expect(visitAppointment(input({ plan: several }))).not.toHaveProperty('serviceType')
  })

  it('keeps what the client said, but not what the server decides', () => {
    const proposal = {
      resourceType: 'Appointment',
      id: 'theirs',
      meta: { versionId: '4', lastUpdated: '2020-01-01T00:00:00Z', tag: [{ code: 't' }] },
      status: 'proposed',
      start: '2020-01-01T00:00:00Z',
      end: '2020-01-01T01:00:00Z',
      minutesDuration: 60,
      slot: [{ reference: 'Slot/other' }],
      serviceType: [type('theirs')],
      reasonCode: [{ text: 'cough' }],
      comment: 'please',
    }
    expect(visitAppointment(input({ proposal, slots: [] }))).toMatchObject({
      meta: { tag: [{ code: 't' }] },
      status: 'booked',
      start: '2026-11-23T14:00:00.000Z',
      minutesDuration: 30,
      serviceType: [type('theirs')],
      reasonCode: [{ text: 'cough' }],
      comment: 'please',
    })
    const found = visitAppointment(input({ proposal, slots: [] }))
    expect([found.id, found.slot, found.meta?.versionId]).toEqual([undefined, undefined, undefined])
  })

  it('keeps the client’s participants, answers for those of ours who had not answered, and adds who is missing', () => {
    const participant = [
      { actor: { reference: 'Patient/x', display: 'Me' }, type: [{ text: 'patient' }], status: 'needs-action' },
      { actor: { reference: 'RelatedPerson/r' }, status: 'needs-action' },
      { actor: { reference: 'Practitioner/p/_history/2' }, status: 'declined' },
      { type: [{ text: 'interpreter' }], status: 'tentative' },
    ]
    expect(visitAppointment(input({ proposal: { resourceType: 'Appointment', participant } })).participant).toEqual([
      { ...participant[0], status: 'accepted' },
      participant[1],
      participant[2],
      participant[3],
      { actor: { reference: 'Location/l' }, required: 'required', status: 'accepted' },
    ])
  })
})
