/** What an entry of the waitlist asks for, read from its own elements. */
import { waitlistKeys, waitlistWish, wishAllows } from '../../src/scheduling/waitlist-wish.ts'
import { at } from './plans.ts'

const defaults = { base: 'https://clinic.example/fhir', timeZone: 'America/New_York' }
const someone = (reference: string, status = 'needs-action') => ({ actor: { reference }, status })
const wish = (elements: object) => waitlistWish({ resourceType: 'Appointment', status: 'waitlist', ...elements }, defaults)

describe('an entry of the waitlist', () => {
  it('asks for whoever takes part and has not declined', () => {
    const found = wish({
      participant: [
        someone('Patient/p', 'accepted'),
        someone('Practitioner/d'),
        someone('Practitioner/e', 'declined'),
        someone('Device/x'),
      ],
    })
    expect([found.patient, found.practitioners, found.devices]).toEqual(['p', ['practitioner=Practitioner/d'], ['actor=Device/x']])
  })

  it('is over with the last of its periods, unless it says when', () => {
    const requestedPeriod = [
      { start: '2026-12-01', end: '2026-12-05' },
      { start: '2026-12-08', end: '2026-12-09' },
    ]
    expect(wish({ requestedPeriod }).expires).toBe(at('2026-12-10T05:00Z'))
    const url = 'https://slotwise.org/fhir/StructureDefinition/waitlist'
    const extension = [{ url, extension: [{ url: 'expires', valueInstant: '2026-12-02T12:00:00Z' }] }]
    expect(wish({ requestedPeriod, extension }).expires).toBe(at('2026-12-02T12:00Z'))
    expect(wish({}).expires).toBeUndefined()
  })

  it('is found by its people, else by its things, its places or its services', () => {
    const keys = (...references: string[]) => waitlistKeys(wish({ participant: references.map((reference) => someone(reference)) }))
    expect(keys('HealthcareService/h', 'Location/l', 'Device/x', 'Practitioner/d')).toEqual(['practitioner=Practitioner/d'])
    expect(keys('HealthcareService/h', 'Location/l', 'Device/x')).toEqual(['actor=Device/x'])
    expect(keys('HealthcareService/h', 'Location/l')).toEqual(['location=Location/l'])
    expect(keys('HealthcareService/h')).toEqual(['healthcare-service=HealthcareService/h'])
    expect(keys('Patient/p')).toEqual(['any'])
  })

  it('is met from the first instant of a period to before the last, on its own days by the clinic’s clock', () => {
    const url = 'https://slotwise.org/fhir/StructureDefinition/waitlist'
    const found = wish({
      requestedPeriod: [{ start: '2026-12-01', end: '2026-12-02' }],
      extension: [{ url, extension: [{ url: 'dayOfWeek', valueCode: 'wed' }] }],
    })
    const allowed = ['2026-12-02T04:45Z', '2026-12-02T05:00Z', '2026-12-03T04:45Z', '2026-12-03T05:00Z'].map((time) =>
      wishAllows(found, 'America/New_York', at(time)),
    )
    expect(allowed).toEqual([false, true, true, false])
  })
})
