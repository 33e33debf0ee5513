/** What scopes come to for a type: they are added up, and a patient scope reaches one patient alone. */
import type { Actor } from '../../src/access/actor.ts'
import { may, mayWhole } from '../../src/access/may.ts'
import { parseScopes, type Verb } from '../../src/access/scopes.ts'

const actor = (scope: string, patient?: string): Actor => ({ client: 'test', patient, scopes: parseScopes(scope) })

const all: readonly Verb[] = ['c', 'r', 'u', 'd', 's']
const verbsAllowed = (who: Actor, type: string): string => all.filter((verb) => may(who, verb, type).allowed).join('')

describe('may', () => {
  it.each([
    ['system/*.cruds', 'Appointment', 'cruds'],
    ['system/Appointment.rs', 'Appointment', 'rs'],
    ['system/Appointment.rs', 'Patient', ''],
    ['user/*.read', 'Slot', 'rs'],
    ['user/Slot.write', 'Slot', 'cud'],
    ['', 'Slot', ''],
  ])('%s on %s allows "%s"', (scope, type, verbs) => {
    expect(verbsAllowed(actor(scope), type)).toBe(verbs)
  })

  it('confines a patient scope to the patient in context', () => {
    expect(may(actor('patient/Appointment.rs', 'p1'), 'r', 'Appointment')).toEqual({ allowed: true, patient: 'p1' })
  })

  it('grants nothing to a patient scope without a patient in context', () => {
    expect(verbsAllowed(actor('patient/*.cruds'), 'Appointment')).toBe('')
    expect(verbsAllowed(actor('patient/*.cruds'), 'Slot')).toBe('')
  })

  it('lets a wider grant win over a patient scope', () => {
    expect(may(actor('patient/Patient.rs user/Patient.rs', 'p1'), 's', 'Patient')).toEqual({ allowed: true })
    expect(may(actor('patient/Patient.cruds user/Patient.r', 'p1'), 's', 'Patient')).toEqual({ allowed: true, patient: 'p1' })
  })

  it('adds up what everybody’s that a search finds and a patient’s own come to', () => {
    const both = (scope: string, verb: Verb = 'r', type = 'Appointment') => may(actor(scope, 'p1'), verb, type)
    expect(both('patient/Appointment.rs user/Appointment.rs?status=booked')).toEqual({
      allowed: true,
      queries: ['status=booked'],
      own: { patient: 'p1' },
    })
    expect(both('patient/Appointment.rs?status=pending user/Appointment.rs?status=booked patient/Appointment.s?_id=x')).toEqual({
      allowed: true,
      queries: ['status=booked'],
      own: { patient: 'p1', queries: ['status=pending'] },
    })
    expect(both('patient/Appointment.rs?status=pending user/Appointment.rs')).toEqual({ allowed: true })
    expect(may(actor('patient/Appointment.rs user/Appointment.rs?status=booked'), 'r', 'Appointment')).toEqual({
      allowed: true,
      queries: ['status=booked'],
    })
  })

  it('a search beside takes nothing away: not from the directory, not from what may be written', () => {
    const both = (scope: string, verb: Verb, type: string) => may(actor(scope, 'p1'), verb, type)
    expect(both('patient/Slot.rs user/Slot.rs?status=free', 's', 'Slot')).toEqual({ allowed: true })
    expect(both('patient/Slot.rs?status=busy user/Slot.rs?status=free', 's', 'Slot')).toEqual({
      allowed: true,
      queries: ['status=busy', 'status=free'],
    })
    expect(both('patient/Appointment.u user/Appointment.u?status=booked', 'u', 'Appointment')).toEqual({ allowed: true, patient: 'p1' })
    expect(both('patient/Endpoint.r user/Endpoint.r?_id=x', 'r', 'Endpoint')).toEqual({ allowed: true, queries: ['_id=x'] })
    expect(mayWhole(actor('patient/Appointment.s user/Appointment.s?status=booked', 'p1'), 's', 'Appointment')).toEqual({
      allowed: true,
      patient: 'p1',
    })
    expect(mayWhole(actor('user/Appointment.s?status=booked', 'p1'), 's', 'Appointment')).toEqual({ allowed: false })
  })

  it('hands on granular searches, any of which may match', () => {
    expect(may(actor('system/Slot.rs?status=free system/Slot.rs?status=busy'), 'r', 'Slot')).toEqual({
      allowed: true,
      queries: ['status=free', 'status=busy'],
    })
    expect(may(actor('patient/Appointment.rs?status=booked', 'p1'), 'r', 'Appointment')).toEqual({
      allowed: true,
      patient: 'p1',
      queries: ['status=booked'],
    })
  })

  it('drops the searches where a grant without one stands beside them', () => {
    expect(may(actor('system/Slot.rs?status=free system/Slot.rs'), 'r', 'Slot')).toEqual({ allowed: true })
  })

  it.each(['Slot', 'Practitioner', 'Location', 'HealthcareService', 'Organization', 'ValueSet'])(
    'lets a patient read all of the directory (%s) and write none of it',
    (type) => {
      const patient = actor('patient/*.cruds', 'p1')
      expect(verbsAllowed(patient, type)).toBe('rs')
      expect(may(patient, 'r', type)).toEqual({ allowed: true })
    },
  )

  it.each(['Schedule', 'Device'])('lets a patient read a %s, confined, and write none', (type) => {
    const patient = actor('patient/*.cruds', 'p1')
    expect(verbsAllowed(patient, type)).toBe('rs')
    expect(may(patient, 's', type)).toEqual({ allowed: true, patient: 'p1' })
  })

  it.each(['Subscription', 'Endpoint'])('keeps %s closed to patients', (type) => {
    expect(verbsAllowed(actor('patient/*.cruds', 'p1'), type)).toBe('')
  })
})
